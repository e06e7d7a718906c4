//! Whole replies: what the caller gets for each kind of block, stop reason and broken body.

use serde_json::{Value, json};

use super::super::Anthropic;
use super::super::turns::replay::odd_versions;
use super::modern;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatResponse;

fn decode(body: Value) -> Result<ChatResponse, Failure> {
    Anthropic.decode(&modern(), body.to_string().as_bytes())
}

fn reply(content: Value, stop_reason: &str) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-1", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    })
}

#[test]
fn text_thinking_and_calls() {
    let content = json!([
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "I'll look."},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
    ]);
    let reply = decode(reply(content, "tool_use")).unwrap();
    let expected = json!({
        "role": "assistant", "content": "I'll look.", "refusal": null, "reasoning_content": "Hm",
        "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
            {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "format": "anthropic", "index": 0, "signature": "s"},
            {"type": "reasoning.encrypted", "data": "d", "format": "anthropic", "index": 1},
        ],
        "annotations": [],
    });
    assert_eq!(reply.message().unwrap(), &expected);
    assert_eq!(reply.finish_reason(), Some("tool_calls"));
    assert_eq!(reply.body["model"], "claude-opus-5-1");
    assert_eq!(reply.body["object"], "chat.completion");
}

#[test]
fn stop_reasons() {
    let text = json!([{"type": "text", "text": "x"}]);
    let call = json!([{"type": "tool_use", "id": "t", "name": "f", "input": {}}]);
    for (content, reason, expected) in [
        (&text, "end_turn", "stop"),
        (&text, "stop_sequence", "stop"),
        (&text, "max_tokens", "length"),
        (&text, "model_context_window_exceeded", "length"),
        (&text, "pause_turn", "stop"),
        (&text, "something_new", "stop"),
        (&call, "end_turn", "tool_calls"),
        (&call, "max_tokens", "length"),
    ] {
        let reply = decode(reply(content.clone(), reason)).unwrap();
        assert_eq!(reply.finish_reason(), Some(expected));
        assert_eq!(reply.body["choices"][0]["native_finish_reason"], reason);
    }
}

#[test]
fn a_refusal_without_content_is_an_answer() {
    let mut body = reply(json!([]), "refusal");
    body["stop_details"] = json!({"category": "cyber", "explanation": "No."});
    let reply = decode(body).unwrap();
    assert_eq!(reply.finish_reason(), Some("content_filter"));
    assert_eq!(reply.message().unwrap()["refusal"], "No.");
    assert_eq!(reply.message().unwrap()["content"], Value::Null);
    assert_eq!(reply.body["stop_details"]["category"], "cyber");
}

#[test]
fn usage_counts_what_the_cache_gave_and_took() {
    let mut body = reply(json!([{"type": "text", "text": "x"}]), "end_turn");
    body["usage"] = json!({
        "input_tokens": 10, "cache_read_input_tokens": 1_000, "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}, "service_tier": "standard",
    });
    let reply = decode(body).unwrap();
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.cached_read, usage.cache_write, usage.cache_write_1h), (1_310, 1_000, 100, 200));
    assert_eq!((usage.output, usage.reasoning), (50, 30));
    assert_eq!(reply.body["usage"]["prompt_tokens"], 1_310);
    assert_eq!(reply.body["usage"]["total_tokens"], 1_360);
    assert_eq!(reply.body["usage"]["service_tier"], "standard");
    assert!(reply.body["usage"].get("input_tokens").is_none());
}

#[test]
fn the_stand_in_tool_is_undone() {
    let content = json!([
        {"type": "text", "text": "Here:"},
        {"type": "tool_use", "id": "t", "name": "final_json_answer__", "input": {"n": 2}},
    ]);
    let reply = decode(reply(content, "tool_use")).unwrap();
    assert_eq!(reply.text(), "{\"n\":2}");
    assert!(reply.tool_calls().is_empty());
    assert_eq!(reply.finish_reason(), Some("stop"));
}

#[test]
fn citations_and_server_blocks_stay() {
    let cited =
        json!({"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "ü"});
    let search = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}});
    let content = json!([
        {"type": "text", "text": "Für "}, search, {"type": "text", "text": "dich", "citations": [cited]},
    ]);
    let reply = decode(reply(content, "end_turn")).unwrap();
    assert_eq!(reply.text(), "Für dich");
    let citation = json!({"url": "https://a.example", "title": "A", "start_index": 4, "end_index": 8});
    assert_eq!(reply.message().unwrap()["annotations"], json!([{"type": "url_citation", "url_citation": citation}]));
    let blocks = json!([{"format": "anthropic", "index": 1, "block": search}]);
    assert_eq!(reply.message().unwrap()["server_blocks"], blocks);
    assert!(reply.tool_calls().is_empty());
}

#[test]
fn unknown_fields_reach_the_caller_and_odd_ones_harm_nobody() {
    let mut body =
        reply(json!([{"type": "text", "text": "x", "citations": null, "new": 1}, {"type": "wonder"}]), "stop_sequence");
    body["stop_sequence"] = "END".into();
    body["container"] = json!({"id": "c"});
    body["usage"] =
        json!({"input_tokens": 3.0, "output_tokens": 4, "cache_creation": null, "cache_read_input_tokens": null});
    let reply = decode(body).unwrap();
    assert_eq!(reply.body["stop_sequence"], "END");
    assert_eq!(reply.body["container"]["id"], "c");
    assert_eq!(reply.usage.unwrap().input, 3);
}

#[test]
fn what_is_no_answer_is_a_failure() {
    let cases: [(&[u8], Cause); 9] = [
        (b"", Cause::Empty),
        (b"\n\n", Cause::Empty),
        (b"<html>502</html>", Cause::Malformed),
        (b"{\"id\": \"msg\", \"content\": [", Cause::Malformed),
        (b"[]", Cause::Malformed),
        (b"{\"choices\": []}", Cause::Malformed),
        (b"\xff\xfe", Cause::Malformed),
        (br#"{"type": "message", "content": [], "stop_reason": "end_turn"}"#, Cause::Empty),
        (br#"{"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": null}"#, Cause::Truncated),
    ];
    for (body, cause) in cases {
        assert_eq!(Anthropic.decode(&modern(), body).unwrap_err().cause, cause, "{:?}", String::from_utf8_lossy(body));
    }
    let body = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(decode(body).unwrap_err().cause, Cause::Overloaded);
}

#[test]
fn odd_values_anywhere_never_panic() {
    let content = json!([
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "text", "text": "x", "citations": [{"url": "u", "title": "t"}]},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    ]);
    let mut body = reply(content, "tool_use");
    body["usage"]["cache_creation"] = json!({"ephemeral_5m_input_tokens": 1});
    body["stop_details"] = json!({"explanation": "No."});
    let versions = odd_versions(&body);
    let answers = versions.iter().filter(|body| decode((*body).clone()).is_ok()).count();
    assert!(answers > versions.len() / 2, "{answers} of {}", versions.len());
}
