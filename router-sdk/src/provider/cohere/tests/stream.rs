//! Streams: events in their usual and their odd orders.

use serde_json::{Value, json};

use super::super::Cohere;
use super::super::turns::replay::{Cuts, Streamed, assemble, bytes_of, odd_versions, stream};
use super::thinker;
use crate::provider::{Cause, Failure, Progress, Provider};
use crate::wire::ChatChunk;

fn feed(events: &[Value]) -> Result<Streamed, Failure> {
    let mut decoder = Cohere.decoder(&thinker());
    let mut chunks: Vec<ChatChunk> = Vec::new();
    for event in events {
        if decoder.event("", &event.to_string(), &mut chunks)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut chunks);
    Ok(assemble(&chunks))
}

fn start() -> Value {
    json!({"id": "r1", "type": "message-start", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}})
}

fn content(kind: &str, index: u64, content: Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": {"content": content}}})
}

fn call(kind: &str, index: u64, call: Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": {"tool_calls": call}}})
}

fn end(reason: &str) -> Value {
    let usage = json!({"billed_units": {"input_tokens": 7, "output_tokens": 4}, "tokens": {"input_tokens": 500, "output_tokens": 6}});
    json!({"type": "message-end", "delta": {"finish_reason": reason, "usage": usage}})
}

fn everything() -> Vec<Value> {
    vec![
        start(),
        content("content-start", 0, json!({"type": "thinking", "thinking": ""})),
        content("content-delta", 0, json!({"thinking": "H"})),
        content("content-delta", 0, json!({"thinking": "m. "})),
        json!({"type": "content-end", "index": 0}),
        content("content-start", 1, json!({"type": "text", "text": "Hi"})),
        content("content-delta", 1, json!({"text": " you é"})),
        json!({"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 2, "text": "Hi", "sources": [], "type": "TEXT_CONTENT"}}}}),
        json!({"type": "citation-end", "index": 0}),
        json!({"type": "content-end", "index": 1}),
        json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will "}}}),
        json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "look."}}}),
        call("tool-call-start", 0, json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}})),
        call("tool-call-delta", 0, json!({"function": {"arguments": "{\"a\""}})),
        call("tool-call-delta", 0, json!({"function": {"arguments": ":1}"}})),
        json!({"type": "tool-call-end", "index": 0}),
        call("tool-call-start", 1, json!({"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}})),
        json!({"type": "tool-call-end", "index": 1}),
        end("TOOL_CALL"),
    ]
}

#[test]
fn thinking_text_plan_calls_and_citations() {
    let streamed = feed(&everything()).unwrap();
    let message = &streamed.message;
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("Hi you é"), &json!("Hm. I will look.")));
    let details = json!([
        {"type": "reasoning.text", "text": "Hm. ", "format": "cohere", "index": 0},
        {"type": "reasoning.text", "text": "I will look.", "format": "cohere", "id": "tool_plan"},
    ]);
    assert_eq!(message["reasoning_details"], details);
    let calls = json!([
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
        {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]);
    assert_eq!(message["tool_calls"], calls);
    assert_eq!(message["annotations"][0]["content_type"], "TEXT_CONTENT");
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    let usage = streamed.usage.unwrap();
    assert_eq!((usage.input, usage.output), (7, 4));
    assert_eq!(streamed.last["id"], "r1");
    assert_eq!(streamed.last["usage"]["tokens"]["input_tokens"], 500);
}

#[test]
fn every_cut_reads_the_same_with_the_mark_at_the_end_or_without() {
    let whole = feed(&everything()).unwrap();
    for (line_end, mark) in [("\n", ""), ("\r\n", "data: [DONE]\r\n\r\n"), ("\n", "data: [DONE]\n\n")] {
        let mut bytes = bytes_of(&everything(), line_end);
        bytes.extend_from_slice(mark.as_bytes());
        for seed in 0..40 {
            let cut = stream(&Cohere, &thinker(), &bytes, &mut Cuts(seed), 1 + seed as usize * 3).unwrap();
            assert_eq!(cut, whole);
        }
    }
}

#[test]
fn calls_without_an_id_or_a_start_and_a_used_index() {
    let streamed = feed(&[
        start(),
        call("tool-call-delta", 0, json!([{"function": {"name": "f", "arguments": "{}"}}])),
        call("tool-call-start", 0, json!({"id": "c2", "function": {"name": "g", "arguments": "{\"b\":"}})),
        call("tool-call-delta", 0, json!({"function": {"arguments": "2}"}})),
        end("COMPLETE"),
    ])
    .unwrap();
    let calls = streamed.message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls[0]["id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(calls[1]["function"]["arguments"], "{\"b\":2}");
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
}

#[test]
fn a_call_that_the_limit_cut_stays_cut() {
    let opens = call(
        "tool-call-start",
        0,
        json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a"}}),
    );
    let streamed = feed(&[start(), opens, end("MAX_TOKENS")]).unwrap();
    assert_eq!(streamed.message["tool_calls"][0]["function"]["arguments"], "{\"a");
    assert_eq!(streamed.finish.as_deref(), Some("length"));
}

#[test]
fn errors_inside_the_stream_are_failures() {
    let failed = |event: Value| feed(&[start(), event]).unwrap_err();
    assert_eq!(failed(end("ERROR")).cause, Cause::Server);
    let told = json!({"type": "message-end", "delta": {"error": "it broke", "finish_reason": "ERROR"}});
    assert_eq!(failed(told).message, "it broke");
    assert_eq!(failed(json!({"id": "x", "message": "too many requests"})).cause, Cause::RateLimited);
    let mut decoder = Cohere.decoder(&thinker());
    let broken = decoder.event("", "{\"type\":", &mut Vec::new());
    assert_eq!(broken.unwrap_err().cause, Cause::Malformed);
}

#[test]
fn a_stream_without_an_end_has_no_finish_reason() {
    let streamed = feed(&[start(), content("content-start", 0, json!({"type": "text", "text": "Hi"}))]).unwrap();
    assert_eq!((streamed.message["content"].as_str(), streamed.finish), (Some("Hi"), None));
}

#[test]
fn odd_events_never_panic() {
    for (at, event) in everything().iter().enumerate() {
        for odd in odd_versions(event) {
            let mut events = everything();
            events[at] = odd;
            let mut decoder = Cohere.decoder(&thinker());
            let mut chunks = Vec::new();
            for event in &events {
                if decoder.event("", &event.to_string(), &mut chunks).is_err() {
                    break;
                }
            }
            decoder.end(&mut chunks);
        }
    }
}
