//! What whole replies and streams share: finish reasons, citations and probabilities in, OpenAI's words out.

use serde_json::{Value, json};

use super::turns::{Piece, given};
use super::{FORMAT, TOOL_PLAN};
use crate::provider::{Cause, Failure};
use crate::wire::Object;

/// The finish reason, or the failure that it means. Tool calls count by being there, not by the word.
pub(super) fn finish_reason(reason: &str, told: Option<&str>, calls: bool) -> Result<&'static str, Failure> {
    let failed = |cause| {
        let message = told.map_or_else(|| format!("the provider ended its answer with {reason}"), str::to_owned);
        Err(Failure::new(cause, message).with_status(200).with_code(Some(reason.to_owned())))
    };
    match reason.to_ascii_uppercase().as_str() {
        "MAX_TOKENS" => Ok("length"),
        "ERROR_TOXIC" => Ok("content_filter"),
        "ERROR_LIMIT" => failed(Cause::ContextTooLong),
        "ERROR" | "TIMEOUT" | "USER_CANCEL" => failed(Cause::Server),
        _ if calls => Ok("tool_calls"),
        _ => Ok("stop"),
    }
}

/// What is said in place of an answer that the provider holds back.
pub(super) const REFUSAL: &str = "The provider held the answer back.";

/// A thinking block, whole, so that it can be sent back.
pub(super) fn thought(index: u64, text: &str) -> Piece {
    Piece::Detail(json!({"type": "reasoning.text", "text": text, "format": FORMAT, "index": index}))
}

/// What the model said about the calls it was to make, whole.
pub(super) fn plan(text: &str) -> Piece {
    Piece::Detail(json!({"type": "reasoning.text", "text": text, "format": FORMAT, "id": TOOL_PLAN}))
}

/// A citation as an annotation: it keeps all its fields, under a type that tells it from OpenAI's own.
pub(super) fn citation(citation: &Value) -> Option<Piece> {
    let mut out = citation.as_object()?.clone();
    if let Some(kind) = out.insert("type".into(), "citation".into()).filter(|kind| !kind.is_null()) {
        out.insert("content_type".into(), kind);
    }
    Some(Piece::Annotation(out.into()))
}

/// Probabilities in OpenAI's form, one entry a piece of text.
pub(super) fn logprobs(listed: Option<&Value>) -> Value {
    let Some(listed) = listed.and_then(Value::as_array).filter(|listed| !listed.is_empty()) else { return Value::Null };
    let entries = listed.iter().map(|entry| {
        let each = entry.get("logprobs").and_then(Value::as_array).into_iter().flatten();
        let sum: f64 = each.filter_map(Value::as_f64).sum();
        let text = entry.get("text").cloned().unwrap_or_default();
        json!({"token": text, "logprob": sum, "bytes": null, "top_logprobs": []})
    });
    json!({"content": entries.collect::<Value>(), "refusal": null})
}

/// Copies fields that OpenAI's shape has no place for, under their own names.
pub(super) fn keep_rest(from: &Value, into: &mut Object) {
    const PLACED: [&str; 8] = ["id", "type", "index", "message", "usage", "finish_reason", "logprobs", "error"];
    for (name, value) in from.as_object().into_iter().flatten() {
        if !PLACED.contains(&name.as_str()) && given(from, name).is_some() && !into.contains_key(name) {
            into.insert(name.clone(), value.clone());
        }
    }
}
