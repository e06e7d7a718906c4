//! Ids of tool calls in a history come in; ids of the form that a vendor demands go out, the same every time.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::reply;
use crate::catalog::ToolIdFormat;

/// Whether any id of these messages is not of the form.
pub(in crate::provider) fn any_differs(messages: &[Value], format: ToolIdFormat) -> bool {
    ids(messages).any(|id| !fits(id, format))
}

/// Rewrites the ids that are not of the form, in calls and results alike.
pub(in crate::provider) fn rewrite(messages: &mut [Value], format: ToolIdFormat) {
    let names = names(messages, format);
    let renamed = |value: &mut Value| {
        if let Some(name) = value.as_str().and_then(|id| names.get(id)) {
            *value = Value::String(name.clone());
        }
    };
    for message in messages {
        if let Some(id) = message.get_mut("tool_call_id") {
            renamed(id);
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(id) = call.get_mut("id") {
                renamed(id);
            }
        }
    }
}

/// The new name of each id that needs one; no two ids share a name.
fn names(messages: &[Value], format: ToolIdFormat) -> HashMap<String, String> {
    let mut taken: HashSet<String> = ids(messages).filter(|id| fits(id, format)).map(str::to_owned).collect();
    let mut names = HashMap::new();
    for id in ids(messages).filter(|id| !fits(id, format)) {
        if names.contains_key(id) {
            continue;
        }
        let mut salt = 0_u8;
        let mut name = short_name(id, salt);
        while !taken.insert(name.clone()) && salt < u8::MAX {
            salt += 1;
            name = short_name(id, salt);
        }
        names.insert(id.to_owned(), name);
    }
    names
}

fn ids(messages: &[Value]) -> impl Iterator<Item = &str> {
    messages.iter().flat_map(|message| {
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        calls.filter_map(|call| call.get("id")?.as_str()).chain(message.get("tool_call_id").and_then(Value::as_str))
    })
}

fn fits(id: &str, format: ToolIdFormat) -> bool {
    match format {
        ToolIdFormat::NineAlphanumerics => id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
    }
}

/// Nine letters or digits made of the id.
fn short_name(id: &str, salt: u8) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = reply::hash(&[id.as_bytes(), &[salt]]);
    (0..9)
        .map(|_| {
            let letter = LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'0');
            rest /= 62;
            char::from(letter)
        })
        .collect()
}
