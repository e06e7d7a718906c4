//! Failed replies and exceptions inside streams come in; one [`Failure`] with its cause goes out.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::provider::{Cause, Failure, errors};

/// Where the text begins that repeats the signed request, session token included.
const REPEATS_REQUEST: &str = "The Canonical String";

/// Reads a failed reply.
pub(super) fn explain(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let mut failure = errors::explain(status, headers, body);
    if let Some(at) = failure.message.find(REPEATS_REQUEST) {
        failure.message.truncate(at);
        failure.message.truncate(failure.message.trim_end().len());
    }
    let code = failure.code.as_deref().unwrap_or_default().to_ascii_lowercase();
    let message = failure.message.to_ascii_lowercase();
    failure.cause = cause(&code, &message).unwrap_or(failure.cause);
    failure
}

/// Reads an exception frame: its type and its payload.
pub(super) fn in_stream(kind: &str, payload: &Value) -> Failure {
    let told = ["message", "Message", "originalMessage"].iter().find_map(|name| payload.get(name)?.as_str());
    let message = told.filter(|text| !text.is_empty()).unwrap_or("the stream broke off with an exception");
    let body = json!({"message": message, "code": kind});
    explain(status_of(kind), &HeaderMap::new(), body.to_string().as_bytes())
}

/// The status that Bedrock documents for an exception.
fn status_of(kind: &str) -> u16 {
    match kind.to_ascii_lowercase().as_str() {
        "throttlingexception" => 429,
        "modelstreamerrorexception" | "modelerrorexception" => 424,
        "modeltimeoutexception" => 408,
        "serviceunavailableexception" | "modelnotreadyexception" => 503,
        "validationexception" => 400,
        "accessdeniedexception" | "expiredtokenexception" | "unrecognizedclientexception" => 403,
        "resourcenotfoundexception" => 404,
        _ => 500,
    }
}

/// What only Bedrock spells this way.
fn cause(code: &str, message: &str) -> Option<Cause> {
    let told = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if told(&[
        "model identifier is invalid",
        "end of its life",
        "on-demand throughput",
        "don't have access to the model",
        "not authorized to invoke this model",
    ]) {
        Some(Cause::ModelMissing)
    } else if told(&["input tokens exceeded", "input is too long", "prompt is too long"]) {
        Some(Cause::ContextTooLong)
    } else if told(&["too many tokens per day", "daily token"]) {
        Some(Cause::Quota)
    } else if told(&["doesn't support", "does not support", "extraneous key"]) && !code.contains("throttling") {
        Some(Cause::Unsupported)
    } else if code.contains("modelnotready") {
        Some(Cause::Overloaded)
    } else {
        None
    }
}
