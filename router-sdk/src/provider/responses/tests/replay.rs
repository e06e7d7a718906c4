//! Recorded traffic of Responses in; what differs between it and what this family makes of it out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Responses;
use super::super::turns::replay::{Cuts, Streamed, bytes_of, plain, same, stream, target};
use super::requests::{again, expressible};
use crate::catalog::{Mode, Model};
use crate::provider::replay::{Notes, Recording, told};
use crate::provider::{Cause, Failure, Family, Provider, Target};
use crate::wire::Usage;

/// Models that think, at a provider with instructions of the developer.
pub(in crate::provider) fn target_of(recording: &Recording) -> Target {
    let model = Model { id: "m".into(), mode: Mode::Responses, ..Model::default() };
    let mut target = target(Family::OpenAi, "http://127.0.0.1:9/v1", model);
    let deployment = Arc::get_mut(&mut target.deployment).unwrap();
    deployment.provider.clone_from(&recording.provider);
    deployment.quirks.developer_role = true;
    target
}

/// Whether the answer was only promised: such a reply is fetched later.
pub(in crate::provider) fn put_off(recording: &Recording) -> bool {
    matches!(recording.body["status"].as_str(), Some("queued" | "in_progress"))
}

/// What is checked of this family alone.
pub(in crate::provider) fn own(recording: &Recording, target: &Target, cuts: &mut Cuts, notes: &mut Notes) {
    if let Some(asked) = expressible(&recording.request, target).filter(|_| recording.status < 400) {
        notes.note("request", again(target, &recording.request, asked));
    }
    let body = &recording.body;
    match recording.kind.as_str() {
        "json" if recording.status != 200 => notes.note("cause", error(recording)),
        "json" if put_off(recording) => {
            let fits = Responses.decode(target, &recording.bytes()).is_err_and(|f| f.cause == Cause::Malformed);
            notes.note("put off", if fits { Ok(()) } else { Err("taken for an answer".into()) });
        }
        "json" => {
            notes.note("items", whole(target, body));
            notes.note("whole as stream", whole_as_stream(target, body, cuts));
            notes.note("history", history(target, body));
        }
        "sse" | "events_jsonl" => {
            let bytes = recording.bytes();
            notes.note("stream items", recorded_stream(target, std::str::from_utf8(&bytes).unwrap(), cuts));
        }
        _ => {}
    }
}

/// Causes that recorded errors must have, by a part of their message.
const EXPECTED: [(&str, Cause); 9] = [
    ("does not exist", Cause::ModelMissing),
    ("Model not found", Cause::ModelMissing),
    ("API key", Cause::Auth),
    ("authentication token", Cause::Auth),
    ("exceeded your current quota", Cause::Quota),
    ("is not supported with", Cause::Unsupported),
    ("Unsupported parameter", Cause::Unsupported),
    ("without its required following item", Cause::Caller),
    ("No tool output found", Cause::Caller),
];

fn error(recording: &Recording) -> Result<(), String> {
    let failure = Responses.explain_error(recording.status, &recording.headers, &recording.bytes());
    let expected = EXPECTED.iter().find(|(part, _)| failure.message.contains(part));
    let fits = match expected {
        Some((_, cause)) => failure.cause == *cause,
        None => matches!(failure.cause, Cause::Caller | Cause::Unsupported),
    };
    if fits { Ok(()) } else { Err(told(&failure)) }
}

fn identities(usage: &Usage, raw: &Value) -> Result<(), String> {
    let count = |place: &str| raw.pointer(place).and_then(Value::as_u64).unwrap_or(0);
    let fits = usage.input == count("/input_tokens").max(count("/prompt_tokens"))
        && usage.output == count("/output_tokens").max(count("/completion_tokens"))
        && usage.cached_read == count("/input_tokens_details/cached_tokens")
        && usage.reasoning == count("/output_tokens_details/reasoning_tokens")
        && usage.input + usage.output == count("/total_tokens");
    if fits { Ok(()) } else { Err(format!("usage {usage:?} of {raw}")) }
}

