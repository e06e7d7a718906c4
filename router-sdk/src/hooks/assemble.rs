//! A streamed answer put together: chunks in, the whole reply that they amount to out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::wire::{ChatChunk, Object, RouteInfo};

/// What the chunks of a stream amount to.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    head: Object,
    choices: BTreeMap<u64, Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    texts: BTreeMap<String, String>,
    calls: BTreeMap<u64, Call>,
    finish: Option<String>,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Assembly {
    pub(super) fn note(&mut self, chunk: &ChatChunk) {
        if self.head.is_empty() {
            for field in ["id", "created", "model"] {
                self.head.insert(field.into(), chunk.body.get(field).cloned().unwrap_or(Value::Null));
            }
        }
        for said in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let choice = self.choices.entry(index(said)).or_default();
            if let Some(finish) = said.get("finish_reason").and_then(Value::as_str) {
                choice.finish = Some(finish.to_owned());
            }
            let Some(delta) = said.get("delta") else { continue };
            for field in ["content", "reasoning_content", "refusal"] {
                if let Some(text) = delta.get(field).and_then(Value::as_str) {
                    choice.texts.entry(field.into()).or_default().push_str(text);
                }
            }
            for piece in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                choice.calls.entry(index(piece)).or_default().add(piece);
            }
        }
    }

    /// The reply as `chat.completion`.
    pub(super) fn reply(self, route: &RouteInfo) -> Object {
        let choices: Vec<Value> = self.choices.into_iter().map(|(index, choice)| choice.json(index)).collect();
        let mut body = Object::new();
        body.insert("object".into(), "chat.completion".into());
        body.extend(self.head);
        body.insert("choices".into(), Value::Array(choices));
        body.insert("usage".into(), route.usage.map_or(Value::Null, |usage| usage.to_openai()));
        body
    }
}

impl Choice {
    fn json(mut self, index: u64) -> Value {
        let content = self.texts.remove("content").filter(|text| !text.is_empty() || self.calls.is_empty());
        let mut message = json!({"role": "assistant", "content": content});
        for (field, text) in self.texts {
            message[field] = text.into();
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.into_values().map(Call::json).collect();
        }
        json!({"index": index, "message": message, "finish_reason": self.finish})
    }
}

impl Call {
    fn add(&mut self, piece: &Value) {
        let function = piece.get("function");
        let text = |of: Option<&Value>, field: &str| {
            of.and_then(|f| f.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        if self.id.is_empty() {
            self.id = text(Some(piece), "id");
        }
        if self.name.is_empty() {
            self.name = text(function, "name");
        }
        self.arguments.push_str(&text(function, "arguments"));
    }

    fn json(self) -> Value {
        json!({"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}})
    }
}

fn index(of: &Value) -> u64 {
    of.get("index").and_then(Value::as_u64).unwrap_or(0)
}
