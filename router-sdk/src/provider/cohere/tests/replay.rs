//! Recorded traffic of Cohere in; what differs between it and what this family makes of it out.

use serde_json::{Value, json};

use super::super::Cohere;
use super::super::turns::replay::{Cuts, bytes_of, events_of, plain, same, stream};
use super::requests::{again, expressible};
use super::sent;
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
        "sse" | "events_jsonl" => notes.note("stream blocks", recorded_stream(target, &recording.bytes(), cuts)),
        _ => {}
    }
}

fn error(recording: &Recording) -> Result<(), String> {
    let failure = Cohere.explain_error(recording.status, &recording.headers, &recording.bytes());
    let fits = recording.status != 404 || failure.cause == Cause::ModelMissing;
    if fits { Ok(()) } else { Err(told(&failure)) }
}

fn identities(usage: Option<Usage>, raw: &Value) -> Result<(), String> {
    let usage = usage.ok_or("no usage")?;
    let billed = &raw["billed_units"];
    let fits = Some(usage.input) == billed["input_tokens"].as_u64()
        && Some(usage.output) == billed["output_tokens"].as_u64()
        && usage.reasoning <= usage.output;
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

fn blocks(message: &Value, kind: &str) -> String {
    let listed = message["content"].as_array().into_iter().flatten();
    listed.filter_map(|block| block[kind].as_str()).collect()
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let reply = Cohere.decode(target, body.to_string().as_bytes()).map_err(|f| format!("{f:?}"))?;
    let (said, message) = (&body["message"], reply.message().ok_or("no message")?);
    same("text", &reply.text().into(), &blocks(said, "text").into())?;
    let thought = blocks(said, "thinking") + said["tool_plan"].as_str().unwrap_or_default();
    same("thoughts", &message["reasoning_content"].as_str().unwrap_or_default().into(), &thought.into())?;
    same(
        "calls",
        &Value::from(reply.tool_calls()),
        &said["tool_calls"].as_array().cloned().unwrap_or_default().into(),
    )?;
    let cited = |list: &Value| list.as_array().map_or(0, Vec::len);
    if cited(&message["annotations"]) != cited(&said["citations"]) {
        return Err("another number of citations".into());
    }
    if (body["finish_reason"] == "TOOL_CALL") != (reply.finish_reason() == Some("tool_calls")) {
        return Err(format!("finish {:?}", reply.finish_reason()));
    }
    identities(reply.usage, &body["usage"])
}

/// A whole reply as Cohere streams it, texts and arguments in halves.
fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let reply = Cohere.decode(target, body.to_string().as_bytes()).map_err(|f| format!("{f:?}"))?;
    let said = &body["message"];
    let mut events =
        vec![json!({"type": "message-start", "id": body["id"], "delta": {"message": {"role": "assistant"}}})];
    let halves = |text: &str| {
        let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        [text[..middle].to_owned(), text[middle..].to_owned()]
    };
    for (index, block) in said["content"].as_array().into_iter().flatten().enumerate() {
        let kind = block["type"].as_str().unwrap_or_default();
        events.push(json!({"type": "content-start", "index": index, "delta": {"message": {"content": {"type": kind, kind: ""}}}}));
        for half in halves(block[kind].as_str().unwrap_or_default()) {
            events.push(
                json!({"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: half}}}}),
            );
        }
        events.push(json!({"type": "content-end", "index": index}));
    }
    for half in halves(said["tool_plan"].as_str().unwrap_or_default()) {
        events.push(json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": half}}}));
    }
    for (index, call) in said["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let mut opening = call.clone();
        opening["function"]["arguments"] = "".into();
        events.push(json!({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": opening}}}));
        for half in halves(call["function"]["arguments"].as_str().unwrap_or_default()) {
            let more = json!({"function": {"arguments": half}});
            events.push(json!({"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": more}}}));
        }
        events.push(json!({"type": "tool-call-end", "index": index}));
    }
    for citation in said["citations"].as_array().into_iter().flatten() {
        events.push(json!({"type": "citation-start", "index": 0, "delta": {"message": {"citations": citation}}}));
    }
    events.push(
        json!({"type": "message-end", "delta": {"finish_reason": body["finish_reason"], "usage": body["usage"]}}),
    );
    let streamed = stream(&Cohere, target, &bytes_of(&events, "\n"), cuts, 90).map_err(|f| format!("{f:?}"))?;
    same("message", &plain(reply.message().ok_or("no message")?), &plain(&streamed.message))?;
    same("finish", &reply.finish_reason().into(), &streamed.finish.into())?;
    if reply.usage != streamed.usage {
        return Err(format!("usage {:?} {:?}", reply.usage, streamed.usage));
    }
    Ok(())
}

fn recorded_stream(target: &Target, bytes: &[u8], cuts: &mut Cuts) -> Result<(), String> {
    let events = events_of(std::str::from_utf8(bytes).unwrap());
    let one = stream(&Cohere, target, bytes, cuts, usize::MAX >> 34).map_err(|f| format!("{f:?}"))?;
    for longest in [5, 300] {
        let cut = stream(&Cohere, target, bytes, cuts, longest).map_err(|f| format!("{f:?}"))?;
        if cut != one {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    let joined = |path: &str| -> String { events.iter().filter_map(|e| e.pointer(path)?.as_str()).collect() };
    let said = joined("/delta/message/content/text");
    same("text", &one.message["content"].as_str().unwrap_or_default().into(), &said.into())?;
    let thought = joined("/delta/message/content/thinking") + &joined("/delta/message/tool_plan");
    same("thoughts", &one.message["reasoning_content"].as_str().unwrap_or_default().into(), &thought.into())?;
    let calls = one.message["tool_calls"].as_array().cloned().unwrap_or_default();
    let arguments: String = calls.iter().filter_map(|c| c["function"]["arguments"].as_str()).collect();
    // Calls without arguments have an empty object here, and nothing in the recording.
    let arguments = arguments.replace("{}", "");
    same(
        "arguments",
        &arguments.into(),
        &joined("/delta/message/tool_calls/function/arguments").replace("{}", "").into(),
    )?;
    let last = events.last().map(|e| &e["delta"]).ok_or("no end")?;
    if (last["finish_reason"] == "TOOL_CALL") != (one.finish.as_deref() == Some("tool_calls")) || one.finish.is_none() {
        return Err(format!("finish {:?}", one.finish));
    }
    identities(one.usage, &last["usage"])
}

/// A reply sent back as history makes the message it was made of.
fn history(target: &Target, body: &Value) -> Result<(), String> {
    let reply = Cohere.decode(target, body.to_string().as_bytes()).map_err(|f| format!("{f:?}"))?;
    let mut messages = vec![json!({"role": "user", "content": "Go."}), reply.message().cloned().unwrap_or_default()];
    for call in reply.tool_calls() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "done"}));
    }
    messages.push(json!({"role": "user", "content": "On."}));
    let (again, adapted) = sent(target, json!({"model": "m", "messages": messages}));
    let (turn, said) = (&again["messages"][1], &body["message"]);
    let text = turn["content"].as_str().map_or_else(|| blocks(turn, "text"), str::to_owned);
    same("text", &text.into(), &blocks(said, "text").into())?;
    same("thoughts", &blocks(turn, "thinking").into(), &blocks(said, "thinking").into())?;
    same("plan", &plain(&json!({"p": turn["tool_plan"]})), &plain(&json!({"p": said["tool_plan"]})))?;
    // Arguments that are `null` go back as the empty object that they mean.
    let mut called = plain(said);
    for call in called["tool_calls"].as_array_mut().into_iter().flatten() {
        if call["function"]["arguments"].is_null() {
            call["function"]["arguments"] = json!({});
        }
    }
    same("calls", &plain(turn)["tool_calls"], &called["tool_calls"])?;
    if adapted.is_empty() { Ok(()) } else { Err(format!("adapted {adapted:?}")) }
}
