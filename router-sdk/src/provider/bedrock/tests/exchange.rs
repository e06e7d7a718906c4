//! Conversations that move between Bedrock and Anthropic itself: Claude's signed thinking is good on both.

use serde_json::{Value, json};

use super::super::Bedrock;
use super::super::turns::replay::target;
use super::{claude, sent};
use crate::catalog::Model;
use crate::provider::{Family, Provider, anthropic};
use crate::wire::ChatRequest;

fn follow_up(message: &Value) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "Go"}, message, {"role": "tool", "tool_call_id": "t", "content": "ok"},
    ]})
}

#[test]
fn thinking_begun_at_bedrock_is_continued_at_anthropic_and_back() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"text": "So."},
        {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}},
    ]);
    let reply = json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use"});
    let message = Bedrock.decode(&claude(), reply.to_string().as_bytes()).unwrap().message().unwrap().clone();
    let (again, _) = sent(&claude(), follow_up(&message));
    assert_eq!(again["messages"][1]["content"], content);

    let there = target(Family::Anthropic, "http://127.0.0.1:9", Model { id: "claude-x".into(), ..Model::default() });
    let request = ChatRequest::from_value(follow_up(&message)).unwrap();
    let encoded = anthropic::Anthropic.encode(&request, &there, false).unwrap();
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    let expected = json!([
        {"type": "thinking", "thinking": "Hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "So."},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
}
