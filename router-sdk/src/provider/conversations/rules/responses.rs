//! OpenAI Responses.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ensure, list, only, text};

const TOP: [&str; 9] =
    ["model", "input", "stream", "store", "include", "reasoning", "tools", "tool_choice", "max_output_tokens"];

pub(in crate::provider::conversations) fn check(body: &Value, own: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    for tool in list(&body["tools"], "tools")? {
        only(tool, &["type", "name", "description", "parameters", "strict"], "a tool")?;
        text(tool, "name", "a tool")?;
    }
    let (mut open, mut seen) = (Vec::new(), BTreeSet::new());
    let items = list(&body["input"], "input")?;
    for (at, item) in items.iter().enumerate() {
        match text(item, "type", "an item")? {
            "message" => message(item)?,
            "reasoning" => {
                only(item, &["type", "id", "summary", "content", "encrypted_content", "status"], "reasoning")?;
                list(&item["summary"], "summary")?;
                let sealed = text(item, "encrypted_content", "reasoning that is not stored")?;
                ensure(own.contains(sealed), format!("the encrypted content {sealed} could not be verified"))?;
                let next = items.get(at + 1).map(|next| (&next["type"], &next["role"]));
                let follows = next.is_some_and(|(kind, role)| {
                    kind == "reasoning" || kind == "function_call" || (kind == "message" && role == "assistant")
                });
                ensure(follows, "reasoning was provided without its required following item")?;
            }
            "function_call" => {
                only(item, &["type", "id", "call_id", "name", "arguments", "status"], "a call")?;
                let id = text(item, "call_id", "a call")?;
                ensure(id.len() <= 64, format!("the id {id} is too long"))?;
                ensure(seen.insert(id.to_owned()), format!("the id {id} is used twice"))?;
                text(item, "name", "a call")?;
                let arguments = text(item, "arguments", "a call")?;
                ensure(serde_json::from_str::<Value>(arguments).is_ok(), "arguments are no JSON")?;
                open.push(id.to_owned());
            }
            "function_call_output" => {
                only(item, &["type", "id", "call_id", "output", "status"], "an output")?;
                let id = text(item, "call_id", "an output")?;
                let place = open.iter().position(|o| o == id).ok_or(format!("no tool call found for {id}"))?;
                open.remove(place);
                if !item["output"].is_string() {
                    parts(&item["output"], &["input_text", "input_image", "input_file"])?;
                }
            }
            other => return Err(format!("an item of type {other}")),
        }
    }
    ensure(open.is_empty(), format!("no tool output found for {open:?}"))
}

fn message(item: &Value) -> Result<(), String> {
    only(item, &["type", "id", "role", "content", "status", "phase"], "a message")?;
    match text(item, "role", "a message")? {
        "assistant" => parts(&item["content"], &["output_text", "refusal"]),
        "system" | "developer" | "user" => parts(&item["content"], &["input_text", "input_image", "input_file"]),
        other => Err(format!("a message of {other}")),
    }
}

fn parts(content: &Value, kinds: &[&str]) -> Result<(), String> {
    for part in list(content, "content")? {
        let kind = text(part, "type", "a part")?;
        ensure(kinds.contains(&kind), format!("a part of type {kind}"))?;
        let fields: &[&str] = match kind {
            "input_image" => &["type", "image_url", "detail", "file_id"],
            "input_file" => &["type", "file_data", "filename", "file_url", "file_id"],
            "refusal" => &["type", "refusal"],
            "output_text" => &["type", "text", "annotations", "logprobs"],
            _ => &["type", "text"],
        };
        only(part, fields, "a part")?;
    }
    Ok(())
}
