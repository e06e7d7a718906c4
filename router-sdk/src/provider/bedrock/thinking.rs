//! `reasoning_effort` and the model's facts in; the model's own fields for it out, since Converse has no word of its own.

use serde_json::{Value, json};

use super::line::Line;
use super::turns::{Wish, nearest};
use crate::provider::Target;
use crate::provider::anthropic::limits::{max_tokens, refuses};
use crate::provider::anthropic::thinking::{self as claude, Obstacles};
use crate::wire::{ChatRequest, Object};

/// What goes into `additionalModelRequestFields`, and what follows from it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) native: Object,
    /// Thinking is on, as far as the request decides it.
    pub(super) thinks: bool,
    /// An output limit that the thinking needs.
    pub(super) max_tokens: Option<u64>,
    /// The model takes no output limit and no sampling at this effort.
    pub(super) unlimited: bool,
}

/// Says how much to think.
pub(super) fn fields(
    request: &ChatRequest,
    target: &Target,
    line: Line,
    obstacles: Obstacles,
    adapted: &mut Vec<String>,
) -> Fields {
    if line == Line::Claude {
        return claude_fields(request, target, obstacles, adapted);
    }
    let mut out = Fields::default();
    let Some(wish) = Wish::of(request) else { return out };
    let mut leave = |why: &str| adapted.push(format!("reasoning_effort: left out, {why}"));
    if refuses(target, "reasoning_effort") || target.model.capabilities.reasoning == Some(false) {
        if wish.effort != "none" {
            leave("the model does not think on request");
        }
        return out;
    }
    let facts = target.model.reasoning.clone().unwrap_or_default();
    let known: Vec<&str> = match facts.efforts.as_slice() {
        [] => vec!["low", "medium", "high"],
        listed => listed.iter().map(String::as_str).filter(|e| *e != "none").collect(),
    };
    let effort = nearest(wish.effort, &known).unwrap_or("medium");
    match (line, wish.effort) {
        (Line::Nova, "none") => {
            out.native.insert("reasoningConfig".into(), json!({"type": "disabled"}));
        }
        (Line::Nova, _) => {
            out.native.insert("reasoningConfig".into(), json!({"type": "enabled", "maxReasoningEffort": effort}));
            out.thinks = true;
            out.unlimited = effort == "high";
        }
        (Line::GptOss, "none") => leave("the model always thinks"),
        (Line::GptOss, _) => {
            out.native.insert("reasoning_effort".into(), effort.into());
            out.thinks = true;
        }
        (Line::Qwen, "none") => {}
        (Line::Qwen, _) => {
            out.native.insert("reasoning_config".into(), effort.into());
            out.thinks = true;
        }
        (_, "none") => {}
        _ => leave("Bedrock has no word for it with this model"),
    }
    if out.thinks && effort != wish.effort {
        adapted.push(format!("reasoning_effort: {} became {effort}, the nearest level the model has", wish.effort));
    }
    out
}

fn claude_fields(request: &ChatRequest, target: &Target, obstacles: Obstacles, adapted: &mut Vec<String>) -> Fields {
    let mut unsaid = Vec::new();
    let limited = ["max_tokens", "max_completion_tokens"].iter().any(|name| request.get(name).is_some());
    // Without a limit Bedrock allows the model's most, and that is what a budget of the caller's own counts against.
    let most = match (request.get("thinking"), limited) {
        (Some(_), false) => target.model.max_output_tokens.unwrap_or(u64::MAX),
        _ => max_tokens(request, target, &mut unsaid),
    };
    let decided = claude::thinking(request, target, most, obstacles, adapted);
    let mut out = Fields { thinks: decided.on, ..Fields::default() };
    // A budget that was made here was counted against this limit, so it is sent.
    let budgeted = decided.thinking.as_ref().is_some_and(|t| t.get("budget_tokens").is_some());
    if budgeted && request.get("thinking").is_none() {
        out.max_tokens = Some(most);
    }
    if let Some(thinking) = decided.thinking {
        out.native.insert("thinking".into(), thinking);
    }
    if let Some(effort) = decided.effort {
        out.native.insert("output_config".into(), json!({"effort": effort}));
    }
    if let Some(own) = request.get("output_config").filter(|own| own.is_object()) {
        out.native.insert("output_config".into(), own.clone());
    }
    match request.get("anthropic_beta") {
        Some(Value::String(names)) => {
            let names: Vec<&str> = names.split(',').map(str::trim).collect();
            out.native.insert("anthropic_beta".into(), json!(names));
        }
        Some(names @ Value::Array(_)) => {
            out.native.insert("anthropic_beta".into(), names.clone());
        }
        _ => {}
    }
    out
}
