//! `reasoning_effort` and the model's facts in; Cohere's `thinking` out.

use serde_json::{Value, json};

use super::turns::Wish;
use crate::catalog::ReasoningControl;
use crate::provider::Target;
use crate::provider::adapted::reworded;
use crate::wire::ChatRequest;

/// The thinking that a request asks for. Cohere's own `thinking` goes before any word for it.
pub(super) fn thinking(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Option<Value> {
    if let Some(own) = request.get("thinking") {
        return Some(own.clone());
    }
    let wish = Wish::of(request)?;
    let model = &target.model;
    let facts = model.reasoning.as_ref();
    if facts.is_none() && model.capabilities.reasoning == Some(false) || model.parameters.refuses("reasoning_effort") {
        if wish.effort != "none" {
            adapted.push("reasoning_effort: left out, the model does not think".to_owned());
        }
        return None;
    }
    if wish.effort == "none" {
        return Some(json!({"type": "disabled"}));
    }
    let budgeted = facts.is_none_or(|f| f.takes_budget || f.control == ReasoningControl::Budget);
    let Some(tokens) = wish.budget.or_else(|| tokens_of(wish.effort)).filter(|_| budgeted) else {
        return Some(json!({"type": "enabled"}));
    };
    let least = u64::from(facts.and_then(|f| f.budget_min).unwrap_or(1));
    let most = u64::from(facts.and_then(|f| f.budget_max).unwrap_or(u32::MAX)).max(least);
    let budget = tokens.clamp(least, most);
    if wish.budget.is_none() {
        adapted.push(reworded("reasoning_effort", format_args!("a budget of {budget} tokens")));
    } else if budget != tokens {
        adapted.push(format!("reasoning.max_tokens: {tokens} became {budget}, the nearest the model takes"));
    }
    Some(json!({"type": "enabled", "token_budget": budget}))
}

/// Tokens that an effort word stands for; none where the model may think as long as it likes.
fn tokens_of(effort: &str) -> Option<u64> {
    match effort {
        "minimal" => Some(512),
        "low" => Some(1_024),
        "medium" => Some(4_096),
        _ => None,
    }
}
