//! `reasoning_effort` comes in; the level the model has, in the form its vendor takes, goes out.

use serde_json::{Value, json};

use super::draft::Draft;
use crate::catalog::{EffortStyle, Reasoning, ReasoningControl};
use crate::provider::Target;
use crate::provider::adapted::{lost, reworded};

/// Levels from none to most.
const LEVELS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// Thinking budgets in tokens for the levels, where only a budget can be given.
const BUDGETS: [u32; 7] = [0, 512, 1024, 4096, 16_384, 32_768, 65_536];

/// Brings the wish for a level of thinking into the target's form.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) {
    let style = target.deployment.quirks.effort;
    let Some(asked) = asked(draft, style) else { return };
    let reasoning = target.model.reasoning.as_ref();
    let level = nearest(&asked, reasoning);
    let refused = cannot_steer(target, style, reasoning);
    let plain = style == EffortStyle::ReasoningEffort && draft.get("reasoning_effort").is_some();
    if plain && refused.is_none() && level == asked {
        return;
    }
    draft.remove("reasoning_effort");
    if let Some(why) = refused {
        draft.note(lost("reasoning_effort", why));
        return;
    }
    if level != asked {
        draft.note(format!("reasoning_effort: {asked} became {level}, the nearest level the model has"));
    }
    match style {
        EffortStyle::ReasoningEffort => draft.set("reasoning_effort", level),
        EffortStyle::ReasoningObject => {
            let mut object = draft.get("reasoning").and_then(Value::as_object).cloned().unwrap_or_default();
            object.insert("effort".into(), level.into());
            draft.set("reasoning", Value::Object(object));
        }
        EffortStyle::ThinkingType => thinking_type(draft, &level, reasoning),
        EffortStyle::EnableThinking => enable_thinking(draft, &level, reasoning),
        EffortStyle::Unsupported => {}
    }
}

/// The level asked for, under OpenAI's name or in OpenRouter's object where the vendor does not know that.
fn asked(draft: &mut Draft<'_>, style: EffortStyle) -> Option<String> {
    if let Some(level) = draft.get("reasoning_effort").and_then(Value::as_str).map(str::to_owned) {
        return Some(level);
    }
    if style == EffortStyle::ReasoningObject {
        return None;
    }
    let level = draft.get("reasoning")?.get("effort")?.as_str()?.to_owned();
    draft.remove("reasoning");
    draft.note(reworded("reasoning", "the provider's own control"));
    Some(level)
}

fn cannot_steer(target: &Target, style: EffortStyle, reasoning: Option<&Reasoning>) -> Option<&'static str> {
    if style == EffortStyle::Unsupported {
        return Some("the provider does not take it");
    }
    if target.model.parameters.refuses("reasoning_effort") {
        return Some("the model does not take it");
    }
    match reasoning.map(|r| r.control) {
        Some(ReasoningControl::None | ReasoningControl::AlwaysOn) => Some("the model's thinking cannot be steered"),
        None if target.model.capabilities.reasoning == Some(false) => Some("the model does not think"),
        _ => None,
    }
}

/// The level of the model that is closest to the one asked for, the weaker of two.
fn nearest(asked: &str, reasoning: Option<&Reasoning>) -> String {
    let Some(reasoning) = reasoning else { return asked.to_owned() };
    let offered = &reasoning.efforts;
    if offered.is_empty() || offered.iter().any(|level| level == asked) {
        return asked.to_owned();
    }
    if asked == "none" && reasoning.can_disable == Some(true) {
        return asked.to_owned();
    }
    let Some(rank) = rank(asked) else { return asked.to_owned() };
    let distance = |level: &&String| rank_of(level).abs_diff(rank);
    offered.iter().min_by_key(distance).cloned().unwrap_or_else(|| asked.to_owned())
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// Levels of unknown names are as far away as can be.
fn rank_of(level: &str) -> usize {
    rank(level).unwrap_or(LEVELS.len() * 2)
}

fn thinking_type(draft: &mut Draft<'_>, level: &str, reasoning: Option<&Reasoning>) {
    let kind = if level == "none" { "disabled" } else { "enabled" };
    if draft.get("thinking").is_none() {
        draft.set("thinking", json!({"type": kind}));
    }
    let named = reasoning.is_some_and(|r| !r.efforts.is_empty());
    if level != "none" && named {
        draft.set("reasoning_effort", level);
    } else {
        draft.note(switched(level, "thinking", kind));
    }
}

/// A switch says `none` as it is and any level only roughly.
fn switched(level: &str, switch: &str, position: &str) -> String {
    match level {
        "none" => reworded("reasoning_effort", format_args!("{switch} {position}")),
        level => format!("reasoning_effort: {level} became {switch} {position}, the provider has no levels"),
    }
}

fn enable_thinking(draft: &mut Draft<'_>, level: &str, reasoning: Option<&Reasoning>) {
    let on = level != "none";
    if draft.get("enable_thinking").is_none() {
        draft.set("enable_thinking", on);
    }
    let Some(reasoning) = reasoning.filter(|r| r.takes_budget || r.control == ReasoningControl::Budget) else {
        return draft.note(switched(level, "enable_thinking", if on { "true" } else { "false" }));
    };
    draft.note(reworded("reasoning_effort", format_args!("enable_thinking {on} and a budget")));
    let budget = rank(level).and_then(|rank| BUDGETS.get(rank)).copied();
    if let (true, Some(budget), None) = (on, budget, draft.get("thinking_budget")) {
        let low = reasoning.budget_min.unwrap_or(1);
        let high = reasoning.budget_max.unwrap_or(u32::MAX).max(low);
        draft.set("thinking_budget", budget.clamp(low, high));
    }
}
