//! Streams: lines in their usual and their odd orders.

use serde_json::{Value, json};

use super::super::Ollama;
use super::super::turns::replay::{Cuts, Streamed, odd_versions, stream};
use super::plain_model;
use crate::provider::{Cause, Failure, Provider};

fn line(message: Value) -> Value {
    json!({"model": "m:latest", "created_at": "2026-01-02T03:04:05.5Z", "message": message, "done": false})
}

fn last(reason: &str) -> Value {
    let mut line = line(json!({"role": "assistant", "content": ""}));
    line["done"] = true.into();
    line["done_reason"] = reason.into();
    line["prompt_eval_count"] = 26.into();
    line["eval_count"] = 5.into();
    line["total_duration"] = 9.into();
    line
}

fn everything() -> Vec<Value> {
    let call = |index: u64, name: &str| json!([{"function": {"index": index, "name": name, "arguments": {"a": "é"}}}]);
    vec![
        line(json!({"role": "assistant", "content": "", "thinking": "H"})),
        line(json!({"role": "assistant", "content": "", "thinking": "m."})),
        line(json!({"role": "assistant", "content": "Hi "})),
        line(json!({"role": "assistant", "content": "you 漢"})),
        line(json!({"role": "assistant", "content": "", "tool_calls": call(0, "f")})),
        line(json!({"role": "assistant", "content": "", "tool_calls": call(1, "g")})),
        last("stop"),
    ]
}

fn bytes(lines: &[Value], end: &str) -> Vec<u8> {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join(end).into_bytes()
}

fn feed(lines: &[Value]) -> Result<Streamed, Failure> {
    stream(&Ollama, &plain_model(), &bytes(lines, "\n"), &mut Cuts(1), 1 << 20)
}

#[test]
fn thinking_text_and_calls_before_the_end() {
    let streamed = feed(&everything()).unwrap();
    let message = &streamed.message;
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("Hi you 漢"), &json!("Hm.")));
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls[1]["function"], json!({"name": "g", "arguments": "{\"a\":\"é\"}"}));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    let usage = streamed.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.estimated), (26, 5, false));
    assert_eq!((&streamed.last["model"], &streamed.last["total_duration"]), (&json!("m:latest"), &json!(9)));
}

#[test]
fn every_cut_reads_the_same_with_a_line_end_at_the_end_or_without() {
    let whole = feed(&everything()).unwrap();
    for end in ["\n", "\r\n", "\n\n"] {
        let mut text = bytes(&everything(), end);
        for seed in 0..30 {
            let cut = stream(&Ollama, &plain_model(), &text, &mut Cuts(seed), 1 + seed as usize * 3).unwrap();
            assert_eq!(cut, whole);
        }
        text.extend_from_slice(end.as_bytes());
        assert_eq!(stream(&Ollama, &plain_model(), &text, &mut Cuts(3), 7).unwrap(), whole);
    }
}

#[test]
fn an_error_line_is_a_failure_wherever_it_comes() {
    let error = json!({"error": "an error was encountered while running the model: unexpected EOF"});
    for at in 0..everything().len() {
        let mut lines = everything();
        lines[at] = error.clone();
        let failure = feed(&lines).unwrap_err();
        assert!(failure.message.starts_with("an error was encountered"), "{failure:?}");
        assert_ne!(failure.cause, Cause::Malformed);
    }
}

#[test]
fn what_is_no_json_is_malformed_and_an_end_that_is_missing_gives_no_finish() {
    for text in ["<html></html>", "nonsense", "[1]"] {
        let broken = stream(&Ollama, &plain_model(), text.as_bytes(), &mut Cuts(1), 99);
        assert_eq!(broken.unwrap_err().cause, Cause::Malformed);
    }
    let cut = feed(&everything()[..4]).unwrap();
    assert_eq!((cut.message["content"].as_str(), cut.finish), (Some("Hi you 漢"), None));
}

#[test]
fn a_limit_is_a_length_also_after_calls() {
    let mut lines = everything();
    lines[6] = last("length");
    assert_eq!(feed(&lines).unwrap().finish.as_deref(), Some("length"));
}

#[test]
fn odd_lines_never_panic() {
    for (at, line) in everything().iter().enumerate() {
        for odd in odd_versions(line) {
            let mut lines = everything();
            lines[at] = odd;
            let mut decoder = Ollama.decoder(&plain_model());
            let mut chunks = Vec::new();
            for line in &lines {
                if decoder.event("", &line.to_string(), &mut chunks).is_err() {
                    break;
                }
            }
            decoder.end(&mut chunks);
        }
    }
}
