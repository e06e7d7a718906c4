//! What whole replies and streams share: stop reasons, thinking and server blocks of Anthropic in, OpenAI's words out.

use serde_json::{Value, json};

use super::turns::{Piece, given};
use crate::wire::Object;

/// The finish reason: tool calls count by being there, not by the word.
pub(super) fn finish_reason(stop_reason: &str, calls_tools: bool) -> &'static str {
    match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "refusal" => "content_filter",
        _ if calls_tools => "tool_calls",
        _ => "stop",
    }
}

/// The words of a refusal.
pub(super) fn refusal(stop_details: Option<&Value>) -> String {
    let told = stop_details.and_then(|d| d.get("explanation")).and_then(Value::as_str).filter(|t| !t.is_empty());
    told.unwrap_or("The provider refused to answer.").to_owned()
}

/// A signed thinking block, whole.
pub(super) fn thought(index: u64, text: &str, signature: &str) -> Piece {
    let mut entry = json!({"type": "reasoning.text", "text": text, "format": "anthropic", "index": index});
    if let (Some(entry), false) = (entry.as_object_mut(), signature.is_empty()) {
        entry.insert("signature".into(), signature.into());
    }
    Piece::Detail(entry)
}

/// Thinking that only Anthropic can read.
pub(super) fn redacted(index: u64, data: &str) -> Piece {
    Piece::Detail(json!({"type": "reasoning.encrypted", "data": data, "format": "anthropic", "index": index}))
}

/// A block of a tool that runs at Anthropic.
pub(super) fn server_block(index: u64, block: Value) -> Piece {
    Piece::Block(json!({"format": "anthropic", "index": index, "block": block}))
}

/// Copies fields that OpenAI's shape has no place for, under their own names.
pub(super) fn keep_rest(from: &Value, into: &mut Object) {
    const PLACED: [&str; 8] = ["id", "type", "role", "model", "content", "usage", "stop_reason", "object"];
    for (name, value) in from.as_object().into_iter().flatten() {
        if !PLACED.contains(&name.as_str()) && given(from, name).is_some() && !into.contains_key(name) {
            into.insert(name.clone(), value.clone());
        }
    }
}
