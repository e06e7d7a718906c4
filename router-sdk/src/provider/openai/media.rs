//! Parts of messages in; parts in places where the vendor takes them out: addresses it can fetch, pictures outside tool results.

use serde_json::{Value, json};

use crate::catalog::Quirks;
use crate::provider::Failure;
use crate::provider::turns::unsupported;

/// Refuses addresses that the vendor does not fetch; they come here only where nothing was fetched for it.
pub(super) fn check_addresses(messages: &[Value], quirks: &Quirks) -> Result<(), Failure> {
    for (i, message) in messages.iter().enumerate() {
        for (j, part) in message.get("content").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let is_address = |field: &str| {
                let text = part.pointer(field).and_then(Value::as_str);
                text.is_some_and(|t| t.starts_with("http://") || t.starts_with("https://"))
            };
            let refused = match part.get("type").and_then(Value::as_str) {
                Some("image_url") if !quirks.image_urls => {
                    ["/image_url/url", "/image_url"].into_iter().find(|f| is_address(f))
                }
                Some("file") if !quirks.file_urls => {
                    ["/file/file_url", "/file/file_data"].into_iter().find(|f| is_address(f))
                }
                _ => None,
            };
            if let Some(field) = refused {
                let at = format!("messages[{i}].content[{j}]{}", field.replace('/', "."));
                return Err(unsupported(
                    at,
                    "the provider fetches no addresses; send the data, or switch media.fetch on",
                ));
            }
        }
    }
    Ok(())
}

/// Whether a tool result holds more than text, which chat completions do not take there.
pub(super) fn any_shown_by_tools(messages: &[Value]) -> bool {
    messages.iter().any(|m| is_tool(m) && parts(m).iter().any(|p| !is_text(p)))
}

/// Moves what tools showed into a message of the user behind the results of the turn.
pub(super) fn show_as_user(messages: &mut Vec<Value>) {
    let mut out: Vec<Value> = Vec::with_capacity(messages.len() + 1);
    let mut shown: Vec<Value> = Vec::new();
    for mut message in messages.drain(..) {
        if !is_tool(&message) {
            flush(&mut shown, &mut out);
            out.push(message);
            continue;
        }
        let (texts, others): (Vec<Value>, Vec<Value>) = parts(&message).iter().cloned().partition(is_text);
        if !others.is_empty() {
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            shown.push(json!({"type": "text", "text": format!("Shown by the tool call {id}:")}));
            shown.extend(others);
            let told = if texts.is_empty() { json!("The result follows in the next message.") } else { texts.into() };
            if let Some(message) = message.as_object_mut() {
                message.insert("content".into(), told);
            }
        }
        out.push(message);
    }
    flush(&mut shown, &mut out);
    *messages = out;
}

fn flush(shown: &mut Vec<Value>, out: &mut Vec<Value>) {
    if !shown.is_empty() {
        out.push(json!({"role": "user", "content": std::mem::take(shown)}));
    }
}

fn is_tool(message: &Value) -> bool {
    message.get("role").is_some_and(|role| role == "tool")
}

fn is_text(part: &Value) -> bool {
    part.get("type").is_some_and(|kind| kind == "text")
}

fn parts(message: &Value) -> &[Value] {
    message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
