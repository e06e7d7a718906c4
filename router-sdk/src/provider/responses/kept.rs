//! What the chat shape has no place for: reasoning and items of a reply in, entries out; the entries of a history in, items out.

use serde_json::{Value, json};

use super::FORMAT;
use super::turns::{digest, given};
use crate::wire::Object;

/// Fields of a reasoning item that have entries or places of their own.
const OWN_FIELDS: [&str; 6] = ["id", "type", "summary", "content", "encrypted_content", "status"];
/// Calls that the caller is to carry out, which the chat shape cannot answer.
const UNANSWERED: [&str; 4] = ["local_shell_call", "computer_call", "apply_patch_call", "shell_call"];

/// The entries of `reasoning_details` that one reasoning item makes. `place` is its number among the items that count.
///
/// Encrypted reasoning can be read by the account alone that it was made for, so each entry names its provider.
pub(super) fn reasoning(item: &Value, provider: &str, place: usize) -> Vec<Value> {
    let id = item.get("id").cloned().unwrap_or_default();
    let entry = |kind: &str, field: &str, value: Value| json!({"type": kind, field: value, "id": id, "format": FORMAT, "provider": provider, "index": place});
    let mut out = Vec::new();
    for text in texts(item.get("summary")).into_iter().filter(|text| !text.is_empty()) {
        out.push(entry("reasoning.summary", "summary", text.into()));
    }
    for text in texts(item.get("content")).into_iter().filter(|text| !text.is_empty()) {
        out.push(entry("reasoning.text", "text", text.into()));
    }
    if let Some(data) = item.get("encrypted_content").and_then(Value::as_str).filter(|d| !d.is_empty()) {
        let mut encrypted = entry("reasoning.encrypted", "data", data.into());
        let fields = item.as_object().into_iter().flatten();
        let rest: Object = fields
            .filter(|(name, value)| !OWN_FIELDS.contains(&name.as_str()) && !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if let (Some(encrypted), false) = (encrypted.as_object_mut(), rest.is_empty()) {
            encrypted.insert("rest".into(), rest.into());
        }
        out.push(encrypted);
    }
    out
}

/// The texts of a list of parts, or of a plain text.
pub(super) fn texts(parts: Option<&Value>) -> Vec<&str> {
    match parts {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(parts)) => {
            parts.iter().map(|p| p.get("text").unwrap_or(p).as_str().unwrap_or_default()).collect()
        }
        _ => Vec::new(),
    }
}

/// An entry of `server_blocks` for an item that the provider's server wrote.
pub(super) fn block(item: &Value, provider: &str, place: usize) -> Value {
    let mut item = item.clone();
    if is(&item, "image_generation_call")
        && let Some(fields) = item.as_object_mut()
    {
        // The picture itself is among the message's images.
        fields.shift_remove("result");
    }
    json!({"format": FORMAT, "provider": provider, "index": place, "block": item})
}

/// An entry that remembers where a message item ended and what its phase was.
pub(super) fn message_mark(text: &str, phase: Option<&Value>, provider: &str, place: usize) -> Value {
    let mut mark = json!({"characters": text.chars().count(), "digest": digest(&[text])});
    if let (Some(phase), Some(mark)) = (phase, mark.as_object_mut()) {
        mark.insert("phase".into(), phase.clone());
    }
    json!({"format": FORMAT, "provider": provider, "index": place, "message": mark})
}

/// An entry that remembers fields of a call that chat calls do not have.
pub(super) fn call_mark(id: &str, fields: Object, provider: &str, place: usize) -> Value {
    json!({"format": FORMAT, "provider": provider, "index": place, "call": {"id": id, "fields": fields}})
}

/// What an assistant message remembers of the items it was made of.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Reasoning and server items with their places; what may not be sent is `None`.
    pub(super) items: Vec<(u64, Option<Value>)>,
    /// Ends of message items: characters, digest, phase.
    pub(super) marks: Vec<Mark>,
    /// Further fields of calls, by call id.
    pub(super) calls: Vec<(String, Object)>,
    /// Thinking that this provider cannot take back.
    pub(super) lost: bool,
}

/// The end of one message item.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) place: u64,
    pub(super) characters: usize,
    pub(super) digest: String,
    pub(super) phase: Option<Value>,
}

