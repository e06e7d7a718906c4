//! Recorded replies of Gemini in; what differs between them and what this family makes of them out.

use serde_json::{Value, json};

use super::super::Gemini;
use super::super::turns::replay::{Cuts, bytes_of, events_of, plain, same, stream};
use super::requests::{again, expressible};
use super::{named, on_vertex, sent};
use crate::provider::replay::{Notes, Recording};
use crate::provider::{Cause, Provider, Target};
use crate::setup::tests::replay as setup;
use crate::wire::Usage;

/// A current model, of Google's studio or of Vertex AI.
pub(in crate::provider) fn target_of(recording: &Recording) -> Target {
    let model = "gemini-3-pro-preview";
    if recording.provider == "vertex" { on_vertex(model) } else { named(model) }
}

/// What is checked of this family alone.
pub(in crate::provider) fn own(recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    if let Some(asked) = expressible(&recording.request) {
        let result = again(target, &recording.request, asked);
        let refused = recording.status != 200;
        notes.note("request", result.or_else(|why| if refused { Ok(()) } else { Err(why) }));
    }
    if recording.provider == "vertex" {
        setup::vertex(recording, notes);
    }
    let body = &recording.body;
    match recording.kind.as_str() {
        "json" if recording.status == 200 && body.is_object() => {
            notes.note("parts", whole(target, body));
            notes.note("whole as stream", whole_as_stream(target, body, cuts));
            notes.note("history", history(target, body));
        }
        // Without `alt=sse` a stream is one list of replies.
        "json" if recording.status == 200 && body.is_array() => {
            let event = format!("data: {body}\n\n");
            notes.note("stream parts", recorded_stream(target, event.as_bytes(), cuts));
        }
        "sse" | "events_jsonl" if recording.status == 200 => {
            notes.note("stream parts", recorded_stream(target, &recording.bytes(), cuts));
        }
        _ => {}
    }
}

