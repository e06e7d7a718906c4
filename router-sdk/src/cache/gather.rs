//! The chunks of a stream in, the whole reply that they say out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::{ChatChunk, Object, Usage};

/// A reply in the making. It gives up when it grows too large.
#[derive(Debug)]
pub(super) struct Gathered {
    head: Object,
    choices: BTreeMap<u64, Choice>,
    pub(super) usage: Option<Usage>,
    left: usize,
    void: bool,
}

#[derive(Debug, Default)]
struct Choice {
    message: Object,
    calls: BTreeMap<u64, Value>,
    /// Fields beside delta, such as finish reason and probabilities.
    beside: Object,
}

impl Gathered {
    /// A reply of at most so many bytes of text.
    pub(super) fn new(most: usize) -> Self {
        Self { head: Object::new(), choices: BTreeMap::new(), usage: None, left: most, void: false }
    }

    pub(super) fn note(&mut self, chunk: &ChatChunk) {
        let weight = 64 + chunk.output_bytes();
        self.void |= chunk.restart || weight > self.left;
        if self.void {
            self.choices.clear();
            return;
        }
        self.left -= weight;
        self.usage = chunk.usage.or(self.usage);
        for (name, value) in &chunk.body {
            if name != "choices" && !value.is_null() {
                self.head.insert(name.clone(), value.clone());
            }
        }
        for choice in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            self.choices.entry(index).or_default().note(choice);
        }
    }

    /// True when nothing comes of it any more.
    pub(super) fn is_void(&self) -> bool {
        self.void
    }

    /// The reply; nothing when it was too large, began anew or said nothing.
    pub(super) fn into_body(self) -> Option<Object> {
        if self.void || self.choices.is_empty() {
            return None;
        }
        let mut body = Object::new();
        let mut head = self.head;
        for field in ["id", "object", "created", "model"] {
            body.insert(field.into(), head.shift_remove(field).unwrap_or_default());
        }
        body.insert("object".into(), "chat.completion".into());
        let choices = self.choices.into_iter().map(|(index, choice)| choice.whole(index));
        body.insert("choices".into(), choices.collect());
        let usage = head.shift_remove("usage").filter(Value::is_object);
        let usage = usage.or_else(|| self.usage.map(|usage| usage.to_openai()));
        body.insert("usage".into(), usage.unwrap_or_default());
        body.extend(head);
        Some(body)
    }
}

impl Choice {
    fn note(&mut self, choice: &Value) {
        for (name, value) in choice.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("index" | "delta", _) | (_, Value::Null) => {}
                ("logprobs", value) => grow(self.beside.entry("logprobs").or_insert(Value::Null), value),
                (_, value) => {
                    self.beside.insert(name.clone(), value.clone());
                }
            }
        }
        for (name, value) in choice.get("delta").and_then(Value::as_object).into_iter().flatten() {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                ("tool_calls", Value::Array(calls)) => {
                    for (at, call) in calls.iter().enumerate() {
                        let index = call.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
                        grow_call(self.calls.entry(index).or_insert(Value::Null), call);
                    }
                }
                ("content" | "reasoning_content" | "reasoning" | "refusal" | "function_call", value) => {
                    grow(self.message.entry(name.as_str()).or_insert(Value::Null), value);
                }
                (_, Value::Array(_)) => grow(self.message.entry(name.as_str()).or_insert(Value::Null), value),
                _ => {
                    self.message.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn whole(mut self, index: u64) -> Value {
        let mut message = Object::new();
        message.insert("role".into(), self.message.shift_remove("role").unwrap_or_else(|| "assistant".into()));
        let content = self.message.shift_remove("content").unwrap_or_default();
        // A reply of calls alone has no text, which is not an empty one.
        let silent = content == "" && !self.calls.is_empty();
        message.insert("content".into(), if silent { Value::Null } else { content });
        message.insert("refusal".into(), self.message.shift_remove("refusal").unwrap_or_default());
        message.extend(self.message);
        if !self.calls.is_empty() {
            message.insert("tool_calls".into(), self.calls.into_values().collect());
        }
        let finish = self.beside.shift_remove("finish_reason").unwrap_or_default();
        let odds = self.beside.shift_remove("logprobs").unwrap_or_default();
        let mut out = json!({"index": index, "message": message, "finish_reason": finish, "logprobs": odds});
        if let Value::Object(out) = &mut out {
            out.extend(self.beside);
        }
        out
    }
}

/// Texts and lists go on, objects field by field, anything else is replaced.
fn grow(whole: &mut Value, more: &Value) {
    match (whole, more) {
        (_, Value::Null) => {}
        (Value::String(text), Value::String(more)) => text.push_str(more),
        (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
        (Value::Object(map), Value::Object(more)) => {
            for (name, value) in more {
                grow(map.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (whole, more) => *whole = more.clone(),
    }
}

/// Of a call only arguments and input come in pieces; ids and names are told once, or again.
fn grow_call(whole: &mut Value, more: &Value) {
    let Value::Object(more) = more else { return };
    if !whole.is_object() {
        *whole = Value::Object(Object::new());
    }
    let Value::Object(call) = whole else { return };
    for (name, value) in more {
        match (name.as_str(), value) {
            ("index", _) | (_, Value::Null) => {}
            ("function" | "custom", Value::Object(told)) => {
                let kept = call.entry(name.as_str()).or_insert_with(|| json!({}));
                for (field, value) in told {
                    match field.as_str() {
                        "arguments" | "input" => grow(&mut kept[field.as_str()], value),
                        _ if value.is_null() || value == "" => {}
                        _ => kept[field.as_str()] = value.clone(),
                    }
                }
            }
            (_, value) if value == "" => {}
            _ => {
                call.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(choice: Value) -> ChatChunk {
        let Value::Object(body) =
            json!({"id": "r", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": [choice]})
        else {
            panic!("no object")
        };
        ChatChunk::from_body(body, None)
    }

    #[test]
    fn calls_are_joined_by_index() {
        let mut gathered = Gathered::new(10_000);
        for delta in [
            json!({"role": "assistant", "content": null}),
            json!({"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\""}}]}),
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ":1}"}}]}),
            json!({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
        ] {
            gathered.note(&chunk(json!({"index": 0, "delta": delta, "finish_reason": null})));
        }
        gathered.note(&chunk(json!({"index": 0, "delta": {}, "finish_reason": "tool_calls"})));
        let body = gathered.into_body().unwrap();
        let message = &body["choices"][0]["message"];
        assert_eq!(message["tool_calls"][0]["function"], json!({"name": "f", "arguments": "{\"x\":1}"}));
        assert_eq!((&message["tool_calls"][1]["id"], &message["content"]), (&json!("b"), &Value::Null));
        assert_eq!(
            (&body["object"], &body["choices"][0]["finish_reason"]),
            (&json!("chat.completion"), &json!("tool_calls"))
        );
    }

    #[test]
    fn what_grows_too_large_or_begins_anew_is_given_up() {
        let mut gathered = Gathered::new(200);
        for _ in 0..4 {
            gathered.note(&chunk(json!({"index": 0, "delta": {"content": "some words"}})));
        }
        assert!(gathered.into_body().is_none());
        let mut gathered = Gathered::new(2_000);
        gathered.note(&chunk(json!({"index": 0, "delta": {"content": "some words"}})));
        gathered.note(&ChatChunk::restart("m"));
        gathered.note(&chunk(json!({"index": 0, "delta": {"content": "some words"}})));
        assert!(gathered.into_body().is_none());
    }
}
