//! What whole replies and streams share: stop reasons, thinking, citations and server blocks of Bedrock in, OpenAI's words out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::FORMAT;
use super::turns::{Piece, given};
use crate::provider::{Cause, Failure};
use crate::wire::Object;

/// The mark of thinking that Claude has signed, which is good wherever Claude runs.
const CLAUDE: &str = "anthropic";

/// The finish reason: tool calls count by being there, not by the word.
pub(super) fn finish_reason(stop_reason: &str, calls_tools: bool) -> Result<&'static str, Failure> {
    Ok(match stop_reason {
        "max_tokens" | "model_context_window_exceeded" => "length",
        "guardrail_intervened" | "content_filtered" | "refusal" => "content_filter",
        "malformed_model_output" | "malformed_tool_use" => {
            return Err(Failure::new(Cause::ModelFault, format!("the model's output is broken: {stop_reason}"))
                .with_code(Some(stop_reason.to_owned())));
        }
        _ if calls_tools => "tool_calls",
        _ => "stop",
    })
}

/// A thinking block, whole.
pub(super) fn thought(claude: bool, index: u64, text: &str, signature: &str) -> Piece {
    let format = if claude { CLAUDE } else { FORMAT };
    let mut entry = json!({"type": "reasoning.text", "text": text, "format": format, "index": index});
    if let (Some(entry), false) = (entry.as_object_mut(), signature.is_empty()) {
        entry.insert("signature".into(), signature.into());
    }
    Piece::Detail(entry)
}

/// Thinking that only the provider can read. Claude's comes in base64 once more than from Anthropic itself.
pub(super) fn redacted(claude: bool, index: u64, data: &str) -> Piece {
    let plain = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (data, format) = match plain.filter(|_| claude) {
        Some(plain) => (plain, CLAUDE),
        None => (data.to_owned(), FORMAT),
    };
    Piece::Detail(json!({"type": "reasoning.encrypted", "data": data, "format": format, "index": index}))
}

/// A block of a tool that runs at Bedrock, or of a kind that is not known.
pub(super) fn server_block(index: u64, block: Value) -> Piece {
    Piece::Block(json!({"format": FORMAT, "index": index, "block": block}))
}

/// A web page becomes a `url_citation` of the given stretch of the answer; any other source stays as it came.
pub(super) fn annotation(citation: &Value, start: usize, end: usize) -> Value {
    match citation.pointer("/location/web/url").and_then(Value::as_str) {
        Some(url) => {
            let title = citation.get("title").cloned().unwrap_or_default();
            let place = json!({"url": url, "title": title, "start_index": start, "end_index": end});
            json!({"type": "url_citation", "url_citation": place})
        }
        None => citation.clone(),
    }
}

/// True where Bedrock's own server runs the tool.
pub(super) fn runs_there(call: &Value) -> bool {
    call.get("type").is_some_and(|kind| kind == "server_tool_use")
}

/// Copies fields that OpenAI's shape has no place for, under their own names.
pub(super) fn keep_rest(from: &Value, into: &mut Object) {
    const PLACED: [&str; 8] = ["output", "usage", "stopReason", "p", "id", "model", "choices", "object"];
    for (name, value) in from.as_object().into_iter().flatten() {
        if !PLACED.contains(&name.as_str()) && given(from, name).is_some() && !into.contains_key(name) {
            into.insert(name.clone(), value.clone());
        }
    }
}
