//! What whole replies and streams share: the head, the status and the rest of a response object in, the chat shape's words out.

use serde_json::Value;

use super::turns::given;
use crate::catalog::Quirks;
use crate::provider::{Failure, errors, openai};
use crate::wire::{Object, UNDATED, Usage};

/// Fields that are placed elsewhere in the chat shape, or that only repeat the request.
const PLACED: [&str; 39] = [
    "id",
    "object",
    "model",
    "created_at",
    "completed_at",
    "status",
    "output",
    "output_text",
    "usage",
    "error",
    "instructions",
    "input",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "metadata",
    "temperature",
    "top_p",
    "top_logprobs",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "previous_response_id",
    "store",
    "truncation",
    "user",
    "safety_identifier",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "frequency_penalty",
    "presence_penalty",
    "background",
    "include",
    "stream",
    "choices",
    "created",
];

/// How a reply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    /// The provider's own word.
    pub(super) native: String,
    /// The output was cut, by a limit or by a filter.
    cut: Option<&'static str>,
}

impl Ending {
    /// The finish reason; tool calls count by being there.
    pub(super) fn finish(&self, calls_tools: bool) -> &'static str {
        match self.cut {
            Some(word) => word,
            None if calls_tools => "tool_calls",
            None => "stop",
        }
    }
}

/// How a response object ended, or why it is no answer. `event` is the name of the event that brought it, which counts
/// for more than a status that was left as it was while the answer was made.
pub(super) fn ending(response: &Value, event: Option<&str>) -> Result<Ending, Failure> {
    let status = response.get("status").and_then(Value::as_str).unwrap_or_default();
    let status = match event {
        Some("completed" | "done") if matches!(status, "queued" | "in_progress") => "completed",
        Some(word @ ("incomplete" | "failed" | "cancelled")) => word,
        _ => status,
    };
    let told = response.get("error").filter(|error| is_error(error));
    match (status, told) {
        ("failed" | "cancelled", Some(error)) | ("", Some(error)) => Err(errors::explain_in_stream(error, 200)),
        ("failed", None) => Err(Failure::new(crate::provider::Cause::Server, "the provider failed without a reason")
            .with_status(200)
            .with_code(Some("failed".into()))),
        ("queued" | "in_progress" | "cancelled", _) => {
            let message = format!("the provider gave no answer but one that is {status}");
            Err(Failure::malformed(message).with_status(200))
        }
        ("incomplete", _) => {
            let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
            let reason = reason.unwrap_or("incomplete");
            let cut = if reason.contains("content_filter") || reason.contains("safety") {
                "content_filter"
            } else {
                "length"
            };
            Ok(Ending { native: reason.to_owned(), cut: Some(cut) })
        }
        // A status of another name is no reason to throw an answer away.
        (other, _) => Ok(Ending { native: if other.is_empty() { "completed" } else { other }.to_owned(), cut: None }),
    }
}

/// Whether the value of an `error` field tells of one; some send it empty.
pub(super) fn is_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Id, time and model of a response object, over those known before.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
}

impl Head {
    pub(super) fn new(model: &str) -> Self {
        Self { id: String::new(), created: UNDATED, model: model.to_owned() }
    }

    pub(super) fn read(&mut self, response: &Value) {
        let text = |field: &str| response.get(field).and_then(Value::as_str).filter(|t| !t.is_empty());
        if let Some(id) = text("id") {
            self.id = id.to_owned();
        }
        if let Some(model) = text("model") {
            self.model = model.to_owned();
        }
        let created = response.get("created_at").or_else(|| response.get("created"));
        let seconds = created.and_then(|c| c.as_i64().or_else(|| c.as_f64().map(|f| f as i64)));
        self.created = seconds.unwrap_or(self.created);
    }

    /// The first fields of a completion or a chunk.
    pub(super) fn body(&self, object: &str) -> Object {
        let mut body = Object::new();
        body.insert("id".into(), self.id.as_str().into());
        body.insert("object".into(), object.into());
        body.insert("created".into(), self.created.into());
        body.insert("model".into(), self.model.as_str().into());
        body
    }
}

/// The counts of a response object, and its usage in the chat shape. Here all counts include their parts.
pub(super) fn usage(response: &Value) -> Option<(Usage, Value)> {
    let mut usage = response.get("usage")?.as_object()?.clone();
    for (own, chat) in
        [("input_tokens_details", "prompt_tokens_details"), ("output_tokens_details", "completion_tokens_details")]
    {
        if let Some(details) = usage.shift_remove(own).filter(Value::is_object) {
            usage.entry(chat).or_insert(details);
        }
    }
    for (own, chat) in [("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")] {
        if let Some(count) = usage.shift_remove(own) {
            usage.entry(chat).or_insert(count);
        }
    }
    let mut body = Object::new();
    body.insert("usage".into(), usage.into());
    let (counts, object) = openai::usage_of(&mut body, &Quirks::default())?;
    Some((counts, object.into()))
}

/// Copies fields that the chat shape has no place for, under their own names.
pub(super) fn keep_rest(from: &Value, into: &mut Object) {
    for (name, value) in from.as_object().into_iter().flatten() {
        if !PLACED.contains(&name.as_str()) && given(from, name).is_some() && !into.contains_key(name) {
            into.insert(name.clone(), value.clone());
        }
    }
}
