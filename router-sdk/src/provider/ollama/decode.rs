//! The bytes of a whole Ollama reply in; a chat completion out.

use serde_json::{Value, json};

use super::fold::Fold;
use super::turns::{Message, json_object};
use crate::provider::{Cause, Failure, Target};
use crate::wire::{ChatResponse, Object};

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let mut fold = Fold::new(&target.model.id);
    let mut message = Message::default();
    let mut probabilities = Vec::new();
    let mut has_message = false;
    for object in objects(bytes)? {
        has_message |= object.get("message").is_some_and(Value::is_object);
        let (pieces, told) = fold.take(&object)?;
        pieces.into_iter().for_each(|piece| message.push(piece));
        probabilities.extend(told.get("content").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    if !has_message {
        return Err(Failure::malformed("the reply has no message").with_status(200));
    }
    // A reply in one piece is whole, whatever it says of that.
    fold.ended.get_or_insert_with(|| "stop".to_owned());
    let Some((finish, native)) = fold.finish() else {
        return Err(Failure::new(Cause::Truncated, "the reply has no end").with_status(200));
    };
    if message.is_empty() && finish == "stop" && fold.usage.is_none_or(|usage| usage.output == 0) {
        return Err(Failure::new(Cause::Empty, "the reply has nothing in it").with_status(200));
    }
    let logprobs = match probabilities.as_slice() {
        [] => Value::Null,
        _ => json!({"content": probabilities, "refusal": null}),
    };
    let choice = json!({
        "index": 0,
        "message": message.into_value(),
        "logprobs": logprobs,
        "finish_reason": finish,
        "native_finish_reason": native,
    });
    let mut out = Object::new();
    out.insert("id".into(), fold.id.as_str().into());
    out.insert("object".into(), "chat.completion".into());
    out.insert("created".into(), fold.created.into());
    out.insert("model".into(), fold.model.as_str().into());
    out.insert("choices".into(), Value::Array(vec![choice]));
    if let Some(usage) = &fold.usage {
        out.insert("usage".into(), usage.to_openai());
    }
    out.extend(fold.rest);
    Ok(ChatResponse::new(out, fold.usage))
}

/// One object as a rule; a proxy may give the lines of a stream though none was asked for.
fn objects(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let whole = match json_object(bytes) {
        Ok(object) => return Ok(vec![object.into()]),
        Err(failure) => failure,
    };
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let objects: Option<Vec<Value>> =
        lines.map(|line| serde_json::from_slice::<Value>(line).ok().filter(Value::is_object)).collect();
    objects.filter(|objects| !objects.is_empty()).ok_or(whole)
}
