//! Recorded traffic of Bedrock in; what differs between it and what this family makes of it out.

use serde_json::{Value, json};

use super::super::Bedrock;
use super::super::line::Line;
use super::super::turns::replay::{Cuts, plain as readable, same, stream};
use super::requests::{again, expressible};
use super::stream::bytes_of;
use super::{sent, with};
use crate::catalog::{Capabilities, Model};
use crate::provider::replay::{Notes, Recording, told};
use crate::provider::{Cause, Provider, Target};
use crate::wire::Usage;

/// What is checked of this family alone.
pub(in crate::provider) fn own(recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    if let Some(asked) = expressible(&recording.request) {
        notes.note("request", again(target, &recording.request, asked));
    }
    let body = &recording.body;
    match recording.kind.as_str() {
        "json" if recording.status != 200 => notes.note("cause", error(recording)),
        "json" => {
            notes.note("blocks", whole(target, body));
            notes.note("whole as stream", whole_as_stream(target, body, cuts));
            notes.note("history", history(target, body));
        }
        _ => notes.note("frames", recorded_stream(target, &frames_of(recording), cuts)),
    }
}

/// The frames of a recorded stream; some were written down as events, a line each.
pub(in crate::provider) fn frames_of(recording: &Recording) -> Vec<u8> {
    if recording.kind != "events_jsonl" {
        return recording.bytes();
    }
    let lines = recording.body.as_str().unwrap_or_default().lines();
    let events: Vec<Value> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let named = events.iter().filter_map(|event| event.as_object()?.iter().next());
    let events: Vec<(&str, Value)> = named.map(|(name, event)| (name.as_str(), event.clone())).collect();
    bytes_of(&events)
}

/// The recorded model, which takes schemas and thinks by level.
pub(in crate::provider) fn target_of(recording: &Recording) -> Target {
    let id = Some(recording.model.as_str()).filter(|id| !id.is_empty());
    let id = id.unwrap_or("anthropic.claude-3-haiku-20240307-v1:0");
    let capabilities = Capabilities { json_schema: Some(true), ..Capabilities::default() };
    with(Model { id: id.to_owned(), capabilities, ..Model::default() })
}

fn error(recording: &Recording) -> Result<(), String> {
    let failure = Bedrock.explain_error(recording.status, &recording.headers, &recording.bytes());
    let message = failure.message.as_str();
    let expected = match recording.status {
        403 => Cause::Auth,
        404 => Cause::ModelMissing,
        _ if message.contains("identifier is invalid") || message.contains("on-demand") => Cause::ModelMissing,
        _ if message.contains("doesn't support") || message.contains("extraneous key") => Cause::Unsupported,
        _ => Cause::Caller,
    };
    if failure.cause == expected { Ok(()) } else { Err(told(&failure)) }
}

