//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::thinker;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Ollama,
        target: thinker(),
        reply: line(
            json!({
                "role": "assistant", "content": "Hi", "thinking": "Hm", "images": ["QQ=="], "tool_name": "",
                "tool_calls": [call("call_1", "f"), call("call_2", "g")],
            }),
            true,
        ),
        stream: lines().iter().flat_map(|line| format!("{line}\n").into_bytes()).collect(),
        needed: &["", "/message"],
        told: &["/message/content", "/message/tool_calls"],
        needed_in_events: &["/done", ""],
    }
}

fn call(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"index": 0, "name": name, "arguments": {"a": 1}}})
}

fn line(message: Value, done: bool) -> Value {
    let mut line = json!({
        "model": "qwen3:4b", "created_at": "2026-01-01T00:00:00.123456789Z", "message": message, "done": done,
        "logprobs": [{"token": "Hi", "logprob": -0.1, "bytes": [72], "top_logprobs": []}],
    });
    if done {
        let last = json!({
            "done_reason": "stop", "total_duration": 9, "load_duration": 1, "prompt_eval_count": 10,
            "prompt_eval_duration": 2, "eval_count": 5, "eval_duration": 3,
        });
        line.as_object_mut().unwrap().extend(last.as_object().unwrap().clone());
    }
    line
}

fn lines() -> Vec<Value> {
    let said = |field: &str, value: Value| line(json!({"role": "assistant", "content": "", field: value}), false);
    vec![
        said("thinking", "Hm".into()),
        said("content", "H\u{e9}".into()),
        said("tool_calls", json!([call("call_1", "f"), call("", "g")])),
        line(json!({"role": "assistant", "content": ""}), true),
    ]
}
