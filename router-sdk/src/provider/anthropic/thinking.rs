//! `reasoning_effort` and the model's facts in; Anthropic's `thinking` and `effort` out.

use serde_json::{Value, json};

use super::limits::refuses;
use super::turns::{Wish, nearest};
use crate::catalog::{Model, ReasoningControl};
use crate::provider::Target;
use crate::provider::adapted::lost;
use crate::wire::ChatRequest;

/// The smallest budget Anthropic takes.
const BUDGET_MIN: u64 = 1_024;
/// Tokens that must be left for the answer beside the budget.
const ANSWER_MIN: u64 = 512;

/// What to send.
#[derive(Debug, Default, PartialEq)]
pub(in crate::provider) struct Thinking {
    pub(in crate::provider) thinking: Option<Value>,
    pub(in crate::provider) effort: Option<String>,
    /// Thinking is on, as far as the request decides it.
    pub(in crate::provider) on: bool,
}

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Adaptive,
    Budget,
    /// It cannot think, or not be told to.
    Fixed,
}

/// What stands in the way of thinking.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::provider) struct Obstacles {
    /// The caller forces a tool call.
    pub(in crate::provider) forced_call: bool,
    /// See `Conversation::thought_lost`.
    pub(in crate::provider) thought_lost: bool,
}

/// Decides on thinking for an output limit of `max_tokens`.
///
/// A `thinking` object of the caller's own goes through as it is, unless the rest of the request forbids it.
pub(in crate::provider) fn thinking(
    request: &ChatRequest,
    target: &Target,
    max_tokens: u64,
    obstacles: Obstacles,
    adapted: &mut Vec<String>,
) -> Thinking {
    if let Some(own) = request.get("thinking") {
        return as_written(own, max_tokens, obstacles, adapted);
    }
    let Some(wish) = Wish::of(request) else { return Thinking::default() };
    if refuses(target, "reasoning_effort") {
        adapted.push("reasoning_effort: left out, the model refuses it".to_owned());
        return Thinking::default();
    }
    let takes_budget = target.model.reasoning.as_ref().is_some_and(|r| r.takes_budget);
    let style = if wish.budget.is_some() && takes_budget { Style::Budget } else { style(&target.model) };
    match style {
        Style::Fixed => {
            if wish.effort != "none" {
                adapted.push("reasoning_effort: left out, the model's thinking cannot be set".to_owned());
            }
            Thinking::default()
        }
        Style::Adaptive => adaptive(&wish, &target.model, obstacles, adapted),
        Style::Budget => budget(&wish, &target.model, max_tokens, obstacles, adapted),
    }
}

fn as_written(own: &Value, max_tokens: u64, obstacles: Obstacles, adapted: &mut Vec<String>) -> Thinking {
    let on = own.get("type").is_some_and(|t| t != "disabled");
    // With adaptive thinking a forced call is taken: the model may then think little.
    if own.get("type").is_some_and(|t| t == "enabled") && obstacles.forced_call {
        adapted.push(lost("thinking", "a forced tool call forbids it"));
        return Thinking::default();
    }
    let mut thinking = own.clone();
    if let Some(asked) = own.get("budget_tokens").and_then(Value::as_u64).filter(|asked| *asked >= max_tokens) {
        let budget = max_tokens.saturating_sub(ANSWER_MIN);
        if budget < BUDGET_MIN {
            adapted.push(lost("thinking", "max_tokens leaves no room for it"));
            return Thinking::default();
        }
        adapted.push(format!("thinking: a budget of {asked} lowered to {budget}, so that max_tokens leaves an answer"));
        thinking["budget_tokens"] = budget.into();
    }
    Thinking { thinking: Some(thinking), effort: None, on }
}

fn style(model: &Model) -> Style {
    let Some(reasoning) = &model.reasoning else {
        return if model.capabilities.reasoning == Some(false) { Style::Fixed } else { style_of_name(&model.id) };
    };
    // Models that know the level `max` decide by themselves how long to think, also where they still take a budget.
    if reasoning.control == ReasoningControl::Adaptive || reasoning.efforts.iter().any(|e| e == "max") {
        Style::Adaptive
    } else if reasoning.control == ReasoningControl::Budget || reasoning.takes_budget {
        Style::Budget
    } else if !reasoning.efforts.is_empty() {
        Style::Adaptive
    } else {
        match reasoning.control {
            ReasoningControl::None | ReasoningControl::AlwaysOn => Style::Fixed,
            _ => style_of_name(&model.id),
        }
    }
}

