//! Streams with each oddity seen: deltas, tool call fragments, finish reasons, usage, errors.

use serde_json::{Value, json};

use super::target;
use crate::catalog::Quirks;
use crate::provider::openai::OpenAi;
use crate::provider::{Cause, Failure, Progress, Provider};
use crate::wire::ChatChunk;

fn run(events: &[Value]) -> Result<Vec<ChatChunk>, Failure> {
    let mut decoder = OpenAi.decoder(&target(Quirks::default()));
    let mut out = Vec::new();
    for event in events {
        let text = event.as_str().map_or_else(|| event.to_string(), str::to_owned);
        if decoder.event("", &text, &mut out)? == Progress::Done {
            break;
        }
    }
    decoder.end(&mut out);
    Ok(out)
}

fn chunk(delta: Value, finish: Value) -> Value {
    json!({"id": "r1", "object": "chat.completion.chunk", "created": 5, "model": "x",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

fn calls(fragments: Value) -> Value {
    chunk(json!({"tool_calls": fragments}), Value::Null)
}

/// The calls that a client puts together: id, name, arguments by index.
fn assembled(chunks: &[ChatChunk]) -> Vec<(String, String, String)> {
    let mut made: Vec<(String, String, String)> = Vec::new();
    for fragment in
        chunks.iter().flat_map(|c| c.body["choices"][0]["delta"]["tool_calls"].as_array().cloned().unwrap_or_default())
    {
        let index = usize::try_from(fragment["index"].as_u64().unwrap()).unwrap();
        if made.len() <= index {
            assert_eq!(made.len(), index, "indices are dense");
            assert!(fragment["type"].is_string(), "an opening has a type");
            made.push(Default::default());
        }
        made[index].0 += fragment["id"].as_str().unwrap_or_default();
        made[index].1 += fragment["function"]["name"].as_str().unwrap_or_default();
        made[index].2 += fragment["function"]["arguments"].as_str().unwrap_or_default();
    }
    made
}

fn own(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), arguments.to_owned())
}

#[test]
fn a_plain_stream_passes() {
    let out = run(&[
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "hel"}), Value::Null),
        chunk(json!({"content": "lo"}), Value::Null),
        chunk(json!({}), json!("stop")),
        json!({"id": "r1", "object": "chat.completion.chunk", "created": 5, "model": "x", "choices": [], "service_tier": "t",
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
        json!("[DONE]"),
    ])
    .unwrap();
    let text: String = out.iter().map(ChatChunk::text).collect();
    assert_eq!(text, "hello");
    assert!(!out[0].output && out[1].output && !out[1].finished && out[3].finished);
    let last = out.last().unwrap();
    assert_eq!((last.usage.unwrap().input, &last.body["service_tier"]), (3, &json!("t")));
    assert_eq!((out.len(), &last.body["choices"]), (5, &json!([])));
}

#[test]
fn done_may_have_more_behind_it() {
    let mut decoder = OpenAi.decoder(&target(Quirks::default()));
    assert_eq!(decoder.event("", " [DONE] {}", &mut Vec::new()).unwrap(), Progress::Done);
    assert_eq!(decoder.event("", "  ", &mut Vec::new()).unwrap(), Progress::More);
}

#[test]
fn chunks_are_completed_from_what_came_before() {
    let out = run(&[
        json!({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [1]}),
        json!({"id": "r9", "created": 7, "model": "x", "choices": [{"delta": {"content": "a"}}]}),
        json!({"choices": [{"delta": {"content": "b"}, "finish_reason": ""}]}),
    ])
    .unwrap();
    assert_eq!((&out[0].body["model"], &out[0].body["prompt_filter_results"]), (&json!("m"), &json!([1])));
    assert_eq!((&out[2].body["id"], &out[2].body["object"]), (&json!("r9"), &json!("chat.completion.chunk")));
    assert_eq!(out[1].body["choices"][0]["delta"]["role"], json!("assistant"));
    assert_eq!((&out[2].body["choices"][0]["index"], out[2].finished), (&json!(0), false));
    assert_eq!(out[2].body["choices"][0]["finish_reason"], Value::Null);
}

