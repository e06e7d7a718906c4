//! Recorded requests in; the same requests by way of the chat shape, compared with them, out.

use serde_json::{Map, Value, json};

use super::super::turns::replay::same;
use super::super::{FORMAT, Responses};
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// Fields that have no place in a chat request and are not sent by way of it.
const STATEFUL: [&str; 4] = ["previous_response_id", "conversation", "background", "prompt"];

/// A recorded request as a chat request, where that can say it.
pub(super) fn expressible(request: &Value, target: &Target) -> Option<Value> {
    let fields = request.as_object()?;
    if STATEFUL.iter().any(|name| fields.get(*name).is_some_and(|v| !v.is_null() && v != false)) {
        return None;
    }
    let mut messages = Vec::new();
    if let Some(text) = request["instructions"].as_str().filter(|t| !t.is_empty()) {
        messages.push(json!({"role": "system", "content": text}));
    }
    match &request["input"] {
        Value::String(text) => messages.push(json!({"role": "user", "content": text})),
        Value::Array(items) => talk(items, target, &mut messages)?,
        _ => return None,
    }
    let mut out = fields.clone();
    for name in ["instructions", "input", "stream", "text", "tools", "tool_choice", "store"] {
        out.shift_remove(name);
    }
    out.insert("messages".into(), messages.into());
    if fields.get("store").is_some_and(|s| s == true) {
        out.insert("store".into(), true.into());
    }
    if let Some(format) = request.pointer("/text/format").filter(|f| f["type"] != "text") {
        let mut inner = format.clone();
        inner.as_object_mut()?.shift_remove("type");
        let chat = match format["type"].as_str()? {
            "json_schema" => json!({"type": "json_schema", "json_schema": inner}),
            _ => format.clone(),
        };
        out.insert("response_format".into(), chat);
    }
    if let Some(verbosity) = request.pointer("/text/verbosity").filter(|v| !v.is_null()) {
        out.insert("verbosity".into(), verbosity.clone());
    }
    if let Some(tools) = request["tools"].as_array() {
        let chat = tools.iter().map(|tool| match tool["type"].as_str() {
            Some(kind @ ("function" | "custom")) => {
                let mut inner = tool.clone();
                inner.as_object_mut().map(|t| t.shift_remove("type"));
                let mut outer = Map::new();
                outer.insert("type".into(), kind.into());
                outer.insert(kind.into(), inner);
                outer.into()
            }
            _ => tool.clone(),
        });
        out.insert("tools".into(), chat.collect());
    }
    match &request["tool_choice"] {
        Value::Object(choice) if choice.get("name").is_some() => {
            let kind = choice["type"].as_str()?;
            out.insert("tool_choice".into(), json!({"type": kind, kind: {"name": choice["name"]}}));
        }
        Value::Null => {}
        choice => {
            out.insert("tool_choice".into(), choice.clone());
        }
    }
    Some(out.into())
}

/// Input items as chat messages: what the assistant said between two others is one message.
fn talk(items: &[Value], target: &Target, messages: &mut Vec<Value>) -> Option<()> {
    let mut turn: Vec<&Value> = Vec::new();
    for item in items {
        let kind = item["type"].as_str();
        let theirs = match kind {
            Some("function_call_output" | "custom_tool_call_output") => true,
            None | Some("message") => item["role"] != "assistant",
            _ => false,
        };
        if !theirs {
            turn.push(item);
            continue;
        }
        said(&std::mem::take(&mut turn), target, messages)?;
        if let Some("function_call_output" | "custom_tool_call_output") = kind {
            let content = chat_content(&item["output"])?;
            messages.push(json!({"role": "tool", "tool_call_id": item["call_id"], "content": content}));
        } else {
            messages.push(json!({"role": item["role"], "content": chat_content(&item["content"])?}));
        }
    }
    said(&turn, target, messages)
}

