//! What a reply must keep, whole and streamed alike: citations, refusals, blocks, reasoning, custom tools, fields of the
//! vendor's own; and what of it goes back with the history.

use serde_json::{Value, json};

use super::replay::chunks;
use super::turns::replay::{Cuts, assemble, bytes_of, plain};
use super::{Cause, Family, Target, anthropic, family, gemini, openai};
use crate::wire::ChatRequest;

fn target(of: Family) -> Target {
    match of {
        Family::Anthropic => anthropic::tests::modern(),
        Family::Gemini => gemini::tests::named("gemini-3-pro-preview"),
        _ => openai::tests::target(crate::catalog::Quirks::default()),
    }
}

/// What was read: the message, the choice's own facts and the fields beside the choices.
#[derive(Debug)]
struct Read {
    message: Value,
    finish: String,
    native: Value,
    beside: Value,
}

fn whole(of: Family, body: &Value) -> Result<Read, Cause> {
    let reply = family(of).decode(&target(of), body.to_string().as_bytes()).map_err(|f| f.cause)?;
    Ok(Read {
        message: plain(reply.message().unwrap()),
        finish: reply.finish_reason().unwrap().to_owned(),
        native: reply.body["choices"][0]["native_finish_reason"].clone(),
        beside: Value::Object(reply.body.clone()),
    })
}

fn streamed(of: Family, events: &[Value]) -> Result<Read, Cause> {
    let (made, failure) = chunks(family(of), &target(of), &bytes_of(events, "\n"), &mut Cuts(3), 50);
    if let Some(failure) = failure {
        return Err(failure.cause);
    }
    let mut beside = Value::Object(serde_json::Map::new());
    let mut native = Value::Null;
    for chunk in &made {
        for (name, value) in &chunk.body {
            beside[name.as_str()] = value.clone();
        }
        if chunk.finished {
            native = chunk.body["choices"][0]["native_finish_reason"].clone();
        }
    }
    let read = assemble(&made);
    Ok(Read { message: plain(&read.message), finish: read.finish.unwrap_or_default(), native, beside })
}

/// Reads both ways; gives the two, which say the same.
fn both(of: Family, body: &Value, events: &[Value]) -> [Read; 2] {
    let (left, right) = (whole(of, body).unwrap(), streamed(of, events).unwrap());
    assert_eq!(left.message, right.message, "streamed it says something else");
    assert_eq!((&left.finish, &left.native), (&right.finish, &right.native));
    [left, right]
}

/// The body that goes out when the message is put into the history.
fn history(to: Family, message: &Value) -> Value {
    let mut messages = vec![json!({"role": "user", "content": "q"}), message.clone()];
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "r"}));
    }
    messages.push(json!({"role": "user", "content": "next"}));
    let request = ChatRequest::from_value(json!({"model": "m", "messages": messages})).unwrap();
    let encoded = family(to).encode(&request, &target(to), false).unwrap();
    serde_json::from_slice(&encoded.http.body).unwrap()
}

