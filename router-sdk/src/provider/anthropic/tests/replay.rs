//! Recorded messages in; what differs between them and what this family makes of them out.

use serde_json::{Value, json};

use super::super::Anthropic;
use super::super::turns::replay::{Cuts, bytes_of, events_of, plain, same, stream};
use super::requests::{again, expressible};
use super::sent;
use crate::provider::replay::{Notes, Recording};
use crate::provider::{Cause, Provider, Target};
use crate::wire::Usage;

/// What is checked of this family alone.
pub(in crate::provider) fn own(recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    if let Some(asked) = expressible(&recording.request) {
        let result = again(target, &recording.request, asked);
        let refused = recording.status == 400;
        notes.note("request", result.or_else(|why| if refused { Ok(()) } else { Err(why) }));
    }
    let body = &recording.body;
    match recording.kind.as_str() {
        "json" if recording.status == 200 && body["type"] == "message" => {
            notes.note("blocks", whole(target, body));
            notes.note("whole as stream", whole_as_stream(target, body, cuts));
            notes.note("history", history(target, body));
        }
        "sse" | "events_jsonl" if recording.status == 200 => {
            notes.note("stream blocks", recorded_stream(target, &recording.bytes(), cuts));
        }
        _ => {}
    }
}

fn identities(usage: &Usage, raw: &Value) -> Result<(), String> {
    let count = |name: &str| raw[name].as_u64().unwrap_or(0);
    let cached = count("cache_read_input_tokens") + count("cache_creation_input_tokens");
    let fits = usage.input == count("input_tokens") + cached
        && usage.output == count("output_tokens")
        && usage.cached_read + usage.cache_write + usage.cache_write_1h == cached
        && usage.reasoning <= usage.output;
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let reply = match Anthropic.decode(target, body.to_string().as_bytes()) {
        Ok(reply) => reply,
        Err(failure) if failure.cause == Cause::Empty && body["content"] == json!([]) => return Ok(()),
        Err(failure) => return Err(format!("{failure:?}")),
    };
    let blocks = body["content"].as_array().cloned().unwrap_or_default();
    let text: String = blocks.iter().filter_map(|b| b["text"].as_str()).collect();
    same("text", &reply.text().into(), &text.into())?;
    let called: Vec<&Value> = blocks.iter().filter(|b| b["type"] == "tool_use").collect();
    if called.len() != reply.tool_calls().len() {
        return Err("another number of calls".into());
    }
    for (block, call) in called.into_iter().zip(reply.tool_calls()) {
        let arguments = call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        same("arguments", &arguments.unwrap_or_default(), &block["input"])?;
    }
    if reply.finish_reason().is_none() {
        return Err("no finish reason".into());
    }
    identities(&reply.usage.ok_or("no usage")?, &body["usage"])
}

