use super::*;
use crate::reply::Family;

fn asked(stream: bool) -> Asked {
    let body = json!({ "model": "claude", "stream": stream });
    Asked::new(Some(Family::Anthropic), "/v1/messages", "", &body, 1)
}

fn reply(json: Value) -> Reply {
    serde_json::from_value(json).unwrap()
}

/// The events without the blanks that pad them.
fn events(json: Value) -> Vec<String> {
    let event = |part: Part| {
        let text = String::from_utf8(part.bytes).unwrap();
        match text.strip_suffix("}\n\n") {
            Some(open) => format!("{}}}\n\n", open.trim_end()),
            None => text,
        }
    };
    stream(&reply(json), &asked(true)).into_iter().map(event).collect()
}

fn event(kind: &str, data: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{data}}}\n\n")
}

#[test]
fn streams_typed_events_in_the_order_of_the_wire() {
    let said = json!({
        "id": "msg_1", "say": "Hello you", "chunks": 2,
        "usage": { "input": 30, "output": 7, "cached": 20, "cache_write": 4 },
    });
    let start = concat!(
        r#","message":{"model":"claude","id":"msg_1","type":"message","role":"assistant","content":[],"#,
        r#""stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":6,"#,
        r#""cache_creation_input_tokens":4,"cache_read_input_tokens":20,"#,
        r#""cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":0},"#,
        r#""output_tokens":1,"service_tier":"standard"}}"#
    );
    assert_eq!(
        events(said),
        [
            event("message_start", start),
            event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#),
            "event: ping\ndata: {\"type\": \"ping\"}\n\n".to_owned(),
            event("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":"Hello"}"#),
            event("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":" you"}"#),
            event("content_block_stop", r#","index":0"#),
            event(
                "message_delta",
                concat!(
                    r#","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":6,"#,
                    r#""cache_creation_input_tokens":4,"cache_read_input_tokens":20,"output_tokens":7}"#
                )
            ),
            event("message_stop", ""),
        ]
    );
}

#[test]
fn block_indices_count_thinking_text_and_calls() {
    let all = events(json!({
        "reasoning": "hmm", "signature": "sig", "say": "So:", "chunks": 1,
        "tool_calls": [{ "id": "toolu_1", "name": "add", "arguments": { "a": 1 } }, { "id": "toolu_2", "name": "now" }],
        "argument_pieces": 1,
    }))
    .concat();
    assert!(all.contains(r#""index":0,"delta":{"type":"signature_delta","signature":"sig"}"#));
    assert!(all.contains(r#""index":1,"delta":{"type":"text_delta","text":"So:"}"#));
    let call = concat!(
        r#""index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"add","input":{}}}"#,
        "\n\n",
        "event: content_block_delta\ndata: ",
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        "\n\n",
        "event: content_block_delta\ndata: ",
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        "\n\n",
    );
    assert!(all.contains(call), "{all}");
    assert_eq!(all.matches(r#""index":3,"delta":{"type":"input_json_delta","partial_json":""}"#).count(), 1);
    assert_eq!(all.matches(r#""index":3,"delta""#).count(), 1);
    assert!(all.contains(r#""stop_reason":"tool_use""#));
}

#[test]
fn whole_replies_have_blocks_and_a_reason() {
    let said = reply(json!({
        "say": "ok", "finish": "length",
        "tool_calls": [{ "id": "toolu_1", "name": "add", "arguments": { "a": 1 } }],
    }));
    let body: Value = serde_json::from_str(&whole(&said, &asked(false))).unwrap();
    assert_eq!(body["content"][0], json!({ "type": "text", "text": "ok" }));
    assert_eq!(body["content"][1]["input"], json!({ "a": 1 }));
    assert_eq!(body["stop_reason"], "max_tokens");
    assert_eq!(body["usage"]["output_tokens"], 5);
}

#[test]
fn a_refusal_has_no_content() {
    let refused = reply(json!({ "refusal": "I will not." }));
    let body: Value = serde_json::from_str(&whole(&refused, &asked(false))).unwrap();
    assert_eq!(body["content"], json!([]));
    assert_eq!(body["stop_reason"], "refusal");
    assert_eq!(body["stop_details"]["explanation"], "I will not.");
}

#[test]
fn without_a_finish_reason_the_stream_just_ends() {
    let all = events(json!({ "say": "x", "finish": null })).concat();
    assert!(!all.contains("message_delta") && !all.contains("message_stop"));
}
