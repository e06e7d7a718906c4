//! A request's size and the model's window in; the context length that holds prompt and answer out.

use serde_json::Value;

use super::address::in_cloud;
use crate::provider::Target;
use crate::provider::adapted::reworded;
use crate::wire::{ChatRequest, Object, estimate_request_tokens};

/// The context that every server has by default; more of it depends on the machine.
const SERVER_DEFAULT: u64 = 4_096;
/// The least that is asked for: each other length makes the server load the model anew, so steps are few and wide.
const SMALLEST: u64 = 8_192;
/// Room for an answer whose length is not limited.
const ANSWER: u64 = 2_048;
/// The same for models that think first.
const ANSWER_WITH_THINKING: u64 = 8_192;

/// Sets `num_ctx` where prompt and answer may not fit the default, which would lose the beginning of the prompt.
pub(super) fn fit(request: &ChatRequest, target: &Target, options: &mut Object, adapted: &mut Vec<String>) {
    if options.contains_key("num_ctx") || in_cloud(target) {
        return;
    }
    let estimate = estimate_request_tokens(request);
    // A quarter more, since other tokenizers than the estimated one count more, and templates add their own words.
    let prompt = estimate.saturating_add(estimate / 4).saturating_add(64);
    let free = if target.model.reasons() { ANSWER_WITH_THINKING } else { ANSWER };
    let answer = options.get("num_predict").and_then(Value::as_u64).unwrap_or(free);
    let needed = prompt.saturating_add(answer);
    if needed <= SERVER_DEFAULT {
        return;
    }
    let wide = needed.checked_next_power_of_two().unwrap_or(needed).max(SMALLEST);
    let context = target.model.context_window.map_or(wide, |most| wide.min(most));
    options.insert("num_ctx".into(), context.into());
    adapted.push(reworded("num_ctx", format_args!("{context}, so that prompt and answer fit")));
}
