//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::claude;
use super::stream::bytes_of;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Bedrock,
        target: claude(),
        reply: reply(),
        stream: bytes_of(&events()),
        needed: &["", "/output", "/output/message", "/output/message/content", "/stopReason"],
        told: &["/output/message/content", "/stopReason"],
        needed_in_events: &["/stopReason"],
    }
}

fn usage() -> Value {
    json!({
        "inputTokens": 10, "outputTokens": 7, "totalTokens": 25, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3,
        "cacheDetails": [{"inputTokens": 2, "ttl": "1h"}], "serverToolUsage": {},
    })
}

fn reply() -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}},
            {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
            {"text": "Hi"},
            {"citationsContent": {"content": [{"text": "so"}], "citations": [{"title": "t", "location": {"web": {"url": "u"}}}]}},
            {"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "input": {"q": "q"}, "type": "server_tool_use"}},
            {"toolResult": {"toolUseId": "s1", "content": [{"text": "r"}], "status": "success"}},
            {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
        ]}},
        "stopReason": "tool_use", "usage": usage(), "metrics": {"latencyMs": 9},
        "additionalModelResponseFields": {"stop_sequence": null}, "trace": {"guardrail": {}},
        "performanceConfig": {"latency": "standard"}, "serviceTier": {"type": "default"},
    })
}

fn events() -> Vec<(&'static str, Value)> {
    let delta = |i: u64, delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": i, "delta": delta}));
    let open = |i: u64, start: Value| ("contentBlockStart", json!({"contentBlockIndex": i, "start": start}));
    let close = |i: u64| ("contentBlockStop", json!({"contentBlockIndex": i}));
    vec![
        ("messageStart", json!({"role": "assistant"})),
        delta(0, json!({"reasoningContent": {"text": "Hm"}})),
        delta(0, json!({"reasoningContent": {"signature": "s"}})),
        close(0),
        delta(1, json!({"reasoningContent": {"redactedContent": "b3BhcXVl"}})),
        close(1),
        delta(2, json!({"text": "H\u{e9}"})),
        delta(
            2,
            json!({"citation": {"title": "t", "location": {"web": {"url": "u"}}, "sourceContent": [{"text": "c"}]}}),
        ),
        close(2),
        open(3, json!({"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "type": "server_tool_use"}})),
        delta(3, json!({"toolUse": {"input": "{\"q\":1}"}})),
        close(3),
        open(4, json!({"toolResult": {"toolUseId": "s1", "status": "success"}})),
        delta(4, json!({"toolResult": [{"text": "r"}]})),
        close(4),
        open(5, json!({"toolUse": {"toolUseId": "t1", "name": "f"}})),
        delta(5, json!({"toolUse": {"input": "{\"a\""}})),
        delta(5, json!({"toolUse": {"input": ":1}"}})),
        close(5),
        ("messageStop", json!({"stopReason": "tool_use", "additionalModelResponseFields": {"x": 1}})),
        ("metadata", json!({"usage": usage(), "metrics": {"latencyMs": 9}, "trace": {"guardrail": {}}})),
    ]
}
