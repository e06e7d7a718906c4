//! Where text stands in a request: a chat or embedding request in, its texts visited and what has to go taken out.

use serde_json::Value;

use super::vault::Taker;
use super::{Kinds, Redacted};
use crate::wire::{ChatRequest, EmbeddingRequest};

/// Text of messages and their parts. Media, addresses, ids and signed reasoning stay as they are: changed they are void.
const TEXTS: [&str; 10] = [
    "content",
    "text",
    "refusal",
    "reasoning_content",
    "reasoning",
    "input_text",
    "output",
    "title",
    "context",
    "transcript",
];

/// Fields beside the messages that say who asks or what is expected.
const BESIDE: [&str; 4] = ["prediction", "user", "safety_identifier", "metadata"];

/// Takes the kinds out of everything that a chat request says.
pub(crate) fn chat(request: &mut ChatRequest, kinds: Kinds, restore: bool) -> Redacted {
    let mut taker = Taker::new(kinds, restore);
    if taker.restores() {
        for message in request.messages() {
            visit(message, &mut |text| taker.avoid(text));
        }
    }
    let body = request.body_mut();
    for message in body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        message_texts(message, &mut taker);
    }
    for field in BESIDE {
        match body.get_mut(field) {
            Some(Value::String(text)) => replace(text, &mut taker),
            Some(Value::Object(fields)) => {
                for value in fields.values_mut() {
                    if let Value::String(text) = value { replace(text, &mut taker) } else { texts(value, &mut taker) }
                }
            }
            _ => {}
        }
    }
    taker.finish()
}

/// Takes the kinds out of the inputs of a request for embeddings; those that are tokens already stay.
pub(crate) fn embedding(request: &mut EmbeddingRequest, kinds: Kinds) -> Redacted {
    let mut taker = Taker::new(kinds, false);
    for text in request.texts_mut() {
        replace(text, &mut taker);
    }
    taker.finish()
}

fn message_texts(message: &mut Value, taker: &mut Taker) {
    texts(message, taker);
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        for (holder, field) in [("function", "arguments"), ("custom", "input")] {
            if let Some(Value::String(written)) = call.get_mut(holder).and_then(|f| f.get_mut(field)) {
                arguments(written, taker);
            }
        }
    }
    if let Some(Value::String(written)) = message.get_mut("function_call").and_then(|f| f.get_mut("arguments")) {
        arguments(written, taker);
    }
}

/// The texts of a message or a part, and those of its parts.
fn texts(value: &mut Value, taker: &mut Taker) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| match item {
            Value::String(text) => replace(text, taker),
            other => texts(other, taker),
        }),
        Value::Object(fields) => {
            for (_, inner) in fields.iter_mut().filter(|(name, _)| TEXTS.contains(&name.as_str())) {
                match inner {
                    Value::String(text) => replace(text, taker),
                    other => texts(other, taker),
                }
            }
        }
        _ => {}
    }
}

fn replace(text: &mut String, taker: &mut Taker) {
    if let Some(taken) = taker.take(text) {
        *text = taken;
    }
}

/// Arguments are JSON in a string: a number that has to go becomes a text, so that they stay JSON.
fn arguments(written: &mut String, taker: &mut Taker) {
    let Ok(mut value) = serde_json::from_str::<Value>(written) else { return replace(written, taker) };
    if every_leaf(&mut value, taker) {
        *written = value.to_string();
    }
}

/// Takes from every text, number and name of a field; true when anything was taken.
fn every_leaf(value: &mut Value, taker: &mut Taker) -> bool {
    match value {
        Value::String(text) => taker.take(text).map(|taken| *text = taken).is_some(),
        Value::Number(number) => {
            let taken = taker.take(&number.to_string());
            taken.map(|taken| *value = Value::String(taken)).is_some()
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| every_leaf(item, taker) | any),
        Value::Object(fields) => fields.values_mut().fold(false, |any, item| every_leaf(item, taker) | any),
        Value::Null | Value::Bool(_) => false,
    }
}

fn visit(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Object(fields) => fields.values().for_each(|item| visit(item, see)),
        _ => {}
    }
}
