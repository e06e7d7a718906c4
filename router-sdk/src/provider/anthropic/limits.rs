//! Output limit and sampling parameters of a request in; those that the model takes, within its ranges, out.

use serde_json::{Value, json};

use crate::provider::Target;
use crate::wire::{ChatRequest, Object, Tokenizer, estimate_request_tokens_for};

/// The output limit where the caller names none and the model can do this much: Anthropic insists on one, and a
/// larger one costs nothing until it is used, but lets a runaway answer run longer.
const DEFAULT_MAX_TOKENS: u64 = 32_000;
/// The same for models whose limit is unknown: every Claude since 3.5 can write this much.
const UNKNOWN_MAX_TOKENS: u64 = 8_192;

/// `max_tokens`: the caller's, at most the model's; else the model's, at most [`DEFAULT_MAX_TOKENS`] and what the
/// context window leaves.
pub(in crate::provider) fn max_tokens(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> u64 {
    let ceiling = target.model.max_output_tokens;
    if let Some(asked) = request.max_output_tokens() {
        let granted = ceiling.map_or(asked, |ceiling| asked.min(ceiling));
        if granted < asked {
            adapted.push(format!("max_tokens: {asked} lowered to {granted}, the most the model can write"));
        }
        return granted;
    }
    let default = ceiling.map_or(UNKNOWN_MAX_TOKENS, |ceiling| ceiling.min(DEFAULT_MAX_TOKENS));
    let Some(window) = target.model.context_window else { return default };
    // A token has at least two bytes in nearly every text, so most requests need no count.
    if (request.size() as u64) / 2 + default <= window {
        return default;
    }
    let prompt = estimate_request_tokens_for(Tokenizer::of(&target.model), request);
    default.min(window.saturating_sub(prompt + prompt / 10)).max(1)
}

/// Writes the sampling parameters. Models that think take none of them.
pub(in crate::provider) fn sampling(
    request: &ChatRequest,
    target: &Target,
    thinks: bool,
    body: &mut Object,
    adapted: &mut Vec<String>,
) {
    // Models that refuse a temperature refuse to be steered at all.
    let refused = |name: &str| refuses(target, name) || name == "top_k" && refuses(target, "temperature");
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = request.get(name) else { continue };
        if refused(name) {
            adapted.push(format!("{name}: left out, the model refuses it"));
        } else if thinks && !(name == "temperature" && value.as_f64() == Some(1.0)) {
            adapted.push(format!("{name}: left out, it cannot be set while the model thinks"));
        } else if name == "top_p" && body.contains_key("temperature") {
            adapted.push("top_p: left out, temperature is set and the two are refused together".to_owned());
        } else if name == "temperature" && value.as_f64().is_some_and(|t| t > 1.0) {
            adapted.push(format!("temperature: {value} lowered to 1, the highest Anthropic takes"));
            body.insert(name.into(), json!(1));
        } else {
            body.insert(name.into(), value.clone());
        }
    }
}

/// `stop_sequences`; those of white space alone are refused by Anthropic.
pub(super) fn stop(request: &ChatRequest, target: &Target, body: &mut Object, adapted: &mut Vec<String>) {
    let listed: Vec<&str> = match request.get("stop") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    if refuses(target, "stop") {
        adapted.push("stop: left out, the model refuses it".to_owned());
        return;
    }
    let kept: Vec<&str> = listed.iter().copied().filter(|s| !s.trim().is_empty()).collect();
    if kept.len() < listed.len() {
        adapted.push("stop: sequences of white space left out, Anthropic refuses them".to_owned());
    }
    if !kept.is_empty() {
        body.insert("stop_sequences".into(), json!(kept));
    }
}

/// Whether the model or its provider refuses an OpenAI parameter.
pub(in crate::provider) fn refuses(target: &Target, name: &str) -> bool {
    target.model.parameters.refuses(name) || target.deployment.quirks.rejects.iter().any(|r| r == name)
}
