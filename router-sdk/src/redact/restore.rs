//! The way back in a whole reply: a reply with placeholders in, one with what they stand for out.

use serde_json::Value;

use super::Vault;
use crate::wire::Object;

/// Fields of a message or delta that are plain text.
pub(super) const PLAIN: [&str; 4] = ["content", "reasoning_content", "reasoning", "refusal"];

/// Puts back what was taken out, in the messages of a `chat.completion`.
pub(crate) fn reply(body: &mut Object, vault: &Vault) {
    for choice in body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(message) = choice.get_mut("message") else { continue };
        for field in PLAIN {
            if let Some(Value::String(text)) = message.get_mut(field) {
                *text = whole(text, vault);
            }
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            arguments(call.get_mut("function"), vault);
        }
        arguments(message.get_mut("function_call"), vault);
    }
}

/// A text with what was taken out.
pub(crate) fn whole(text: &str, vault: &Vault) -> String {
    vault.restored(text, str::to_owned).into_owned()
}

fn arguments(function: Option<&mut Value>, vault: &Vault) {
    if let Some(Value::String(text)) = function.and_then(|f| f.get_mut("arguments")) {
        *text = vault.restored(text, inside_json).into_owned();
    }
}

/// A text as it stands inside a JSON string.
pub(super) fn inside_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
