//! Recorded traffic, where it is present beside the repository, through decoder, stream, errors and back through encode.

use http::HeaderMap;
use serde_json::{Value, json};

use super::super::Cohere;
use super::super::turns::replay::{Cuts, Table, bytes_of, events_of, plain, recordings, same, stream};
use super::requests::{again, expressible};
use super::{sent, thinker};
use crate::provider::{Cause, Provider, Target};
use crate::wire::Usage;

#[test]
fn recordings_replay() {
    let Some(all) = recordings("cohere") else {
        println!("skipped: no recordings beside the repository");
        return;
    };
    let target = thinker();
    let mut table = Table::default();
    let mut cuts = Cuts(13);
    for recording in all.iter().filter(|r| r["api"] == "cohere.chat.v2" && r["truncated"].as_u64().unwrap_or(0) == 0) {
        let id = recording["id"].as_str().unwrap_or_default();
        let response = &recording["response"];
        if let Some(asked) = expressible(&recording["request"]["body"]) {
            table.note("request", id, again(&target, &recording["request"]["body"], asked));
        }
        let (status, body) = (response["status"].as_u64().unwrap_or(200) as u16, &response["body"]);
        match response["body_kind"].as_str() {
            Some("json") if status != 200 => table.note("error", id, error(status, body)),
            Some("json") => {
                table.note("whole", id, whole(&target, body));
                table.note("whole as stream", id, whole_as_stream(&target, body, &mut cuts));
                table.note("history", id, history(&target, body));
            }
            Some("sse") => {
                let text = body.as_str().unwrap_or_default();
                table.note("stream", id, recorded_stream(&target, text, &events_of(text), &mut cuts));
            }
            Some("events_jsonl") => {
                let lines = body.as_str().unwrap_or_default().lines();
                let events: Vec<Value> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
                let text = String::from_utf8(bytes_of(&events, "\n")).unwrap();
                table.note("stream", id, recorded_stream(&target, &text, &events, &mut cuts));
            }
            _ => {}
        }
    }
    table.report("cohere", 150);
}

fn error(status: u16, body: &Value) -> Result<(), String> {
    let failure = Cohere.explain_error(status, &HeaderMap::new(), body.to_string().as_bytes());
    let fits = status != 404 || failure.cause == Cause::ModelMissing;
    if fits { Ok(()) } else { Err(format!("{status} became {:?}: {}", failure.cause, failure.message)) }
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

fn recorded_stream(target: &Target, text: &str, events: &[Value], cuts: &mut Cuts) -> Result<(), String> {
    let one = stream(&Cohere, target, text.as_bytes(), cuts, usize::MAX >> 34).map_err(|f| format!("{f:?}"))?;
    for longest in [5, 300] {
        let cut = stream(&Cohere, target, text.as_bytes(), cuts, longest).map_err(|f| format!("{f:?}"))?;
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
