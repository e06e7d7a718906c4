//! A Gemini request in; the same as Vertex AI takes it out: labels in place of metadata, calls without ids.

use serde_json::Value;

use crate::wire::{ChatRequest, Object};

/// Labels that Vertex AI takes.
const MAX_LABELS: usize = 64;
/// Characters of a label's name or value.
const MAX_LABEL_CHARS: usize = 63;

/// The address of project and location, below which tuned models have endpoints of their own.
pub(super) fn parent(base: &str) -> &str {
    base.strip_suffix("/publishers/google").unwrap_or(base)
}

/// Brings a body that AI Studio would take into the form that Vertex AI takes.
pub(super) fn dress(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    forget_ids(body);
    let metadata = request.get("metadata").and_then(Value::as_object);
    let Some(metadata) = metadata.filter(|m| !m.is_empty() && !body.contains_key("labels")) else { return };
    let mut labels = Object::new();
    for (name, value) in metadata {
        match value.as_str() {
            Some(text) if labels.len() < MAX_LABELS && is_name(name) && is_label(text) => {
                labels.insert(name.clone(), text.into());
            }
            _ => adapted.push(format!("metadata.{name}: left out, it cannot be a label in Vertex AI")),
        }
    }
    if !labels.is_empty() {
        adapted.push("metadata sent as labels".to_owned());
        body.insert("labels".into(), labels.into());
    }
}

/// Results follow their calls by name and order; Vertex AI's stable interface does not promise to know ids.
fn forget_ids(body: &mut Object) {
    let turns = body.get_mut("contents").and_then(Value::as_array_mut).into_iter().flatten();
    for part in turns.filter_map(|turn| turn.get_mut("parts")?.as_array_mut()).flatten() {
        for name in ["functionCall", "functionResponse"] {
            if let Some(call) = part.get_mut(name).and_then(Value::as_object_mut) {
                call.shift_remove("id");
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_uppercase()) && is_label(text)
}

fn is_label(text: &str) -> bool {
    let fits = |c: char| c == '_' || c == '-' || c.is_alphanumeric() && !c.is_uppercase();
    text.chars().count() <= MAX_LABEL_CHARS && text.chars().all(fits)
}
