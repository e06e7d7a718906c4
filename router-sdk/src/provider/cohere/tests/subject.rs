//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::super::turns::replay::bytes_of;
use super::thinker;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Cohere,
        target: thinker(),
        reply: reply(),
        stream: bytes_of(&events(), "\n"),
        needed: &["", "/message", "/finish_reason"],
        told: &["/message/content", "/message/tool_calls", "/finish_reason"],
        needed_in_events: &["/type", "/delta", "/delta/finish_reason"],
    }
}

fn usage() -> Value {
    json!({
        "billed_units": {"input_tokens": 10, "output_tokens": 7, "search_units": 1},
        "tokens": {"input_tokens": 50, "output_tokens": 9, "reasoning_tokens": 3}, "cached_tokens": 4,
    })
}

fn citation() -> Value {
    json!({"start": 0, "end": 2, "text": "Hi", "type": "TEXT_CONTENT", "content_index": 1,
           "sources": [{"type": "document", "id": "d1", "document": {"title": "t"}}]})
}

fn reply() -> Value {
    json!({
        "id": "c1", "finish_reason": "TOOL_CALL", "usage": usage(), "meta": {"api_version": {"version": "2"}},
        "logprobs": [{"token_ids": [1], "text": "Hi", "logprobs": [-0.1]}],
        "message": {
            "role": "assistant", "tool_plan": "I will look.",
            "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hi"}],
            "tool_calls": [
                {"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "f_2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
            "citations": [citation()],
        },
    })
}

fn events() -> Vec<Value> {
    let event =
        |kind: &str, index: u64, message: Value| json!({"type": kind, "index": index, "delta": {"message": message}});
    let call =
        |id: &str| json!({"tool_calls": {"id": id, "type": "function", "function": {"name": "f", "arguments": ""}}});
    let mut text = event("content-delta", 1, json!({"content": {"text": "H\u{e9}"}}));
    text["logprobs"] = json!({"token_ids": [1], "text": "H", "logprobs": [-0.1]});
    vec![
        json!({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant", "content": []}}}),
        event("content-start", 0, json!({"content": {"type": "thinking", "thinking": ""}})),
        event("content-delta", 0, json!({"content": {"thinking": "Hm"}})),
        json!({"type": "content-end", "index": 0}),
        event("content-start", 1, json!({"content": {"type": "text", "text": ""}})),
        text,
        event("citation-start", 0, json!({"citations": citation()})),
        json!({"type": "citation-end", "index": 0}),
        json!({"type": "content-end", "index": 1}),
        event("tool-plan-delta", 0, json!({"tool_plan": "I look."})),
        event("tool-call-start", 0, call("f_1")),
        event("tool-call-delta", 0, json!({"tool_calls": {"function": {"arguments": "{\"a\":1}"}}})),
        json!({"type": "tool-call-end", "index": 0}),
        event("tool-call-start", 1, call("f_2")),
        json!({"type": "tool-call-end", "index": 1}),
        json!({"type": "message-end", "id": "c1", "delta": {"finish_reason": "TOOL_CALL", "usage": usage(), "error": null}}),
    ]
}
