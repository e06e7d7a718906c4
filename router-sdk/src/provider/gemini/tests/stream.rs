//! Streams: events in their usual and their odd orders.

use serde_json::{Value, json};

use super::super::Gemini;
use super::super::turns::replay::{Streamed, assemble};
use super::named;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatChunk;

fn chunks(events: &[Value]) -> Result<Vec<ChatChunk>, Failure> {
    let mut decoder = Gemini.decoder(&named("gemini-3-pro-preview"));
    let mut chunks = Vec::new();
    for event in events {
        decoder.event("", &event.to_string(), &mut chunks)?;
    }
    decoder.end(&mut chunks);
    Ok(chunks)
}

fn feed(events: &[Value]) -> Result<Streamed, Failure> {
    chunks(events).map(|chunks| assemble(&chunks))
}

fn event(parts: Value, reason: Option<&str>, output: u64) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(reason) = reason {
        candidate["finishReason"] = reason.into();
    }
    let counts = json!({"promptTokenCount": 9, "candidatesTokenCount": output, "totalTokenCount": 9 + output});
    json!({"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini-x", "responseId": "r"})
}

#[test]
fn parts_cut_by_the_stream_are_one() {
    let streamed = feed(&[
        event(json!([{"text": "H", "thought": true}]), None, 1),
        event(json!([{"text": "m", "thought": true}]), None, 2),
        event(json!([{"text": "Hi "}]), None, 3),
        event(json!([{"text": "you"}]), None, 4),
        event(json!([{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s1"}]), None, 5),
        event(json!([{"functionCall": {"name": "g"}}]), None, 6),
        event(json!([{"text": "", "thoughtSignature": "s2"}]), Some("STOP"), 7),
    ])
    .unwrap();
    let calls = streamed.message["tool_calls"].as_array().unwrap();
    assert_eq!(streamed.message["content"], "Hi you");
    assert_eq!(streamed.message["reasoning_content"], "Hm");
    assert_eq!(calls[1]["function"], json!({"name": "g", "arguments": "{}"}));
    let details = json!([
        {"type": "reasoning.text", "text": "Hm", "format": "gemini", "index": 0},
        {"type": "reasoning.encrypted", "data": "s1", "format": "gemini", "index": 2, "id": calls[0]["id"]},
        {"type": "reasoning.encrypted", "data": "s2", "format": "gemini", "index": 4},
    ]);
    assert_eq!(streamed.message["reasoning_details"], details);
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    let usage = streamed.usage.unwrap();
    assert_eq!((usage.input, usage.output), (9, 7));
    assert_eq!(streamed.last["model"], "gemini-x");
}

#[test]
fn parts_and_counts_after_the_finish_reason_still_count() {
    let streamed = feed(&[
        event(json!([{"text": "a"}]), Some("STOP"), 1),
        event(json!([{"text": "b"}]), Some("STOP"), 2),
        event(json!([{"functionCall": {"name": "f", "args": {}}}]), None, 3),
        json!({"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5}}),
    ])
    .unwrap();
    assert_eq!(streamed.message["content"], "ab");
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    assert_eq!(streamed.usage.unwrap().output, 5);
}

#[test]
fn a_stream_without_finish_reason_does_not_finish() {
    let streamed = feed(&[event(json!([{"text": "a"}]), None, 1)]).unwrap();
    assert_eq!((streamed.finish, streamed.usage), (None, None));
    assert!(chunks(&[]).unwrap().is_empty());
}

#[test]
fn only_the_finish_comes_at_the_end_of_plain_text() {
    let made = chunks(&[event(json!([{"text": "a"}]), None, 1), event(json!([]), Some("STOP"), 1)]).unwrap();
    let texts: Vec<&str> = made.iter().map(ChatChunk::text).collect();
    assert_eq!(texts, ["", "a", ""]);
    assert_eq!(made.iter().map(|c| c.finished).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(made.iter().map(|c| c.output).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn odd_but_lawful_events() {
    let bare = json!({"candidates": [{"finishReason": "STOP"}], "promptFeedback": null});
    let list = json!([event(json!([{"text": "a", "thought": false}]), None, 1)]);
    let unspecified = event(json!([{"text": "b"}]), Some("FINISH_REASON_UNSPECIFIED"), 2);
    let streamed = feed(&[json!({}), list, unspecified, bare]).unwrap();
    assert_eq!(streamed.message["content"], "ab");
    assert_eq!(streamed.finish.as_deref(), Some("stop"));
}

#[test]
fn blocked_prompts_and_answers_say_so() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}});
    let streamed = feed(&[blocked]).unwrap();
    assert_eq!(streamed.finish.as_deref(), Some("content_filter"));
    assert!(streamed.message["refusal"].as_str().unwrap().contains("SAFETY"));
    assert_eq!(streamed.usage.unwrap().input, 4);
    let streamed =
        feed(&[event(json!([{"text": "a"}]), None, 1), json!({"candidates": [{"finishReason": "RECITATION"}]})]);
    assert_eq!(streamed.unwrap().finish.as_deref(), Some("content_filter"));
}

#[test]
fn failures_in_a_stream() {
    let fault = event(json!([]), Some("MALFORMED_FUNCTION_CALL"), 1);
    assert_eq!(feed(&[fault]).unwrap_err().cause, Cause::ModelFault);
    let error = json!({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}});
    assert_eq!(feed(std::slice::from_ref(&error)).unwrap_err().cause, Cause::Overloaded);
    assert_eq!(feed(&[json!([error])]).unwrap_err().cause, Cause::Overloaded);
    let mut decoder = Gemini.decoder(&named("m"));
    assert_eq!(decoder.event("", "{\"candidates\"", &mut Vec::new()).unwrap_err().cause, Cause::Malformed);
}

#[test]
fn two_candidates_finish_each_and_count_once() {
    let mut both = event(json!([{"text": "a"}]), Some("STOP"), 2);
    let second = json!({"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1});
    both["candidates"].as_array_mut().unwrap().push(second);
    let made = chunks(&[both]).unwrap();
    let finishes: Vec<(u64, &str)> = made
        .iter()
        .map(|c| &c.body["choices"][0])
        .filter_map(|c| Some((c["index"].as_u64()?, c["finish_reason"].as_str()?)))
        .collect();
    assert_eq!(finishes, [(0, "stop"), (1, "length")]);
    assert_eq!(made.iter().filter(|c| c.usage.is_some()).count(), 1);
    assert!(made.last().unwrap().usage.is_some());
}

#[test]
fn nothing_that_arrives_makes_it_panic() {
    let odd = [
        "null",
        "1",
        "[]",
        "[1, null]",
        "\"x\"",
        "{\"candidates\": 4}",
        "{\"candidates\": [null, 1]}",
        "{\"candidates\": [{\"index\": 99999, \"content\": []}]}",
        "{\"candidates\": [{\"content\": {\"parts\": [null, 3, {\"functionCall\": 1}, {\"text\": 5}, {}]}}]}",
        "{\"usageMetadata\": []}",
    ];
    let mut decoder = Gemini.decoder(&named("m"));
    let mut chunks = Vec::new();
    for data in odd {
        let _ = decoder.event("", data, &mut chunks);
    }
    decoder.end(&mut chunks);
}
