//! OpenAI messages in; Ollama's messages out.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::turns::{self, Part, Source, given, unsupported};
use crate::provider::Failure;
use crate::wire::Object;

/// The conversation, message by message.
pub(super) fn messages(messages: &[Value]) -> Result<Vec<Value>, Failure> {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut out = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        let at = format!("messages[{place}]");
        out.push(match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => json!({"role": "system", "content": turns::text_of(message)}),
            Some("assistant") => assistant(message, place, &at, &mut names)?,
            Some("tool" | "function") => result(message, &at, &names)?,
            _ => Value::Object(said("user", message, &at)?),
        });
    }
    Ok(out)
}

/// Adds an instruction to the last system message before the conversation, or opens with one.
pub(super) fn instruct(messages: &mut Vec<Value>, words: String) {
    let last = messages.iter_mut().take_while(|m| m.get("role").is_some_and(|role| role == "system")).last();
    match last.and_then(|m| m.get_mut("content")) {
        Some(Value::String(text)) => {
            text.push_str("\n\n");
            text.push_str(&words);
        }
        _ => messages.insert(0, json!({"role": "system", "content": words})),
    }
}

/// Text in one string, pictures in a list beside it.
fn said(role: &str, message: &Value, at: &str) -> Result<Object, Failure> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for (i, part) in turns::parts(message, at)?.into_iter().enumerate() {
        let at = format!("{at}.content[{i}]");
        match part {
            Part::Text { text, .. } => texts.push(text),
            Part::Image { source, .. } => images.push(image(source, &at)?),
            Part::File { .. } => {
                return Err(unsupported(format!("{at}.file"), "Ollama reads no files; send their text"));
            }
            Part::Audio { .. } => return Err(unsupported(format!("{at}.input_audio"), "Ollama takes no sound")),
            Part::Video { .. } => return Err(unsupported(format!("{at}.video_url"), "Ollama takes no film")),
            Part::Other { kind, .. } => {
                return Err(unsupported(format!("{at}.type"), format!("Ollama has no content of type {kind}")));
            }
        }
    }
    let mut out = Object::new();
    out.insert("role".into(), role.into());
    out.insert("content".into(), texts.join("\n").into());
    if !images.is_empty() {
        out.insert("images".into(), images.into());
    }
    Ok(out)
}

/// The bare base64 of a picture.
fn image(source: Source<'_>, at: &str) -> Result<Value, Failure> {
    match source {
        Source::Inline { data, .. } => Ok(data.into()),
        Source::Url(_) => {
            Err(unsupported(format!("{at}.image_url.url"), "Ollama fetches no addresses; send a data URI"))
        }
        Source::Id(_) => Err(unsupported(at, "is a file of another provider; send the data itself")),
    }
}

/// Thinking goes back as it came: the model's template decides what of it is seen.
fn assistant(message: &Value, place: usize, at: &str, names: &mut HashMap<String, String>) -> Result<Value, Failure> {
    let mut out = said("assistant", message, at)?;
    if let Some(thought) = given(message, "reasoning_content").filter(|t| t.as_str().is_some_and(|t| !t.is_empty())) {
        out.insert("thinking".into(), thought.clone());
    }
    let mut calls = Vec::new();
    for call in turns::calls(message, place)? {
        let function = json!({"name": call.name, "arguments": call.arguments});
        calls.push(json!({"id": call.id, "type": "function", "function": function}));
        names.insert(call.id, call.name.to_owned());
    }
    if !calls.is_empty() {
        out.insert("tool_calls".into(), calls.into());
    }
    Ok(out.into())
}

/// A result is matched to its call by the tool's name, in newer versions also by the call's id.
fn result(message: &Value, at: &str, names: &HashMap<String, String>) -> Result<Value, Failure> {
    let mut out = said("tool", message, at)?;
    let named = message.get("name").and_then(Value::as_str);
    let id = message.get("tool_call_id").and_then(Value::as_str);
    if let Some(name) = id.and_then(|id| names.get(id)).map(String::as_str).or(named) {
        out.insert("tool_name".into(), name.into());
    }
    if let Some(id) = id {
        out.insert("tool_call_id".into(), id.into());
    }
    Ok(out.into())
}