fn chat_content(content: &Value) -> Option<Value> {
    let Value::Array(parts) = content else { return content.is_string().then(|| content.clone()) };
    let mark = |part: &Value| part["prompt_cache_breakpoint"].clone();
    let parts = parts.iter().map(|part| match part["type"].as_str()? {
        "input_text" => Some(json!({"type": "text", "text": part["text"], "prompt_cache_breakpoint": mark(part)})),
        "input_image" if part["image_url"].is_string() => Some(json!({
            "type": "image_url", "image_url": {"url": part["image_url"], "detail": part["detail"]},
            "prompt_cache_breakpoint": mark(part),
        })),
        "input_file" => {
            let mut file = part.clone();
            file.as_object_mut()?.shift_remove("type");
            Some(json!({"type": "file", "file": file}))
        }
        _ => None,
    });
    parts.collect::<Option<Vec<_>>>().map(Value::from)
}

fn said(items: &[&Value], target: &Target, messages: &mut Vec<Value>) -> Option<()> {
    if items.is_empty() {
        return Some(());
    }
    let provider = target.deployment.provider.as_str();
    let (mut text, mut calls, mut details, mut blocks) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let head = json!({"format": FORMAT, "provider": provider, "index": place});
        let entry = |fields: Value| {
            let mut entry = head.clone();
            entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            entry
        };
        match item["type"].as_str() {
            None | Some("message") => {
                let piece = match &item["content"] {
                    Value::String(text) => text.clone(),
                    parts => parts.as_array()?.iter().filter_map(|p| p["text"].as_str()).collect(),
                };
                text.push_str(&piece);
                let mut mark = json!({
                    "characters": piece.chars().count(), "digest": super::super::turns::digest(&[&piece]),
                });
                if let Some(phase) = item.get("phase").filter(|p| !p.is_null()) {
                    mark["phase"] = phase.clone();
                }
                blocks.push(entry(json!({"message": mark})));
            }
            Some("function_call") => {
                let function = json!({"name": item["name"], "arguments": item["arguments"]});
                calls.push(json!({"id": item["call_id"], "type": "function", "function": function}));
                if let Some(namespace) = item.get("namespace") {
                    let call = json!({"id": item["call_id"], "fields": {"namespace": namespace}});
                    blocks.push(entry(json!({"call": call})));
                }
            }
            Some("custom_tool_call") => {
                let custom = json!({"name": item["name"], "input": item["input"]});
                calls.push(json!({"id": item["call_id"], "type": "custom", "custom": custom}));
            }
            Some("reasoning") => {
                for part in item["summary"].as_array().into_iter().flatten() {
                    let fields = json!({"type": "reasoning.summary", "summary": part["text"], "id": item["id"]});
                    details.push(entry(fields));
                }
                for part in item["content"].as_array().into_iter().flatten() {
                    details.push(entry(json!({"type": "reasoning.text", "text": part["text"], "id": item["id"]})));
                }
                if item["encrypted_content"].is_string() {
                    let data = &item["encrypted_content"];
                    details.push(entry(json!({"type": "reasoning.encrypted", "data": data, "id": item["id"]})));
                }
            }
            Some("image_generation_call") => return None,
            Some(_) => blocks.push(entry(json!({"block": item}))),
        }
    }
    messages.push(json!({
        "role": "assistant", "content": text, "tool_calls": calls, "reasoning_details": details, "server_blocks": blocks,
    }));
    Some(())
}

