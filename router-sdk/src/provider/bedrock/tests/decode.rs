//! Whole replies: blocks of every kind, odd fields, usage, and replies that are none.

use serde_json::{Value, json};

use super::super::Bedrock;
use super::super::turns::replay::odd_versions;
use super::{claude, nova, plain};
use crate::provider::{Cause, Failure, Provider, Target};
use crate::wire::{ChatResponse, Usage};

fn decode(target: &Target, body: &Value) -> Result<ChatResponse, Failure> {
    Bedrock.decode(target, body.to_string().as_bytes())
}

fn reply(content: Value, stop: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": content}}, "stopReason": stop,
        "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, "metrics": {"latencyMs": 3},
    })
}

#[test]
fn blocks_of_every_kind() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"text": "It is "},
        {"text": "42", "type": "text"},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": [1]}, "type": "tool_use"}},
        {"toolUse": {"name": "g"}},
        {"from_the_future": {"x": 1}},
    ]);
    let reply = decode(&claude(), &reply(content, "tool_use")).unwrap();
    let expected = json!({
        "role": "assistant", "content": "It is 42", "refusal": null, "reasoning_content": "Hm",
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":[1]}"}},
            {"id": "tooluse_1", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "format": "anthropic", "index": 0, "signature": "sig"},
            {"type": "reasoning.encrypted", "data": "opaque", "format": "anthropic", "index": 1},
        ],
        "server_blocks": [{"format": "bedrock", "index": 6, "block": {"from_the_future": {"x": 1}}}],
        "annotations": [],
    });
    assert_eq!(reply.message().unwrap(), &expected);
    assert_eq!(reply.finish_reason(), Some("tool_calls"));
    assert_eq!(reply.body["choices"][0]["native_finish_reason"], "tool_use");
    assert_eq!(reply.body["metrics"], json!({"latencyMs": 3}));
    assert!(reply.body["id"].as_str().unwrap().starts_with("chatcmpl-"));
}

#[test]
fn thinking_of_other_models_keeps_bedrocks_mark() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm"}}}, {"reasoningContent": {"redactedContent": "AA=="}}, {"text": "Hi"},
    ]);
    let reply = decode(&plain("us.deepseek.r1-v1:0"), &reply(content, "end_turn")).unwrap();
    let details = &reply.message().unwrap()["reasoning_details"];
    assert_eq!(details[0], json!({"type": "reasoning.text", "text": "Hm", "format": "bedrock", "index": 0}));
    assert_eq!(details[1]["data"], "AA==");
}

#[test]
fn tools_that_run_at_bedrock_are_no_calls_of_the_caller() {
    let content = json!([
        {"toolUse": {"toolUseId": "s", "name": "nova_code_interpreter", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s", "content": [{"json": {"stdOut": "4"}}], "type": "nova_code_interpreter_result"}},
        {"text": "4"},
    ]);
    let reply = decode(&nova(), &reply(content, "end_turn")).unwrap();
    assert!(reply.tool_calls().is_empty());
    assert_eq!((reply.text(), reply.finish_reason()), ("4", Some("stop")));
    assert_eq!(reply.message().unwrap()["server_blocks"].as_array().unwrap().len(), 2);
}

#[test]
fn citations_become_annotations() {
    let web = json!({"title": "T", "location": {"web": {"url": "https://x.example", "domain": "x.example"}}});
    let page = json!({"title": "D", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}});
    let content = json!([
        {"text": "Well, "}, {"citationsContent": {"content": [{"text": "so"}, {"text": "!"}], "citations": [web, page]}},
    ]);
    let reply = decode(&nova(), &reply(content, "end_turn")).unwrap();
    assert_eq!(reply.text(), "Well, so!");
    let place = json!({"url": "https://x.example", "title": "T", "start_index": 6, "end_index": 9});
    let expected = json!([{"type": "url_citation", "url_citation": place}, page]);
    assert_eq!(reply.message().unwrap()["annotations"], expected);
}

#[test]
fn the_stand_in_tools_input_is_the_answer() {
    let content = json!([
        {"text": "Here:"}, {"toolUse": {"toolUseId": "t", "name": "final_json_answer__", "input": {"a": 1}}},
    ]);
    let reply = decode(&nova(), &reply(content, "tool_use")).unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("{\"a\":1}", Some("stop")));
}

