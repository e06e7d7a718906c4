//! The same of the families that speak languages of their own beside the three large ones.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::PLACES;

pub(in super::super) mod responses {
    use super::*;

    pub(in super::super::super) fn signatures(turn: usize) -> Vec<String> {
        vec![format!("rsp-sealed-{turn}")]
    }

    fn items(turn: usize) -> Vec<Value> {
        let text = json!({"type": "output_text", "text": "I look.", "annotations": []});
        let mut items = vec![
            json!({"type": "reasoning", "id": format!("rs_{turn}"), "encrypted_content": format!("rsp-sealed-{turn}"),
                   "summary": [{"type": "summary_text", "text": "Paris it is."}]}),
            json!({"type": "message", "id": format!("msg_{turn}"), "role": "assistant", "status": "completed",
                   "content": [text]}),
        ];
        items.extend(PLACES.iter().enumerate().map(|(at, (name, city))| {
            json!({"type": "function_call", "id": format!("fc_{turn}{at}"), "call_id": format!("call_r{turn}{at}"),
                   "name": name, "arguments": json!({"city": city}).to_string(), "status": "completed"})
        }));
        items
    }

    pub(in super::super::super) fn reply(turn: usize) -> Value {
        json!({
            "id": format!("resp_{turn}"), "object": "response", "created_at": 1, "model": "deep-1", "status": "completed",
            "output": items(turn), "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14},
        })
    }

    pub(in super::super::super) fn stream(turn: usize) -> Vec<u8> {
        let mut events = vec![json!({"type": "response.created", "response": {"id": format!("resp_{turn}")}})];
        for (index, item) in items(turn).into_iter().enumerate() {
            let mut event = |kind: &str, fields: Value| {
                let mut event = json!({"type": format!("response.{kind}"), "output_index": index});
                event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                events.push(event);
            };
            let mut opened = item.clone();
            for (name, empty) in [("content", json!([])), ("summary", json!([])), ("arguments", "".into())] {
                if !opened[name].is_null() {
                    opened[name] = empty;
                }
            }
            let fields = opened.as_object_mut().unwrap();
            fields.retain(|name, value| name != "encrypted_content" && !value.is_null());
            event("output_item.added", json!({"item": opened}));
            match item["type"].as_str().unwrap() {
                "reasoning" => {
                    event("reasoning_summary_text.delta", json!({"summary_index": 0, "delta": "Paris "}));
                    event("reasoning_summary_text.delta", json!({"summary_index": 0, "delta": "it is."}));
                }
                "message" => event("output_text.delta", json!({"content_index": 0, "delta": "I look."})),
                _ => event("function_call_arguments.delta", json!({"delta": item["arguments"]})),
            }
            event("output_item.done", json!({"item": item}));
        }
        events.push(json!({"type": "response.completed", "response": reply(turn)}));
        crate::provider::turns::replay::bytes_of(&events, "\n")
    }
}

pub(in super::super) mod bedrock {
    use super::*;

    pub(in super::super::super) fn signatures(turn: usize) -> Vec<String> {
        vec![format!("bed-signature-{turn}"), format!("bed-redacted-{turn}")]
    }

    fn sealed(turn: usize) -> String {
        STANDARD.encode(format!("bed-redacted-{turn}"))
    }

    pub(in super::super::super) fn reply(turn: usize) -> Value {
        let thought = json!({"text": "Paris it is.", "signature": format!("bed-signature-{turn}")});
        let mut content = vec![
            json!({"reasoningContent": {"reasoningText": thought}}),
            json!({"reasoningContent": {"redactedContent": sealed(turn)}}),
            json!({"text": "I look."}),
        ];
        content.extend(PLACES.iter().enumerate().map(|(at, (name, city))| {
            json!({"toolUse": {"toolUseId": format!("tooluse_{turn}{at}"), "name": name, "input": {"city": city}}})
        }));
        json!({
            "output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use",
            "usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14}, "metrics": {"latencyMs": 7},
        })
    }

