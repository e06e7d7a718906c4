use super::*;
use crate::reply::Family;

fn asked(stream: bool, include_usage: bool) -> Asked {
    let body = json!({
        "model": "big",
        "stream": stream,
        "stream_options": { "include_usage": include_usage },
    });
    Asked::new(Some(Family::OpenAi), "/v1/chat/completions", "", &body, 1)
}

fn reply(json: Value) -> Reply {
    serde_json::from_value(json).unwrap()
}

/// The events without the noise, which differs with their length.
fn events(reply: &Reply, asked: &Asked) -> Vec<String> {
    let event = |part: Part| {
        let text = String::from_utf8(part.bytes).unwrap();
        match text.find(",\"obfuscation\":\"") {
            Some(at) => format!("{}}}\n\n", &text[..at]),
            None => text,
        }
    };
    stream(reply, asked).into_iter().map(event).collect()
}

const HEAD: &str = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"big","service_tier":"default","system_fingerprint":"fp_9c1d7a04be","#;

#[test]
fn streams_text_in_the_order_of_the_wire() {
    let hello = reply(json!({ "id": "chatcmpl-1", "say": "Hello you", "chunks": 2 }));
    let tail = |fields: &str| format!("{HEAD}{fields},\"usage\":null}}\n\n");
    let choice = |delta: &str, finish: &str| {
        tail(&format!(r#""choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]"#))
    };
    assert_eq!(
        events(&hello, &asked(true, true)),
        [
            choice(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
            choice(r#"{"content":"Hello"}"#, "null"),
            choice(r#"{"content":" you"}"#, "null"),
            choice("{}", r#""stop""#),
            format!(
                "{HEAD}{}",
                concat!(
                    r#""choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"#,
                    r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
                    r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"#,
                    r#""accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#,
                    "\n\n"
                )
            ),
            "data: [DONE]\n\n".to_owned(),
        ]
    );
}

#[test]
fn usage_comes_only_where_it_is_asked_for() {
    let plain = events(&reply(json!({ "say": "x" })), &asked(true, false)).concat();
    assert!(!plain.contains("usage"));
    let none = events(&reply(json!({ "say": "x", "usage": null })), &asked(true, true)).concat();
    assert!(!none.contains("usage"));
}

#[test]
fn missing_ends_are_missing() {
    let cut = reply(json!({ "say": "x", "finish": null, "done": false }));
    let text = events(&cut, &asked(true, false)).concat();
    assert!(!text.contains("[DONE]"));
    assert!(!text.contains(r#""finish_reason":""#));
}

#[test]
fn calls_open_with_empty_arguments_and_go_on_in_fragments() {
    let call = reply(json!({
        "tool_calls": [{ "id": "call_1", "name": "add", "arguments": { "a": 1, "b": 2 } }],
        "argument_pieces": 2,
    }));
    let deltas: Vec<Value> = events(&call, &asked(true, false))
        .iter()
        .filter_map(|event| serde_json::from_str::<Value>(event.trim().strip_prefix("data: ")?).ok())
        .map(|chunk| chunk["choices"][0].clone())
        .collect();
    assert_eq!(deltas[0]["delta"]["content"], Value::Null);
    assert_eq!(
        deltas[1]["delta"].to_string(),
        r#"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"add","arguments":""}}]}"#
    );
    assert_eq!(deltas[2]["delta"].to_string(), r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1,"}}]}"#);
    assert_eq!(deltas[3]["delta"]["tool_calls"][0]["function"]["arguments"], "\"b\":2}");
    assert_eq!(deltas[4]["finish_reason"], "tool_calls");
}

#[test]
fn whole_replies_are_indented_and_complete() {
    let said = reply(json!({
        "id": "chatcmpl-1",
        "say": "4",
        "usage": { "input": 14, "output": 9, "cached": 4, "reasoning": 8 },
        "extra": { "citations": ["x"] },
        "message_extra": { "audio": null },
    }));
    let text = whole(&said, &asked(false, false));
    assert!(text.starts_with("{\n  \"id\": \"chatcmpl-1\",\n  \"object\": \"chat.completion\",\n"));
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], "4");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert!(body["choices"][0]["message"].as_object().unwrap().contains_key("audio"));
    assert_eq!(body["usage"]["total_tokens"], 23);
    assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!(body["citations"][0], "x");
}

#[test]
fn reasoning_goes_where_the_vendor_puts_it() {
    let thought = reply(json!({ "say": "4", "reasoning": "2+2" }));
    let body: Value = serde_json::from_str(&whole(&thought, &asked(false, false))).unwrap();
    assert_eq!(body["choices"][0]["message"]["reasoning_content"], "2+2");
    let other = reply(json!({ "say": "4", "reasoning": "abc", "reasoning_field": "reasoning" }));
    let text = events(&other, &asked(true, false)).concat();
    assert!(text.contains(r#""delta":{"reasoning":"a"}"#));
}
