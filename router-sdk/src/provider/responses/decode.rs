//! The bytes of a whole Responses reply in; a chat completion out.

use serde_json::{Value, json};

use super::fold::Reading;
use super::reply::{self, Head};
use super::turns::Message;
use crate::provider::{Cause, Failure, Target, errors};
use crate::wire::ChatResponse;

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let response = parse(bytes)?;
    let Some(output) = response.get("output").and_then(Value::as_array) else {
        return Err(without_output(&response));
    };
    let ending = reply::ending(&response, None)?;
    let mut reading = Reading::new(&target.deployment.provider);
    reading.settle(output);
    let (mut message, mut logprobs) = (Message::default(), Vec::new());
    for told in reading.take() {
        logprobs.extend(told.logprobs);
        message.push(told.piece);
    }
    let finish = ending.finish(reading.calls_tools());
    let usage = reply::usage(&response);
    let spent = usage.as_ref().is_some_and(|(usage, _)| usage.output > 0);
    if message.is_empty() && finish == "stop" && !spent {
        return Err(Failure::new(Cause::Empty, "the provider's answer has nothing in it").with_status(200));
    }
    let mut head = Head::new(&target.model.id);
    head.read(&response);
    let mut body = head.body("chat.completion");
    let choice = json!({
        "index": 0, "message": message.into_value(), "logprobs": reply_logprobs(logprobs),
        "finish_reason": finish, "native_finish_reason": ending.native,
    });
    body.insert("choices".into(), Value::Array(vec![choice]));
    let usage = usage.map(|(usage, object)| {
        body.insert("usage".into(), object);
        usage
    });
    reply::keep_rest(&response, &mut body);
    Ok(ChatResponse::new(body, usage))
}

/// The `logprobs` of a choice.
pub(super) fn reply_logprobs(tokens: Vec<Value>) -> Value {
    if tokens.is_empty() { Value::Null } else { json!({"content": tokens, "refusal": null}) }
}

/// JSON out of bytes; what is no JSON is told apart by its look and never quoted.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match serde_json::from_slice::<Value>(text) {
        Ok(body) if body.is_object() => Ok(body),
        Ok(_) => Err(Failure::malformed("the provider answered with JSON of another shape").with_status(200)),
        Err(_) if text.is_empty() => Err(Failure::new(Cause::Empty, "the provider's answer is empty").with_status(200)),
        Err(_) if text.starts_with(b"<") => Err(errors::explain(200, &http::HeaderMap::new(), text)),
        Err(fault) if fault.is_eof() => {
            Err(Failure::new(Cause::Truncated, "the provider's answer breaks off in the middle").with_status(200))
        }
        Err(_) => Err(Failure::malformed("the provider answered with something that is not JSON").with_status(200)),
    }
}

/// An error, an answer that is put off, or something else altogether.
fn without_output(response: &Value) -> Failure {
    if response.get("error").is_some_and(reply::is_error) || response.get("choices").is_none() {
        let failure = match reply::ending(response, None) {
            Err(failure) => failure,
            Ok(_) => errors::explain_in_stream(response, 200),
        };
        if failure.cause != Cause::Malformed || response.get("status").is_some() {
            return failure;
        }
    }
    Failure::malformed("the provider answered with JSON that has no output").with_status(200)
}
