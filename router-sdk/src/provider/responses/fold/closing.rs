//! An item that is complete in; what is left to say of it, and what a later request needs, out.

use serde_json::{Map, Value, json};

use super::super::item::{Body, Call, Item, Thinking, Thought, is_cut, text_of};
use super::super::kept::{self, is};
use super::super::turns::{Piece, given};
use super::Reading;

/// Fields of a call that chat calls do not have, and that the provider wants back.
const CALL_FIELDS: [&str; 2] = ["namespace", "caller"];

impl Reading {
    /// Says what is left to say of an item and remembers what a later request needs.
    pub(super) fn close(&mut self, at: usize, item: &Value) {
        if let Some(id) = given(item, "id").and_then(Value::as_str) {
            self.items[at].id = id.to_owned();
        }
        match &self.items[at].body {
            Body::Message(_) => self.close_message(at, item),
            Body::Reasoning(_) => self.close_reasoning(at, item),
            Body::Call(_) => self.close_call(at, item),
            Body::Other(_) => self.close_other(at, item),
        }
        self.items[at].closed = true;
    }

    fn next_place(&mut self) -> usize {
        self.places += 1;
        self.places - 1
    }

    fn close_message(&mut self, at: usize, item: &Value) {
        match item.get("content") {
            Some(Value::String(whole)) => self.say_rest(at, 0, false, whole, &[]),
            Some(Value::Array(parts)) => {
                for (index, part) in (0..).zip(parts) {
                    self.whole_part(at, index, part);
                }
            }
            _ => {}
        }
        let Body::Message(parts) = &self.items[at].body else { return };
        let text: String = parts.values().filter(|p| !p.refusal).map(|p| p.text.as_str()).collect();
        if text.is_empty() {
            return;
        }
        let place = self.next_place();
        let phase = given(item, "phase");
        // One message before all calls needs no mark: it is what the chat shape says anyway.
        if phase.is_some() || self.items.iter().take(at).any(Item::speaks) {
            let mark = kept::message_mark(&text, phase, &self.provider, place);
            self.tell(Piece::Block(mark));
        }
    }

    fn close_reasoning(&mut self, at: usize, item: &Value) {
        for (field, thought) in [("summary", Thought::Summary), ("content", Thought::Content)] {
            for (index, whole) in (0..).zip(kept::texts(item.get(field))) {
                self.think_rest(at, thought, index, whole);
            }
        }
        let Body::Reasoning(thinking) = &self.items[at].body else { return };
        let whole = completed(item, thinking, &self.items[at].id);
        let entries = kept::reasoning(&whole, &self.provider, self.places);
        if !entries.is_empty() {
            self.next_place();
        }
        for entry in entries {
            self.tell(Piece::Detail(entry));
        }
    }

    fn close_call(&mut self, at: usize, item: &Value) {
        self.open_call(at, item);
        let Body::Call(call) = &self.items[at].body else { return };
        let field = if call.custom { "input" } else { "arguments" };
        let whole = text_of(item.get(field));
        let known = call.given.clone();
        self.argue_rest(at, &whole);
        let Body::Call(Call { text, custom, number: Some(_), call_id, .. }) = &self.items[at].body else { return };
        let (silent, id) = (text.is_empty() && !custom, call_id.clone());
        if text.is_empty() && !known.is_empty() {
            self.argue(at, &known);
        } else if silent && !is_cut(item) && !item.is_null() {
            // A tool without parameters is called without a word, and yet its arguments must be JSON.
            self.argue(at, "{}");
        }
        let place = self.next_place();
        let fields: Map<String, Value> =
            CALL_FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), given(item, name)?.clone()))).collect();
        if !fields.is_empty() {
            let mark = kept::call_mark(&id, fields, &self.provider, place);
            self.tell(Piece::Block(mark));
        }
    }

    fn close_other(&mut self, at: usize, item: &Value) {
        let Body::Other(seen) = &self.items[at].body else { return };
        let item = if item.is_null() { seen.clone() } else { item.clone() };
        if let Some(data) = item.get("result").and_then(Value::as_str).filter(|d| !d.is_empty())
            && is(&item, "image_generation_call")
        {
            let format = given(&item, "output_format").and_then(Value::as_str).unwrap_or("png");
            self.tell(Piece::Image(format!("data:image/{format};base64,{data}")));
        }
        let place = self.next_place();
        let block = kept::block(&item, &self.provider, place);
        self.tell(Piece::Block(block));
    }
}

/// A reasoning item with what was streamed of it in the place of what it leaves out.
fn completed(item: &Value, thinking: &Thinking, id: &str) -> Value {
    let mut whole = item.as_object().cloned().unwrap_or_default();
    for (field, told) in [("summary", &thinking.summary), ("content", &thinking.content)] {
        if kept::texts(whole.get(field)).iter().all(|text| text.is_empty()) && !told.is_empty() {
            let parts: Vec<Value> = told.values().map(|text| json!({"text": text})).collect();
            whole.insert(field.into(), parts.into());
        }
    }
    if !id.is_empty() {
        whole.entry("id").or_insert_with(|| id.into());
    }
    Value::Object(whole)
}
