//! Recorded requests in; the same requests by way of the OpenAI shape, compared with them, out.

use serde_json::{Value, json};

use super::super::Bedrock;
use super::super::line::Line;
use super::super::turns::replay::same;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// A recorded request in the OpenAI shape, where that can say it.
pub(super) fn expressible(recorded: &Value) -> Option<Value> {
    let mut messages = Vec::new();
    if let Some(system) = recorded["system"].as_array().filter(|s| !s.is_empty()) {
        let content = parts(system)?;
        messages.push(json!({"role": "system", "content": content}));
    }
    for message in recorded["messages"].as_array()? {
        let blocks = message["content"].as_array()?;
        match message["role"].as_str()? {
            "assistant" => said(blocks, &mut messages)?,
            _ => asked(blocks, &mut messages)?,
        }
    }
    let mut out = json!({"model": "m", "messages": messages});
    let inference = &recorded["inferenceConfig"];
    for (ours, theirs) in
        [("max_tokens", "maxTokens"), ("temperature", "temperature"), ("top_p", "topP"), ("stop", "stopSequences")]
    {
        if !inference[theirs].is_null() && inference[theirs] != json!([]) {
            out[ours] = inference[theirs].clone();
        }
    }
    for name in ["guardrailConfig", "performanceConfig", "serviceTier"] {
        if !recorded[name].is_null() {
            out[name] = recorded[name].clone();
        }
    }
    native(&recorded["additionalModelRequestFields"], &mut out)?;
    tools(&recorded["toolConfig"], &mut out)?;
    if let Some(inner) = recorded.pointer("/outputConfig/textFormat/structure/jsonSchema") {
        let schema: Value = serde_json::from_str(inner["schema"].as_str()?).ok()?;
        let mut inner = inner.clone();
        inner["schema"] = schema;
        out["response_format"] = json!({"type": "json_schema", "json_schema": inner});
    }
    Some(out)
}

fn native(fields: &Value, out: &mut Value) -> Option<()> {
    for (name, value) in fields.as_object().into_iter().flatten() {
        match name.as_str() {
            "thinking" | "output_config" | "top_k" => out[name] = value.clone(),
            "reasoning_effort" | "reasoning_config" => out["reasoning_effort"] = value.clone(),
            "inferenceConfig" => out["top_k"] = value["topK"].clone(),
            _ => return None,
        }
    }
    Some(())
}

fn tools(config: &Value, out: &mut Value) -> Option<()> {
    let mut listed: Vec<Value> = Vec::new();
    for tool in config["tools"].as_array().into_iter().flatten() {
        if let Some(spec) = tool["toolSpec"].as_object() {
            let mut function = spec.clone();
            let schema = function.shift_remove("inputSchema")?;
            function.insert("parameters".into(), schema["json"].clone());
            listed.push(json!({"type": "function", "function": function}));
        } else if !tool["cachePoint"].is_null() {
            listed.last_mut()?["cache_control"] = marker(&tool["cachePoint"]);
        } else {
            let mut tool = tool.clone();
            tool["type"] = "systemTool".into();
            listed.push(tool);
        }
    }
    if listed.is_empty() {
        return Some(());
    }
    out["tools"] = listed.into();
    let choice = &config["toolChoice"];
    if !choice["auto"].is_null() {
        out["tool_choice"] = "auto".into();
    } else if !choice["any"].is_null() {
        out["tool_choice"] = "required".into();
    } else if let Some(name) = choice["tool"]["name"].as_str() {
        out["tool_choice"] = json!({"type": "function", "function": {"name": name}});
    }
    Some(())
}

fn marker(point: &Value) -> Value {
    let mut out = json!({"type": "ephemeral"});
    if !point["ttl"].is_null() {
        out["ttl"] = point["ttl"].clone();
    }
    out
}

fn uri(kind: &str, block: &Value) -> Option<String> {
    let source = &block["source"];
    // One recorder wrote a whole media type.
    let format = block["format"].as_str()?.rsplit('/').next()?;
    match (source["bytes"].as_str(), source["s3Location"]["uri"].as_str()) {
        (Some(data), _) => Some(format!("data:{};base64,{data}", mime(kind, format))),
        (None, Some(uri)) => Some(uri.to_owned()),
        _ => None,
    }
}