#[test]
fn a_stream_without_an_id_gets_one_id() {
    let piece = json!({"choices": [{"delta": {"content": "a"}}]});
    let out = run(&[piece.clone(), piece]).unwrap();
    assert!(out[0].body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!((&out[0].body["id"], &out[0].body["created"]), (&out[1].body["id"], &out[1].body["created"]));
}

#[test]
fn roles_are_told_once() {
    let piece = chunk(json!({"role": "assistant", "content": "a"}), Value::Null);
    let out = run(&[piece.clone(), piece]).unwrap();
    assert_eq!(out[0].body["choices"][0]["delta"]["role"], json!("assistant"));
    assert_eq!(out[1].body["choices"][0]["delta"].get("role"), None);
}

#[test]
fn content_parts_and_reasoning() {
    let out = run(&[
        chunk(json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}]}), Value::Null),
        chunk(json!({"content": null, "reasoning": "r"}), Value::Null),
        chunk(json!({"content": [{"type": "text", "text": "a"}]}), Value::Null),
    ])
    .unwrap();
    let delta = |at: usize| &out[at].body["choices"][0]["delta"];
    assert_eq!((&delta(0)["content"], &delta(0)["reasoning_content"]), (&json!(""), &json!("t")));
    assert_eq!((&delta(1)["reasoning"], &delta(1)["reasoning_content"]), (&json!("r"), &json!("r")));
    assert_eq!(delta(2)["content"], json!("a"));
    assert!(out.iter().all(|c| c.output));
}

#[test]
fn fragments_of_parallel_calls() {
    let out = run(&[
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{\"x\":"}}])),
        calls(json!([{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "1}"}}, {"index": 1, "function": {"arguments": "{}"}}])),
        chunk(json!({}), json!("tool_calls")),
    ])
    .unwrap();
    assert_eq!(assembled(&out), [own("a", "f", "{\"x\":1}"), own("b", "g", "{}")]);
}

#[test]
fn continuations_that_repeat_or_empty_what_was_said() {
    let out = run(&[
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}])),
        calls(json!([{"index": 0, "id": null, "type": null, "function": {"name": "", "arguments": "\"x\""}}])),
        calls(json!([{"index": 0, "id": "", "function": {"name": null, "arguments": ":1"}}])),
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "}"}}])),
        calls(json!([{"index": 0, "function": {"arguments": null}}])),
        chunk(json!({}), json!("tool_calls")),
    ])
    .unwrap();
    assert_eq!(assembled(&out), [own("a", "f", "{\"x\":1}")]);
}

#[test]
fn a_new_id_on_a_used_index_is_a_new_call() {
    let out = run(&[
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}])),
        calls(json!([{"index": 0, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}}])),
        calls(json!([{"index": 0, "function": {"arguments": "}"}}])),
        chunk(json!({}), json!("stop")),
    ])
    .unwrap();
    assert_eq!(assembled(&out), [own("a", "f", "{}"), own("b", "g", "{}")]);
    assert_eq!(out.last().unwrap().finish_reason(), Some("tool_calls"));
}

#[test]
fn calls_without_index_type_or_id() {
    let out = run(&[
        calls(json!([{"id": "a", "function": {"name": "f", "arguments": "{}"}}, {"id": "b", "function": {"name": "g", "arguments": "{"}}])),
        calls(json!([{"id": "b", "function": {"arguments": "}"}}])),
        calls(json!([{"function": {"name": "h", "arguments": {"k": 1}}}])),
        chunk(json!({}), json!("stop")),
    ])
    .unwrap();
    let made = assembled(&out);
    assert_eq!(made[..2], [own("a", "f", "{}"), own("b", "g", "{}")]);
    assert!(made[2].0.starts_with("call_"));
    assert_eq!((made[2].1.as_str(), made[2].2.as_str()), ("h", "{\"k\":1}"));
}