impl Kept {
    /// Reads an assistant message. Where the provider stores nothing, reasoning goes back only with its content.
    pub(super) fn of(message: &Value, provider: &str, stored: bool) -> Self {
        let mut kept = Self::default();
        let mut thoughts: Vec<(u64, Value)> = Vec::new();
        for entry in list(message, "reasoning_details") {
            if !ours(entry, provider) {
                kept.lost = true;
                continue;
            }
            thought(entry, &mut thoughts);
        }
        kept.lost |= thoughts.is_empty() && given(message, "reasoning_content").is_some();
        for (place, item) in thoughts {
            let whole = stored || item.get("encrypted_content").is_some() || item.get("content").is_some();
            kept.lost |= !whole;
            kept.items.push((place, whole.then_some(item)));
        }
        let mut images = list(message, "images").filter_map(|i| i.pointer("/image_url/url").and_then(Value::as_str));
        for entry in list(message, "server_blocks").filter(|entry| ours(entry, provider)) {
            let place = entry.get("index").and_then(Value::as_u64).unwrap_or(0);
            if let Some(mark) = entry.get("message") {
                kept.marks.extend(read_mark(mark, place));
            } else if let Some(call) = entry.get("call") {
                let id = call.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                kept.calls.extend(call.get("fields").and_then(Value::as_object).map(|fields| (id, fields.clone())));
            } else if let Some(block) = entry.get("block").filter(|b| b.is_object()) {
                kept.items.push((place, server_item(block, &mut images)));
            }
        }
        kept.drop_unanswered();
        kept.items.sort_by_key(|(place, _)| *place);
        kept.marks.sort_by_key(|mark| mark.place);
        kept
    }

    /// A call without its result is refused, and results of these cannot be said in the chat shape.
    fn drop_unanswered(&mut self) {
        let answered: Vec<Value> = self
            .items
            .iter()
            .filter_map(|(_, item)| item.as_ref().filter(|i| is(i, "shell_call_output"))?.get("call_id").cloned())
            .collect();
        for (_, item) in &mut self.items {
            let open = item.as_ref().is_some_and(|i| {
                UNANSWERED.iter().any(|kind| is(i, kind)) && !i.get("call_id").is_some_and(|id| answered.contains(id))
            });
            if open {
                *item = None;
            }
        }
    }
}

fn list<'a>(message: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    message.get(field).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn is(item: &Value, kind: &str) -> bool {
    item.get("type").is_some_and(|t| t == kind)
}

fn ours(entry: &Value, provider: &str) -> bool {
    let made_by = given(entry, "provider").and_then(Value::as_str);
    entry.get("format").is_some_and(|f| f == FORMAT) && made_by.is_none_or(|name| name == provider)
}

/// Adds one entry to the item of its place.
fn thought(entry: &Value, items: &mut Vec<(u64, Value)>) {
    let place = entry.get("index").and_then(Value::as_u64).unwrap_or(0);
    let id = given(entry, "id");
    let same = |(at, item): &&mut (u64, Value)| *at == place && item.get("id") == id;
    let item = match items.iter_mut().rev().find(same) {
        Some((_, item)) => item,
        None => {
            let mut item = json!({"type": "reasoning", "summary": []});
            if let (Some(id), Some(item)) = (id, item.as_object_mut()) {
                item.insert("id".into(), id.clone());
            }
            items.push((place, item));
            let Some((_, item)) = items.last_mut() else { return };
            item
        }
    };
    let Some(item) = item.as_object_mut() else { return };
    let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    let (field, part) = match entry.get("type").and_then(Value::as_str) {
        Some("reasoning.summary") => ("summary", json!({"type": "summary_text", "text": text("summary")})),
        Some("reasoning.text") => ("content", json!({"type": "reasoning_text", "text": text("text")})),
        Some("reasoning.encrypted") => {
            for (name, value) in entry.get("rest").and_then(Value::as_object).into_iter().flatten() {
                item.insert(name.clone(), value.clone());
            }
            item.insert("encrypted_content".into(), text("data").into());
            return;
        }
        _ => return,
    };
    if let Some(parts) = item.entry(field).or_insert_with(|| json!([])).as_array_mut() {
        parts.push(part);
    }
}

fn read_mark(mark: &Value, place: u64) -> Option<Mark> {
    Some(Mark {
        place,
        characters: usize::try_from(mark.get("characters")?.as_u64()?).ok()?,
        digest: mark.get("digest")?.as_str()?.to_owned(),
        phase: given(mark, "phase").cloned(),
    })
}

/// A server item as it came, a picture put back into its place.
fn server_item<'a>(block: &Value, images: &mut impl Iterator<Item = &'a str>) -> Option<Value> {
    let mut block = block.clone();
    if is(&block, "image_generation_call") {
        let (_, data) = images.next()?.split_once(',')?;
        block.as_object_mut()?.insert("result".into(), data.into());
    }
    Some(block)
}
