//! What whole replies and streams share: finish reasons and the fields around a candidate in, OpenAI's words out.

use serde_json::Value;

use super::turns::given;
use crate::provider::{Cause, Failure};
use crate::wire::Object;

/// The finish reason, or the failure it means: tool calls count by being there, not by the word.
pub(super) fn finish_reason(reason: &str, calls_tools: bool) -> Result<&'static str, Failure> {
    Ok(match reason {
        "MAX_TOKENS" => "length",
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => "content_filter",
        "IMAGE_SAFETY" | "IMAGE_PROHIBITED_CONTENT" | "IMAGE_RECITATION" => "content_filter",
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "NO_IMAGE"
        | "IMAGE_OTHER"
        | "LANGUAGE"
        | "OTHER" => {
            let fault = Failure::new(Cause::ModelFault, format!("the model stopped with {reason}"));
            return Err(fault.with_code(Some(reason.to_owned())));
        }
        _ if calls_tools => "tool_calls",
        _ => "stop",
    })
}

/// A finish reason as a word; where enums are asked for as numbers it is one.
pub(super) fn reason_of(candidate: &Value) -> Option<&str> {
    const BY_NUMBER: [&str; 10] = [
        "FINISH_REASON_UNSPECIFIED",
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
    ];
    match candidate.get("finishReason")? {
        Value::String(word) => Some(word),
        Value::Number(number) => {
            let known = number.as_u64().and_then(|n| BY_NUMBER.get(usize::try_from(n).ok()?)).copied();
            Some(known.unwrap_or("OTHER"))
        }
        _ => None,
    }
}

/// The words of a refusal: Google's own where it gives any.
pub(super) fn refusal(reason: &str, message: Option<&Value>) -> String {
    let told = message.and_then(Value::as_str).filter(|t| !t.is_empty());
    told.map_or_else(|| format!("The provider blocked the answer ({reason})."), str::to_owned)
}

/// The reason why a prompt was blocked before there was a candidate.
pub(super) fn blocked(reply: &Value) -> Option<&str> {
    reply.pointer("/promptFeedback/blockReason").and_then(Value::as_str)
}

/// Copies fields of a reply that OpenAI's shape has no place for, under their own names.
pub(super) fn keep_rest(reply: &Value, into: &mut Object) {
    copy(reply, &["candidates", "usageMetadata", "responseId"], into);
}

/// The same for a candidate.
pub(super) fn keep_candidate(candidate: &Value, into: &mut Object) {
    copy(candidate, &["content", "finishReason", "index", "logprobsResult"], into);
}

fn copy(from: &Value, placed: &[&str], into: &mut Object) {
    for (name, value) in from.as_object().into_iter().flatten() {
        if !placed.contains(&name.as_str()) && given(from, name).is_some() {
            into.insert(name.clone(), value.clone());
        }
    }
}