fn identities(usage: Option<Usage>, raw: &Value) -> Result<(), String> {
    let count = |name: &str| raw[name].as_u64().unwrap_or(0);
    let Some(usage) = usage else {
        return if raw["inputTokens"].is_null() { Ok(()) } else { Err(format!("no usage of {raw}")) };
    };
    let cached = count("cacheReadInputTokens") + count("cacheWriteInputTokens");
    let fits = usage.input == count("inputTokens") + cached
        && usage.output == count("outputTokens")
        && (raw["totalTokens"].is_null() || usage.input + usage.output == count("totalTokens"))
        && usage.cached_read + usage.cache_write + usage.cache_write_1h == cached;
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

fn own_call(block: &Value) -> bool {
    block["toolUse"].is_object() && block["toolUse"]["type"] != "server_tool_use"
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let blocks = body["output"]["message"]["content"].as_array().cloned().unwrap_or_default();
    let text: String = blocks.iter().filter_map(|b| b["text"].as_str()).collect();
    let reply = match Bedrock.decode(target, body.to_string().as_bytes()) {
        Ok(reply) => reply,
        Err(failure) if failure.cause == Cause::Empty && text.is_empty() && blocks.len() < 2 => return Ok(()),
        Err(failure) => return Err(format!("{failure:?}")),
    };
    same("text", &reply.text().into(), &text.into())?;
    let called: Vec<&Value> = blocks.iter().filter(|b| own_call(b)).collect();
    if called.len() != reply.tool_calls().len() {
        return Err("another number of calls".into());
    }
    for (block, call) in called.iter().zip(reply.tool_calls()) {
        let arguments = call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        same("arguments", &arguments.unwrap_or_default(), &block["toolUse"]["input"])?;
    }
    let finish = match body["stopReason"].as_str() {
        Some("max_tokens") => "length",
        Some("guardrail_intervened") => "content_filter",
        _ if called.is_empty() => "stop",
        _ => "tool_calls",
    };
    same("finish", &reply.finish_reason().into(), &finish.into())?;
    identities(reply.usage, &body["usage"])
}

/// The frames that Bedrock would send for a whole reply.
fn frames_for(body: &Value) -> Vec<u8> {
    let mut events: Vec<(&str, Value)> = vec![("messageStart", json!({"role": "assistant"}))];
    let halves = |text: &str| {
        let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        [text[..middle].to_owned(), text[middle..].to_owned()]
    };
    for (index, block) in body["output"]["message"]["content"].as_array().into_iter().flatten().enumerate() {
        let mut deltas = Vec::new();
        if let Some(text) = block["text"].as_str() {
            deltas.extend(halves(text).map(|half| json!({"text": half})));
        } else if let Some(call) = block["toolUse"].as_object() {
            let mut start = call.clone();
            let input = start.shift_remove("input").unwrap_or_default().to_string();
            let server = start.get("type").is_some_and(|kind| kind == "server_tool_use");
            events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": {"toolUse": start}})));
            deltas.push(json!({"toolUse": {"input": ""}}));
            if input != "{}" || server {
                deltas.extend(halves(&input).map(|half| json!({"toolUse": {"input": half}})));
            }
        } else if let Some(result) = block["toolResult"].as_object() {
            let mut start = result.clone();
            let content = start.shift_remove("content").unwrap_or_default();
            events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": {"toolResult": start}})));
            deltas.push(json!({"toolResult": content}));
        } else if let Some(data) = block["reasoningContent"]["redactedContent"].as_str() {
            deltas.push(json!({"reasoningContent": {"redactedContent": data}}));
        } else {
            let told = &block["reasoningContent"]["reasoningText"];
            deltas.extend(
                halves(told["text"].as_str().unwrap_or_default()).map(|h| json!({"reasoningContent": {"text": h}})),
            );
            if let Some(signature) = told["signature"].as_str() {
                deltas.push(json!({"reasoningContent": {"signature": signature}}));
            }
        }
        for delta in deltas {
            events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta})));
        }
        events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
    }
    let mut last = body.clone();
    last.as_object_mut().map(|last| last.shift_remove("output"));
    let mut stop = json!({"stopReason": last["stopReason"]});
    if let Some(more) = last.as_object_mut().and_then(|last| last.shift_remove("additionalModelResponseFields")) {
        stop["additionalModelResponseFields"] = more;
    }
    events.push(("messageStop", stop));
    events.push(("metadata", last));
    bytes_of(&events)
}

fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let Ok(reply) = Bedrock.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let streamed = stream(&Bedrock, target, &frames_for(body), cuts, 90).map_err(|f| format!("{f:?}"))?;
    same("message", &readable(reply.message().ok_or("no message")?), &readable(&streamed.message))?;
    same("finish", &reply.finish_reason().into(), &streamed.finish.into())?;
    if reply.usage != streamed.usage {
        return Err(format!("usage {:?} {:?}", reply.usage, streamed.usage));
    }
    let rest = |mut rest: Value| {
        for field in ["created", "choices", "object", "id"] {
            rest.as_object_mut().map(|fields| fields.shift_remove(field));
        }
        rest.sort_all_objects();
        rest
    };
    same("the rest", &rest(reply.body.into()), &rest(streamed.last))
}