/// What both ways of writing the same conversation come to.
fn items_of(input: &Value, instructions: &Value) -> Value {
    let mut out = Vec::new();
    if let Some(text) = instructions.as_str().filter(|t| !t.is_empty()) {
        out.push(json!({"role": "system", "content": text}));
    }
    match input {
        Value::String(text) => out.push(json!({"role": "user", "content": text})),
        items => out.extend(items.as_array().cloned().unwrap_or_default()),
    }
    let mut kept: Vec<Value> = Vec::new();
    for mut item in out {
        let kind = item["type"].as_str().unwrap_or("message").to_owned();
        let Some(fields) = item.as_object_mut() else { continue };
        // Ids mean something only for reasoning and for what servers wrote; status is theirs alone.
        let ids = !matches!(kind.as_str(), "message" | "function_call" | "custom_tool_call");
        fields.retain(|name, value| {
            !(value.is_null() || name == "status" || name == "id" && !ids || *value == json!([]) && name != "output")
        });
        fields.insert("type".into(), kind.clone().into());
        for field in ["content", "output"] {
            if let Some(Value::Array(parts)) = fields.get_mut(field) {
                for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                    part.retain(|name, value| !(value.is_null() || name == "annotations" || name == "logprobs"));
                }
                let asked = kind == "message" && fields["role"] == "user";
                let Some(Value::Array(parts)) = fields.get_mut(field) else { continue };
                parts.retain(|part| !asked || part["text"] != "");
                let texts: Option<String> = parts.iter().map(|p| p["text"].as_str()).collect();
                let assistant = kind == "message" && fields["role"] == "assistant";
                if let Some(text) = texts.filter(|_| kind != "reasoning") {
                    // One text and several parts of it say the same.
                    let single = fields[field].as_array().is_some_and(|p| p.len() == 1);
                    if single || assistant {
                        fields.insert(field.into(), text.into());
                    }
                }
            }
        }
        if kind == "function_call" && fields.get("arguments").is_some_and(|a| a == "") {
            fields.insert("arguments".into(), "{}".into());
        }
        if kind == "message" && (fields.get("content").is_none_or(|c| *c == "" || *c == json!([]))) {
            continue;
        }
        if kind == "reasoning" && !fields.contains_key("encrypted_content") && !fields.contains_key("content") {
            continue;
        }
        item.sort_all_objects();
        kept.push(item);
    }
    // Reasoning that led to nothing is not sent.
    let mut out: Vec<Value> = Vec::new();
    for item in kept {
        let asked = item["role"] == "user" || item["type"].as_str().is_some_and(|t| t.ends_with("call_output"));
        while asked && out.last().is_some_and(|last| last["type"] == "reasoning") {
            out.pop();
        }
        out.push(item);
    }
    out.into()
}

pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let Ok(request) = ChatRequest::from_value(asked) else { return Ok(()) };
    let encoded = Responses.encode(&request, target, false).map_err(|failure| failure.message)?;
    let sent: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    same("input", &items_of(&sent["input"], &Value::Null), &items_of(&recorded["input"], &recorded["instructions"]))?;
    let format = |body: &Value| body.pointer("/text/format").filter(|f| f["type"] != "text").cloned();
    same("format", &format(&sent).unwrap_or_default(), &format(recorded).unwrap_or_default())?;
    same("verbosity", &sent["text"]["verbosity"], &recorded["text"]["verbosity"])?;
    for field in ["temperature", "top_p", "max_output_tokens", "metadata", "user", "service_tier", "prompt_cache_key"] {
        same(field, &sent[field], &recorded[field])?;
    }
    for field in ["effort", "summary"] {
        if !recorded["reasoning"][field].is_null() {
            same(field, &sent["reasoning"][field], &recorded["reasoning"][field])?;
        }
    }
    let has_tools = recorded["tools"].as_array().is_some_and(|t| !t.is_empty());
    if has_tools {
        same("tool_choice", &sent["tool_choice"], &recorded["tool_choice"])?;
        same("parallel", &sent["parallel_tool_calls"], &recorded["parallel_tool_calls"])?;
    }
    let tools = |body: &Value| -> Value {
        let listed = body["tools"].as_array().into_iter().flatten().cloned();
        listed
            .map(|mut tool| {
                if tool["type"] == "function" {
                    let fields = tool.as_object_mut().unwrap();
                    fields.retain(|_, value| !value.is_null());
                    fields.entry("strict").or_insert(false.into());
                    fields.shift_remove("parameters");
                }
                tool.sort_all_objects();
                tool
            })
            .collect()
    };
    same("tools", &tools(&sent), &tools(recorded))?;
    let includes = |body: &Value| body["include"].as_array().cloned().unwrap_or_default();
    for name in includes(recorded) {
        if !includes(&sent).contains(&name) && recorded["store"] != true {
            return Err(format!("{name} is no longer asked for"));
        }
    }
    Ok(())
}
