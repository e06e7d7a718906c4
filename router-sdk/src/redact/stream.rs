//! The way back in a stream: chunks in, the same with what placeholders stand for out, also across the borders of chunks.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Vault;
use super::restore::{PLAIN, inside_json, whole};
use crate::error::Error;
use crate::wire::ChatChunk;

/// A text that comes in pieces: of a choice a plain field, or the arguments of one of its calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Plain(u64, &'static str),
    Arguments(u64, u64),
}

/// Puts back what was taken out. An end that may be the beginning of a placeholder waits for what follows it.
#[derive(Debug)]
pub(crate) struct Restorer {
    vault: Arc<Vault>,
    held: HashMap<Place, String>,
}

impl Restorer {
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        Self { vault, held: HashMap::new() }
    }

    /// A chunk as the caller is to see it.
    pub(crate) fn chunk(&mut self, chunk: &mut ChatChunk) {
        if chunk.restart {
            self.held.clear();
            return;
        }
        for choice in chunk.body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            let last = choice.get("finish_reason").is_some_and(Value::is_string);
            if let Some(delta) = choice.get_mut("delta") {
                self.pieces(delta, index);
                if last {
                    self.rest(delta, index);
                }
            }
        }
    }

    /// An error whose partial text is what the caller has seen.
    pub(crate) fn error(&self, error: Error) -> Error {
        match error.partial() {
            Some(partial) => {
                let mut partial = partial.clone();
                partial.text = whole(&partial.text, &self.vault);
                error.with_partial(partial)
            }
            None => error,
        }
    }

    fn pieces(&mut self, delta: &mut Value, index: u64) {
        for field in PLAIN {
            if let Some(Value::String(text)) = delta.get_mut(field) {
                *text = self.piece(Place::Plain(index, field), text);
            }
        }
        for call in delta.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            let at = call.get("index").and_then(Value::as_u64).unwrap_or(0);
            if let Some(Value::String(text)) = call.get_mut("function").and_then(|f| f.get_mut("arguments")) {
                *text = self.piece(Place::Arguments(index, at), text);
            }
        }
    }

    /// What of a text may be shown now.
    fn piece(&mut self, place: Place, new: &str) -> String {
        let held = self.held.remove(&place).unwrap_or_default();
        if held.is_empty() && !new.contains('[') {
            return new.to_owned();
        }
        let text = held + new;
        let end = self.vault.unfinished(&text);
        let shown = self.restored(&place, &text[..end]);
        if end < text.len() {
            self.held.insert(place, text[end..].to_owned());
        }
        shown
    }

    fn restored(&self, place: &Place, text: &str) -> String {
        match place {
            Place::Plain(..) => whole(text, &self.vault),
            Place::Arguments(..) => self.vault.restored(text, inside_json).into_owned(),
        }
    }

    /// At the end of a choice what was held is no placeholder after all.
    fn rest(&mut self, delta: &mut Value, index: u64) {
        let of_choice = |place: &Place| match place {
            Place::Plain(choice, _) | Place::Arguments(choice, _) => *choice == index,
        };
        let places: Vec<Place> = self.held.keys().filter(|p| of_choice(p)).cloned().collect();
        let Some(delta) = delta.as_object_mut() else { return };
        for place in places {
            let Some(held) = self.held.remove(&place) else { continue };
            match place {
                Place::Plain(_, field) => append(delta.entry(field).or_insert(Value::Null), &held),
                Place::Arguments(_, at) => append_arguments(delta.entry("tool_calls").or_insert(Value::Null), at, held),
            }
        }
    }
}

fn append(text: &mut Value, more: &str) {
    match text {
        Value::String(text) => text.push_str(more),
        other => *other = Value::String(more.to_owned()),
    }
}

fn append_arguments(calls: &mut Value, at: u64, held: String) {
    if !calls.is_array() {
        *calls = json!([]);
    }
    let Some(calls) = calls.as_array_mut() else { return };
    let same = |call: &&mut Value| call.get("index").and_then(Value::as_u64).unwrap_or(0) == at;
    match calls.iter_mut().find(same).and_then(|c| c.get_mut("function")).and_then(|f| f.get_mut("arguments")) {
        Some(arguments) => append(arguments, &held),
        None => calls.push(json!({"index": at, "function": {"arguments": held}})),
    }
}
