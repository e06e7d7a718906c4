//! Recorded traffic of Ollama in; what differs between it and what this family makes of it out.

use serde_json::{Value, json};

use super::super::Ollama;
use super::super::turns::replay::{Cuts, plain, same, stream};
use super::requests::{again, expressible};
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
            notes.note("message", whole(target, body));
            notes.note("whole as stream", whole_as_stream(target, body, cuts));
        }
        "ndjson" => {
            let text = body.as_str().unwrap_or_default();
            notes.note("lines", recorded_stream(target, text, cuts));
        }
        _ => {}
    }
}

fn error(recording: &Recording) -> Result<(), String> {
    let failure = Ollama.explain_error(recording.status, &recording.headers, &recording.bytes());
    let fits = recording.status != 404 || failure.cause == Cause::ModelMissing;
    if fits { Ok(()) } else { Err(told(&failure)) }
}

fn identities(usage: Option<Usage>, raw: &Value) -> Result<(), String> {
    let usage = usage.ok_or("no usage")?;
    let prompt = raw["prompt_eval_count"].as_u64();
    let fits = usage.input == prompt.unwrap_or(0)
        && usage.estimated == prompt.is_none()
        && Some(usage.output) == raw["eval_count"].as_u64();
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

fn check(message: &Value, finish: Option<&str>, said: &[Value]) -> Result<(), String> {
    let joined = |field: &str| -> String { said.iter().filter_map(|l| l["message"][field].as_str()).collect() };
    same("text", &message["content"].as_str().unwrap_or_default().into(), &joined("content").into())?;
    same("thoughts", &message["reasoning_content"].as_str().unwrap_or_default().into(), &joined("thinking").into())?;
    let called: Vec<&Value> = said.iter().flat_map(|l| l["message"]["tool_calls"].as_array()).flatten().collect();
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    if called.len() != calls.len() {
        return Err("another number of calls".into());
    }
    for (call, original) in calls.iter().zip(&called) {
        let arguments = call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Value>(a).ok());
        same("arguments", &arguments.unwrap_or_default(), &original["function"]["arguments"])?;
        same("name", &call["function"]["name"], &original["function"]["name"])?;
    }
    let reason = said.last().map(|l| l["done_reason"].clone()).unwrap_or_default();
    let expected = if reason == "length" {
        "length"
    } else if calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    same("finish", &finish.into(), &expected.into())
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let reply = Ollama.decode(target, body.to_string().as_bytes()).map_err(|f| format!("{f:?}"))?;
    check(reply.message().ok_or("no message")?, reply.finish_reason(), std::slice::from_ref(body))?;
    identities(reply.usage, body)
}

/// A whole reply as Ollama streams it: thinking, text and calls each in a line, the counts in the last.
fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let reply = Ollama.decode(target, body.to_string().as_bytes()).map_err(|f| format!("{f:?}"))?;
    let mut lines = Vec::new();
    for field in ["thinking", "content", "tool_calls"] {
        let value = &body["message"][field];
        if !value.is_null() {
            let message = json!({"role": "assistant", field: value});
            lines.push(
                json!({"model": body["model"], "created_at": body["created_at"], "message": message, "done": false}),
            );
        }
    }
    let mut last = body.clone();
    last["message"] = json!({"role": "assistant", "content": ""});
    lines.push(last);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let streamed = stream(&Ollama, target, text.as_bytes(), cuts, 60).map_err(|f| format!("{f:?}"))?;
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

fn recorded_stream(target: &Target, text: &str, cuts: &mut Cuts) -> Result<(), String> {
    let one = stream(&Ollama, target, text.as_bytes(), cuts, usize::MAX >> 34).map_err(|f| format!("{f:?}"))?;
    for longest in [5, 300] {
        let cut = stream(&Ollama, target, text.as_bytes(), cuts, longest).map_err(|f| format!("{f:?}"))?;
        if cut != one {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    check(&one.message, one.finish.as_deref(), &lines)?;
    identities(one.usage, lines.last().ok_or("no lines")?)
}
