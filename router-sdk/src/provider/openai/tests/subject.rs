//! A reply and a stream with every field that vendors of this family send, for fuzzing.

use serde_json::{Value, json};

use super::target;
use crate::catalog::Quirks;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::OpenAi,
        target: target(Quirks::default()),
        reply: reply(),
        stream: stream(),
        needed: &["", "/choices", "/choices/0", "/choices/0/message"],
        told: &["/choices/0/message/content", "/choices/0/message/tool_calls", "/choices/0/finish_reason"],
        needed_in_events: &["/choices", "/choices/0", "/choices/0/finish_reason"],
    }
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29, "prompt_cache_hit_tokens": 5, "cost": 0.01,
        "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 0}, "is_byok": false,
        "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0}, "queue_time": 0.1,
    })
}

fn reply() -> Value {
    let calls = json!([
        {"id": "call_1", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{\"a\":1}"}},
        {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "free"}},
    ]);
    let message = json!({
        "role": "assistant", "content": "Hi", "refusal": null, "reasoning": "Hm", "reasoning_content": "Hm",
        "annotations": [{"type": "url_citation", "url_citation": {"url": "u", "start_index": 0}}],
        "reasoning_details": [{"type": "reasoning.text", "text": "Hm", "signature": "s", "index": 0}],
        "function_call": {"name": "", "arguments": ""}, "audio": null, "tool_calls": calls,
        "provider_specific_fields": {"a": [1]},
    });
    let logprobs = json!({"content": [{"token": "Hi", "logprob": -0.1, "bytes": [72], "top_logprobs": []}]});
    json!({
        "id": "r1", "object": "chat.completion", "created": 1_700_000_000, "model": "m", "provider": "p",
        "choices": [{
            "index": 0, "message": message, "finish_reason": "tool_calls", "native_finish_reason": "STOP",
            "logprobs": logprobs, "content_filter_results": {"hate": {"filtered": false}},
        }],
        "usage": usage(), "system_fingerprint": "fp", "service_tier": "default", "citations": ["u"],
        "search_results": [{"url": "u"}], "x_groq": {"id": "g", "usage": {"prompt_tokens": 20}},
        "prompt_filter_results": [{"prompt_index": 0}], "base_resp": {"status_code": 0, "status_msg": ""},
    })
}

fn stream() -> Vec<u8> {
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({
            "index": 0, "delta": delta, "finish_reason": finish, "logprobs": {"content": []},
            "native_finish_reason": null, "content_filter_results": {},
        });
        json!({
            "id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice],
            "usage": null, "obfuscation": "xx", "system_fingerprint": "fp", "citations": ["u"], "x_groq": {"id": "g"},
        })
    };
    let call = |call: Value| chunk(json!({"tool_calls": [call]}), Value::Null);
    let mut last = chunk(json!({}), Value::Null);
    last["choices"] = json!([]);
    last["usage"] = usage();
    let events = [
        chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null),
        chunk(json!({"reasoning_content": "Hm", "reasoning_details": [{"type": "reasoning.text"}]}), Value::Null),
        chunk(json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}]}), Value::Null),
        chunk(json!({"content": "H\u{e9}", "annotations": [{"type": "url_citation"}]}), Value::Null),
        call(json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}})),
        call(json!({"index": 0, "function": {"arguments": "{\"a\":"}})),
        call(json!({"index": 0, "id": null, "function": {"name": null, "arguments": "1}"}})),
        call(json!({"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}})),
        chunk(json!({}), json!("tool_calls")),
        last,
    ];
    let mut out = String::from(": hello\n\n");
    for event in events {
        out += &format!("data: {event}\n\n");
    }
    (out + "data: [DONE]\n\n").into_bytes()
}