/// For models without facts: Anthropic's own names tell the generation.
fn style_of_name(id: &str) -> Style {
    let has = |words: &[&str]| words.iter().any(|word| id.contains(word));
    if has(&["claude-3-7", "claude-3.7", "-4-0", "-4-1", "-4-2025", "-4-5", "-4.1", "-4.5"]) {
        Style::Budget
    } else if has(&["claude-3", "claude-2", "claude-instant"]) {
        Style::Fixed
    } else {
        Style::Adaptive
    }
}

fn adaptive(wish: &Wish<'_>, model: &Model, obstacles: Obstacles, adapted: &mut Vec<String>) -> Thinking {
    let facts = model.reasoning.clone().unwrap_or_default();
    if wish.effort == "none" && facts.can_disable != Some(false) && facts.control != ReasoningControl::AlwaysOn {
        return Thinking { thinking: Some(json!({"type": "disabled"})), effort: None, on: false };
    }
    let known: Vec<&str> = if facts.efforts.is_empty() {
        vec!["low", "medium", "high"]
    } else {
        facts.efforts.iter().map(String::as_str).filter(|e| *e != "none").collect()
    };
    let effort = nearest(wish.effort, &known).map(str::to_owned);
    if let Some(effort) = effort.as_deref().filter(|e| *e != wish.effort) {
        adapted.push(format!("reasoning_effort: {} became {effort}, the nearest level the model has", wish.effort));
    }
    if obstacles.forced_call && facts.control != ReasoningControl::AlwaysOn && facts.can_disable != Some(false) {
        adapted.push("reasoning_effort: lowers effort only, since a forced tool call forbids thinking".to_owned());
        return Thinking { thinking: None, effort, on: false };
    }
    // Since the level `xhigh` exists, models leave out what they thought unless it is asked for.
    let thinking = if known.contains(&"xhigh") {
        json!({"type": "adaptive", "display": "summarized"})
    } else {
        json!({"type": "adaptive"})
    };
    Thinking { thinking: Some(thinking), effort, on: true }
}

fn budget(
    wish: &Wish<'_>,
    model: &Model,
    max_tokens: u64,
    obstacles: Obstacles,
    adapted: &mut Vec<String>,
) -> Thinking {
    if wish.effort == "none" {
        return Thinking::default();
    }
    let mut refuse = |why: &str| {
        adapted.push(format!("reasoning_effort: left out, {why}"));
        Thinking::default()
    };
    if obstacles.forced_call {
        return refuse("a forced tool call forbids thinking");
    }
    if obstacles.thought_lost {
        return refuse("the tool loop was begun without this model's thinking");
    }
    let facts = model.reasoning.clone().unwrap_or_default();
    let least = u64::from(facts.budget_min.unwrap_or(0)).max(BUDGET_MIN);
    let asked = wish.budget.unwrap_or_else(|| tokens_of(wish.effort));
    let most = facts.budget_max.map_or(u64::MAX, u64::from).min(max_tokens.saturating_sub(ANSWER_MIN));
    if most < least {
        return refuse("max_tokens leaves no room for it");
    }
    let budget = asked.clamp(least, most);
    if budget < asked {
        adapted
            .push(format!("reasoning_effort: thinks for at most {budget} tokens, so that max_tokens leaves an answer"));
    }
    Thinking { thinking: Some(json!({"type": "enabled", "budget_tokens": budget})), effort: None, on: true }
}

/// Tokens that an effort word stands for on models that take a number.
fn tokens_of(effort: &str) -> u64 {
    match effort {
        "minimal" => 1_024,
        "low" => 2_048,
        "medium" => 8_192,
        "xhigh" => 24_576,
        "max" => 31_000,
        _ => 16_384,
    }
}
