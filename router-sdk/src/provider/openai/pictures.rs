//! Tool results with pictures or files come in; results of text alone, and what they showed in the user's words, go out.
//!
//! OpenAI takes nothing but text from a tool.

use serde_json::{Value, json};

use super::draft::Draft;
use crate::provider::Target;

/// Adapts the messages; they are copied only when one of them has to change.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) {
    let Some(messages) = draft.get("messages").and_then(Value::as_array) else { return };
    // Mistral, which alone wants ids of a form of its own, also wants its turns in this order.
    let strict = target.deployment.quirks.tool_id_format.is_some();
    let (shown, unbridged) = (any(messages), strict && user_after_tool(messages));
    if !shown && !unbridged {
        return;
    }
    let mut messages = messages.clone();
    if shown {
        move_out(&mut messages);
        draft.note("pictures in tool results sent in a user message after them");
    }
    if strict && user_after_tool(&messages) {
        bridge(&mut messages);
        draft.note("an assistant message added between tool result and user message");
    }
    draft.set("messages", Value::Array(messages));
}

/// Whether a tool result shows something.
fn any(messages: &[Value]) -> bool {
    messages.iter().any(|message| is_result(message) && parts(message).any(|part| !is_text(part)))
}

/// Moves what tool results show into one user message behind them.
fn move_out(messages: &mut Vec<Value>) {
    let mut out = Vec::with_capacity(messages.len() + 1);
    let mut shown: Vec<Value> = Vec::new();
    for mut message in messages.drain(..) {
        if !is_result(&message) {
            show(&mut shown, &mut out);
        } else if parts(&message).any(|part| !is_text(part)) {
            let (texts, others): (Vec<Value>, Vec<Value>) = parts(&message).cloned().partition(is_text);
            let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
            shown.push(json!({"type": "text", "text": format!("Shown by the result of tool call {id}:")}));
            shown.extend(others);
            message["content"] =
                if texts.is_empty() { json!("What this result shows follows.") } else { Value::Array(texts) };
        }
        out.push(message);
    }
    show(&mut shown, &mut out);
    *messages = out;
}

fn show(shown: &mut Vec<Value>, out: &mut Vec<Value>) {
    if !shown.is_empty() {
        out.push(json!({"role": "user", "content": std::mem::take(shown)}));
    }
}

/// Whether the user speaks right after a tool.
fn user_after_tool(messages: &[Value]) -> bool {
    messages.windows(2).any(|pair| matches!(pair, [first, second] if is_result(first) && role(second) == "user"))
}

/// Lets the assistant speak between tool and user, for vendors that insist on it.
fn bridge(messages: &mut Vec<Value>) {
    let mut out: Vec<Value> = Vec::with_capacity(messages.len() + 1);
    for message in messages.drain(..) {
        if role(&message) == "user" && out.last().is_some_and(is_result) {
            out.push(json!({"role": "assistant", "content": "I have the results."}));
        }
        out.push(message);
    }
    *messages = out;
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn is_result(message: &Value) -> bool {
    role(message) == "tool"
}

fn parts(message: &Value) -> impl Iterator<Item = &Value> {
    message.get("content").and_then(Value::as_array).into_iter().flatten()
}

fn is_text(part: &Value) -> bool {
    part.get("type").is_some_and(|kind| kind == "text")
}