/// The events that Anthropic would send for a whole reply.
fn events_for(body: &Value) -> Vec<Value> {
    let mut head = body.clone();
    head["content"] = json!([]);
    head["stop_reason"] = Value::Null;
    let mut events = vec![json!({"type": "message_start", "message": head}), json!({"type": "ping"})];
    for (index, block) in body["content"].as_array().cloned().unwrap_or_default().into_iter().enumerate() {
        let mut opened = block.clone();
        let mut deltas = Vec::new();
        let halves = |text: &str| {
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            [text[..middle].to_owned(), text[middle..].to_owned()]
        };
        match block["type"].as_str() {
            Some("text") => {
                opened["text"] = "".into();
                opened.as_object_mut().map(|b| b.shift_remove("citations"));
                for half in halves(block["text"].as_str().unwrap_or_default()) {
                    deltas.push(json!({"type": "text_delta", "text": half}));
                }
                for citation in block["citations"].as_array().into_iter().flatten() {
                    deltas.push(json!({"type": "citations_delta", "citation": citation}));
                }
            }
            Some("thinking") => {
                opened["thinking"] = "".into();
                opened["signature"] = "".into();
                for half in halves(block["thinking"].as_str().unwrap_or_default()) {
                    deltas.push(json!({"type": "thinking_delta", "thinking": half}));
                }
                deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
            }
            Some("tool_use" | "server_tool_use") => {
                opened["input"] = json!({});
                let input = block["input"].to_string();
                let halves = if input == "{}" { [String::new(), String::new()] } else { halves(&input) };
                for half in halves {
                    deltas.push(json!({"type": "input_json_delta", "partial_json": half}));
                }
            }
            _ => {}
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let mut end = json!({"stop_reason": body["stop_reason"], "stop_sequence": body["stop_sequence"]});
    end["stop_details"] = body["stop_details"].clone();
    events.push(json!({"type": "message_delta", "delta": end, "usage": body["usage"]}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let Ok(reply) = Anthropic.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let bytes = bytes_of(&events_for(body), "\n");
    let streamed = stream(&Anthropic, target, &bytes, cuts, 90).map_err(|f| format!("{f:?}"))?;
    same("message", &plain(reply.message().ok_or("no message")?), &plain(&streamed.message))?;
    same("finish", &reply.finish_reason().into(), &streamed.finish.into())?;
    if reply.usage != streamed.usage {
        return Err(format!("usage {:?} {:?}", reply.usage, streamed.usage));
    }
    let mut rest = reply.body;
    for field in ["created", "choices", "object"] {
        rest.shift_remove(field);
    }
    same("the rest", &rest.into(), &streamed.last)
}

fn recorded_stream(target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let one = stream(&Anthropic, target, bytes, cuts, usize::MAX >> 34).map_err(|f| format!("{f:?}"))?;
    for longest in [5, 300] {
        let cut = stream(&Anthropic, target, bytes, cuts, longest).map_err(|f| format!("{f:?}"))?;
        if cut != one {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    // A recording may hold several streams one after another.
    let mut events = events_of(std::str::from_utf8(bytes).unwrap());
    if let Some(end) = events.iter().position(|e| e["type"] == "message_stop") {
        events.truncate(end + 1);
    }
    let join = |kind: &str, field: &str| -> String {
        let deltas = events.iter().filter(|e| e["type"] == "content_block_delta" && e["delta"]["type"] == kind);
        deltas.filter_map(|e| e["delta"][field].as_str()).collect()
    };
    let begun: String = events.iter().filter_map(|e| e["content_block"]["text"].as_str()).collect();
    same("text", &one.message["content"], &(begun + &join("text_delta", "text")).into())?;
    let thought = one.message["reasoning_content"].as_str().unwrap_or_default();
    same("thinking", &thought.into(), &join("thinking_delta", "thinking").into())?;
    let tools: Vec<&Value> = events.iter().filter(|e| e["content_block"]["type"] == "tool_use").collect();
    let calls = one.message["tool_calls"].as_array().cloned().unwrap_or_default();
    if tools.len() != calls.len() {
        return Err("another number of calls".into());
    }
    for call in &calls {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        if one.finish.as_deref() != Some("length") && serde_json::from_str::<Value>(arguments).is_err() {
            return Err(format!("arguments {arguments}"));
        }
    }
    let mut raw = json!({});
    let told = events.iter().flat_map(|e| [&e["message"]["usage"], &e["usage"]]);
    for (name, value) in told.filter_map(Value::as_object).flatten().filter(|(_, v)| !v.is_null()) {
        raw[name] = value.clone();
    }
    if one.finish.is_none() {
        return Err("no finish reason".into());
    }
    identities(&one.usage.ok_or("no usage")?, &raw)
}

/// A reply sent back as history makes the blocks it was made of, in their order.
fn history(target: &Target, body: &Value) -> Result<(), String> {
    let Ok(reply) = Anthropic.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    if reply.finish_reason() == Some("content_filter") {
        // What was refused goes back in the words of the refusal.
        return Ok(());
    }
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
    let blocks = match &turn["content"] {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        blocks => blocks.as_array().cloned().unwrap_or_default(),
    };
    let kinds_but_text = |list: &[Value]| -> Vec<Value> {
        let kept = list.iter().filter(|b| b["type"] != "text").cloned();
        kept.map(|mut block| {
            // Who called a tool is not asked for again.
            if block["type"] == "tool_use" {
                block.as_object_mut().map(|b| b.shift_remove("caller"));
            }
            block
        })
        .collect()
    };
    let original = body["content"].as_array().cloned().unwrap_or_default();
    same("blocks", &kinds_but_text(&blocks).into(), &kinds_but_text(&original).into())?;
    let said = |list: &[Value]| -> String { list.iter().filter_map(|b| b["text"].as_str()).collect() };
    same("text", &said(&blocks).trim().into(), &said(&original).trim().into())
}