fn recorded_stream(target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let one = stream(&Bedrock, target, bytes, cuts, bytes.len()).map_err(|f| format!("{f:?}"))?;
    for longest in [3, 300] {
        let cut = stream(&Bedrock, target, bytes, cuts, longest).map_err(|f| format!("{f:?}"))?;
        if (&cut.message, &cut.finish, cut.usage) != (&one.message, &one.finish, one.usage) {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    let events = payloads(bytes);
    let join = |pointer: &str| -> String {
        events.iter().filter_map(|(_, payload)| payload.pointer(pointer)?.as_str()).collect()
    };
    same("text", &one.message["content"], &join("/delta/text").into())?;
    let thought = one.message["reasoning_content"].as_str().unwrap_or_default();
    same("thinking", &thought.into(), &join("/delta/reasoningContent/text").into())?;
    let opened = events.iter().filter(|(_, p)| p["start"]["toolUse"].is_object());
    let opened = opened.filter(|(_, p)| p["start"]["toolUse"]["type"] != "server_tool_use").count();
    let calls = one.message["tool_calls"].as_array().cloned().unwrap_or_default();
    if opened != calls.len() {
        return Err("another number of calls".into());
    }
    for call in &calls {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        if one.finish.as_deref() != Some("length") && serde_json::from_str::<Value>(arguments).is_err() {
            return Err(format!("arguments {arguments}"));
        }
    }
    if one.finish.is_none() {
        return Err("no finish reason".into());
    }
    let told = events.iter().find(|(name, _)| name == "metadata").map(|(_, p)| p["usage"].clone());
    identities(one.usage, &told.unwrap_or_default())
}

/// Names and payloads of frames, read by their lengths alone.
fn payloads(mut bytes: &[u8]) -> Vec<(String, Value)> {
    let number = |bytes: &[u8]| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let mut out = Vec::new();
    while bytes.len() >= 16 {
        let (total, headers) = (number(bytes), number(&bytes[4..]));
        let head = String::from_utf8_lossy(&bytes[12..12 + headers]).into_owned();
        let name = if head.contains("metadata") { "metadata" } else { "event" };
        let payload = serde_json::from_slice(&bytes[12 + headers..total - 4]).unwrap_or_default();
        out.push((name.to_owned(), payload));
        bytes = &bytes[total..];
    }
    out
}

/// A reply sent back as history makes the blocks it was made of, in their order.
fn history(target: &Target, body: &Value) -> Result<(), String> {
    let Ok(reply) = Bedrock.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let line = Line::of(&target.model);
    let message = reply.message().cloned().unwrap_or_default();
    let mut messages = vec![json!({"role": "user", "content": "Go."}), message];
    for call in reply.tool_calls() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "done"}));
    }
    messages.push(json!({"role": "user", "content": "On."}));
    let (again, _) = sent(target, json!({"model": "m", "messages": messages}));
    let turn = &again["messages"][1];
    if turn["role"] != "assistant" {
        return if reply.text().trim().is_empty() { Ok(()) } else { Err("the turn is gone".into()) };
    }
    let but_text = |list: &Value| -> Value {
        let kept = list.as_array().into_iter().flatten().filter(|b| b["text"].is_null());
        // Thinking without a signature is not taken back.
        let kept = kept.filter(|b| {
            let told = &b["reasoningContent"];
            told.is_null() || told["redactedContent"].is_string() || told["reasoningText"]["signature"].is_string()
        });
        kept.map(|block| {
            let mut block = block.clone();
            if let Some(call) =
                block["toolUse"].as_object_mut().filter(|call| call.get("type").is_none_or(|t| t == "tool_use"))
            {
                call.shift_remove("type");
                if line == Line::Mistral {
                    call.shift_remove("toolUseId");
                }
            }
            block.sort_all_objects();
            block
        })
        .collect()
    };
    let original = &body["output"]["message"]["content"];
    same("blocks", &but_text(&turn["content"]), &but_text(original))?;
    let said =
        |list: &Value| -> String { list.as_array().into_iter().flatten().filter_map(|b| b["text"].as_str()).collect() };
    same("text", &said(&turn["content"]).trim().into(), &said(original).trim().into())
}