#[test]
fn a_call_without_arguments_gets_an_empty_object() {
    let out = run(&[
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f"}}])),
        chunk(json!({}), json!("tool_calls")),
    ])
    .unwrap();
    assert_eq!(assembled(&out), [own("a", "f", "{}")]);

    let at_once = json!({"tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]});
    let out = run(&[chunk(at_once, json!("tool_calls"))]).unwrap();
    assert_eq!(assembled(&out), [own("a", "f", "{}")]);

    let cut = run(&[
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        chunk(json!({}), json!("length")),
    ])
    .unwrap();
    assert_eq!(assembled(&cut), [own("a", "f", "")]);
}

#[test]
fn one_finish_reason_and_one_usage() {
    let mut second = chunk(json!({"role": "assistant", "content": ""}), json!("stop"));
    second["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.5});
    let out = run(&[
        chunk(json!({"content": "a"}), Value::Null),
        chunk(json!({"content": ""}), json!("stop")),
        second,
        json!("[DONE]"),
    ])
    .unwrap();
    assert_eq!(out.iter().filter(|c| c.finished).count(), 1);
    assert_eq!(out.iter().filter(|c| c.usage.is_some()).count(), 1);
    assert_eq!(out.len(), 3, "nothing is left of the second finish but its usage");
    assert_eq!(out[2].usage.unwrap().reported_cost_nanos, Some(500_000_000));
}

#[test]
fn usage_in_every_chunk_is_told_once_and_last() {
    let with = |text: &str, output: Value, finish: Value| {
        let mut piece = chunk(json!({"content": text}), finish);
        piece["usage"] = json!({"prompt_tokens": 4, "completion_tokens": output});
        piece
    };
    let out = run(&[
        with("a", Value::Null, Value::Null),
        with("b", json!(1), Value::Null),
        with("", json!(2), json!("stop")),
    ])
    .unwrap();
    let told: Vec<u64> = out.iter().filter_map(|c| c.usage).map(|u| u.output).collect();
    assert_eq!(told, [2]);
    assert_eq!(out.iter().filter(|c| c.body.get("usage").is_some()).count(), 1);
}

#[test]
fn groqs_two_usages_are_one() {
    let counts = json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6});
    let mut last = chunk(json!({}), json!("stop"));
    last["x_groq"] = json!({"id": "q", "usage": counts});
    let out = run(&[last, json!({"id": "r1", "choices": [], "usage": counts}), json!("[DONE]")]).unwrap();
    assert_eq!(out.iter().filter_map(|c| c.usage).map(|u| u.input).collect::<Vec<_>>(), [4]);
}

#[test]
fn errors_in_the_stream() {
    let start = chunk(json!({"role": "assistant", "content": ""}), Value::Null);
    let cause = |event: Value| run(&[start.clone(), event]).unwrap_err().cause;
    assert_eq!(
        cause(json!({"error": {"message": "m", "code": "tool_use_failed", "status_code": 400}})),
        Cause::ModelFault
    );
    assert_eq!(cause(json!({"error": "the model runner has stopped"})), Cause::Server);
    assert_eq!(cause(json!({"object": "error", "message": "Overloaded", "code": 503})), Cause::Overloaded);
    assert_eq!(cause(chunk(json!({"content": ""}), json!("error"))), Cause::Server);
    let broker = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"code": 429, "message": "m"}}]});
    assert_eq!(cause(broker), Cause::RateLimited);
    assert_eq!(cause(json!("{\"id\":")), Cause::Malformed);
    assert_eq!(cause(json!("[1]")), Cause::Malformed);
    let mut decoder = OpenAi.decoder(&target(Quirks::default()));
    let failure = decoder.event("error", "{\"type\":\"overloaded_error\",\"message\":\"m\"}", &mut Vec::new());
    assert_eq!(failure.unwrap_err().cause, Cause::Overloaded);
}