#[test]
fn every_stop_reason() {
    let finish = |stop: &str| {
        decode(&nova(), &reply(json!([{"text": "Hi"}]), stop)).map(|r| r.finish_reason().map(str::to_owned))
    };
    for (stop, finished) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("from_the_future", "stop"),
    ] {
        assert_eq!(finish(stop).unwrap().as_deref(), Some(finished), "{stop}");
    }
    for stop in ["malformed_model_output", "malformed_tool_use"] {
        assert_eq!(finish(stop).unwrap_err().cause, Cause::ModelFault);
    }
    // A guardrail's own words stay the answer; without any there is a refusal.
    let silent = decode(&nova(), &reply(json!([]), "content_filtered")).unwrap();
    assert!(silent.message().unwrap()["refusal"].is_string());
}

#[test]
fn usage_counts_the_cache_in() {
    let usage = |told: Value| {
        let mut body = reply(json!([{"text": "Hi"}]), "end_turn");
        body["usage"] = told;
        decode(&claude(), &body).unwrap().usage
    };
    let told = json!({
        "inputTokens": 3, "outputTokens": 20, "totalTokens": 423, "cacheReadInputTokens": 100,
        "cacheReadInputTokenCount": 100, "cacheWriteInputTokens": 300, "cacheWriteInputTokenCount": 300,
        "cacheDetails": [{"inputTokens": 200, "ttl": "1h"}, {"inputTokens": 100, "ttl": "5m"}],
    });
    let expected =
        Usage { input: 403, cached_read: 100, cache_write: 100, cache_write_1h: 200, output: 20, ..Usage::default() };
    assert_eq!(usage(told), Some(expected));
    let older = json!({"inputTokens": 3, "outputTokens": 1, "cacheReadInputTokenCount": 7.0});
    assert_eq!(usage(older), Some(Usage { input: 10, cached_read: 7, output: 1, ..Usage::default() }));
    // Where the total says that the cache is in the input already, it is not added again.
    let included = json!({"inputTokens": 10, "outputTokens": 1, "totalTokens": 11, "cacheReadInputTokens": 7});
    assert_eq!(usage(included), Some(Usage { input: 10, cached_read: 7, output: 1, ..Usage::default() }));
    let only_total = json!({"outputTokens": 1, "totalTokens": 11});
    assert_eq!(usage(only_total), Some(Usage { input: 10, output: 1, ..Usage::default() }));
    for nothing in [json!({"outputTokens": 50}), json!({}), json!(null), json!("x"), json!({"inputTokens": -1})] {
        assert_eq!(usage(nothing), None);
    }
}

#[test]
fn replies_that_are_none() {
    let cause = |bytes: &[u8]| Bedrock.decode(&nova(), bytes).unwrap_err().cause;
    assert_eq!(cause(b" "), Cause::Empty);
    assert_eq!(cause(b"<html>"), Cause::Malformed);
    assert_eq!(cause(b"{\"output\": {\"mess"), Cause::Malformed);
    assert_eq!(cause(b"[]"), Cause::Malformed);
    assert_eq!(cause(b"{\"usage\": {}}"), Cause::Malformed);
    assert_eq!(cause(reply(json!([{"text": ""}]), "end_turn").to_string().as_bytes()), Cause::Empty);
    let mut unfinished = reply(json!([{"text": "Hi"}]), "end_turn");
    unfinished["stopReason"] = Value::Null;
    assert_eq!(cause(unfinished.to_string().as_bytes()), Cause::Truncated);
    assert_eq!(cause(b"{\"message\": \"The provided model identifier is invalid.\"}"), Cause::ModelMissing);
}

#[test]
fn oddly_typed_fields_never_panic() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}, "redactedContent": "AA=="}},
        {"text": "Hi"}, {"toolUse": {"toolUseId": "t", "name": "f", "input": {}, "type": "tool_use"}},
        {"citationsContent": {"content": [{"text": "x"}], "citations": [{"location": {"web": {"url": "u"}}}]}},
    ]);
    let mut body = reply(content, "tool_use");
    body["usage"]["cacheDetails"] = json!([{"inputTokens": 1, "ttl": "1h"}]);
    let mut read = 0;
    for odd in odd_versions(&body) {
        read += usize::from(decode(&claude(), &odd).is_ok());
    }
    assert!(read > 100, "{read}");
}
