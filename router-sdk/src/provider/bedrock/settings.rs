//! Limits, sampling, metadata and the like of a request in; `inferenceConfig` and the rest of Converse's fields out.

use serde_json::{Value, json};

use super::encode::{object, overlay};
use super::line::Line;
use super::thinking::Fields;
use super::turns::given;
use crate::provider::Target;
use crate::provider::adapted::lost;
use crate::provider::anthropic::limits::{self, refuses};
use crate::wire::{ChatRequest, Object};

/// OpenAI's and Anthropic's fields that are read elsewhere in this family.
const READ: [&str; 26] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "user",
    "metadata",
    "service_tier",
    "requestMetadata",
    "additionalModelRequestFields",
    "inferenceConfig",
    "cache_control",
    "prompt_cache_key",
];
/// Fields that only Claude knows, read with its thinking.
const CLAUDE: [&str; 3] = ["thinking", "output_config", "anthropic_beta"];
/// Converse's own fields, which go through as they are.
const OWN: [&str; 5] =
    ["guardrailConfig", "performanceConfig", "serviceTier", "promptVariables", "additionalModelResponseFieldPaths"];
/// Fields that are for OpenAI's own books, or change nothing at their defaults.
const SILENT: [&str; 5] = ["n", "store", "modalities", "prompt_cache_retention", "safety_identifier"];
/// Bedrock's bounds on request metadata.
const MAX_METADATA: usize = 16;
const LONGEST_METADATA: usize = 256;

/// `inferenceConfig`; parameters that only the model itself knows go into its own fields.
pub(super) fn inference(
    request: &ChatRequest,
    target: &Target,
    line: Line,
    fields: &mut Fields,
    adapted: &mut Vec<String>,
) -> Object {
    let mut out = Object::new();
    if let Some(asked) = request.max_output_tokens() {
        let granted = target.model.max_output_tokens.map_or(asked, |most| asked.min(most));
        if granted < asked {
            adapted.push(format!("max_tokens: {asked} lowered to {granted}, the most the model can write"));
        }
        if fields.unlimited {
            adapted.push("max_tokens: left out, it cannot be set at high reasoning effort".to_owned());
        } else {
            out.insert("maxTokens".into(), granted.into());
        }
    }
    let mut sampled = Object::new();
    if line == Line::Claude {
        limits::sampling(request, target, fields.thinks, &mut sampled, adapted);
    } else {
        sampling(request, target, fields.unlimited, &mut sampled, adapted);
    }
    for (name, wire) in [("temperature", "temperature"), ("top_p", "topP")] {
        if let Some(value) = sampled.shift_remove(name) {
            out.insert(wire.into(), value);
        }
    }
    if let Some(top_k) = sampled.shift_remove("top_k") {
        match line {
            Line::Claude | Line::Mistral | Line::Qwen => {
                fields.native.insert("top_k".into(), top_k);
            }
            Line::Nova => {
                if let Some(own) = object(&mut fields.native, "inferenceConfig") {
                    own.insert("topK".into(), top_k);
                }
            }
            _ => adapted.push("top_k: left out, Bedrock has no word for it with this model".to_owned()),
        }
    }
    stop(request, target, &mut out, adapted);
    overlay(request.get("inferenceConfig").unwrap_or(&Value::Null), &mut out);
    out
}

fn sampling(request: &ChatRequest, target: &Target, thinks_long: bool, out: &mut Object, adapted: &mut Vec<String>) {
    let highest = target.deployment.quirks.temperature_max.unwrap_or(1.0);
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = request.get(name) else { continue };
        if refuses(target, name) {
            adapted.push(format!("{name}: left out, the model refuses it"));
        } else if thinks_long {
            adapted.push(format!("{name}: left out, it cannot be set at high reasoning effort"));
        } else if name == "temperature" && value.as_f64().is_some_and(|t| t > f64::from(highest)) {
            adapted.push(format!("temperature: {value} lowered to {highest}, the highest Bedrock takes"));
            out.insert(name.into(), json!(highest));
        } else {
            out.insert(name.into(), value.clone());
        }
    }
}

fn stop(request: &ChatRequest, target: &Target, out: &mut Object, adapted: &mut Vec<String>) {
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
        adapted.push("stop: sequences of white space left out, models on Bedrock refuse them".to_owned());
    }
    if !kept.is_empty() {
        out.insert("stopSequences".into(), json!(kept));
    }
}

/// Everything that is not conversation, tools or inference.
pub(super) fn rest(request: &ChatRequest, mut native: Object, body: &mut Object, adapted: &mut Vec<String>) {
    overlay(request.get("additionalModelRequestFields").unwrap_or(&Value::Null), &mut native);
    if !native.is_empty() {
        body.insert("additionalModelRequestFields".into(), native.into());
    }
    metadata(request, body, adapted);
    match request.get("service_tier").and_then(Value::as_str) {
        None | Some("auto") => {}
        Some(tier @ ("default" | "flex" | "priority" | "reserved")) => {
            body.insert("serviceTier".into(), json!({"type": tier}));
        }
        Some(_) => {
            adapted.push(lost("service_tier", "Bedrock has default, flex, priority and reserved"));
        }
    }
    for (field, value) in request.body() {
        let name = field.as_str();
        if value.is_null() || READ.contains(&name) {
            continue;
        }
        if OWN.contains(&name) {
            body.insert(field.clone(), value.clone());
            continue;
        }
        let inert = value == &Value::Bool(false) || value.as_f64() == Some(0.0) && name != "seed";
        let read = CLAUDE.contains(&name)
            && body.get("additionalModelRequestFields").is_some_and(|native| given(native, name).is_some());
        if !read && !SILENT.contains(&name) && !inert {
            adapted.push(format!(
                "{name}: left out, Bedrock has nothing like it; fields of the model itself go into \
                 additionalModelRequestFields"
            ));
        }
    }
}

/// `requestMetadata`: the caller's own, `metadata` and `user`, as far as Bedrock takes them.
fn metadata(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    let mut out = Object::new();
    let mut refused = Vec::new();
    let user = request.get("user").map(|user| ("user", user));
    let listed = ["metadata", "requestMetadata"].map(|name| request.get(name).and_then(Value::as_object));
    let listed = listed.into_iter().flatten().flatten().map(|(name, value)| (name.as_str(), value));
    for (name, value) in user.into_iter().chain(listed) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        if takes(name) && !name.is_empty() && takes(&text) && (out.len() < MAX_METADATA || out.contains_key(name)) {
            out.insert(name.to_owned(), text.into());
        } else {
            refused.push(name.to_owned());
        }
    }
    if !refused.is_empty() {
        let names = refused.join(", ");
        adapted.push(format!("metadata: {names} left out, Bedrock takes 16 short texts of letters, digits and signs"));
    }
    if !out.is_empty() {
        body.insert("requestMetadata".into(), out.into());
    }
}

/// Letters, digits, spaces and a few signs, as Bedrock's pattern has it.
fn takes(text: &str) -> bool {
    let sign = |c: char| " \t\n:_@$#=/+,-.".contains(c);
    text.len() <= LONGEST_METADATA && text.chars().all(|c| c.is_ascii_alphanumeric() || sign(c))
}
