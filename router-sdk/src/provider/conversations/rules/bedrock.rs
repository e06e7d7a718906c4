//! Bedrock Converse with Claude.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{ensure, list, only, text};

const TOP: [&str; 5] = ["messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields"];

pub(in crate::provider::conversations) fn check(body: &Value, own: &BTreeSet<String>) -> Result<(), String> {
    only(body, &TOP, "the request")?;
    for block in list(&body["system"], "system")? {
        text(block, "text", "system")?;
    }
    for tool in list(&body["toolConfig"]["tools"], "toolConfig.tools")? {
        only(&tool["toolSpec"], &["name", "description", "inputSchema", "strict"], "toolSpec")?;
        ensure(tool["toolSpec"]["inputSchema"]["json"]["type"] == "object", "a schema is of type object")?;
    }
    let (mut used, mut open) = (BTreeSet::new(), Vec::new());
    let turns = list(&body["messages"], "messages")?;
    for (at, turn) in turns.iter().enumerate() {
        only(turn, &["role", "content"], "a message")?;
        let role = text(turn, "role", "a message")?;
        let expected = if at % 2 == 0 { "user" } else { "assistant" };
        ensure(role == expected, format!("messages[{at}] is of {role}: turns alternate and the user begins"))?;
        let blocks = list(&turn["content"], "content")?;
        ensure(!blocks.is_empty(), "a message without content")?;
        for block in blocks {
            ensure(block.as_object().is_some_and(|b| b.len() == 1), "a block is of one kind")?;
        }
        if role == "assistant" {
            open = assistant(blocks, own, &mut used)?;
        } else {
            user(blocks, std::mem::take(&mut open))?;
        }
    }
    ensure(open.is_empty() && turns.len() % 2 == 1, "calls without results, or the assistant has the last word")?;
    loop_thinks(body, turns)
}

/// With a budget, the turn whose results are being given begins with thinking.
fn loop_thinks(body: &Value, turns: &[Value]) -> Result<(), String> {
    let thinks = body["additionalModelRequestFields"]["thinking"]["type"] == "enabled";
    let gives_results = turns.last().is_some_and(|turn| !turn["content"][0]["toolResult"].is_null());
    if !thinks || !gives_results {
        return Ok(());
    }
    let begins = turns.iter().rev().nth(1).is_some_and(|turn| !turn["content"][0]["reasoningContent"].is_null());
    ensure(begins, "a thinking model's turn begins with thinking")
}

fn assistant(blocks: &[Value], own: &BTreeSet<String>, used: &mut BTreeSet<String>) -> Result<Vec<String>, String> {
    let mut calls = Vec::new();
    for block in blocks {
        if let Some(thought) = block.get("reasoningContent") {
            if let Some(told) = thought.get("reasoningText") {
                only(told, &["text", "signature"], "reasoningText")?;
                let signature = text(told, "signature", "reasoningText")?;
                ensure(own.contains(signature), format!("the signature {signature} cannot be verified"))?;
            } else {
                let sealed = STANDARD.decode(text(thought, "redactedContent", "reasoningContent")?);
                let sealed = String::from_utf8(sealed.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
                ensure(own.contains(&sealed), format!("redacted thinking {sealed} of another"))?;
            }
            ensure(calls.is_empty(), "thinking comes before calls")?;
        } else if let Some(call) = block.get("toolUse") {
            only(call, &["toolUseId", "name", "input"], "toolUse")?;
            let id = text(call, "toolUseId", "toolUse")?;
            let fits = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            ensure(fits && call["input"].is_object(), format!("id {id} or input of toolUse is not of the form"))?;
            ensure(used.insert(id.to_owned()), format!("the id {id} is used twice"))?;
            text(call, "name", "toolUse")?;
            calls.push(id.to_owned());
        } else {
            ensure(!text(block, "text", "a block")?.trim().is_empty(), "blank text")?;
        }
    }
    Ok(calls)
}

fn user(blocks: &[Value], mut open: Vec<String>) -> Result<(), String> {
    for block in blocks {
        if let Some(result) = block.get("toolResult") {
            only(result, &["toolUseId", "content", "status"], "toolResult")?;
            let id = text(result, "toolUseId", "toolResult")?;
            let place = open.iter().position(|o| o == id).ok_or(format!("{id} answers no call"))?;
            open.remove(place);
            for part in list(&result["content"], "content of a result")? {
                let known = ["text", "json", "image", "document", "video"].iter().any(|kind| part.get(*kind).is_some());
                ensure(known, "a result holds an unknown kind")?;
            }
        } else if let Some(image) = block.get("image") {
            ensure(image["source"].is_object() && image["format"].is_string(), "a source and a format are needed")?;
        } else {
            ensure(!text(block, "text", "a block")?.trim().is_empty(), "blank text")?;
        }
    }
    ensure(open.is_empty(), format!("no results of {open:?}"))
}
