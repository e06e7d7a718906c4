//! What whole messages and deltas have in common: odd spellings of content and reasoning in, OpenAI's out.

use serde_json::Value;

use crate::wire::Object;

/// Flattens content parts and gives reasoning its common name. Works on messages and on deltas.
pub(super) fn tidy(message: &mut Object) {
    if let Some(Value::Array(_)) = message.get("content") {
        flatten(message);
    }
    if message.get("reasoning_content").is_none_or(Value::is_null) {
        let other = ["reasoning", "thinking"]
            .iter()
            .find_map(|name| message.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty()))
            .map(str::to_owned);
        if let Some(text) = other {
            message.insert("reasoning_content".into(), Value::String(text));
        }
    }
    if message.get("tool_calls").is_some_and(|calls| calls.as_array().is_none_or(Vec::is_empty)) {
        message.shift_remove("tool_calls");
    }
    for name in ["function_call", "audio"] {
        if message.get(name).is_some_and(|value| !value.is_null() && says_nothing(value)) {
            message.insert(name.into(), Value::Null);
        }
    }
}

/// Whether all parts of a value are empty, as some vendors send for what they do not have.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

/// Text parts become the content, thinking parts the reasoning; other parts stay under `content_parts`.
fn flatten(message: &mut Object) {
    let Some(Value::Array(parts)) = message.shift_remove("content") else { return };
    let (mut text, mut thought) = (String::new(), String::new());
    let mut other = false;
    for part in &parts {
        match part.get("type").and_then(Value::as_str) {
            Some("thinking" | "reasoning") => thinking(part, &mut thought),
            Some("text" | "output_text") => push(part.get("text"), &mut text),
            None => push(Some(part), &mut text),
            Some(_) => other = true,
        }
    }
    if other {
        message.insert("content_parts".into(), Value::Array(parts));
    }
    if !thought.is_empty() && message.get("reasoning_content").is_none_or(Value::is_null) {
        message.insert("reasoning_content".into(), Value::String(thought));
    }
    message.insert("content".into(), Value::String(text));
}

fn thinking(part: &Value, out: &mut String) {
    for name in ["thinking", "text"] {
        match part.get(name) {
            Some(Value::Array(inner)) => inner.iter().for_each(|piece| push(piece.get("text").or(Some(piece)), out)),
            piece => push(piece, out),
        }
    }
}

fn push(text: Option<&Value>, out: &mut String) {
    if let Some(text) = text.and_then(Value::as_str) {
        out.push_str(text);
    }
}

/// Whether a message or delta carries nothing that a reader would miss.
pub(super) fn is_blank(message: &Object) -> bool {
    message.iter().all(|(name, value)| name == "role" || says_nothing(value))
}

/// A repeatable id made of what identifies the thing.
pub(super) fn made_id(prefix: &str, seeds: &[&[u8]]) -> String {
    format!("{prefix}{:016x}", hash(seeds))
}

/// FNV-1a, the same on every machine and in every version.
pub(super) fn hash(seeds: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for seed in seeds {
        for byte in seed.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}