fn identities(usage: Option<Usage>, raw: &Value) -> Result<(), String> {
    let Some(total) = raw["totalTokenCount"].as_u64() else {
        return if usage.is_none() { Ok(()) } else { Err("usage out of nothing".into()) };
    };
    let usage = usage.ok_or("no usage")?;
    let fits =
        usage.input + usage.output == total && usage.cached_read <= usage.input && usage.reasoning <= usage.output;
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

fn parts_of(body: &Value) -> Vec<Value> {
    body.pointer("/candidates/0/content/parts").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Text of the answer, or of the thoughts.
pub(super) fn text_of(parts: &[Value], thought: bool) -> String {
    parts.iter().filter(|p| (p["thought"] == true) == thought).filter_map(|p| p["text"].as_str()).collect()
}

fn check_message(message: &Value, parts: &[Value]) -> Result<(), String> {
    let text = message["content"].as_str().unwrap_or_default();
    same("text", &text.into(), &text_of(parts, false).into())?;
    let thought = message["reasoning_content"].as_str().unwrap_or_default();
    same("thoughts", &thought.into(), &text_of(parts, true).into())?;
    let called = parts.iter().map(|p| &p["functionCall"]).filter(|c| !c.is_null());
    // Pieces of a call whose arguments are streamed have no name after the first.
    let called: Vec<&Value> = called.filter(|c| c["name"].is_string()).collect();
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    if called.len() != calls.len() {
        return Err("another number of calls".into());
    }
    for (call, original) in calls.iter().zip(called) {
        let arguments = call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        let expected = if original["args"].is_null() { json!({}) } else { original["args"].clone() };
        if original["willContinue"] != true {
            same("arguments", &arguments.unwrap_or_default(), &expected)?;
        }
        same("name", &call["function"]["name"], &original["name"])?;
    }
    Ok(())
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let parts = parts_of(body);
    let reply = match Gemini.decode(target, body.to_string().as_bytes()) {
        Ok(reply) => reply,
        Err(failure) if failure.cause == Cause::Empty && text_of(&parts, false).is_empty() => return Ok(()),
        Err(failure) if failure.cause == Cause::ModelFault => return Ok(()),
        Err(failure) => return Err(format!("{failure:?}")),
    };
    check_message(reply.message().ok_or("no message")?, &parts)?;
    let finish = reply.finish_reason().ok_or("no finish reason")?;
    if !reply.tool_calls().is_empty() && finish == "stop" {
        return Err("calls that end in stop".into());
    }
    identities(reply.usage, &body["usageMetadata"])
}

/// A whole reply as Google streams it: part by part, text in halves, counts on every event.
fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let Ok(reply) = Gemini.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let mut events = Vec::new();
    let mut event = |parts: Value, last: bool| {
        let mut event = body.clone();
        if event["candidates"].is_array() {
            event["candidates"][0]["content"] = json!({"role": "model", "parts": parts});
            if let Some(candidate) = event["candidates"][0].as_object_mut().filter(|_| !last) {
                candidate.retain(|name, _| name == "content" || name == "index");
            }
        }
        events.push(event);
    };
    for part in parts_of(body) {
        let Some(text) = part["text"].as_str() else {
            event(json!([part]), false);
            continue;
        };
        let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        let mut first = part.clone();
        first["text"] = text[..middle].into();
        first.as_object_mut().map(|p| p.shift_remove("thoughtSignature"));
        let mut second = part.clone();
        second["text"] = text[middle..].into();
        event(json!([first, second]), false);
    }
    event(json!([{"text": ""}]), true);
    let streamed = stream(&Gemini, target, &bytes_of(&events, "\r\n"), cuts, 90).map_err(|f| format!("{f:?}"))?;
    let (mut left, mut right) = (plain(reply.message().ok_or("no message")?), plain(&streamed.message));
    if body["responseId"].is_null() {
        // Ids of calls are then made of the bytes, which differ.
        for call in [&mut left, &mut right].into_iter().filter_map(|m| m["tool_calls"].as_array_mut()).flatten() {
            call["id"] = Value::Null;
        }
    }
    same("message", &left, &right)?;
    same("finish", &reply.finish_reason().into(), &streamed.finish.into())?;
    if reply.usage != streamed.usage {
        return Err(format!("usage {:?} {:?}", reply.usage, streamed.usage));
    }
    let mut rest = reply.body;
    for field in ["created", "choices", "object"] {
        rest.shift_remove(field);
    }
    let mut last = streamed.last;
    if body["responseId"].is_null() {
        rest.shift_remove("id");
        last.as_object_mut().map(|l| l.shift_remove("id"));
    }
    same("the rest", &rest.into(), &last)
}

fn recorded_stream(target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let one = stream(&Gemini, target, bytes, cuts, usize::MAX >> 34).map_err(|f| format!("{f:?}"))?;
    for longest in [5, 300] {
        let cut = stream(&Gemini, target, bytes, cuts, longest).map_err(|f| format!("{f:?}"))?;
        if cut != one {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    let events = events_of(std::str::from_utf8(bytes).unwrap());
    let events: Vec<Value> = events
        .into_iter()
        .flat_map(|event| match event {
            Value::Array(replies) => replies,
            reply => vec![reply],
        })
        .collect();
    let parts: Vec<Value> = events.iter().flat_map(parts_of).collect();
    check_message(&one.message, &parts)?;
    if one.finish.is_none() {
        return Err("no finish reason".into());
    }
    let last = events.iter().rev().map(|e| &e["usageMetadata"]).find(|u| !u.is_null());
    identities(one.usage, last.ok_or("no counts")?)
}

/// A reply sent back as history makes the parts it was made of, in their order.
fn history(target: &Target, body: &Value) -> Result<(), String> {
    let Ok(reply) = Gemini.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let message = reply.message().cloned().unwrap_or_default();
    let mut messages = vec![json!({"role": "user", "content": "Go."}), message];
    for call in reply.tool_calls() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "done"}));
    }
    messages.push(json!({"role": "user", "content": "On."}));
    let (again, _) = sent(target, json!({"model": "m", "messages": messages}));
    let turn = &again["contents"][1];
    let parts = turn["parts"].as_array().cloned().unwrap_or_default();
    let original = parts_of(body);
    if reply.finish_reason() == Some("content_filter") || original.is_empty() {
        return Ok(());
    }
    let told = |list: &[Value]| -> Vec<Value> {
        let spoken = list.iter().filter(|p| p["text"].is_null() || p["thought"] == true).cloned();
        let rest = spoken.filter(|p| p["inlineData"].is_null() && p["text"] != "");
        rest.map(|mut part| {
            if let Some(call) = part.get_mut("functionCall").and_then(Value::as_object_mut) {
                call.shift_remove("id");
                call.entry("args").or_insert_with(|| json!({}));
            }
            let invented = part["thoughtSignature"] == "skip_thought_signature_validator";
            if let Some(part) = part.as_object_mut() {
                part.retain(|name, value| !(value.is_null() || name == "thoughtSignature" && invented));
                part.sort_keys();
            }
            part
        })
        .collect()
    };
    same("parts", &told(&parts).into(), &told(&original).into())?;
    let signatures = |list: &[Value]| -> Vec<Value> {
        let all = list.iter().map(|p| p["thoughtSignature"].clone());
        all.filter(|s| !s.is_null() && s != "skip_thought_signature_validator").collect()
    };
    same("signatures", &signatures(&parts).into(), &signatures(&original).into())?;
    same("text", &text_of(&parts, false).into(), &text_of(&original, false).into())
}
