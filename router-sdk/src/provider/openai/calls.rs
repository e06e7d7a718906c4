//! Tool calls as vendors write them, whole or in fragments; calls with id, type, name and arguments text go out.

use serde_json::{Value, json};

use super::reply;
use crate::wire::Object;

/// Completes the calls of a whole message. Arguments that the output limit cut stay as they are.
pub(super) fn complete(calls: &mut Vec<Value>, reply_id: &str, choice: usize, cut: bool) {
    calls.retain(Value::is_object);
    for (position, call) in calls.iter_mut().enumerate() {
        let Value::Object(call) = call else { continue };
        if call.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
            call.insert("id".into(), made_call_id(reply_id, choice, position).into());
        }
        set_type(call);
        if let Some(Value::Object(function)) = call.get_mut("function") {
            match arguments(function.shift_remove("arguments")) {
                Some(text) if !text.is_empty() || cut => function.insert("arguments".into(), text.into()),
                _ => function.insert("arguments".into(), "{}".into()),
            };
        }
    }
}

fn made_call_id(reply_id: &str, choice: usize, position: usize) -> String {
    reply::made_id("call_", &[reply_id.as_bytes(), &choice.to_le_bytes(), &position.to_le_bytes()])
}

/// Calls are of type `function` unless they say otherwise; custom ones have no `function`.
fn set_type(call: &mut Object) {
    if call.get("type").and_then(Value::as_str).is_none_or(str::is_empty) {
        let kind = if call.contains_key("custom") { "custom" } else { "function" };
        call.insert("type".into(), kind.into());
    }
    if call.get("type").and_then(Value::as_str) == Some("function")
        && !call.get("function").is_some_and(Value::is_object)
    {
        call.insert("function".into(), json!({"name": ""}));
    }
}

/// Arguments as text; some send the object itself.
fn arguments(value: Option<Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
    }
}

/// The calls of one choice of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    /// The index that the vendor uses for it.
    wire: Option<u64>,
    /// The id that the vendor gave; empty when there was none.
    id: String,
    name: String,
    has_arguments: bool,
    custom: bool,
}

impl Assembly {
    /// True when no call has begun.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Brings the fragments of one delta to OpenAI's form: index always, id, type and name once.
    pub(super) fn take(&mut self, fragments: &mut Vec<Value>, reply_id: &str, choice: usize) {
        fragments.retain(Value::is_object);
        for fragment in fragments {
            if let Value::Object(fragment) = fragment {
                self.take_one(fragment, reply_id, choice);
            }
        }
    }

    fn take_one(&mut self, fragment: &mut Object, reply_id: &str, choice: usize) {
        let wire = fragment.get("index").and_then(Value::as_u64);
        let id = match fragment.shift_remove("id") {
            Some(Value::String(id)) => id,
            Some(Value::Number(id)) => id.to_string(),
            _ => String::new(),
        };
        let name = text_of(fragment, "name").to_owned();
        match self.find(wire, &id, &name) {
            Some(position) => self.continued(position, fragment, id, name),
            None => self.opened(fragment, wire, id, name, reply_id, choice),
        }
    }

    /// The call that a fragment goes on with; `None` when it opens a new one.
    fn find(&self, wire: Option<u64>, id: &str, name: &str) -> Option<usize> {
        let position = match wire {
            Some(_) => self.calls.iter().rposition(|call| call.wire == wire)?,
            None if !id.is_empty() => return self.calls.iter().rposition(|call| call.id == id),
            None if !name.is_empty() => return None,
            None => self.calls.len().checked_sub(1)?,
        };
        let call = self.calls.get(position)?;
        let other_id = !id.is_empty() && !call.id.is_empty() && id != call.id;
        let other_name = id.is_empty() && !name.is_empty() && call.has_arguments && name != call.name;
        (!other_id && !other_name).then_some(position)
    }

    fn opened(
        &mut self,
        fragment: &mut Object,
        wire: Option<u64>,
        id: String,
        name: String,
        reply_id: &str,
        choice: usize,
    ) {
        let position = self.calls.len();
        fragment.insert("index".into(), position.into());
        let shown = if id.is_empty() { made_call_id(reply_id, choice, position) } else { id.clone() };
        fragment.insert("id".into(), shown.into());
        set_type(fragment);
        let custom = fragment.get("type").and_then(Value::as_str) == Some("custom");
        let mut has_arguments = custom;
        if let Some(Value::Object(function)) = fragment.get_mut("function") {
            let text = arguments(function.shift_remove("arguments")).unwrap_or_default();
            has_arguments |= !text.is_empty();
            function.insert("name".into(), name.clone().into());
            function.insert("arguments".into(), text.into());
        }
        self.calls.push(Call { wire, id, name, has_arguments, custom });
    }

    /// Clients that put fragments together append texts, so what was said once is not said again.
    fn continued(&mut self, position: usize, fragment: &mut Object, id: String, name: String) {
        let Some(call) = self.calls.get_mut(position) else { return };
        if call.id.is_empty() {
            call.id = id;
        }
        fragment.insert("index".into(), position.into());
        fragment.shift_remove("type");
        if let Some(Value::Object(function)) = fragment.get_mut("function") {
            // A name that comes late, or in pieces before the arguments, is still wanted.
            if name.is_empty() || call.has_arguments || name == call.name {
                function.shift_remove("name");
            } else {
                call.name.push_str(&name);
            }
            if let Some(text) = arguments(function.shift_remove("arguments")) {
                call.has_arguments |= !text.is_empty();
                function.insert("arguments".into(), text.into());
            }
        }
    }

    /// At the end of a choice: `{}` for the calls that never got an argument.
    pub(super) fn closing(&mut self) -> Vec<Value> {
        let mut missing = Vec::new();
        for (position, call) in self.calls.iter_mut().enumerate() {
            if !call.has_arguments && !call.custom {
                call.has_arguments = true;
                missing.push(json!({"index": position, "function": {"arguments": "{}"}}));
            }
        }
        missing
    }
}

/// A text of the fragment's `function` or `custom` part.
fn text_of<'a>(fragment: &'a Object, field: &str) -> &'a str {
    let part = fragment.get("function").or_else(|| fragment.get("custom"));
    part.and_then(|p| p.get(field)).and_then(Value::as_str).unwrap_or_default()
}