fn completion(message: Value, finish: &str) -> Value {
    json!({"id": "r", "created": 1, "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}]})
}

/// The opening chunk, one for each delta, and the end.
fn pieces(deltas: &[Value], finish: &str) -> Vec<Value> {
    let chunk = |delta: &Value, finish: Value| json!({"id": "r", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let mut out = vec![chunk(&json!({"role": "assistant", "content": ""}), Value::Null)];
    out.extend(deltas.iter().map(|delta| chunk(delta, Value::Null)));
    out.push(chunk(&json!({}), finish.into()));
    out
}

#[test]
fn citations_and_fields_of_the_vendors_own() {
    let cited = json!([{"type": "url_citation", "url_citation": {"url": "u", "start_index": 0, "end_index": 2}}]);
    let mut body = completion(json!({"role": "assistant", "content": "Hi", "annotations": cited}), "stop");
    let mut events = pieces(&[json!({"content": "Hi"}), json!({"annotations": cited})], "stop");
    for reply in events.iter_mut().chain([&mut body]) {
        reply["citations"] = json!(["u"]);
        reply["search_results"] = json!([{"url": "u"}]);
    }
    for read in both(Family::OpenAi, &body, &events) {
        assert_eq!(read.message["annotations"], cited);
        assert_eq!(
            (&read.beside["citations"], &read.beside["search_results"]),
            (&json!(["u"]), &json!([{"url": "u"}]))
        );
        assert!(history(Family::OpenAi, &read.message)["messages"][1].get("annotations").is_none());
    }
}

#[test]
fn refusals_and_filters() {
    let body = completion(json!({"role": "assistant", "content": null, "refusal": "No."}), "stop");
    let events = pieces(&[json!({"refusal": "N"}), json!({"refusal": "o."})], "stop");
    for read in both(Family::OpenAi, &body, &events) {
        assert_eq!((&read.message["refusal"], read.finish.as_str()), (&json!("No."), "stop"));
    }
    let filtered = json!({"id": "r", "choices": [{"index": 0, "finish_reason": "content_filter"}]});
    assert_eq!(whole(Family::OpenAi, &filtered).unwrap().finish, "content_filter");
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r", "modelVersion": "g"});
    for read in both(Family::Gemini, &blocked, std::slice::from_ref(&blocked)) {
        assert_eq!((read.finish.as_str(), &read.native), ("content_filter", &json!("SAFETY")));
        assert!(read.message["refusal"].as_str().is_some_and(|why| why.contains("SAFETY")));
        assert_eq!(read.beside["promptFeedback"]["blockReason"], "SAFETY");
    }
    let cut = json!({"responseId": "r", "candidates": [
        {"content": {"parts": [{"text": "So"}]}, "finishReason": "PROHIBITED_CONTENT", "finishMessage": "stopped"},
    ]});
    for read in both(Family::Gemini, &cut, std::slice::from_ref(&cut)) {
        assert_eq!((&read.message["content"], &read.message["refusal"]), (&json!("So"), &json!("stopped")));
        assert_eq!(read.finish, "content_filter");
    }
}

#[test]
fn reasoning_with_signatures_and_redacted_parts() {
    let details = json!([
        {"type": "reasoning.text", "text": "Hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "d", "format": "anthropic-claude-v1", "index": 1},
    ]);
    let message = json!({"role": "assistant", "content": "Hi", "reasoning": "Hm", "reasoning_details": details});
    let body = completion(message, "stop");
    let delta = |entry: &Value, text: &str| json!({"reasoning": text, "reasoning_details": [entry]});
    let events = pieces(&[delta(&details[0], "Hm"), delta(&details[1], ""), json!({"content": "Hi"})], "stop");
    for read in both(Family::OpenAi, &body, &events) {
        assert_eq!((&read.message["reasoning_content"], &read.message["reasoning_details"]), (&json!("Hm"), &details));
        // A broker's Claude is continued by Anthropic itself, with its own blocks.
        let turn = &history(Family::Anthropic, &read.message)["messages"][1]["content"];
        assert_eq!(turn[0], json!({"type": "thinking", "thinking": "Hm", "signature": "s"}));
        assert_eq!(turn[1], json!({"type": "redacted_thinking", "data": "d"}));
        assert!(!history(Family::Gemini, &read.message).to_string().contains("Hm"));
    }
}

#[test]
fn custom_tools() {
    let call = json!({"id": "c", "type": "custom", "custom": {"name": "run", "input": "print(1)"}});
    let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let read = whole(Family::OpenAi, &completion(message, "stop")).unwrap();
    assert_eq!((&read.message["tool_calls"][0], read.finish.as_str()), (&call, "tool_calls"));
    assert_eq!(history(Family::OpenAi, &read.message)["messages"][1]["tool_calls"][0], call);
    let first = json!({"index": 0, "id": "c", "type": "custom", "custom": {"name": "run", "input": ""}});
    let more = json!({"index": 0, "custom": {"input": "print(1)"}});
    let events = pieces(&[json!({"tool_calls": [first]}), json!({"tool_calls": [more]})], "stop");
    let (made, failure) = chunks(&openai::OpenAi, &target(Family::OpenAi), &bytes_of(&events, "\n"), &mut Cuts(1), 9);
    assert!(failure.is_none());
    let answer = super::replay::Answer::of(&made).unwrap();
    answer.check().unwrap();
    let told: Vec<&str> = answer.calls.values().map(|call| call.arguments.as_str()).collect();
    assert_eq!((told, answer.finish[&0].as_str()), (vec!["print(1)"], "tool_calls"));
}

fn anthropic_events(blocks: &[Value], stop: &str) -> Vec<Value> {
    let head = json!({"id": "msg_1", "model": "c", "role": "assistant", "content": [], "usage": {"input_tokens": 1}});
    let mut events = vec![json!({"type": "message_start", "message": head})];
    for (index, block) in blocks.iter().enumerate() {
        let mut opened = block.clone();
        let mut deltas = Vec::new();
        if block["type"] == "text" {
            opened = json!({"type": "text", "text": ""});
            deltas.push(json!({"type": "text_delta", "text": block["text"]}));
            for citation in block["citations"].as_array().into_iter().flatten() {
                deltas.push(json!({"type": "citations_delta", "citation": citation}));
            }
        } else if block["type"] == "server_tool_use" {
            opened["input"] = json!({});
            deltas.push(json!({"type": "input_json_delta", "partial_json": block["input"].to_string()}));
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
        events.extend(
            deltas.into_iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop, "container": {"id": "box"}});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 2}}));
    events.push(json!({"type": "message_stop"}));
    events
}

#[test]
fn blocks_of_server_tools_and_a_turn_that_pauses() {
    let blocks = [
        json!({"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}),
        json!({"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"type": "web_search_result", "url": "u"}]}),
        json!({"type": "text", "text": "So far", "citations": [{"type": "web_search_result_location", "url": "u", "title": "t"}]}),
    ];
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": blocks, "container": {"id": "box"},
        "stop_reason": "pause_turn", "usage": {"input_tokens": 1, "output_tokens": 2},
    });
    for read in both(Family::Anthropic, &body, &anthropic_events(&blocks, "pause_turn")) {
        assert_eq!((read.finish.as_str(), &read.native), ("stop", &json!("pause_turn")));
        assert!(read.message.get("tool_calls").is_none(), "what runs at Anthropic is no call of the caller's");
        assert_eq!(read.message["server_blocks"][1]["block"], blocks[1]);
        assert_eq!(read.message["annotations"][0]["url_citation"]["url"], "u");
        assert_eq!(read.beside["container"]["id"], "box");
        let turn = history(Family::Anthropic, &read.message)["messages"][1]["content"].clone();
        assert_eq!((&turn[0], &turn[1], &turn[2]["text"]), (&blocks[0], &blocks[1], &json!("So far")));
        // Others are told what was said, and nothing of how.
        assert_eq!(
            history(Family::OpenAi, &read.message)["messages"][1],
            json!({"role": "assistant", "content": "So far"})
        );
    }
}

#[test]
fn a_refusal_of_anthropic_says_why() {
    let details = json!({"category": "cyber", "explanation": "Not that."});
    let body = json!({"id": "msg_1", "content": [], "stop_reason": "refusal", "stop_details": details});
    let mut events = anthropic_events(&[], "refusal");
    events[1]["delta"]["stop_details"] = details;
    for read in both(Family::Anthropic, &body, &events) {
        assert_eq!((&read.message["refusal"], read.finish.as_str()), (&json!("Not that."), "content_filter"));
        assert_eq!(read.beside["stop_details"]["category"], "cyber");
    }
}

#[test]
fn calls_that_gemini_could_not_form() {
    for reason in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"] {
        let body = json!({"responseId": "r", "candidates": [{"content": {}, "finishReason": reason}]});
        assert_eq!(whole(Family::Gemini, &body).unwrap_err(), Cause::ModelFault);
        assert_eq!(streamed(Family::Gemini, &[body]).unwrap_err(), Cause::ModelFault);
    }
}

#[test]
fn streamed_arguments_and_numbered_reasons_of_gemini() {
    let event = |part: Value, reason: Value| json!({"responseId": "r", "candidates": [{"content": {"parts": [part]}, "finishReason": reason}]});
    let piece = |path: &str, text: &str, more: bool| {
        let piece = json!({"jsonPath": path, "stringValue": text, "willContinue": more});
        event(json!({"functionCall": {"partialArgs": [piece], "willContinue": true}}), Value::Null)
    };
    let whole_call =
        json!({"functionCall": {"name": "f", "args": {"rows": [{"name": "banana"}]}}, "thoughtSignature": "s"});
    let events = [
        event(json!({"functionCall": {"name": "f", "willContinue": true}, "thoughtSignature": "s"}), Value::Null),
        piece("$.rows[0].name", "ba", true),
        piece("$.rows[0].name", "nana", false),
        event(json!({"functionCall": {}}), Value::Null),
        event(json!({"functionCall": {"name": "g"}}), json!(1)),
    ];
    let mut body = event(whole_call, json!(1));
    body["candidates"][0]["content"]["parts"].as_array_mut().unwrap().push(json!({"functionCall": {"name": "g"}}));
    for read in [whole(Family::Gemini, &body).unwrap(), streamed(Family::Gemini, &events).unwrap()] {
        let calls = read.message["tool_calls"].as_array().unwrap();
        let told: Vec<&Value> = calls.iter().map(|call| &call["function"]["arguments"]).collect();
        assert_eq!(told, [&json!({"rows": [{"name": "banana"}]}), &json!({})]);
        assert_eq!((read.finish.as_str(), &read.native), ("tool_calls", &json!("STOP")));
        let parts = history(Family::Gemini, &read.message)["contents"][1]["parts"].clone();
        assert_eq!((&parts[0]["thoughtSignature"], parts[1].get("thoughtSignature")), (&json!("s"), None));
    }
}

#[test]
fn thinking_of_others_is_told_to_stay_behind() {
    let details = json!([{"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic", "index": 0}]);
    let said = json!({"role": "assistant", "content": "a", "reasoning_content": "t", "reasoning_details": details});
    let messages = json!([{"role": "user", "content": "q"}, said, {"role": "user", "content": "n"}]);
    let request = ChatRequest::from_value(json!({"model": "m", "messages": messages})).unwrap();
    for (to, told) in [(Family::Anthropic, 0), (Family::Gemini, 1), (Family::OpenAi, 1)] {
        let adapted = family(to).encode(&request, &target(to), false).unwrap().adapted;
        assert_eq!(adapted.iter().filter(|note| note.contains("thinking of")).count(), told, "{to:?} {adapted:?}");
    }
}