/// What a reply must say, read out of its output in the plainest way.
fn agrees(output: &Value, message: &Value, finish: Option<&str>, status: &Value) -> Result<(), String> {
    let items = output.as_array().cloned().unwrap_or_default();
    let parts =
        items.iter().filter(|i| i["type"] == "message").flat_map(|i| i["content"].as_array().into_iter().flatten());
    let text: String = parts.clone().filter_map(|p| p["text"].as_str()).collect();
    same("text", &message["content"].as_str().unwrap_or_default().into(), &text.into())?;
    let refusal: String = parts.clone().filter_map(|p| p["refusal"].as_str()).collect();
    same("refusal", &message["refusal"].as_str().unwrap_or_default().into(), &refusal.into())?;
    let cited = parts.flat_map(|p| p["annotations"].as_array().into_iter().flatten()).count();
    same("annotations", &message["annotations"].as_array().map_or(0, Vec::len).into(), &cited.into())?;
    let called: Vec<&Value> =
        items.iter().filter(|i| i["type"] == "function_call" || i["type"] == "custom_tool_call").collect();
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    same("calls", &calls.len().into(), &called.len().into())?;
    for (item, call) in called.iter().zip(&calls) {
        same("call id", &call["id"], &item["call_id"])?;
        if item["type"] == "custom_tool_call" {
            same("input", &call["custom"], &json!({"name": item["name"], "input": item["input"]}))?;
            continue;
        }
        same("name", &call["function"]["name"], &item["name"])?;
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        if status != "incomplete" && serde_json::from_str::<Value>(arguments).is_err() {
            return Err(format!("arguments are no JSON: {arguments}"));
        }
        let given = item["arguments"].as_str().filter(|a| !a.is_empty()).unwrap_or("{}");
        if status != "incomplete" {
            same("arguments", &arguments.into(), &given.into())?;
        }
    }
    let finish = finish.ok_or("no finish reason")?;
    let fits = match status.as_str() {
        Some("incomplete") => finish == "length" || finish == "content_filter",
        _ => finish == if calls.is_empty() { "stop" } else { "tool_calls" },
    };
    let thought: String = items.iter().filter(|i| i["type"] == "reasoning").flat_map(thoughts).collect();
    let shown = message["reasoning_content"].as_str().unwrap_or_default();
    same("reasoning", &shown.replace("\n\n", "").into(), &thought.replace("\n\n", "").into())?;
    if fits { Ok(()) } else { Err(format!("{status} with {} calls ends in {finish}", calls.len())) }
}

fn thoughts(item: &Value) -> Vec<String> {
    let parts = ["summary", "content"].map(|field| item[field].as_array().cloned().unwrap_or_default());
    parts.into_iter().flatten().filter_map(|p| p["text"].as_str().map(str::to_owned)).collect()
}

fn whole(target: &Target, body: &Value) -> Result<(), String> {
    let reply = Responses.decode(target, body.to_string().as_bytes()).map_err(|f| told(&f))?;
    let message = reply.message().ok_or("no message")?;
    agrees(&body["output"], message, reply.finish_reason(), &body["status"])?;
    if body["usage"].is_object() {
        identities(&reply.usage.ok_or("no usage")?, &body["usage"])?;
    }
    same("id", &reply.body["id"], &body["id"])?;
    same("model", &reply.body["model"], &body["model"])
}

fn halves(text: &str) -> [String; 2] {
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    [text[..middle].to_owned(), text[middle..].to_owned()]
}

