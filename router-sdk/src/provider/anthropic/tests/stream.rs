//! Streams: events in their usual and their odd orders.

use serde_json::{Value, json};

use super::super::Anthropic;
use super::super::turns::replay::{Streamed, assemble};
use super::modern;
use crate::provider::{Cause, Failure, Progress, Provider};

/// Feeds events and says whether the last one ended the stream.
fn feed(events: &[Value]) -> Result<(Streamed, Progress), Failure> {
    let mut decoder = Anthropic.decoder(&modern());
    let (mut chunks, mut progress) = (Vec::new(), Progress::More);
    for event in events {
        progress = decoder.event("", &event.to_string(), &mut chunks)?;
    }
    decoder.end(&mut chunks);
    Ok((assemble(&chunks), progress))
}

fn start() -> Value {
    let usage = json!({"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1});
    json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [], "usage": usage}})
}

fn open(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn fragment(index: u64, text: &str) -> Value {
    delta(index, json!({"type": "input_json_delta", "partial_json": text}))
}

fn close(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn end(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 20}})
}

fn stop() -> Value {
    json!({"type": "message_stop"})
}

#[test]
fn blocks_of_every_kind() {
    let (streamed, progress) = feed(&[
        start(),
        json!({"type": "ping"}),
        open(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "H"})),
        delta(0, json!({"type": "thinking_delta", "thinking": "m"})),
        delta(0, json!({"type": "signature_delta", "signature": "sig"})),
        close(0),
        open(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "Hi"})),
        delta(1, json!({"type": "flying_delta", "text": "?"})),
        close(1),
        open(2, json!({"type": "tool_use", "id": "t1", "name": "f", "input": {}})),
        fragment(2, ""),
        fragment(2, "{\"a\""),
        fragment(2, ": 1}"),
        close(2),
        open(3, json!({"type": "tool_use", "id": "t2", "name": "g", "input": {}})),
        fragment(3, ""),
        close(3),
        json!({"type": "from_the_future"}),
        end("tool_use"),
        stop(),
    ])
    .unwrap();
    assert_eq!(progress, Progress::Done);
    let expected = json!({
        "role": "assistant", "content": "Hi", "reasoning_content": "Hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "format": "anthropic", "index": 0, "signature": "sig"},
        ],
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
            {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
    });
    assert_eq!(streamed.message, expected);
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    let usage = streamed.usage.unwrap();
    assert_eq!((usage.input, usage.cached_read, usage.output), (100, 90, 20));
}

#[test]
fn the_stand_in_tool_streams_as_text() {
    let (streamed, _) = feed(&[
        start(),
        open(0, json!({"type": "tool_use", "id": "t", "name": "final_json_answer__", "input": {}})),
        fragment(0, "{\"n\":"),
        fragment(0, "2}"),
        close(0),
        end("tool_use"),
        stop(),
    ])
    .unwrap();
    assert_eq!(streamed.message, json!({"role": "assistant", "content": "{\"n\":2}"}));
    assert_eq!(streamed.finish.as_deref(), Some("stop"));
}

#[test]
fn a_stream_without_its_last_event_still_finishes_but_one_without_reason_does_not() {
    let text = [start(), open(0, json!({"type": "text", "text": "Hi"}))];
    let (streamed, _) = feed(&[&text[..], &[end("end_turn")]].concat()).unwrap();
    assert_eq!(streamed.finish.as_deref(), Some("stop"));
    let (streamed, _) = feed(&text).unwrap();
    assert_eq!((streamed.finish, streamed.message["content"].as_str()), (None, Some("Hi")));
    let (streamed, progress) = feed(&[&text[..], &[stop()]].concat()).unwrap();
    assert_eq!((streamed.finish, progress), (None, Progress::Done));
}

#[test]
fn a_refusal_says_why() {
    let reason = json!({"stop_reason": "refusal", "stop_details": {"explanation": "No."}});
    let (streamed, _) = feed(&[start(), json!({"type": "message_delta", "delta": reason}), stop()]).unwrap();
    assert_eq!(streamed.finish.as_deref(), Some("content_filter"));
    assert_eq!(streamed.message["refusal"], "No.");
    assert_eq!(streamed.last["stop_details"]["explanation"], "No.");
}

#[test]
fn errors_in_a_stream_are_failures() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(feed(&[start(), error]).unwrap_err().cause, Cause::Overloaded);
    let mut decoder = Anthropic.decoder(&modern());
    let broken = decoder.event("content_block_delta", "{\"type\": ", &mut Vec::new()).unwrap_err();
    assert_eq!(broken.cause, Cause::Malformed);
}

#[test]
fn the_name_of_an_event_counts_where_its_data_has_no_type() {
    let mut decoder = Anthropic.decoder(&modern());
    let mut chunks = Vec::new();
    decoder.event("content_block_delta", r#"{"delta": {"type": "text_delta", "text": "x"}}"#, &mut chunks).unwrap();
    assert_eq!(chunks.len(), 2);
    assert_eq!(decoder.event("message_stop", "{}", &mut chunks).unwrap(), Progress::Done);
    assert_eq!(decoder.event("", "", &mut chunks).unwrap(), Progress::More);
}

#[test]
fn nothing_that_arrives_makes_it_panic() {
    let odd = [
        "null",
        "1",
        "[]",
        "\"x\"",
        "{\"type\": 5}",
        "{\"type\": \"content_block_start\"}",
        "{\"type\": \"content_block_delta\", \"index\": -1, \"delta\": []}",
        "{\"type\": \"content_block_stop\", \"index\": 99999999999}",
        "{\"type\": \"message_delta\", \"delta\": null, \"usage\": \"much\"}",
        "{\"type\": \"message_start\", \"message\": 3}",
    ];
    let mut decoder = Anthropic.decoder(&modern());
    let mut chunks = Vec::new();
    for data in odd {
        let _ = decoder.event("", data, &mut chunks);
    }
    decoder.end(&mut chunks);
}

#[test]
fn a_broken_stream_has_told_what_it_read() {
    let mut decoder = Anthropic.decoder(&modern());
    let start = r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],
        "usage":{"input_tokens":5,"cache_read_input_tokens":400,"output_tokens":1}}}"#;
    decoder.event("message_start", start, &mut Vec::new()).unwrap();
    let told = decoder.usage_so_far().unwrap();
    assert_eq!((told.input, told.cached_read, told.output), (405, 400, 1));
}
