//! Streams: frames in their usual and their odd orders.

use serde_json::{Value, json};

use super::super::Bedrock;
use super::super::turns::replay::{Cuts, Streamed, odd_versions};
use super::{claude, nova, plain};
use crate::provider::turns::replay::stream;
use crate::provider::{Cause, Failure, Progress, Provider, Target};
use crate::transport::frames::{event_frame, exception_frame};
use crate::wire::Usage;

/// The frames of events, each with the padding that Bedrock adds.
pub(in crate::provider) fn bytes_of(events: &[(&str, Value)]) -> Vec<u8> {
    let padded = events.iter().map(|(name, payload)| {
        let mut payload = payload.clone();
        payload["p"] = "abcdefgh".into();
        event_frame(name, &payload.to_string())
    });
    padded.flatten().collect()
}

/// Reads the frames cut at every place in turn by the seed.
fn feed(target: &Target, events: &[(&str, Value)]) -> Result<Streamed, Failure> {
    let bytes = bytes_of(events);
    let whole = stream(&Bedrock, target, &bytes, &mut Cuts(1), bytes.len());
    for (seed, longest) in [(2, 1), (3, 7), (4, 100)] {
        let cut = stream(&Bedrock, target, &bytes, &mut Cuts(seed), longest);
        match (&whole, &cut) {
            (Ok(whole), Ok(cut)) => {
                assert_eq!((&whole.message, &whole.usage, &whole.finish), (&cut.message, &cut.usage, &cut.finish));
            }
            (Err(whole), Err(cut)) => assert_eq!(whole.cause, cut.cause),
            _ => panic!("cut at {longest} it reads otherwise"),
        }
    }
    whole
}

fn start() -> (&'static str, Value) {
    ("messageStart", json!({"role": "assistant"}))
}

fn open(index: u64, start: Value) -> (&'static str, Value) {
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
}

fn delta(index: u64, delta: Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
}

fn close(index: u64) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn stop(reason: &str) -> (&'static str, Value) {
    ("messageStop", json!({"stopReason": reason}))
}

fn metadata() -> (&'static str, Value) {
    let usage = json!({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15});
    ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 9}}))
}

#[test]
fn blocks_of_every_kind() {
    let streamed = feed(
        &claude(),
        &[
            start(),
            delta(0, json!({"reasoningContent": {"text": "H"}})),
            delta(0, json!({"reasoningContent": {"text": "m"}})),
            delta(0, json!({"reasoningContent": {"signature": "sig"}})),
            close(0),
            delta(1, json!({"reasoningContent": {"redactedContent": "b3BhcXVl"}})),
            close(1),
            delta(2, json!({"text": "Hé"})),
            delta(2, json!({"text": "llo"})),
            close(2),
            open(3, json!({"toolUse": {"toolUseId": "t1", "name": "f"}})),
            delta(3, json!({"toolUse": {"input": ""}})),
            delta(3, json!({"toolUse": {"input": "{\"a\""}})),
            delta(3, json!({"toolUse": {"input": ": 1}"}})),
            close(3),
            open(4, json!({"toolUse": {"toolUseId": "t2", "name": "g"}})),
            delta(4, json!({"toolUse": {"input": ""}})),
            close(4),
            ("fromTheFuture", json!({"x": 1})),
            stop("tool_use"),
            metadata(),
        ],
    )
    .unwrap();
    let expected = json!({
        "role": "assistant", "content": "Héllo", "reasoning_content": "Hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "format": "anthropic", "index": 0, "signature": "sig"},
            {"type": "reasoning.encrypted", "data": "opaque", "format": "anthropic", "index": 1},
        ],
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
            {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
    });
    assert_eq!(streamed.message, expected);
    assert_eq!(streamed.finish.as_deref(), Some("tool_calls"));
    assert_eq!(streamed.usage, Some(Usage { input: 10, output: 5, ..Usage::default() }));
    assert_eq!(streamed.last["metrics"], json!({"latencyMs": 9}));
    assert_eq!(streamed.last.get("p"), None, "the padding is no field");
}

#[test]
fn usage_comes_after_the_stop() {
    let mut decoder = Bedrock.decoder(&nova());
    let mut out = Vec::new();
    for (name, payload) in [start(), delta(0, json!({"text": "Hi"})), close(0), stop("end_turn")] {
        assert_eq!(decoder.event(name, &payload.to_string(), &mut out).unwrap(), Progress::More);
        assert!(out.iter().all(|chunk| chunk.finish_reason().is_none()));
    }
    let (name, payload) = metadata();
    assert_eq!(decoder.event(name, &payload.to_string(), &mut out).unwrap(), Progress::Done);
    decoder.end(&mut out);
    let finished: Vec<_> = out.iter().filter_map(|chunk| chunk.finish_reason()).collect();
    assert_eq!(finished, ["stop"]);
    assert_eq!(out.last().unwrap().usage, Some(Usage { input: 10, output: 5, ..Usage::default() }));
}

#[test]
fn a_stream_without_metadata_ends_without_usage_and_one_without_a_stop_does_not_end() {
    let streamed = feed(&nova(), &[start(), delta(0, json!({"text": "Hi"})), stop("max_tokens")]).unwrap();
    assert_eq!((streamed.finish.as_deref(), streamed.usage), (Some("length"), None));
    let streamed = feed(&nova(), &[start(), delta(0, json!({"text": "Hi"})), close(0)]).unwrap();
    assert_eq!((streamed.finish, streamed.message["content"].clone()), (None, json!("Hi")));
}

