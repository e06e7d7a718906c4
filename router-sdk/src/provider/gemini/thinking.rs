//! `reasoning_effort` and the model's facts in; Gemini's `thinkingConfig` out.

use serde_json::{Value, json};

use super::generation::{Generation, generation};
use super::turns::{Wish, nearest};
use crate::catalog::{Model, Reasoning, ReasoningControl};
use crate::provider::Target;
use crate::wire::ChatRequest;

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Level,
    Budget,
    Fixed,
}

/// The thinking configuration that a request asks for, if any.
pub(super) fn thinking(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Option<Value> {
    let wish = Wish::of(request)?;
    let model = &target.model;
    if model.parameters.refuses("reasoning_effort") {
        adapted.push("reasoning_effort: left out, the model refuses it".to_owned());
        return None;
    }
    let facts = model.reasoning.clone().unwrap_or_default();
    match style(model) {
        Style::Fixed => {
            if wish.effort != "none" {
                adapted.push("reasoning_effort: left out, the model's thinking cannot be set".to_owned());
            }
            None
        }
        Style::Level => Some(level(wish, &facts, adapted)),
        Style::Budget => Some(budget(wish, &facts, adapted)),
    }
}

fn style(model: &Model) -> Style {
    let by_name = || match generation(model) {
        Generation::Gemma | Generation::Two => Style::Fixed,
        Generation::TwoFive => Style::Budget,
        Generation::Three => Style::Level,
    };
    let Some(facts) = &model.reasoning else {
        return if model.capabilities.reasoning == Some(false) { Style::Fixed } else { by_name() };
    };
    if !facts.efforts.is_empty() {
        return Style::Level;
    }
    match facts.control {
        ReasoningControl::Effort | ReasoningControl::Adaptive => Style::Level,
        ReasoningControl::Budget => Style::Budget,
        _ if facts.takes_budget => Style::Budget,
        ReasoningControl::None | ReasoningControl::AlwaysOn => Style::Fixed,
        ReasoningControl::Toggle | ReasoningControl::Unspecified => by_name(),
    }
}

fn level(wish: Wish<'_>, facts: &Reasoning, adapted: &mut Vec<String>) -> Value {
    let known: Vec<&str> = if facts.efforts.is_empty() {
        vec!["low", "medium", "high"]
    } else {
        facts.efforts.iter().map(String::as_str).filter(|e| *e != "none").collect()
    };
    let level = nearest(wish.effort, &known).unwrap_or("high");
    if level != wish.effort {
        adapted.push(format!("reasoning_effort: {} became {level}, the nearest level the model has", wish.effort));
    }
    json!({"thinkingLevel": level, "includeThoughts": wish.effort != "none"})
}

fn budget(wish: Wish<'_>, facts: &Reasoning, adapted: &mut Vec<String>) -> Value {
    // `budget_min` is 0 or 512 on models that can also be switched off, 128 on the one that cannot.
    let can_stop = facts.can_disable.unwrap_or(facts.budget_min.is_none_or(|min| min == 0 || min >= 512));
    if wish.effort == "none" && can_stop {
        return json!({"thinkingBudget": 0, "includeThoughts": false});
    }
    let asked = wish.budget.unwrap_or_else(|| tokens_of(wish.effort));
    let least = u64::from(facts.budget_min.unwrap_or(0));
    let most = u64::from(facts.budget_max.unwrap_or(24_576)).max(least);
    let budget = asked.clamp(least, most);
    if wish.effort == "none" {
        adapted.push(format!("reasoning_effort: none became {budget} tokens, the least the model thinks"));
    } else if wish.budget.is_some_and(|asked| asked != budget) {
        adapted.push(format!("reasoning.max_tokens: {asked} became {budget}, the nearest the model takes"));
    }
    json!({"thinkingBudget": budget, "includeThoughts": wish.effort != "none"})
}

/// Tokens that an effort word stands for on models that take a number; Google's own for its OpenAI-shaped door.
fn tokens_of(effort: &str) -> u64 {
    match effort {
        "none" => 0,
        "minimal" => 512,
        "low" => 1_024,
        "medium" => 8_192,
        "xhigh" | "max" => 32_768,
        _ => 24_576,
    }
}
