//! Ollama's own chat.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ensure, list, only, text};

const TOP: [&str; 7] = ["model", "messages", "stream", "tools", "think", "options", "truncate"];

pub(in crate::provider::conversations) fn check(body: &Value, _: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    ensure(body["think"].is_boolean() || body["think"].is_null(), "think is on or off")?;
    let mut open: Vec<(String, String)> = Vec::new();
    for (at, message) in list(&body["messages"], "messages")?.iter().enumerate() {
        let what = format!("messages[{at}]");
        ensure(message["content"].is_string(), format!("{what} needs content, which is text"))?;
        for image in message.get("images").map_or(Ok([].as_slice()), |images| list(images, "images"))? {
            let bare = image.as_str().is_some_and(|data| !data.is_empty() && !data.contains(':'));
            ensure(bare, format!("{what} holds a picture that is no bare base64"))?;
        }
        match text(message, "role", &what)? {
            "tool" => {
                only(message, &["role", "content", "images", "tool_name", "tool_call_id"], &what)?;
                let (id, name) = (text(message, "tool_call_id", &what)?, text(message, "tool_name", &what)?);
                let place = open.iter().position(|(call, tool)| call == id && tool == name);
                open.remove(place.ok_or(format!("{what} answers no open call: {id} of {name}"))?);
                continue;
            }
            "assistant" => only(message, &["role", "content", "images", "thinking", "tool_calls"], &what)?,
            "system" | "user" => only(message, &["role", "content", "images"], &what)?,
            role => return Err(format!("{what} has the role {role}")),
        }
        ensure(open.is_empty(), format!("{what} comes before the results of {open:?}"))?;
        for call in message.get("tool_calls").map_or(Ok([].as_slice()), |calls| list(calls, "tool_calls"))? {
            only(call, &["id", "type", "function"], "a call")?;
            let function = &call["function"];
            only(function, &["name", "arguments", "index"], "a function")?;
            ensure(function["arguments"].is_object(), "arguments are an object, not text")?;
            open.push((text(call, "id", "a call")?.to_owned(), text(function, "name", "a function")?.to_owned()));
        }
    }
    ensure(open.is_empty(), format!("no results of {open:?}"))
}
