//! Recorded requests in; the same requests by way of the OpenAI shape, compared with them, out.

use serde_json::{Value, json};

use super::super::Anthropic;
use super::super::turns::replay::same;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// A recorded request in the OpenAI shape, where that can say it: text, pictures, calls, results and function tools.
pub(super) fn expressible(request: &Value) -> Option<Value> {
    let mut messages = Vec::new();
    match &request["system"] {
        Value::Null => {}
        Value::String(text) => messages.push(json!({"role": "system", "content": text})),
        blocks => messages.push(json!({"role": "system", "content": blocks})),
    }
    for message in request["messages"].as_array()? {
        let blocks = match &message["content"] {
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            blocks => blocks.as_array()?.clone(),
        };
        match message["role"].as_str()? {
            "assistant" => said(&blocks, &mut messages)?,
            "user" => asked(&blocks, &mut messages)?,
            // Instructions in the midst of a conversation are moved to its head.
            _ => return None,
        }
    }
    let mut out = request.clone();
    let fields = out.as_object_mut()?;
    for name in ["system", "stream", "stop_sequences", "output_format"] {
        fields.shift_remove(name);
    }
    fields.insert("messages".into(), messages.into());
    if let Some(stop) = request.get("stop_sequences") {
        fields.insert("stop".into(), stop.clone());
    }
    if let Some(tools) = request["tools"].as_array() {
        let tools = tools.iter().map(|tool| {
            if tool.get("type").is_some_and(|t| !t.is_null() && t != "custom") {
                return tool.clone();
            }
            let mut function = tool.clone();
            function["parameters"] = tool["input_schema"].clone();
            for name in ["input_schema", "strict"] {
                function.as_object_mut().map(|f| f.shift_remove(name));
            }
            json!({"type": "function", "function": function})
        });
        fields.insert("tools".into(), tools.collect());
    }
    let choice = match request["tool_choice"]["type"].as_str() {
        None => None,
        Some("auto") => Some(json!("auto")),
        Some("none") => Some(json!("none")),
        Some("any") => Some(json!("required")),
        Some(_) => Some(json!({"type": "function", "function": {"name": request["tool_choice"]["name"]}})),
    };
    fields.shift_remove("tool_choice");
    if let Some(choice) = choice.filter(|_| request["tools"].as_array().is_some_and(|t| !t.is_empty())) {
        fields.insert("tool_choice".into(), choice);
        if let Some(serial) = request["tool_choice"]["disable_parallel_tool_use"].as_bool() {
            fields.insert("parallel_tool_calls".into(), (!serial).into());
        }
    }
    Some(out)
}

fn said(blocks: &[Value], messages: &mut Vec<Value>) -> Option<()> {
    let (mut content, mut calls, mut details) = (Vec::new(), Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        match block["type"].as_str()? {
            "text" if block.get("citations").is_none() => content.push(block.clone()),
            "tool_use" => {
                let function = json!({"name": block["name"], "arguments": block["input"].to_string()});
                let mut call = json!({"id": block["id"], "type": "function", "function": function});
                call["cache_control"] = block["cache_control"].clone();
                calls.push(call);
            }
            "thinking" => details.push(json!({
                "type": "reasoning.text", "format": "anthropic", "index": index,
                "text": block["thinking"], "signature": block["signature"],
            })),
            "redacted_thinking" => details.push(json!({
                "type": "reasoning.encrypted", "format": "anthropic", "index": index, "data": block["data"],
            })),
            _ => return None,
        }
    }
    let mut message = json!({"role": "assistant", "content": content, "reasoning_details": details});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    messages.push(message);
    Some(())
}

fn asked(blocks: &[Value], messages: &mut Vec<Value>) -> Option<()> {
    let mut content = Vec::new();
    for block in blocks {
        match block["type"].as_str()? {
            "text" => content.push(block.clone()),
            "image" | "document" => content.push(block.clone()),
            "tool_result" => {
                let mut message =
                    json!({"role": "tool", "tool_call_id": block["tool_use_id"], "content": block["content"]});
                if block["content"].is_null() {
                    message["content"] = "".into();
                }
                message["is_error"] = block["is_error"].clone();
                message["cache_control"] = block["cache_control"].clone();
                messages.push(message);
            }
            _ => return None,
        }
    }
    if !content.is_empty() {
        messages.push(json!({"role": "user", "content": content}));
    }
    Some(())
}

/// What both ways of writing the same request come to: turns of blocks, without empty text.
fn turns_of(messages: &Value) -> Value {
    let mut turns: Vec<(Value, Vec<Value>)> = Vec::new();
    for message in messages.as_array().into_iter().flatten() {
        let blocks = match &message["content"] {
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            blocks => blocks.as_array().cloned().unwrap_or_default(),
        };
        let kept = blocks.into_iter().filter(|b| b["type"] != "text" || b["text"] != "").map(|mut block| {
            if let Some(fields) = block.as_object_mut() {
                fields.retain(|name, value| !value.is_null() && name != "is_error" && name != "caller");
            }
            // A result of one plain text is the same as that text.
            let only = block["content"].as_array().filter(|list| list.len() == 1).map(|list| list[0].clone());
            let plain = |only: &Value| only["type"] == "text" && only.as_object().is_some_and(|o| o.len() == 2);
            if let Some(only) = only.filter(plain) {
                block["content"] = only["text"].clone();
            }
            if block["content"] == "" || block["content"] == json!([]) {
                block.as_object_mut().map(|b| b.shift_remove("content"));
            }
            block.sort_all_objects();
            block
        });
        let kept: Vec<Value> = kept.collect();
        match turns.last_mut() {
            Some((role, all)) if *role == message["role"] => all.extend(kept),
            _ => turns.push((message["role"].clone(), kept)),
        }
    }
    turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let Ok(request) = ChatRequest::from_value(asked) else { return Ok(()) };
    let encoded = match Anthropic.encode(&request, target, false) {
        Ok(encoded) => encoded,
        Err(failure) if failure.message.contains("last assistant message") => return Ok(()),
        Err(failure) => return Err(failure.message),
    };
    let sent: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    same("messages", &turns_of(&sent["messages"]), &turns_of(&recorded["messages"]))?;
    let text_of = |system: &Value| match system {
        Value::String(text) => text.clone(),
        blocks => blocks.as_array().into_iter().flatten().filter_map(|b| b["text"].as_str()).collect(),
    };
    same("system", &text_of(&sent["system"]).into(), &text_of(&recorded["system"]).into())?;
    for field in ["max_tokens", "stop_sequences", "thinking", "metadata", "container", "mcp_servers"] {
        same(field, &sent[field], &recorded[field])?;
    }
    let has_tools = recorded["tools"].as_array().is_some_and(|t| !t.is_empty());
    if has_tools {
        same("tool_choice", &sent["tool_choice"]["type"], &recorded["tool_choice"]["type"])?;
    }
    let tools = |body: &Value| -> Value {
        let listed = body["tools"].as_array().into_iter().flatten();
        listed
            .map(|t| json!([t["name"], t["description"], t["input_schema"]["required"], t["cache_control"]]))
            .collect()
    };
    same("tools", &tools(&sent), &tools(recorded))
}
