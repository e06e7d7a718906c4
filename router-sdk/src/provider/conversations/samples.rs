//! What each provider says in a turn, written by hand: thinking, a word, and two calls. Whole, and as a stream.

mod native;

use serde_json::{Value, json};

pub(super) use native::{bedrock, cohere, ollama, responses};

const PLACES: [(&str, &str); 2] = [("get_weather", "Paris"), ("get_map", "Paris")];

fn lines(events: &[Value]) -> Vec<u8> {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    (body + "data: [DONE]\n\n").into_bytes()
}

/// Chat completions, with ids of this form.
fn completion(turn: usize, id: fn(usize, usize) -> String, content: Value) -> Value {
    let calls = PLACES.iter().enumerate().map(|(at, (name, city))| {
        let function = json!({"name": name, "arguments": json!({"city": city}).to_string()});
        json!({"id": id(turn, at), "type": "function", "function": function})
    });
    let message = json!({
        "role": "assistant", "content": content, "refusal": null, "annotations": [],
        "tool_calls": calls.collect::<Vec<_>>(),
    });
    let choice = json!({"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": null});
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14});
    json!({"id": format!("c{turn}"), "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage})
}

fn completion_stream(turn: usize, id: fn(usize, usize) -> String, contents: &[Value]) -> Vec<u8> {
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        json!({"id": format!("c{turn}"), "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(contents.iter().map(|content| chunk(json!({"content": content}), Value::Null)));
    for (at, (name, city)) in PLACES.iter().enumerate() {
        let function = json!({"name": name, "arguments": ""});
        let call = json!({"index": at, "id": id(turn, at), "type": "function", "function": function});
        events.push(chunk(json!({"tool_calls": [call]}), Value::Null));
        let rest = json!({"index": at, "function": {"arguments": json!({"city": city}).to_string()}});
        events.push(chunk(json!({"tool_calls": [rest]}), Value::Null));
    }
    events.push(chunk(json!({}), json!("tool_calls")));
    lines(&events)
}

pub(super) mod openai {
    use super::*;

    fn id(turn: usize, at: usize) -> String {
        format!("call_o{turn}{at}_abcdefghijklmnop")
    }

    pub(in super::super) fn reply(turn: usize) -> Value {
        completion(turn, id, "I look.".into())
    }

    pub(in super::super) fn stream(turn: usize) -> Vec<u8> {
        completion_stream(turn, id, &["I ".into(), "look.".into()])
    }
}

pub(super) mod mistral {
    use super::*;

    fn id(turn: usize, at: usize) -> String {
        format!("m{turn}{at}Abcdef")
    }

    pub(in super::super) fn reply(turn: usize) -> Value {
        let thinking = json!({"type": "thinking", "thinking": [{"type": "text", "text": "Paris it is."}]});
        completion(turn, id, json!([thinking, {"type": "text", "text": "I look."}]))
    }

    pub(in super::super) fn stream(turn: usize) -> Vec<u8> {
        let thinking = |text: &str| json!([{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]);
        completion_stream(turn, id, &[thinking("Paris "), thinking("it is."), json!("I look.")])
    }
}

pub(super) mod anthropic {
    use super::*;

    pub(in super::super) fn signatures(turn: usize) -> Vec<String> {
        vec![format!("ant-signature-{turn}"), format!("ant-redacted-{turn}")]
    }

    pub(in super::super) fn reply(turn: usize) -> Value {
        let mut content = vec![
            json!({"type": "thinking", "thinking": "Paris it is.", "signature": format!("ant-signature-{turn}")}),
            json!({"type": "redacted_thinking", "data": format!("ant-redacted-{turn}")}),
            json!({"type": "text", "text": "I look."}),
        ];
        content.extend(PLACES.iter().enumerate().map(|(at, (name, city))| {
            json!({"type": "tool_use", "id": format!("toolu_{turn}{at}"), "name": name, "input": {"city": city}})
        }));
        json!({
            "id": format!("msg_{turn}"), "type": "message", "role": "assistant", "model": "claude", "content": content,
            "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 9, "output_tokens": 5},
        })
    }

    pub(in super::super) fn stream(turn: usize) -> Vec<u8> {
        let reply = reply(turn);
        let mut head = reply.clone();
        head["content"] = json!([]);
        head["stop_reason"] = Value::Null;
        let mut events = vec![json!({"type": "message_start", "message": head})];
        for (index, block) in reply["content"].as_array().unwrap().iter().enumerate() {
            let mut opened = block.clone();
            let mut deltas = Vec::new();
            match block["type"].as_str().unwrap() {
                "thinking" => {
                    opened = json!({"type": "thinking", "thinking": "", "signature": ""});
                    deltas.push(json!({"type": "thinking_delta", "thinking": block["thinking"]}));
                    deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
                }
                "text" => {
                    opened["text"] = "".into();
                    deltas.push(json!({"type": "text_delta", "text": block["text"]}));
                }
                "tool_use" => {
                    opened["input"] = json!({});
                    deltas.push(json!({"type": "input_json_delta", "partial_json": ""}));
                    deltas.push(json!({"type": "input_json_delta", "partial_json": block["input"].to_string()}));
                }
                _ => {}
            }
            events.push(json!({"type": "content_block_start", "index": index, "content_block": opened}));
            let deltas = deltas.into_iter();
            events.extend(deltas.map(|d| json!({"type": "content_block_delta", "index": index, "delta": d})));
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        events.push(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}),
        );
        events.push(json!({"type": "message_stop"}));
        crate::provider::turns::replay::bytes_of(&events, "\n")
    }
}

pub(super) mod gemini {
    use super::*;

    pub(in super::super) fn signatures(turn: usize) -> Vec<String> {
        vec![format!("gem-signature-{turn}")]
    }

    /// Calls come without ids, and only the first is signed.
    fn parts(turn: usize) -> Vec<Value> {
        let mut parts = vec![json!({"text": "Paris it is.", "thought": true}), json!({"text": "I look."})];
        parts.extend(PLACES.iter().map(|(name, city)| json!({"functionCall": {"name": name, "args": {"city": city}}})));
        parts[2]["thoughtSignature"] = format!("gem-signature-{turn}").into();
        parts
    }

    fn of(turn: usize, parts: Value, finish: Value) -> Value {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        candidate["finishReason"] = finish;
        let usage = json!({"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14});
        json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "g", "responseId": format!("gem{turn}")})
    }

    pub(in super::super) fn reply(turn: usize) -> Value {
        of(turn, parts(turn).into(), "STOP".into())
    }

    pub(in super::super) fn stream(turn: usize) -> Vec<u8> {
        let mut events: Vec<Value> = parts(turn).into_iter().map(|part| of(turn, json!([part]), Value::Null)).collect();
        events.push(of(turn, json!([{"text": ""}]), "STOP".into()));
        crate::provider::turns::replay::bytes_of(&events, "\r\n")
    }
}
