use super::*;
use crate::reply::Family;

fn asked(method: &str, query: &str) -> Asked {
    let path = format!("/v1beta/models/flash:{method}");
    Asked::new(Some(Family::Gemini), &path, query, &json!({}), 1)
}

fn reply(json: Value) -> Reply {
    serde_json::from_value(json).unwrap()
}

fn events(json: Value) -> Vec<String> {
    let asked = asked("streamGenerateContent", "alt=sse");
    let text = |part: Part| String::from_utf8(part.bytes).unwrap();
    stream(&reply(json), &asked).into_iter().map(text).collect()
}

#[test]
fn streams_crlf_events_with_usage_on_each() {
    let said = json!({ "id": "r1", "say": "Hello you", "chunks": 2, "usage": { "input": 9, "output": 6 } });
    let tail = |so_far: u64| {
        format!(
            "\"usageMetadata\": {{\"promptTokenCount\": 9,\"candidatesTokenCount\": {so_far},\"totalTokenCount\": {},\"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 9}}]}},\"modelVersion\": \"flash\",\"responseId\": \"r1\"}}\r\n\r\n",
            9 + so_far
        )
    };
    assert_eq!(
        events(said),
        [
            format!(
                r#"data: {{"candidates": [{{"content": {{"parts": [{{"text": "Hello"}}],"role": "model"}},"index": 0}}],{}"#,
                tail(3)
            ),
            format!(
                r#"data: {{"candidates": [{{"content": {{"parts": [{{"text": " you"}}],"role": "model"}},"finishReason": "STOP","index": 0}}],{}"#,
                tail(6)
            ),
        ]
    );
}

#[test]
fn calls_come_whole_in_one_chunk_and_stop_with_stop() {
    let all = events(json!({
        "tool_calls": [
            { "name": "a", "arguments": { "x": 1 }, "thought_signature": "sig" },
            { "name": "b", "id": "given" },
        ],
    }));
    assert_eq!(all.len(), 1);
    assert!(all[0].contains(concat!(
        r#"{"parts": [{"functionCall": {"name": "a","args": {"x": 1}},"thoughtSignature": "sig"},"#,
        r#"{"functionCall": {"id": "given","name": "b","args": {}}}],"role": "model"},"finishReason": "STOP""#
    )));
}

#[test]
fn thoughts_are_parts_and_are_not_candidates_tokens() {
    let all = events(json!({
        "reasoning": "hm", "say": "4", "chunks": 1,
        "usage": { "input": 9, "output": 70, "reasoning": 62 },
    }));
    assert!(all[0].contains(r#"{"text": "h","thought": true}"#));
    assert!(all[2].contains(r#""candidatesTokenCount": 8,"totalTokenCount": 79"#));
    assert!(all[2].contains(r#""thoughtsTokenCount": 62"#));
}

#[test]
fn without_alt_sse_the_stream_is_one_array() {
    let parts = stream(&reply(json!({ "say": "abc" })), &asked("streamGenerateContent", ""));
    assert_eq!(parts.len(), 3);
    let text: Vec<u8> = parts.into_iter().flat_map(|part| part.bytes).collect();
    let array: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(array[2]["candidates"][0]["finishReason"], "STOP");
}

#[test]
fn a_blocked_prompt_has_no_candidates() {
    let body = whole(&reply(json!({ "refusal": "no" })), &asked("generateContent", ""));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert_eq!(body.get("candidates"), None);
}

#[test]
fn whole_replies_leave_out_counts_of_zero() {
    let empty = reply(json!({ "usage": { "input": 9, "output": 0 }, "finish": "length" }));
    let body: Value = serde_json::from_str(&whole(&empty, &asked("generateContent", ""))).unwrap();
    assert_eq!(body["usageMetadata"].get("candidatesTokenCount"), None);
    assert_eq!(body["candidates"][0]["content"], json!({ "role": "model" }));
    assert_eq!(body["candidates"][0]["finishReason"], "MAX_TOKENS");
}
