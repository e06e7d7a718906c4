//! Messages in; those that a vendor takes which knows few fields and other forms of media, out.

use serde_json::{Value, json};

use super::draft::Draft;
use crate::catalog::Quirks;
use crate::provider::Target;
use crate::wire::Object;

/// The fields of messages that are known everywhere; `name` belongs to results alone.
const FIELDS: [&str; 6] = ["role", "content", "tool_calls", "tool_call_id", "prefix", "name"];

/// Adapts the messages; they are copied only when one of them has to change.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) {
    let quirks = &target.deployment.quirks;
    if !quirks.closed_messages && !quirks.media_as_urls {
        return;
    }
    let Some(messages) = draft.get("messages").and_then(Value::as_array) else { return };
    let differs = |m: &Value| m.as_object().is_some_and(|m| m.iter().any(|(n, v)| strange(n, v, m, quirks)));
    if !messages.iter().any(differs) {
        return;
    }
    let mut messages = messages.clone();
    let mut notes = Vec::new();
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        close(message, quirks, &mut notes);
    }
    draft.set("messages", Value::Array(messages));
    for note in notes {
        draft.note(note);
    }
}

fn strange(name: &str, value: &Value, message: &Object, quirks: &Quirks) -> bool {
    if quirks.closed_messages && !known(name, message) {
        return true;
    }
    let foreign = |part: &Value| quirks.media_as_urls && translated(part).is_some();
    name == "content" && value.as_array().is_some_and(|parts| parts.iter().any(foreign))
}

fn known(name: &str, message: &Object) -> bool {
    let is_result = message.get("role").and_then(Value::as_str) == Some("tool");
    FIELDS.contains(&name) && (name != "name" || is_result)
}

fn close(message: &mut Object, quirks: &Quirks, notes: &mut Vec<String>) {
    if quirks.media_as_urls
        && let Some(Value::Array(parts)) = message.get_mut("content")
    {
        for part in parts {
            if let Some(own) = translated(part) {
                *part = own;
            }
        }
    }
    if !quirks.closed_messages {
        return;
    }
    // A refusal is what the assistant said, where it said nothing else.
    let silent = message.get("content").is_none_or(Value::is_null);
    if let Some(refusal) = message.get("refusal").filter(|r| silent && r.is_string()).cloned() {
        message.insert("content".into(), refusal);
        message.shift_remove("refusal");
    }
    let names: Vec<String> = message.keys().filter(|name| !known(name, message)).cloned().collect();
    for name in names {
        let value = message.shift_remove(&name).unwrap_or_default();
        if !value.is_null() {
            notes.push(format!("{name} of messages left out: the provider does not take it"));
        }
    }
}

/// A document or a sound in Mistral's words; nothing for other parts.
fn translated(part: &Value) -> Option<Value> {
    match part.get("type").and_then(Value::as_str)? {
        "file" => document(part.get("file")?),
        "input_audio" => {
            let data = part.pointer("/input_audio/data")?.as_str()?;
            Some(json!({"type": "input_audio", "input_audio": data}))
        }
        _ => None,
    }
}

fn document(file: &Value) -> Option<Value> {
    let text = |field: &str| file.get(field).and_then(Value::as_str);
    let url = match (text("file_data"), text("file_url"), text("file_id")) {
        (Some(data), ..) if data.contains(':') => data.to_owned(),
        // Bare base64 is taken for what files nearly always are.
        (Some(data), ..) => format!("data:application/pdf;base64,{data}"),
        (None, Some(url), _) => url.to_owned(),
        (None, None, id) => return Some(json!({"type": "file", "file_id": id?})),
    };
    let mut out = json!({"type": "document_url", "document_url": url});
    if let (Some(name), Some(out)) = (text("filename"), out.as_object_mut()) {
        out.insert("document_name".into(), name.into());
    }
    Some(out)
}
