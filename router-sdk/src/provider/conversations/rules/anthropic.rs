//! Anthropic Messages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ensure, list, only, text};

const TOP: [&str; 10] = [
    "model",
    "max_tokens",
    "system",
    "messages",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "stream",
    "metadata",
];

pub(in crate::provider::conversations) fn check(body: &Value, own: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    let most = body["max_tokens"].as_u64().ok_or("max_tokens is needed")?;
    if let Some(budget) = body["thinking"]["budget_tokens"].as_u64() {
        ensure((1_024..most).contains(&budget), "the budget is at least 1024 and below max_tokens")?;
    }
    for tool in list(&body["tools"], "tools")? {
        ensure(tool["input_schema"]["type"] == "object", "input_schema is of type object")?;
        text(tool, "name", "a tool")?;
    }
    let mut turns = Vec::new();
    for message in list(&body["messages"], "messages")? {
        only(message, &["role", "content"], "a message")?;
        let blocks = match &message["content"] {
            Value::String(said) => vec![json!({"type": "text", "text": said})],
            blocks => list(blocks, "content")?.to_vec(),
        };
        ensure(!blocks.is_empty(), "a message without content")?;
        turns.push((text(message, "role", "a message")?, blocks));
    }
    ensure(turns.first().is_some_and(|(role, _)| *role == "user"), "the user begins")?;
    let mut used = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for (at, (role, blocks)) in turns.iter().enumerate() {
        let expected = if at % 2 == 0 { "user" } else { "assistant" };
        ensure(*role == expected, format!("messages[{at}] is of {role}: turns alternate"))?;
        if *role == "assistant" {
            open = assistant(blocks, own, &mut used)?;
        } else {
            user(blocks, std::mem::take(&mut open))?;
        }
    }
    ensure(open.is_empty(), "calls without results")?;
    loop_thinks(body, &turns)
}

/// With a budget, the turn whose results are being given begins with thinking.
fn loop_thinks(body: &Value, turns: &[(&str, Vec<Value>)]) -> Result<(), String> {
    let gives_results = turns.last().is_some_and(|(_, blocks)| blocks[0]["type"] == "tool_result");
    if body["thinking"]["type"] != "enabled" || !gives_results {
        return Ok(());
    }
    let first = turns.iter().rev().nth(1).map_or(&Value::Null, |(_, blocks)| &blocks[0]["type"]);
    ensure(first == "thinking" || first == "redacted_thinking", "a thinking model's turn begins with thinking")
}

fn assistant(blocks: &[Value], own: &BTreeSet<String>, used: &mut BTreeSet<String>) -> Result<Vec<String>, String> {
    let mut calls = Vec::new();
    for block in blocks {
        match text(block, "type", "a block")? {
            "thinking" => {
                only(block, &["type", "thinking", "signature"], "thinking")?;
                let signature = text(block, "signature", "thinking")?;
                ensure(own.contains(signature), format!("the signature {signature} cannot be verified"))?;
                ensure(calls.is_empty(), "thinking comes before calls")?;
            }
            "redacted_thinking" => {
                only(block, &["type", "data"], "redacted thinking")?;
                let data = text(block, "data", "redacted thinking")?;
                ensure(own.contains(data), format!("redacted thinking {data} of another"))?;
            }
            "text" => {
                only(block, &["type", "text"], "text")?;
                ensure(!text(block, "text", "text")?.trim().is_empty(), "blank text")?;
            }
            "tool_use" => {
                only(block, &["type", "id", "name", "input"], "tool_use")?;
                let id = text(block, "id", "tool_use")?;
                let fits = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                ensure(fits && block["input"].is_object(), "id or input of tool_use is not of the form")?;
                ensure(used.insert(id.to_owned()), format!("the id {id} is used twice"))?;
                text(block, "name", "tool_use")?;
                calls.push(id.to_owned());
            }
            other => return Err(format!("an assistant block of type {other}")),
        }
    }
    Ok(calls)
}

fn user(blocks: &[Value], mut open: Vec<String>) -> Result<(), String> {
    let mut results = true;
    for block in blocks {
        let kind = text(block, "type", "a block")?;
        match kind {
            "tool_result" => {
                ensure(results, "results come first")?;
                only(block, &["type", "tool_use_id", "content", "is_error"], "tool_result")?;
                let id = text(block, "tool_use_id", "tool_result")?;
                let place = open.iter().position(|o| o == id).ok_or(format!("{id} answers no call"))?;
                open.remove(place);
                for part in block["content"].as_array().into_iter().flatten() {
                    ensure(part["type"] == "text" || part["type"] == "image", "a result holds text and pictures")?;
                }
                continue;
            }
            "text" => ensure(!text(block, "text", "text")?.trim().is_empty(), "blank text")?,
            "image" | "document" => ensure(block["source"].is_object(), "a source is needed")?,
            other => return Err(format!("a user block of type {other}")),
        }
        results = false;
    }
    ensure(open.is_empty(), format!("no results of {open:?}"))
}
