//! A reply and a stream with every field that this family sends, for fuzzing.

use serde_json::{Value, json};

use super::super::turns::replay::bytes_of;
use super::thinker;
use crate::provider::Family;
use crate::provider::fuzz::Subject;

pub(in crate::provider) fn subject() -> Subject {
    Subject {
        family: Family::Responses,
        target: thinker(),
        reply: reply(items(), "completed"),
        stream: bytes_of(&events(), "\n"),
        needed: &["", "/output", "/status"],
        told: &["/output"],
        needed_in_events: &["/type", "/response", "/response/status"],
    }
}

fn items() -> Value {
    let citation = json!({"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1});
    let probability = json!({"token": "Hi", "logprob": -0.1, "bytes": [72], "top_logprobs": []});
    let text = json!({"type": "output_text", "text": "Hi", "annotations": [citation], "logprobs": [probability]});
    json!([
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}], "status": "completed",
         "content": [{"type": "reasoning_text", "text": "Hmm"}], "encrypted_content": "e"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer",
         "content": [text]},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}",
         "status": "completed", "namespace": "n"},
        {"type": "custom_tool_call", "id": "ct_1", "call_id": "call_2", "name": "g", "input": "free"},
    ])
}

fn reply(output: Value, status: &str) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": status, "model": "deep-1-0101",
        "output": output, "error": null, "incomplete_details": null, "instructions": null, "metadata": {"a": "b"},
        "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [{"type": "web_search"}],
        "reasoning": {"effort": "low", "summary": null}, "text": {"format": {"type": "text"}}, "store": false,
        "service_tier": "default", "background": false, "truncation": "disabled",
        "usage": {
            "input_tokens": 20, "output_tokens": 9, "total_tokens": 29, "cost_in_usd_ticks": 7,
            "input_tokens_details": {"cached_tokens": 5}, "output_tokens_details": {"reasoning_tokens": 3},
        },
    })
}

fn events() -> Vec<Value> {
    let mut number = 0;
    let mut event = |kind: &str, at: u64, fields: Value| {
        number += 1;
        let mut event = json!({
            "type": format!("response.{kind}"), "sequence_number": number, "output_index": at, "item_id": format!("i{at}"),
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        event
    };
    let mut out = vec![event("created", 0, json!({"response": reply(json!([]), "in_progress")}))];
    let all = items();
    for (at, item) in all.as_array().unwrap().iter().enumerate() {
        let index = at as u64;
        let mut opened = item.clone();
        for (name, empty) in
            [("content", json!([])), ("summary", json!([])), ("arguments", "".into()), ("input", "".into())]
        {
            if opened.get(name).is_some() {
                opened[name] = empty;
            }
        }
        out.push(event("output_item.added", index, json!({"item": opened})));
        match at {
            0 => {
                let delta = json!({"summary_index": 0, "delta": "H"});
                out.push(event("reasoning_summary_text.delta", index, delta));
                out.push(event("reasoning_summary_text.done", index, json!({"summary_index": 0, "text": "Hm"})));
            }
            2 => {
                let delta = json!({"content_index": 0, "delta": "H", "logprobs": [], "obfuscation": "x"});
                out.push(event("output_text.delta", index, delta));
                let note = json!({"content_index": 0, "annotation_index": 0, "annotation": {"type": "url_citation"}});
                out.push(event("output_text.annotation.added", index, note));
                out.push(event("output_text.done", index, json!({"content_index": 0, "text": "Hi"})));
                out.push(event("content_part.done", index, json!({"content_index": 0, "part": item["content"][0]})));
            }
            3 => {
                out.push(event("function_call_arguments.delta", index, json!({"delta": "{\"a\""})));
                out.push(event("function_call_arguments.done", index, json!({"arguments": "{\"a\":1}"})));
            }
            _ => {}
        }
        out.push(event("output_item.done", index, json!({"item": item})));
    }
    out.push(event("completed", 9, json!({"response": reply(items(), "completed")})));
    out
}
