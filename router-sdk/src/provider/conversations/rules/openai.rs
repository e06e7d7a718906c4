//! OpenAI chat completions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ensure, list, only, text};

const TOP: [&str; 8] =
    ["model", "messages", "stream", "tools", "reasoning_effort", "max_completion_tokens", "tool_choice", "temperature"];

pub(in crate::provider::conversations) fn check(body: &Value, _: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    let roles: [(&str, &[&str], &[&str]); 5] = [
        ("system", &["role", "content", "name"], &["text"]),
        ("developer", &["role", "content", "name"], &["text"]),
        ("user", &["role", "content", "name"], &["text", "image_url", "input_audio", "file"]),
        ("assistant", &["role", "content", "refusal", "name", "tool_calls", "audio"], &["text", "refusal"]),
        ("tool", &["role", "content", "tool_call_id"], &["text"]),
    ];
    messages(&body["messages"], &roles, |_| true)
}

/// Roles, their fields and their kinds of content; every call is answered at once, and nothing else is.
pub(super) fn messages(
    messages: &Value,
    roles: &[(&str, &[&str], &[&str])],
    id_fits: fn(&str) -> bool,
) -> Result<(), String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, message) in list(messages, "messages")?.iter().enumerate() {
        let what = format!("messages[{at}]");
        let role = text(message, "role", &what)?;
        let (_, fields, kinds) =
            roles.iter().find(|(r, ..)| *r == role).ok_or(format!("{what} has the role {role}"))?;
        only(message, fields, &what)?;
        content(message, kinds, &what)?;
        if role == "tool" {
            let id = text(message, "tool_call_id", &what)?;
            let place = open.iter().position(|o| o == id).ok_or(format!("{what} answers no open call: {id}"))?;
            open.remove(place);
            continue;
        }
        ensure(open.is_empty(), format!("{what} comes before the results of {open:?}"))?;
        for call in message.get("tool_calls").map_or(Ok([].as_slice()), |calls| list(calls, "tool_calls"))? {
            only(call, &["id", "type", "function"], "a call")?;
            only(&call["function"], &["name", "arguments"], "a function")?;
            ensure(call["type"] == "function", "a call needs its type")?;
            let id = text(call, "id", "a call")?;
            ensure(id_fits(id), format!("the id {id} is not of the form"))?;
            ensure(seen.insert(id.to_owned()), format!("the id {id} is used twice"))?;
            let arguments = text(&call["function"], "arguments", "a function")?;
            ensure(serde_json::from_str::<Value>(arguments).is_ok_and(|a| a.is_object()), "arguments are no object")?;
            text(&call["function"], "name", "a function")?;
            open.push(id.to_owned());
        }
    }
    ensure(open.is_empty(), format!("no results of {open:?}"))
}

fn content(message: &Value, kinds: &[&str], what: &str) -> Result<(), String> {
    match message.get("content") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            ensure(!parts.is_empty(), format!("{what} has no content"))?;
            for part in parts {
                let kind = text(part, "type", what)?;
                ensure(kinds.contains(&kind), format!("{what} holds {kind}"))?;
                only(part, &["type", kind], what)?;
            }
            Ok(())
        }
        None | Some(Value::Null) => ensure(message["tool_calls"].is_array(), format!("{what} says nothing")),
        Some(_) => Err(format!("{what} has odd content")),
    }
}