/// The events that a provider would send for a whole reply.
fn events_for(body: &Value) -> Vec<Value> {
    let mut head = body.clone();
    head["output"] = json!([]);
    head["status"] = "in_progress".into();
    head["usage"] = Value::Null;
    let mut events = vec![json!({"type": "response.created", "response": head}), json!({"type": "keepalive"})];
    for (index, item) in body["output"].as_array().cloned().unwrap_or_default().into_iter().enumerate() {
        let mut opened = item.clone();
        let fields = opened.as_object_mut().unwrap();
        fields.shift_remove("encrypted_content");
        for (name, empty) in [("content", json!([])), ("summary", json!([]))] {
            if fields.contains_key(name) {
                fields.insert(name.into(), empty);
            }
        }
        let mut deltas = Vec::new();
        let field = if item["type"] == "custom_tool_call" { "input" } else { "arguments" };
        if matches!(item["type"].as_str(), Some("function_call" | "custom_tool_call")) {
            fields.insert(field.into(), "".into());
            let kind = if field == "input" { "custom_tool_call_input" } else { "function_call_arguments" };
            for half in halves(item[field].as_str().unwrap_or_default()) {
                deltas.push(json!({"type": format!("response.{kind}.delta"), "delta": half}));
            }
        }
        for (part_index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
            let (kind, text) = match part["type"].as_str() {
                Some("refusal") => ("refusal", &part["refusal"]),
                Some("reasoning_text") => ("reasoning_text", &part["text"]),
                _ => ("output_text", &part["text"]),
            };
            for half in halves(text.as_str().unwrap_or_default()) {
                let kind = format!("response.{kind}.delta");
                deltas.push(json!({"type": kind, "content_index": part_index, "delta": half}));
            }
        }
        for (part_index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
            for half in halves(part["text"].as_str().unwrap_or_default()) {
                let kind = "response.reasoning_summary_text.delta";
                deltas.push(json!({"type": kind, "summary_index": part_index, "delta": half}));
            }
        }
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": opened}));
        for mut delta in deltas {
            delta["output_index"] = index.into();
            delta["item_id"] = item["id"].clone();
            events.push(delta);
        }
        events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    let kind = if body["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    events.push(json!({"type": kind, "response": body}));
    events
}

fn whole_as_stream(target: &Target, body: &Value, cuts: &mut Cuts) -> Result<(), String> {
    let Ok(reply) = Responses.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let bytes = bytes_of(&events_for(body), "\n");
    let streamed = stream(&Responses, target, &bytes, cuts, 200).map_err(|f| told(&f))?;
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
    let read = |cuts: &mut Cuts, longest| stream(&Responses, target, text.as_bytes(), cuts, longest);
    let mut events: Vec<Value> = super::super::turns::replay::events_of(text);
    // Some recordings hold several replies, one after the other.
    let ends = ["response.completed", "response.incomplete", "response.failed"].map(Value::from);
    if let Some(end) = events.iter().position(|event| ends.contains(&event["type"])) {
        events.truncate(end + 1);
    }
    let one = match read(cuts, usize::MAX >> 34) {
        Ok(one) => one,
        Err(failure) => return failed(&events, failure),
    };
    for longest in [5, 300] {
        if read(cuts, longest).map_err(|f| told(&f))? != one {
            return Err(format!("cut at {longest} it reads otherwise"));
        }
    }
    let last =
        events.iter().rev().find(|e| e["response"]["usage"].is_object() || e["response"]["status"] == "incomplete");
    let end = &last.ok_or("no last event")?["response"];
    agrees(&output_of(&events, end), &one.message, one.finish.as_deref(), &end["status"])?;
    deltas_are_told(&events, &one)?;
    identities(&one.usage.ok_or("no usage")?, &end["usage"])
}

/// A stream that tells of an error is one.
fn failed(events: &[Value], failure: Failure) -> Result<(), String> {
    let spoken = events.iter().any(|e| e["type"] == "error" || e["type"] == "response.failed");
    if spoken && !matches!(failure.cause, Cause::Unknown | Cause::Malformed) { Ok(()) } else { Err(told(&failure)) }
}

/// The output of a stream: the items that were done, or else those of the last event.
fn output_of(events: &[Value], end: &Value) -> Value {
    let done: Vec<Value> =
        events.iter().filter(|e| e["type"] == "response.output_item.done").map(|e| e["item"].clone()).collect();
    let listed = end["output"].as_array().map_or(0, Vec::len);
    if listed > done.len() { end["output"].clone() } else { done.into() }
}

/// Every fragment of the text is in the answer.
fn deltas_are_told(events: &[Value], one: &Streamed) -> Result<(), String> {
    let deltas = events.iter().filter(|e| e["type"] == "response.output_text.delta");
    let mut rest = one.message["content"].as_str().unwrap_or_default();
    for delta in deltas.filter_map(|e| e["delta"].as_str()) {
        let at = rest.find(delta).ok_or("a fragment of the text was lost")?;
        rest = &rest[at + delta.len()..];
    }
    Ok(())
}

/// A reply sent back as history makes the items it was made of, in their order.
fn history(target: &Target, body: &Value) -> Result<(), String> {
    let Ok(reply) = Responses.decode(target, body.to_string().as_bytes()) else { return Ok(()) };
    let mut messages = vec![json!({"role": "user", "content": "Go."}), reply.message().cloned().unwrap_or_default()];
    for call in reply.tool_calls() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "done"}));
    }
    messages.push(json!({"role": "user", "content": "On."}));
    let (sent, _) = super::sent(target, json!({"model": "m", "messages": messages, "store": true}));
    let items = sent["input"].as_array().cloned().unwrap_or_default();
    let end = items.len() - 1 - reply.tool_calls().len();
    let original = body["output"].as_array().cloned().unwrap_or_default();
    // Without any content of its own there is nothing to refer to, and what led to nothing is not sent.
    let says = |item: &Value| match item["type"].as_str() {
        Some("reasoning") => !thoughts(item).is_empty() || item["encrypted_content"].is_string(),
        Some("message") => item["content"].as_array().is_some_and(|parts| parts.iter().any(|p| p["text"] != "")),
        Some("image_generation_call") => item["result"].is_string(),
        Some("local_shell_call" | "apply_patch_call" | "computer_call") => false,
        Some("shell_call") => original.iter().any(|i| i["type"] == "shell_call_output"),
        _ => true,
    };
    let mut expected: Vec<&Value> = original.iter().filter(|item| says(item)).collect();
    while expected.last().is_some_and(|last| last["type"] == "reasoning") {
        expected.pop();
    }
    let face = |item: &Value| {
        json!([item["type"], item["phase"], item["call_id"], item["namespace"], item["encrypted_content"]])
    };
    let faces: Value = items[1..end].iter().map(face).collect();
    same("items", &faces, &expected.into_iter().map(face).collect())
}