#[test]
fn an_error_behind_a_complete_answer_takes_nothing_away() {
    let after = json!({"error": {"code": 400, "message": "Token limit reached"}, "choices": [{"index": 0, "delta": {}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let out = run(&[chunk(json!({"content": "a"}), json!("length")), after, json!("[DONE]")]).unwrap();
    assert_eq!((out[0].finish_reason(), out[1].usage.unwrap().output), (Some("length"), 2));
}

#[test]
fn events_of_other_kinds_are_ignored() {
    let out = run(&[json!({"type": "ping"}), json!({"heartbeat": 1}), chunk(json!({"content": "a"}), json!("stop"))])
        .unwrap();
    assert_eq!(out.len(), 1);
}

#[test]
fn a_whole_message_in_a_stream_is_a_delta() {
    let whole = json!({"id": "r", "choices": [{"index": 0, "message": {"role": "assistant", "content": "all"}, "finish_reason": "stop"}]});
    let out = run(std::slice::from_ref(&whole)).unwrap();
    assert_eq!((out[0].text(), out[0].finish_reason()), ("all", Some("stop")));
    // After deltas it only repeats them.
    let out = run(&[chunk(json!({"content": "all"}), Value::Null), whole]).unwrap();
    assert_eq!(out.iter().map(ChatChunk::text).collect::<String>(), "all");
}

#[test]
fn choices_are_kept_apart() {
    let piece = |index: usize, text: &str, finish: Value| json!({"id": "r", "choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]});
    let out = run(&[piece(0, "a", Value::Null), piece(1, "b", json!("stop")), piece(0, "c", json!("length"))]).unwrap();
    assert_eq!(out.iter().filter(|c| c.finished).count(), 2);
    let huge = json!({"id": "r", "choices": [{"index": 4_000_000_000_u64, "delta": {"content": "x"}}]});
    assert_eq!(run(&[huge]).unwrap().len(), 1);
}

#[test]
fn arbitrary_events_never_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % bound as u64) as usize
    };
    let values = [
        "null",
        "0",
        "-1",
        "\"\"",
        "\"x\"",
        "[]",
        "{}",
        "[null]",
        "[{}]",
        "1e400",
        "true",
        "[{\"function\":[]}]",
        "[{\"index\":-1}]",
    ];
    let keys = ["id", "object", "created", "model", "choices", "usage", "error", "x_groq", "base_resp", "message"];
    let inner = ["index", "delta", "finish_reason", "message", "native_finish_reason"];
    let deep = ["role", "content", "reasoning", "tool_calls", "function_call", "audio", "refusal"];
    for _ in 0..3000 {
        let mut decoder = OpenAi.decoder(&target(Quirks::default()));
        let mut out = Vec::new();
        for _ in 0..4 {
            let delta: String = (0..next(4))
                .map(|_| format!("\"{}\":{},", deep[next(deep.len())], values[next(values.len())]))
                .collect();
            let choice: String = (0..next(4))
                .map(|_| format!("\"{}\":{},", inner[next(inner.len())], values[next(values.len())]))
                .collect();
            let body: String = (0..next(4))
                .map(|_| format!("\"{}\":{},", keys[next(keys.len())], values[next(values.len())]))
                .collect();
            let text = format!("{{{body}\"choices\":[{{{choice}\"delta\":{{{delta}\"x\":1}}}}]}}");
            if decoder.event("", &text, &mut out).is_err() {
                break;
            }
            let whole = text.replace("delta", "message");
            let _ = OpenAi.decode(&target(Quirks::default()), whole.as_bytes());
        }
        decoder.end(&mut out);
        assert!(out.iter().all(|c| c.body["choices"].is_array()));
    }
}
