//! Top-level parameters come in; those that vendor and model take go out, renamed, bounded or left out.

use serde_json::{Value, json};

use super::draft::Draft;
use crate::provider::adapted::reworded;
use crate::provider::turns::unsupported;
use crate::provider::{Failure, Target};

/// Fields without which the request would ask for something else: refusing them is an error, never an adaptation.
const ESSENTIAL: [&str; 4] = ["messages", "tools", "modalities", "audio"];

/// Adapts everything but the messages and the reasoning controls.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) -> Result<(), Failure> {
    output_limit(draft, target);
    choices(draft, target)?;
    seed(draft, target);
    temperature(draft, target);
    stops(draft, target);
    tool_choice(draft, target);
    if !target.deployment.quirks.parallel_tool_calls {
        draft.drop("parallel_tool_calls", "the provider does not take it");
    }
    if !target.deployment.quirks.logprobs {
        for field in ["logprobs", "top_logprobs"] {
            draft.drop(field, "the provider does not take it");
        }
    }
    rejected(draft, target)
}

/// One output limit under the name that the target knows.
fn output_limit(draft: &mut Draft<'_>, target: &Target) {
    const NAMES: [&str; 2] = ["max_tokens", "max_completion_tokens"];
    let own = target.model.parameters.max_tokens_field.as_deref();
    let wanted = own.unwrap_or(&target.deployment.quirks.max_tokens_field);
    for other in NAMES.into_iter().filter(|name| *name != wanted) {
        let Some(value) = draft.remove(other) else { continue };
        if draft.get(wanted).is_none() {
            draft.set(wanted, value);
            draft.note(reworded(other, wanted));
        }
    }
}

fn choices(draft: &mut Draft<'_>, target: &Target) -> Result<(), Failure> {
    let refused = !target.deployment.quirks.n || target.model.parameters.refuses("n");
    match draft.get("n").and_then(Value::as_u64) {
        Some(1) if refused => {
            draft.remove("n");
        }
        Some(n) if refused => {
            let why = format!("{} gives one choice a request, {n} were asked for", target.key());
            return Err(unsupported("n", why));
        }
        _ => {}
    }
    Ok(())
}

fn seed(draft: &mut Draft<'_>, target: &Target) {
    match target.deployment.quirks.seed_field.as_str() {
        "seed" => {}
        "" => draft.drop("seed", "the provider does not take it"),
        other => {
            if let Some(value) = draft.remove("seed") {
                draft.set(other, value);
                draft.note(reworded("seed", other));
            }
        }
    }
}

fn temperature(draft: &mut Draft<'_>, target: &Target) {
    let limits = [target.model.parameters.temperature_max, target.deployment.quirks.temperature_max];
    let Some(highest) = limits.into_iter().flatten().reduce(f32::min) else { return };
    // Through text, since a limit such as 1.4 must not be sent as 1.399999976.
    let Ok(highest) = highest.to_string().parse::<f64>() else { return };
    if draft.get("temperature").and_then(Value::as_f64).is_some_and(|given| given > highest) {
        draft.set("temperature", json!(highest));
        draft.note(format!("temperature: lowered to {highest}, the target's highest"));
    }
}

fn stops(draft: &mut Draft<'_>, target: &Target) {
    let Some(most) = target.deployment.quirks.stops_max else { return };
    let Some(listed) = draft.get("stop").and_then(Value::as_array).filter(|listed| listed.len() > most) else { return };
    let (kept, all) = (listed.iter().take(most).cloned().collect::<Vec<_>>(), listed.len());
    draft.set("stop", Value::Array(kept));
    draft.note(format!("stop: the first {most} of {all} sequences kept, the provider takes no more"));
}

fn tool_choice(draft: &mut Draft<'_>, target: &Target) {
    let quirks = &target.deployment.quirks;
    let able = &target.model.capabilities;
    let Some(choice) = draft.get("tool_choice").cloned() else { return };
    let forces = matches!(choice.as_str(), Some("required" | "any")) || choice.is_object();
    if able.tool_choice == Some(false) {
        match choice.as_str() {
            Some("auto") => {
                draft.remove("tool_choice");
            }
            Some("none") => {
                draft.remove("tool_choice");
                draft.drop("tools", "the model cannot be told to use none of them");
            }
            _ => {
                keep_named_tool(draft, &choice);
                draft.drop("tool_choice", "the model does not take it");
            }
        }
    } else if forces && (!quirks.forced_tool_choice || able.forced_tool_choice == Some(false)) {
        keep_named_tool(draft, &choice);
        draft.set("tool_choice", "auto");
        draft.note("tool_choice: became auto, the target cannot be made to call a tool");
    } else if let Some(word @ ("required" | "any")) = choice.as_str() {
        let own = quirks.required_tool_choice.as_str();
        if !own.is_empty() && own != word {
            draft.set("tool_choice", own);
        }
    }
}

/// Where no tool can be forced, the one that was named is at least the only one.
fn keep_named_tool(draft: &mut Draft<'_>, choice: &Value) {
    let Some(name) = choice.pointer("/function/name").and_then(Value::as_str) else { return };
    let Some(tools) = draft.get("tools").and_then(Value::as_array) else { return };
    let named = |tool: &&Value| tool.pointer("/function/name").and_then(Value::as_str) == Some(name);
    let kept: Vec<Value> = tools.iter().filter(named).cloned().collect();
    if !kept.is_empty() && kept.len() < tools.len() {
        draft.set("tools", Value::Array(kept));
        draft.note("tools: reduced to the one that tool_choice names");
    }
}

/// Leaves out what the model or the vendor refuses.
fn rejected(draft: &mut Draft<'_>, target: &Target) -> Result<(), Failure> {
    let lists = [
        (&target.model.parameters.rejects, "the model does not take it"),
        (&target.deployment.quirks.rejects, "the provider does not take it"),
    ];
    for (list, why) in lists {
        for name in list {
            let Some(value) = draft.get(name) else { continue };
            if means_nothing(name, value) {
                draft.remove(name);
                continue;
            }
            if ESSENTIAL.contains(&name.as_str()) {
                return Err(unsupported(name, format_args!("{} does not take it", target.key())));
            }
            draft.drop(name, why);
        }
    }
    Ok(())
}

/// Whether the value is what holds without the parameter anyway.
fn means_nothing(name: &str, value: &Value) -> bool {
    match name {
        "temperature" | "top_p" | "n" => value.as_f64() == Some(1.0),
        "presence_penalty" | "frequency_penalty" => value.as_f64() == Some(0.0),
        "parallel_tool_calls" => value.as_bool() == Some(true),
        "logprobs" | "store" => value.as_bool() == Some(false),
        "service_tier" => matches!(value.as_str(), Some("auto" | "default")),
        "modalities" => value.as_array().is_some_and(|listed| listed.iter().all(|m| m == "text")),
        // These are for OpenAI's own books and change no answer.
        "user" | "safety_identifier" | "prompt_cache_retention" => true,
        _ => false,
    }
}
