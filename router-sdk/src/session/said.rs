//! What an assistant said: a message, or the chunks of a stream, in; its text and calls out, the same however a client
//! writes them down.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::canonical::Canon;
use crate::wire::{ChatChunk, Object};

/// Answers that are longer than this in bytes are not remembered.
const LONGEST: usize = 8 << 20;

/// One assistant turn.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Said {
    text: String,
    calls: BTreeMap<u64, Call>,
}

/// A call's function and its arguments as JSON text.
#[derive(Debug, Default, Clone, PartialEq)]
struct Call {
    name: String,
    arguments: String,
}

impl Said {
    /// Of a message: content as text, as parts or absent, calls of either form, arguments as text or object.
    pub(super) fn of(message: &Value) -> Self {
        let mut said = Self::default();
        for field in ["content", "refusal"] {
            match message.get(field) {
                Some(Value::String(text)) => said.text.push_str(text),
                Some(Value::Array(parts)) => parts.iter().for_each(|part| said.text.push_str(text_of(part))),
                _ => {}
            }
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        let functions =
            calls.filter_map(function_of).chain(message.get("function_call").filter(|call| !call.is_null()));
        for (at, function) in functions.enumerate() {
            said.calls.entry(at as u64).or_default().add(function);
        }
        said
    }

    /// Adds a delta of a stream.
    fn add(&mut self, delta: &Value) {
        for field in ["content", "refusal"] {
            self.text.push_str(delta.get(field).and_then(Value::as_str).unwrap_or_default());
        }
        for (at, call) in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let index = call.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
            if let Some(function) = function_of(call) {
                self.calls.entry(index).or_default().add(function);
            }
        }
        if let Some(function) = delta.get("function_call").filter(|call| !call.is_null()) {
            self.calls.entry(0).or_default().add(function);
        }
    }

    /// True when there is nothing to know it by.
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.calls.is_empty()
    }

    /// Puts it into a digest. Ids of calls are left out, for clients make their own, and so is blank around the text.
    pub(super) fn write(&self, canon: &mut Canon) {
        canon.text(self.text.trim());
        canon.list(self.calls.len());
        for call in self.calls.values() {
            canon.text(&call.name);
            let arguments = call.arguments.trim();
            match serde_json::from_str::<Value>(if arguments.is_empty() { "{}" } else { arguments }) {
                Ok(parsed) => canon.value(&parsed),
                Err(_) => canon.text(arguments),
            }
        }
    }
}

impl Call {
    fn add(&mut self, function: &Value) {
        if let Some(name) = function.get("name").and_then(Value::as_str).filter(|_| self.name.is_empty()) {
            name.clone_into(&mut self.name);
        }
        match function.get("arguments").or_else(|| function.get("input")) {
            Some(Value::String(text)) => self.arguments.push_str(text),
            None | Some(Value::Null) => {}
            Some(given) => self.arguments = given.to_string(),
        }
    }
}

fn function_of(call: &Value) -> Option<&Value> {
    call.get("function").or_else(|| call.get("custom"))
}

/// The text of a part, of its own form or of a refusal's.
fn text_of(part: &Value) -> &str {
    let text = part.get("text").or_else(|| part.get("refusal"));
    text.and_then(Value::as_str).or_else(|| part.as_str()).unwrap_or_default()
}

/// Every choice of a whole reply that says something.
pub(super) fn choices(body: &Object) -> Vec<Said> {
    let choices = body.get("choices").and_then(Value::as_array).into_iter().flatten();
    choices.filter_map(|choice| choice.get("message")).map(Said::of).filter(|said| !said.is_empty()).collect()
}

/// The choices of a stream in the making.
#[derive(Debug, Default)]
pub(super) struct Listener {
    choices: BTreeMap<u64, Said>,
    bytes: usize,
}

impl Listener {
    pub(super) fn note(&mut self, chunk: &ChatChunk) {
        if chunk.restart {
            *self = Self::default();
        }
        self.bytes = self.bytes.saturating_add(chunk.output_bytes());
        if self.bytes > LONGEST {
            self.choices.clear();
            return;
        }
        for choice in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            if let Some(delta) = choice.get("delta") {
                self.choices.entry(index).or_default().add(delta);
            }
        }
    }

    pub(super) fn choices(self) -> Vec<Said> {
        self.choices.into_values().filter(|said| !said.is_empty()).collect()
    }
}