    pub(in super::super::super) fn stream(turn: usize) -> Vec<u8> {
        let mut events = vec![("messageStart", json!({"role": "assistant"}))];
        let whole = reply(turn);
        for (index, block) in whole["output"]["message"]["content"].as_array().unwrap().iter().enumerate() {
            let mut deltas = Vec::new();
            if let Some(call) = block.get("toolUse") {
                let start = json!({"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
                deltas.push(json!({"toolUse": {"input": ""}}));
                deltas.push(json!({"toolUse": {"input": call["input"].to_string()}}));
            } else if let Some(told) = block.pointer("/reasoningContent/reasoningText") {
                deltas.push(json!({"reasoningContent": {"text": told["text"]}}));
                deltas.push(json!({"reasoningContent": {"signature": told["signature"]}}));
            } else {
                deltas.push(block.clone());
            }
            let deltas = deltas.into_iter().map(|delta| json!({"contentBlockIndex": index, "delta": delta}));
            events.extend(deltas.map(|delta| ("contentBlockDelta", delta)));
            events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
        }
        events.push(("messageStop", json!({"stopReason": "tool_use"})));
        events.push(("metadata", json!({"usage": whole["usage"], "metrics": {"latencyMs": 7}})));
        crate::provider::bedrock::tests::stream::bytes_of(&events)
    }
}

pub(in super::super) mod cohere {
    use super::*;

    fn calls(turn: usize) -> Vec<Value> {
        let calls = PLACES.iter().enumerate().map(|(at, (name, city))| {
            let function = json!({"name": name, "arguments": json!({"city": city}).to_string()});
            json!({"id": format!("{name}_{turn}{at}"), "type": "function", "function": function})
        });
        calls.collect()
    }

    fn usage() -> Value {
        json!({"billed_units": {"input_tokens": 9, "output_tokens": 5}, "tokens": {"input_tokens": 9, "output_tokens": 5}})
    }

    pub(in super::super::super) fn reply(turn: usize) -> Value {
        let content = json!([{"type": "thinking", "thinking": "Paris it is."}, {"type": "text", "text": "I look."}]);
        json!({
            "id": format!("c{turn}"), "finish_reason": "TOOL_CALL", "usage": usage(),
            "message": {"role": "assistant", "content": content, "tool_calls": calls(turn)},
        })
    }

    pub(in super::super::super) fn stream(turn: usize) -> Vec<u8> {
        let event = |kind: &str, index: usize, message: Value| json!({"type": kind, "index": index, "delta": {"message": message}});
        let mut events = vec![
            json!({"type": "message-start", "id": format!("c{turn}"), "delta": {"message": {"role": "assistant"}}}),
        ];
        for (index, (kind, said)) in [("thinking", "Paris it is."), ("text", "I look.")].into_iter().enumerate() {
            events.push(event("content-start", index, json!({"content": {"type": kind, kind: ""}})));
            events.push(event("content-delta", index, json!({"content": {kind: said}})));
            events.push(json!({"type": "content-end", "index": index}));
        }
        for (index, call) in calls(turn).into_iter().enumerate() {
            let mut opened = call.clone();
            opened["function"]["arguments"] = "".into();
            events.push(event("tool-call-start", index, json!({"tool_calls": opened})));
            let rest = json!({"function": {"arguments": call["function"]["arguments"]}});
            events.push(event("tool-call-delta", index, json!({"tool_calls": rest})));
            events.push(json!({"type": "tool-call-end", "index": index}));
        }
        events.push(json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage()}}));
        crate::provider::turns::replay::bytes_of(&events, "\n")
    }
}

pub(in super::super) mod ollama {
    use super::*;

    fn calls(turn: usize) -> Vec<Value> {
        let calls = PLACES.iter().enumerate().map(|(at, (name, city))| {
            json!({"id": format!("call_l{turn}{at}"), "function": {"index": at, "name": name, "arguments": {"city": city}}})
        });
        calls.collect()
    }

    fn line(turn: usize, message: Value, done: bool) -> Value {
        let at = format!("2026-01-01T00:00:{turn:02}Z");
        let mut line = json!({"model": "qwen3:4b", "created_at": at, "message": message, "done": done});
        if done {
            let last = json!({"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 5});
            line.as_object_mut().unwrap().extend(last.as_object().unwrap().clone());
        }
        line
    }

    pub(in super::super::super) fn reply(turn: usize) -> Value {
        let message = json!({
            "role": "assistant", "content": "I look.", "thinking": "Paris it is.", "tool_calls": calls(turn),
        });
        line(turn, message, true)
    }

    pub(in super::super::super) fn stream(turn: usize) -> Vec<u8> {
        let said =
            |field: &str, value: Value| line(turn, json!({"role": "assistant", "content": "", field: value}), false);
        let lines = [
            said("thinking", "Paris ".into()),
            said("thinking", "it is.".into()),
            said("content", "I look.".into()),
            said("tool_calls", calls(turn).into()),
            line(turn, json!({"role": "assistant", "content": ""}), true),
        ];
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }
}