fn mime(kind: &str, format: &str) -> String {
    match (kind, format) {
        ("document", "txt") => "text/plain".into(),
        ("document", "csv" | "html") => format!("text/{format}"),
        ("document", "md") => "text/markdown".into(),
        ("document", "pdf") => "application/pdf".into(),
        _ => format!("{kind}/{format}"),
    }
}

fn parts(blocks: &[Value]) -> Option<Vec<Value>> {
    let mut out: Vec<Value> = Vec::new();
    for block in blocks {
        let (name, inner) = block.as_object()?.iter().next()?;
        match name.as_str() {
            "text" => out.push(json!({"type": "text", "text": inner})),
            "json" | "guardContent" => out.push(json!({"type": name, name: inner})),
            "image" => out.push(json!({"type": "image_url", "image_url": {"url": uri("image", inner)?}})),
            "video" => out.push(json!({"type": "video_url", "video_url": {"url": uri("video", inner)?}})),
            "document" => {
                let uri = uri("document", inner)?;
                let field = if uri.starts_with("s3:") { "file_url" } else { "file_data" };
                out.push(json!({"type": "file", "file": {field: uri}}));
            }
            "cachePoint" => out.last_mut()?["cache_control"] = marker(inner),
            _ => return None,
        }
    }
    Some(out)
}

fn said(blocks: &[Value], messages: &mut Vec<Value>) -> Option<()> {
    let (mut content, mut calls, mut details, mut server) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        let (name, inner) = block.as_object()?.iter().next()?;
        match name.as_str() {
            "text" => content.push(json!({"type": "text", "text": inner})),
            "toolUse" if inner.get("type").is_none_or(|kind| kind == "tool_use") => {
                let function = json!({"name": inner["name"], "arguments": inner["input"].to_string()});
                calls.push(json!({"id": inner["toolUseId"], "type": "function", "function": function}));
            }
            "toolUse" | "toolResult" => server.push(json!({"format": "bedrock", "index": index, "block": block})),
            "reasoningContent" if inner["redactedContent"].is_string() => details.push(json!({
                "type": "reasoning.encrypted", "format": "bedrock", "index": index, "data": inner["redactedContent"],
            })),
            "reasoningContent" => details.push(json!({
                "type": "reasoning.text", "format": "anthropic", "index": index,
                "text": inner["reasoningText"]["text"], "signature": inner["reasoningText"]["signature"],
            })),
            _ => return None,
        }
    }
    let mut message =
        json!({"role": "assistant", "content": content, "reasoning_details": details, "server_blocks": server});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    messages.push(message);
    Some(())
}

fn asked(blocks: &[Value], messages: &mut Vec<Value>) -> Option<()> {
    let mut content = Vec::new();
    for block in blocks {
        let Some(result) = block.get("toolResult") else {
            let behind_result = content.is_empty() && messages.last().is_some_and(|m| m["role"] == "tool");
            match block.get("cachePoint").filter(|_| behind_result) {
                Some(point) => messages.last_mut()?["cache_control"] = marker(point),
                None => content.push(block.clone()),
            }
            continue;
        };
        let mut message = json!({"role": "tool", "tool_call_id": result["toolUseId"]});
        message["content"] = parts(result["content"].as_array()?)?.into();
        if let Some(status) = result["status"].as_str() {
            message["is_error"] = (status == "error").into();
        }
        messages.push(message);
    }
    if !content.is_empty() {
        let content = parts(&content)?;
        messages.push(json!({"role": "user", "content": content}));
    }
    Some(())
}

