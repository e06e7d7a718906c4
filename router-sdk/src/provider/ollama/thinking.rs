//! `reasoning_effort` and the model's facts in; Ollama's `think` out.

use serde_json::Value;

use super::turns::{Wish, nearest};
use crate::provider::Target;
use crate::wire::ChatRequest;

/// The levels of the models that have levels.
const LEVELS: [&str; 3] = ["low", "medium", "high"];

/// On, off or a level. The caller's own `think` goes before any word for it.
pub(super) fn think(request: &ChatRequest, target: &Target, adapted: &mut Vec<String>) -> Option<Value> {
    if let Some(own) = request.get("think") {
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
    if wish.budget.is_some() {
        adapted.push("reasoning.max_tokens: left out, Ollama has no budget for thinking".to_owned());
    }
    let levels: Vec<&str> = match facts.map(|f| f.efforts.as_slice()) {
        Some(known) if !known.is_empty() => known.iter().map(String::as_str).filter(|l| *l != "none").collect(),
        _ if model.id.starts_with("gpt-oss") => LEVELS.to_vec(),
        _ => Vec::new(),
    };
    let can_stop = facts.and_then(|f| f.can_disable).unwrap_or(levels.is_empty());
    if wish.effort == "none" && can_stop {
        return Some(false.into());
    }
    match nearest(wish.effort, &levels) {
        Some(level) => {
            if level != wish.effort {
                adapted
                    .push(format!("reasoning_effort: {} became {level}, the nearest level the model has", wish.effort));
            }
            Some(level.into())
        }
        None if wish.effort == "none" => {
            adapted.push("reasoning_effort: left out, the model cannot stop thinking".to_owned());
            None
        }
        None => {
            adapted.push(format!("reasoning_effort: {} sent as thinking switched on", wish.effort));
            Some(true.into())
        }
    }
}
