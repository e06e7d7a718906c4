//! What a request says about thinking, and the model's facts, in; the `reasoning` object out.

use serde_json::Value;

use super::turns::{Wish, given, nearest};
use crate::catalog::ReasoningControl;
use crate::provider::Target;
use crate::wire::{ChatRequest, Object};

/// Fields of `reasoning` that are read here; the provider's own go through.
const READ: [&str; 4] = ["effort", "max_tokens", "enabled", "exclude"];

/// The `reasoning` object, if there is anything to say.
///
/// A summary of the thinking is asked for where the caller wants to see it: by `reasoning: {…}` or `include_reasoning`.
/// `reasoning_effort` alone shows none in chat, and some accounts are refused for asking.
pub(super) fn reasoning(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Option<Value> {
    let mut out = Object::new();
    let asked = request.get("reasoning");
    for (name, value) in asked.and_then(Value::as_object).into_iter().flatten() {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            out.insert(name.clone(), value.clone());
        }
    }
    let wish = Wish::of(request);
    let effort = wish.as_ref().and_then(|wish| effort(wish, names_level(request), target, adapted));
    if thinks_never(target) {
        return None;
    }
    let hidden = asked.and_then(|r| r.get("exclude")) == Some(&Value::Bool(true));
    let shown = asked.is_some() || request.get("include_reasoning") == Some(&Value::Bool(true));
    let off = wish.is_some_and(|wish| wish.effort == "none");
    if shown && !hidden && !off && !out.contains_key("generate_summary") {
        out.entry("summary").or_insert_with(|| "auto".into());
    }
    if let Some(effort) = effort {
        out.insert("effort".into(), effort.into());
    }
    (!out.is_empty()).then(|| out.into())
}

/// The level to send; `None` where the model decides by itself.
fn effort(wish: &Wish<'_>, named: bool, target: &Target, adapted: &mut Vec<String>) -> Option<String> {
    let model = &target.model;
    let rejects = |name: &str| target.deployment.quirks.rejects.iter().any(|r| r == name);
    let facts = model.reasoning.as_ref();
    let refused = model.parameters.refuses("reasoning_effort") || rejects("reasoning_effort");
    let fixed = facts.is_some_and(|r| matches!(r.control, ReasoningControl::None | ReasoningControl::AlwaysOn));
    if refused || fixed || thinks_never(target) {
        if wish.effort != "none" || !thinks_never(target) {
            adapted.push("reasoning_effort: left out, the model's thinking cannot be set".to_owned());
        }
        return None;
    }
    if wish.budget.is_some() {
        adapted.push("reasoning.max_tokens: left out, thinking is set by effort here".to_owned());
    }
    // `reasoning: {}` names no level, so the model's own holds.
    if !named && wish.effort != "none" {
        return None;
    }
    let known: Vec<&str> = facts.map(|r| r.efforts.iter().map(String::as_str).collect()).unwrap_or_default();
    let can_stop = wish.effort == "none" && facts.is_some_and(|r| r.can_disable == Some(true));
    let level = if can_stop { "none" } else { nearest(wish.effort, &known).unwrap_or(wish.effort) };
    if level != wish.effort {
        adapted.push(format!("reasoning_effort: {} became {level}, the nearest level the model has", wish.effort));
    }
    Some(level.to_owned())
}

fn names_level(request: &ChatRequest) -> bool {
    request.get("reasoning_effort").is_some() || request.get("reasoning").is_some_and(|r| given(r, "effort").is_some())
}

/// Whether the model is known not to think.
pub(super) fn thinks_never(target: &Target) -> bool {
    target.model.capabilities.reasoning == Some(false) && target.model.reasoning.is_none()
}