/// What both ways of writing the same request come to: turns of blocks, without blank text, names and, where the
/// model has its own form of ids, without those.
fn turns_of(messages: &Value, line: Line) -> Value {
    let mut turns: Vec<(Value, Vec<Value>)> = Vec::new();
    for message in messages.as_array().into_iter().flatten() {
        let blocks = message["content"].as_array().cloned().unwrap_or_default();
        let kept = blocks.into_iter().filter(|b| b["text"].as_str().is_none_or(|t| !t.trim().is_empty()));
        let kept: Vec<Value> = kept.map(|block| neutral(block, line)).collect();
        match turns.last_mut() {
            Some((role, all)) if *role == message["role"] => all.extend(kept),
            _ => turns.push((message["role"].clone(), kept)),
        }
    }
    turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

fn neutral(mut block: Value, line: Line) -> Value {
    if let Some(video) = block.get_mut("video").filter(|video| video["format"] == "video/mp4") {
        video["format"] = "mp4".into();
    }
    if let Some(document) = block.get_mut("document").and_then(Value::as_object_mut) {
        document.shift_remove("name");
    }
    for name in ["toolUse", "toolResult"] {
        let Some(inner) = block.get_mut(name).and_then(Value::as_object_mut) else { continue };
        if inner.get("type").is_none_or(|kind| kind == "tool_use") {
            inner.shift_remove("type");
        }
        if line == Line::Mistral {
            inner.shift_remove("toolUseId");
        }
        if !matches!(line, Line::Claude | Line::Nova) {
            inner.shift_remove("status");
        }
        if let Some(content) = inner.get_mut("content").and_then(Value::as_array_mut) {
            content.iter_mut().for_each(|block| *block = neutral(block.take(), line));
        }
    }
    if let Some(Value::String(text)) = block.get_mut("text") {
        text.truncate(text.trim_end().len());
    }
    block.sort_all_objects();
    block
}

pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let line = Line::of(&target.model);
    let request = ChatRequest::from_value(asked).map_err(|e| e.message().to_owned())?;
    let encoded = Bedrock.encode(&request, target, false).map_err(|failure| failure.message)?;
    let sent: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    let mut turns = turns_of(&sent["messages"], line);
    if recorded["messages"][0]["role"] == "assistant" {
        turns.as_array_mut().map(|turns| turns.remove(0));
    }
    same("messages", &turns, &turns_of(&recorded["messages"], line))?;
    let text = |body: &Value| -> Value { body["system"].as_array().cloned().unwrap_or_default().into() };
    same("system", &text(&sent), &text(recorded))?;
    // Empty lists say nothing, and Claude's newer models refuse top_p beside a temperature.
    let mut recorded = recorded.clone();
    if let Some(inference) = recorded["inferenceConfig"].as_object_mut() {
        inference.retain(|name, value| {
            *value != json!([])
                && !(name == "topP" && line == Line::Claude && sent["inferenceConfig"]["topP"].is_null())
        });
    }
    let recorded = &recorded;
    let empty = |value: &Value| value.is_null() || *value == json!({});
    for field in
        ["inferenceConfig", "additionalModelRequestFields", "guardrailConfig", "performanceConfig", "serviceTier"]
    {
        if !(empty(&sent[field]) && empty(&recorded[field])) {
            same(field, &sent[field], &recorded[field])?;
        }
    }
    same("toolChoice", &sent["toolConfig"]["toolChoice"], &recorded["toolConfig"]["toolChoice"])?;
    let tools = |body: &Value| -> Value {
        let listed = body["toolConfig"]["tools"].as_array().into_iter().flatten();
        let of = |t: &Value| match t.get("toolSpec") {
            Some(spec) => {
                let schema = &spec["inputSchema"]["json"];
                json!([spec["name"], spec["description"], spec["strict"], schema["required"]])
            }
            None => t.clone(),
        };
        listed.map(of).collect()
    };
    same("tools", &tools(&sent), &tools(recorded))?;
    let format = |body: &Value| {
        let inner = body.pointer("/outputConfig/textFormat/structure/jsonSchema").cloned().unwrap_or_default();
        let schema = inner["schema"].as_str().and_then(|s| serde_json::from_str::<Value>(s).ok()).unwrap_or_default();
        json!([inner["name"], inner["description"], schema["required"]])
    };
    same("format", &format(&sent), &format(recorded))
}
