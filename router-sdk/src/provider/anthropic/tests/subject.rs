//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::super::turns::replay::bytes_of;
use super::modern;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Anthropic,
        target: modern(),
        reply: reply(),
        stream: bytes_of(&events(), "\n"),
        needed: &["", "/content", "/stop_reason"],
        told: &["/content", "/stop_reason"],
        needed_in_events: &["/type", "/delta", "/delta/stop_reason"],
    }
}

fn usage() -> Value {
    json!({
        "input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
        "output_tokens_details": {"thinking_tokens": 2}, "server_tool_use": {"web_search_requests": 1},
        "service_tier": "standard",
    })
}

fn reply() -> Value {
    let citation = json!({"type": "web_search_result_location", "url": "u", "title": "t", "cited_text": "c"});
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-1",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "text", "text": "Hi", "citations": [citation]},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"type": "web_search_result"}]},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null, "stop_details": null, "usage": usage(),
        "container": {"id": "c"}, "context_management": {"applied_edits": []},
    })
}

fn events() -> Vec<Value> {
    let open = |i: u64, block: Value| json!({"type": "content_block_start", "index": i, "content_block": block});
    let delta = |i: u64, delta: Value| json!({"type": "content_block_delta", "index": i, "delta": delta});
    let close = |i: u64| json!({"type": "content_block_stop", "index": i});
    let mut head = reply();
    head["content"] = json!([]);
    head["stop_reason"] = Value::Null;
    vec![
        json!({"type": "message_start", "message": head}),
        json!({"type": "ping"}),
        open(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "H\u{e9}"})),
        delta(0, json!({"type": "signature_delta", "signature": "s"})),
        close(0),
        open(1, json!({"type": "redacted_thinking", "data": "d"})),
        close(1),
        open(2, json!({"type": "text", "text": "", "citations": []})),
        delta(2, json!({"type": "text_delta", "text": "Hi"})),
        delta(2, json!({"type": "citations_delta", "citation": {"url": "u", "title": "t"}})),
        close(2),
        open(3, json!({"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}})),
        delta(3, json!({"type": "input_json_delta", "partial_json": "{\"query\":\"q\"}"})),
        close(3),
        open(4, json!({"type": "tool_use", "id": "t1", "name": "f", "input": {}})),
        delta(4, json!({"type": "input_json_delta", "partial_json": "{\"a\":"})),
        delta(4, json!({"type": "input_json_delta", "partial_json": "1}"})),
        close(4),
        json!({
            "type": "message_delta", "usage": usage(), "context_management": {"applied_edits": []},
            "delta": {"stop_reason": "tool_use", "stop_sequence": null, "stop_details": {"explanation": "e"}},
        }),
        json!({"type": "message_stop"}),
    ]
}
