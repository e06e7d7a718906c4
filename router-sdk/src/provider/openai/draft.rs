//! A request body and the changes a vendor needs come in; JSON bytes go out. Fields that stay are never copied.

use bytes::Bytes;
use serde_json::Value;

use crate::provider::adapted;
use crate::wire::{ChatRequest, Object};

/// The caller's body with changes laid over it.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    body: &'a Object,
    changes: Vec<(String, Option<Value>)>,
    /// What was changed, in words.
    pub(super) adapted: Vec<String>,
}

/// Fields that are written apart, or that steer this library.
const APART: [&str; 6] = ["model", "stream", "stream_options", "route", "models", "clawrouters"];

impl<'a> Draft<'a> {
    pub(super) fn new(body: &'a Object) -> Self {
        // OpenAI reads null as absent; strict vendors refuse it.
        let nulls = body.iter().filter(|(name, value)| value.is_null() && !APART.contains(&name.as_str()));
        let changes = nulls.map(|(name, _)| (name.clone(), None)).collect();
        Self { body, changes, adapted: Vec::new() }
    }

    /// A field as it would be sent; null counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        let value = match self.changes.iter().find(|(name, _)| name == field) {
            Some((_, value)) => value.as_ref(),
            None => self.body.get(field),
        };
        value.filter(|value| !value.is_null())
    }

    /// Sets a field.
    pub(super) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.change(field, Some(value.into()));
    }

    /// Leaves a field out and gives what it was.
    pub(super) fn remove(&mut self, field: &str) -> Option<Value> {
        let value = self.get(field).cloned();
        if value.is_some() {
            self.change(field, None);
        }
        value
    }

    /// Leaves a field out and says why; nothing happens when it is absent.
    pub(super) fn drop(&mut self, field: &str, why: &str) {
        if self.get(field).is_some() {
            self.change(field, None);
            self.adapted.push(adapted::lost(field, why));
        }
    }

    /// Says what was changed.
    pub(super) fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.adapted.contains(&what) {
            self.adapted.push(what);
        }
    }

    fn change(&mut self, field: &str, value: Option<Value>) {
        match self.changes.iter_mut().find(|(name, _)| name == field) {
            Some(slot) => slot.1 = value,
            None => self.changes.push((field.to_owned(), value)),
        }
    }

    /// The body as JSON, after the opening `head` (which is without its closing brace).
    pub(super) fn write(self, head: Vec<u8>, request: &ChatRequest) -> (Bytes, Vec<String>) {
        let mut out = head;
        if self.changes.is_empty() {
            out.extend_from_slice(&request.shared_tail());
            return (Bytes::from(out), self.adapted);
        }
        out.reserve(request.size());
        for (name, value) in self.body {
            if APART.contains(&name.as_str()) || self.changes.iter().any(|(changed, _)| changed == name) {
                continue;
            }
            field(&mut out, name, value);
        }
        for (name, value) in &self.changes {
            if let Some(value) = value {
                field(&mut out, name, value);
            }
        }
        out.push(b'}');
        (Bytes::from(out), self.adapted)
    }
}

/// Appends `,"name":value`.
pub(super) fn field(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.push(b',');
    text(out, name);
    out.push(b':');
    // Writing JSON values into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Appends a JSON string.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}