#[test]
fn thinking_may_stand_behind_text_and_without_a_signature() {
    let streamed = feed(
        &plain("openai.gpt-oss-120b-1:0"),
        &[
            start(),
            delta(1, json!({"reasoningContent": {"text": "Hm"}})),
            close(1),
            delta(0, json!({"text": "Hi"})),
            stop("end_turn"),
            metadata(),
        ],
    )
    .unwrap();
    let expected = json!([{"type": "reasoning.text", "text": "Hm", "format": "bedrock", "index": 1}]);
    assert_eq!(streamed.message["reasoning_details"], expected);
    assert_eq!(streamed.message["content"], "Hi");
}

#[test]
fn tools_that_run_at_bedrock_are_blocks() {
    let result = json!({"toolUseId": "s", "status": "success", "type": "nova_code_interpreter_result"});
    let streamed = feed(
        &nova(),
        &[
            start(),
            open(0, json!({"toolUse": {"toolUseId": "s", "name": "nova_code_interpreter", "type": "server_tool_use"}})),
            delta(0, json!({"toolUse": {"input": "{\"snippet\":\"2*2\"}"}})),
            close(0),
            open(1, json!({"toolResult": result})),
            delta(1, json!({"toolResult": [{"json": {"stdOut": "4"}}]})),
            close(1),
            delta(2, json!({"text": "4"})),
            close(2),
            stop("end_turn"),
            metadata(),
        ],
    )
    .unwrap();
    assert_eq!(streamed.message.get("tool_calls"), None);
    let blocks = &streamed.message["server_blocks"];
    assert_eq!(blocks[0]["block"]["toolUse"]["input"], json!({"snippet": "2*2"}));
    assert_eq!(blocks[1]["block"]["toolResult"]["content"], json!([{"json": {"stdOut": "4"}}]));
    assert_eq!(streamed.finish.as_deref(), Some("stop"));
}

#[test]
fn the_stand_in_tools_input_is_the_answer() {
    let streamed = feed(
        &nova(),
        &[
            start(),
            open(0, json!({"toolUse": {"toolUseId": "t", "name": "final_json_answer__"}})),
            delta(0, json!({"toolUse": {"input": "{\"a\":"}})),
            delta(0, json!({"toolUse": {"input": "1}"}})),
            close(0),
            stop("tool_use"),
            metadata(),
        ],
    )
    .unwrap();
    assert_eq!((streamed.message["content"].clone(), streamed.finish.as_deref()), (json!("{\"a\":1}"), Some("stop")));
}

#[test]
fn citations_in_a_stream() {
    let citation = json!({"title": "T", "location": {"web": {"url": "https://x.example"}}});
    let events = [
        start(),
        delta(0, json!({"text": "So"})),
        delta(0, json!({"citation": citation})),
        close(0),
        stop("end_turn"),
        metadata(),
    ];
    let streamed = feed(&nova(), &events).unwrap();
    let place = json!({"url": "https://x.example", "title": "T", "start_index": 0, "end_index": 2});
    assert_eq!(streamed.message["annotations"], json!([{"type": "url_citation", "url_citation": place}]));
}

#[test]
fn broken_output_and_filters() {
    let failed = feed(&nova(), &[start(), delta(0, json!({"text": "x"})), stop("malformed_tool_use")]).unwrap_err();
    assert_eq!(failed.cause, Cause::ModelFault);
    let filtered = feed(&nova(), &[start(), stop("content_filtered"), metadata()]).unwrap();
    assert_eq!(filtered.finish.as_deref(), Some("content_filter"));
    assert!(filtered.message["refusal"].is_string());
    let spoken =
        feed(&nova(), &[start(), delta(0, json!({"text": "Blocked."})), stop("guardrail_intervened"), metadata()])
            .unwrap();
    assert_eq!(spoken.message, json!({"role": "assistant", "content": "Blocked."}));
}

#[test]
fn an_exception_or_a_cut_fails_the_stream() {
    let mut bytes = bytes_of(&[start(), delta(0, json!({"text": "Hi"}))]);
    let whole = bytes.len();
    bytes.extend(exception_frame("throttlingException", "{\"message\":\"Slow down.\"}"));
    let read = |bytes: &[u8]| stream(&Bedrock, &nova(), bytes, &mut Cuts(5), 9).map_err(|f| f.cause);
    assert_eq!(read(&bytes).unwrap_err(), Cause::RateLimited);
    assert_eq!(read(&bytes[..whole + 20]).unwrap_err(), Cause::Truncated);
    bytes[whole - 3] ^= 1;
    assert_eq!(read(&bytes).unwrap_err(), Cause::Malformed);
}

#[test]
fn oddly_typed_fields_never_panic() {
    let events = [
        start(),
        delta(0, json!({"reasoningContent": {"text": "H", "signature": "s", "redactedContent": "AA=="}})),
        close(0),
        open(1, json!({"toolUse": {"toolUseId": "t", "name": "f", "type": "tool_use"}})),
        delta(1, json!({"toolUse": {"input": "{}"}})),
        open(2, json!({"toolResult": {"toolUseId": "s", "content": []}})),
        delta(2, json!({"toolResult": [{"json": {}}], "text": "x", "citation": {"location": {"web": {"url": "u"}}}})),
        stop("tool_use"),
        metadata(),
    ];
    for (at, (name, payload)) in events.iter().enumerate() {
        for odd in odd_versions(payload) {
            let mut decoder = Bedrock.decoder(&claude());
            let mut out = Vec::new();
            for (i, (other, usual)) in events.iter().enumerate() {
                let data = if i == at { odd.to_string() } else { usual.to_string() };
                if decoder.event(if i == at { name } else { other }, &data, &mut out).is_err() {
                    break;
                }
            }
            decoder.end(&mut out);
        }
    }
    let mut out = Vec::new();
    assert_eq!(Bedrock.decoder(&nova()).event("messageStart", "no", &mut out).unwrap_err().cause, Cause::Malformed);
}
