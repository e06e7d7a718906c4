//! A vendor's finish reason and what the choice holds come in; OpenAI's finish reason, or a failure, goes out.

use serde_json::Value;

use crate::provider::{Cause, Failure, errors};
use crate::wire::Object;

/// What a finish reason means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Word(&'static str),
    Failed(Cause),
    Unknown,
}

fn ending(reason: &str) -> Ending {
    match reason {
        "stop" => Ending::Word("stop"),
        "length" => Ending::Word("length"),
        "tool_calls" => Ending::Word("tool_calls"),
        "content_filter" => Ending::Word("content_filter"),
        "function_call" => Ending::Word("function_call"),
        "error" | "network_error" | "abort" => Ending::Failed(Cause::Server),
        "insufficient_system_resource" => Ending::Failed(Cause::Overloaded),
        other => by_any_name(other),
    }
}

/// Words of vendors that keep those of another family.
fn by_any_name(reason: &str) -> Ending {
    match reason.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "complete" | "completed" | "load" | "unload" => {
            Ending::Word("stop")
        }
        "length"
        | "max_tokens"
        | "model_length"
        | "max_output_tokens"
        | "max_length"
        | "model_context_window_exceeded" => Ending::Word("length"),
        "tool_calls" | "tool_call" | "tool_use" => Ending::Word("tool_calls"),
        "content_filter"
        | "content-filter"
        | "content_filtered"
        | "safety"
        | "refusal"
        | "sensitive"
        | "recitation"
        | "prohibited_content"
        | "blocklist"
        | "guardrail_intervened" => Ending::Word("content_filter"),
        "error" | "server_error" => Ending::Failed(Cause::Server),
        "malformed_function_call" | "unexpected_tool_call" | "malformed_model_output" | "malformed_tool_use" => {
            Ending::Failed(Cause::ModelFault)
        }
        _ => Ending::Unknown,
    }
}

/// Puts OpenAI's word for the finish reason into `choice`; true when there is one.
///
/// The presence of tool calls decides, not the word: several vendors end calls with "stop".
pub(super) fn settle(choice: &mut Object, has_calls: bool) -> Result<bool, Failure> {
    let word = match choice.get("finish_reason").and_then(Value::as_str) {
        None | Some("") => {
            choice.insert("finish_reason".into(), Value::Null);
            return Ok(false);
        }
        Some("stop" | "tool_calls") if cut_at_the_source(choice) => "length",
        Some(reason) => match ending(reason) {
            Ending::Word("stop" | "function_call" | "tool_calls") if has_calls => "tool_calls",
            Ending::Word(word) => word,
            Ending::Failed(cause) => return Err(failed(choice, reason, cause)),
            Ending::Unknown => return Ok(true),
        },
    };
    let given = choice.insert("finish_reason".into(), word.into()).unwrap_or_default();
    if given != word && !choice.contains_key("native_finish_reason") {
        choice.insert("native_finish_reason".into(), given);
    }
    Ok(true)
}

/// A broker may call an answer finished that its source cut off.
fn cut_at_the_source(choice: &Object) -> bool {
    let native = choice.get("native_finish_reason").and_then(Value::as_str);
    native.is_some_and(|reason| ending(reason) == Ending::Word("length"))
}

fn failed(choice: &Object, reason: &str, cause: Cause) -> Failure {
    match choice.get("error").filter(|error| is_error(error)) {
        Some(error) => errors::explain_in_stream(error, 200),
        None => Failure::new(cause, format!("the provider ended its answer with \"{reason}\""))
            .with_status(200)
            .with_code(Some(reason.to_owned())),
    }
}

/// Whether the value of an `error` field tells of one; some vendors send it empty.
pub(super) fn is_error(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}
