//! The body of a whole 200 reply comes in; a chat completion in the OpenAI shape, or a failure, goes out.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{calls, finish, reply, usage};
use crate::provider::{Cause, Failure, Target, errors};
use crate::wire::{ChatResponse, Object, UNDATED};

/// Reads a whole reply. Keep-alive blank lines before the JSON are skipped.
pub(super) fn decode(target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let Ok(Value::Object(mut reply)) = serde_json::from_slice::<Value>(text) else {
        return Err(not_json(text));
    };
    refuse_errors(&reply)?;
    let Some(Value::Array(choices)) = reply.get_mut("choices") else {
        return Err(Failure::malformed("the provider answered with JSON that has no choices").with_status(200));
    };
    if choices.is_empty() {
        return Err(Failure::new(Cause::Empty, "the provider answered with no choices").with_status(200));
    }
    let mut choices = std::mem::take(choices);
    let id = head(&mut reply, target, text);
    for (position, choice) in choices.iter_mut().enumerate() {
        settle_choice(choice, position, &id)?;
    }
    let blank = choices.iter().all(is_blank_choice);
    // Putting back what was taken out keeps the order of the fields.
    reply.insert("choices".into(), Value::Array(choices));
    let read = usage::take(&mut reply, usage::Inclusion::of(&target.deployment.quirks));
    let counted = read.map(|(counted, object)| {
        reply.insert("usage".into(), Value::Object(object));
        counted
    });
    if blank && counted.is_none_or(|usage| usage.output == 0) {
        return Err(Failure::new(Cause::Empty, "the provider's answer has nothing in it").with_status(200));
    }
    Ok(ChatResponse::new(reply, counted))
}

/// HTML, text, broken JSON, an array or nothing.
fn not_json(text: &[u8]) -> Failure {
    let cut = matches!(text.first(), Some(b'{')) && serde_json::from_slice::<Value>(text).is_err_and(|e| e.is_eof());
    if cut {
        return Failure::new(Cause::Truncated, "the provider's answer breaks off in the middle").with_status(200);
    }
    match errors::explain(200, &HeaderMap::new(), text) {
        // Text that is no JSON may quote the prompt, so only its being so is told.
        failure if failure.cause == Cause::Malformed && !text.starts_with(b"<") => {
            Failure::malformed("the provider answered with something that is not a JSON object").with_status(200)
        }
        failure => failure,
    }
}

/// Errors that come with status 200: under `error`, flat, or as MiniMax's `base_resp`.
fn refuse_errors(reply: &Object) -> Result<(), Failure> {
    if tells_of_error(reply) {
        return Err(errors::explain_in_stream(&Value::Object(reply.clone()), 200));
    }
    Ok(())
}

/// Whether a reply or chunk is an error and no answer.
pub(super) fn tells_of_error(reply: &Object) -> bool {
    if reply.get("error").is_some_and(finish::is_error) {
        return true;
    }
    if reply.get("base_resp").and_then(|r| r.get("status_code")).and_then(Value::as_i64).is_some_and(|c| c != 0) {
        return true;
    }
    if reply.get("choices").is_some_and(|choices| !choices.is_null()) {
        return false;
    }
    reply.get("object").and_then(Value::as_str) == Some("error")
        || ["message", "detail", "msg"].iter().any(|name| reply.contains_key(*name))
}

/// Completes `id`, `object`, `created` and `model`; gives the id.
fn head(reply: &mut Object, target: &Target, text: &[u8]) -> String {
    let given = reply.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
    let id = given.unwrap_or_else(|| {
        let made = reply::made_id("chatcmpl-", &[text]);
        reply.insert("id".into(), made.clone().into());
        made
    });
    reply.insert("object".into(), "chat.completion".into());
    complete_head(reply, target.model.id.as_str(), UNDATED);
    id
}

/// Puts `created` and `model` where the vendor left them out.
pub(super) fn complete_head(reply: &mut Object, model: &str, created: i64) {
    match reply.get("created") {
        Some(Value::Number(told)) if told.is_i64() => {}
        Some(Value::Number(told)) => {
            let whole = told.as_f64().map_or(created, |seconds| seconds as i64);
            reply.insert("created".into(), whole.into());
        }
        _ => {
            reply.insert("created".into(), created.into());
        }
    }
    if reply.get("model").and_then(Value::as_str).is_none_or(str::is_empty) {
        reply.insert("model".into(), model.into());
    }
}

fn settle_choice(choice: &mut Value, position: usize, reply_id: &str) -> Result<(), Failure> {
    let Value::Object(choice) = choice else {
        return Err(Failure::malformed("a choice of the provider's answer is no object").with_status(200));
    };
    if !choice.get("index").is_some_and(Value::is_u64) {
        choice.insert("index".into(), position.into());
    }
    // Azure leaves the message out of a choice that its filter blocked.
    if !choice.get("message").is_some_and(Value::is_object) {
        choice.insert("message".into(), json!({"role": "assistant", "content": null}));
    }
    if choice.get("finish_reason").and_then(Value::as_str).is_none_or(str::is_empty) {
        choice.insert("finish_reason".into(), "stop".into());
    }
    let length = choice.get("finish_reason").and_then(Value::as_str) == Some("length");
    let mut has_calls = false;
    if let Some(Value::Object(message)) = choice.get_mut("message") {
        if message.get("role").and_then(Value::as_str).is_none_or(str::is_empty) {
            message.insert("role".into(), "assistant".into());
        }
        reply::tidy(message);
        message.entry("content").or_insert(Value::Null);
        if let Some(Value::Array(listed)) = message.get_mut("tool_calls") {
            calls::complete(listed, reply_id, position, length);
            has_calls = !listed.is_empty();
        }
    }
    finish::settle(choice, has_calls).map(|_| ())
}

/// A choice that ended by itself with nothing said.
fn is_blank_choice(choice: &Value) -> bool {
    let stopped = choice.get("finish_reason").and_then(Value::as_str) == Some("stop");
    stopped && choice.get("message").and_then(Value::as_object).is_none_or(reply::is_blank)
}
