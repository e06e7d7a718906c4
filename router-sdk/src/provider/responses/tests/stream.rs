//! Events of streams in; the answer that a client makes of the chunks, or a failure, out.

use serde_json::{Value, json};

use super::super::Responses;
use super::super::turns::replay::{assemble, odd_versions};
use super::{streamed, thinker};
use crate::provider::{Cause, Progress, Provider};

fn event(kind: &str, fields: Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}")});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}

fn created() -> Value {
    event(
        "created",
        json!({"response": {"id": "resp_1", "created_at": 1, "model": "deep-1-0101", "status": "in_progress"}}),
    )
}

fn completed(output: Value) -> Value {
    let usage = json!({"input_tokens": 7, "output_tokens": 5, "total_tokens": 12,
                       "output_tokens_details": {"reasoning_tokens": 2}});
    event("completed", json!({"response": {"id": "resp_1", "status": "completed", "output": output, "usage": usage}}))
}

fn added(index: u64, item: Value) -> Value {
    event("output_item.added", json!({"output_index": index, "item": item}))
}

fn done(index: u64, item: Value) -> Value {
    event("output_item.done", json!({"output_index": index, "item": item}))
}

fn text(delta: &str) -> Value {
    event("output_text.delta", json!({"output_index": 0, "content_index": 0, "item_id": "msg_1", "delta": delta}))
}

fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"), "name": "f", "arguments": arguments})
}

#[test]
fn text_thinking_and_usage_in_order() {
    let thought = |delta: &str, part: u64| {
        event("reasoning_summary_text.delta", json!({"output_index": 0, "summary_index": part, "delta": delta}))
    };
    let item = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "A",
                      "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]});
    let answer = streamed(&[
        created(),
        event("in_progress", json!({"response": {"id": "resp_1"}})),
        added(0, json!({"type": "reasoning", "id": "rs_1", "summary": []})),
        thought("On", 0),
        thought("e.", 0),
        thought("Two.", 1),
        done(0, item),
        added(1, json!({"type": "message", "id": "msg_1", "role": "assistant", "content": []})),
        json!({"type": "keepalive", "sequence_number": 9}),
        event("output_text.delta", json!({"output_index": 1, "delta": "Hel", "obfuscation": "x"})),
        event("output_text.delta", json!({"output_index": 1, "delta": "lo."})),
        event("output_text.done", json!({"output_index": 1, "text": "Hello."})),
        event("something.new", json!({"output_index": 1})),
        done(1, message("Hello.")),
        completed(json!([])),
    ])
    .unwrap();
    assert_eq!(answer.message["content"], "Hello.");
    assert_eq!(answer.message["reasoning_content"], "One.\n\nTwo.");
    assert_eq!(answer.message["reasoning_details"].as_array().unwrap().len(), 3);
    assert_eq!(answer.finish.as_deref(), Some("stop"));
    let usage = answer.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.reasoning), (7, 5, 2));
    assert_eq!(answer.last["model"], "deep-1-0101");
}

#[test]
fn calls_are_numbered_without_gaps_though_their_fragments_mix() {
    let fragment = |index: u64, delta: &str| {
        event("function_call_arguments.delta", json!({"output_index": index, "item_id": "", "delta": delta}))
    };
    let answer = streamed(&[
        created(),
        added(0, json!({"type": "reasoning", "id": "rs_1", "summary": []})),
        added(2, call("a", "")),
        added(5, call("b", "")),
        fragment(2, "{\"x\""),
        fragment(5, "{\"y\":"),
        fragment(2, ":1}"),
        fragment(5, "2}"),
        done(2, call("a", "{\"x\":1}")),
        done(5, call("b", "{\"y\":2}")),
        completed(json!([])),
    ])
    .unwrap();
    let calls = &answer.message["tool_calls"];
    assert_eq!((&calls[0]["id"], &calls[0]["function"]["arguments"]), (&json!("call_a"), &json!("{\"x\":1}")));
    assert_eq!((&calls[1]["id"], &calls[1]["function"]["arguments"]), (&json!("call_b"), &json!("{\"y\":2}")));
    assert_eq!(answer.finish.as_deref(), Some("tool_calls"));
}

#[test]
fn what_was_never_told_in_pieces_is_told_at_the_end() {
    let whole = [created(), done(0, message("All at once.")), done(1, call("a", "{}")), completed(json!([]))];
    let last = [created(), completed(json!([message("All at once."), call("a", "{}")]))];
    let texts = [
        created(),
        event("output_text.done", json!({"output_index": 0, "text": "All at once."})),
        event("function_call_arguments.done", json!({"output_index": 1, "arguments": "{}"})),
        completed(json!([message("All at once."), call("a", "{}")])),
    ];
    let half = [created(), text("All at"), completed(json!([message("All at once."), call("a", "{}")]))];
    for events in [&whole[..], &last, &texts, &half] {
        let answer = streamed(events).unwrap();
        assert_eq!(answer.message["content"], "All at once.");
        assert_eq!(answer.message["tool_calls"][0]["id"], "call_a");
        assert_eq!(answer.message["tool_calls"].as_array().unwrap().len(), 1);
        assert_eq!(answer.message["tool_calls"][0]["function"]["arguments"], "{}");
        assert_eq!(answer.finish.as_deref(), Some("tool_calls"));
    }
}

#[test]
fn nothing_is_told_twice() {
    let mut opened = call("a", "{\"x\":1}");
    opened["status"] = "in_progress".into();
    let answer = streamed(&[
        created(),
        added(0, message("")),
        text("Hi."),
        event("output_text.done", json!({"output_index": 0, "text": "Hi."})),
        event(
            "content_part.done",
            json!({"output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "Hi."}}),
        ),
        done(0, message("Hi.")),
        done(0, message("Hi.")),
        added(1, opened),
        event("function_call_arguments.delta", json!({"output_index": 1, "delta": "{\"x\":1}"})),
        event("function_call_arguments.done", json!({"output_index": 1, "arguments": "{\"x\":1}"})),
        done(1, call("a", "{\"x\":1}")),
        completed(json!([message("Hi."), call("a", "{\"x\":1}")])),
    ])
    .unwrap();
    assert_eq!(answer.message["content"], "Hi.");
    assert_eq!(answer.message["tool_calls"].as_array().unwrap().len(), 1);
    assert_eq!(answer.message["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
}

#[test]
fn ids_that_change_from_event_to_event_do_not_matter() {
    let with_id = |mut item: Value, id: &str| {
        item["id"] = id.into();
        item
    };
    let answer = streamed(&[
        created(),
        added(0, with_id(message(""), "one")),
        event("output_text.delta", json!({"output_index": 0, "item_id": "two", "delta": "Hi."})),
        done(0, with_id(message("Hi."), "three")),
        completed(json!([with_id(message("Hi."), "four")])),
    ])
    .unwrap();
    assert_eq!(answer.message["content"], "Hi.");
}

#[test]
fn events_without_places_belong_to_what_is_open() {
    let answer = streamed(&[
        created(),
        event("output_item.added", json!({"item": {"type": "message", "role": "assistant", "content": []}})),
        event("output_text.delta", json!({"delta": "Hi."})),
        event("output_item.done", json!({"item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}})),
        event("output_item.added", json!({"item": {"type": "function_call", "call_id": "call_a", "name": "f"}})),
        event("function_call_arguments.delta", json!({"delta": "{\"x\":1}"})),
        completed(json!([message("Hi."), call("a", "{\"x\":1}")])),
    ])
    .unwrap();
    assert_eq!(answer.message["content"], "Hi.");
    assert_eq!(answer.message["tool_calls"].as_array().unwrap().len(), 1);
    assert_eq!(answer.message["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
}

#[test]
fn input_for_custom_tools_is_text() {
    let item = |input: &str| json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "sql", "input": input});
    let answer = streamed(&[
        created(),
        added(0, item("")),
        event("custom_tool_call_input.delta", json!({"output_index": 0, "delta": "SELECT"})),
        event("custom_tool_call_input.delta", json!({"output_index": 0, "delta": " 1"})),
        event("custom_tool_call_input.done", json!({"output_index": 0, "input": "SELECT 1"})),
        done(0, item("SELECT 1")),
        completed(json!([item("SELECT 1")])),
    ])
    .unwrap();
    let expected = json!([{"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}]);
    assert_eq!(answer.message["tool_calls"], expected);
}

#[test]
fn refusals_and_citations_are_streamed_too() {
    let cite = json!({"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2});
    let mut whole = message("Hi.");
    whole["content"][0]["annotations"] = json!([cite]);
    let answer = streamed(&[
        created(),
        text("Hi."),
        event("output_text.annotation.added", json!({"output_index": 0, "content_index": 0, "annotation": cite})),
        done(0, whole.clone()),
        event("refusal.delta", json!({"output_index": 1, "delta": "I ca"})),
        event("refusal.done", json!({"output_index": 1, "refusal": "I cannot."})),
        completed(json!([])),
    ])
    .unwrap();
    assert_eq!(answer.message["annotations"].as_array().unwrap().len(), 1);
    assert_eq!(answer.message["refusal"], "I cannot.");
}

#[test]
fn a_stream_may_end_incomplete() {
    let end = |reason: &str| {
        event(
            "incomplete",
            json!({"response": {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": []}}),
        )
    };
    let cut = streamed(&[
        created(),
        added(0, call("a", "")),
        event("function_call_arguments.delta", json!({"output_index": 0, "delta": "{\"x"})),
        end("max_output_tokens"),
    ]);
    let cut = cut.unwrap();
    assert_eq!(cut.finish.as_deref(), Some("length"));
    assert_eq!(cut.message["tool_calls"][0]["function"]["arguments"], "{\"x");
    assert_eq!(streamed(&[created(), end("content_filter")]).unwrap().finish.as_deref(), Some("content_filter"));
}

#[test]
fn failures_inside_a_stream_are_read() {
    let failed = |error: Value| event("failed", json!({"response": {"status": "failed", "error": error}}));
    let cases = [
        (
            json!({"type": "error", "error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "m"}}),
            Cause::Quota,
        ),
        (json!({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": null}), Cause::RateLimited),
        (json!({"type": "error", "code": "server_is_overloaded", "message": "m"}), Cause::Overloaded),
        (failed(json!({"code": "server_error", "message": "m"})), Cause::Server),
        (failed(json!({"code": "context_length_exceeded", "message": "m"})), Cause::ContextTooLong),
        (failed(Value::Null), Cause::Server),
        (event("failed", json!({"response": {}})), Cause::Server),
        (json!({"error": {"message": "m", "code": 503}}), Cause::Overloaded),
    ];
    for (event, cause) in cases {
        let failure = streamed(&[created(), text("Hi."), event.clone()]).unwrap_err();
        assert_eq!(failure.cause, cause, "{event} {}", failure.message);
    }
    let mut decoder = Responses.decoder(&thinker());
    assert_eq!(decoder.event("", "{\"type\":", &mut Vec::new()).unwrap_err().cause, Cause::Malformed);
}

#[test]
fn without_a_last_event_there_is_no_finish() {
    let answer = streamed(&[created(), text("Half")]).unwrap();
    assert_eq!(answer.finish, None);
    assert_eq!(answer.message["content"], "Half");
    let answer = streamed(&[created(), text("All."), done(0, message("All."))]).unwrap();
    assert_eq!(answer.finish, None);
}

#[test]
fn the_mark_of_other_protocols_ends_what_was_whole() {
    let read = |events: &[Value]| {
        let mut decoder = Responses.decoder(&thinker());
        let mut chunks = Vec::new();
        for event in events {
            assert_eq!(decoder.event("", &event.to_string(), &mut chunks).unwrap(), Progress::More);
        }
        assert_eq!(decoder.event("", "[DONE]", &mut chunks).unwrap(), Progress::Done);
        decoder.end(&mut chunks);
        assemble(&chunks)
    };
    assert_eq!(read(&[created(), text("All."), done(0, message("All."))]).finish.as_deref(), Some("stop"));
    assert_eq!(read(&[created(), text("Half")]).finish, None);
}

#[test]
fn names_may_stand_beside_the_data_alone() {
    let mut decoder = Responses.decoder(&thinker());
    let mut chunks = Vec::new();
    let mut read = |name: &str, data: Value| decoder.event(name, &data.to_string(), &mut chunks).unwrap();
    read("response.created", json!({"response": {"id": "resp_1"}}));
    read("response.output_text.delta", json!({"delta": "Hi.", "output_index": 0}));
    assert_eq!(read("response.completed", json!({"response": {"status": "completed", "output": []}})), Progress::Done);
    assert_eq!(assemble(&chunks).message["content"], "Hi.");
    // A whole reply as the only event.
    let mut decoder = Responses.decoder(&thinker());
    let mut chunks = Vec::new();
    let whole = json!({"object": "response", "id": "resp_1", "status": "completed", "output": [message("Hi.")]});
    assert_eq!(decoder.event("", &whole.to_string(), &mut chunks).unwrap(), Progress::Done);
    assert_eq!(assemble(&chunks).message["content"], "Hi.");
}

#[test]
fn log_probabilities_come_with_their_text() {
    let tokens = json!([{"token": "Hi", "logprob": -0.5}]);
    let delta = event("output_text.delta", json!({"output_index": 0, "delta": "Hi", "logprobs": tokens}));
    let mut decoder = Responses.decoder(&thinker());
    let mut chunks = Vec::new();
    decoder.event("", &delta.to_string(), &mut chunks).unwrap();
    assert_eq!(chunks[1].body["choices"][0]["logprobs"]["content"], tokens);
}

#[test]
fn nothing_odd_in_an_event_is_a_panic() {
    let events = [
        created(),
        added(0, json!({"type": "reasoning", "id": "rs_1", "summary": []})),
        event("reasoning_text.delta", json!({"output_index": 0, "content_index": 0, "delta": "a"})),
        text("Hi."),
        event(
            "output_text.annotation.added",
            json!({"output_index": 0, "content_index": 0, "annotation": {"url": "u"}}),
        ),
        added(1, call("a", "")),
        event("function_call_arguments.delta", json!({"output_index": 1, "delta": "{}"})),
        done(1, call("a", "{}")),
        completed(json!([message("Hi."), call("a", "{}")])),
    ];
    let mut seen = 0;
    for (at, event) in events.iter().enumerate() {
        for odd in odd_versions(event) {
            let mut decoder = Responses.decoder(&thinker());
            let mut chunks = Vec::new();
            for event in events[..at].iter().chain([&odd]).chain(&events[at + 1..]) {
                if !matches!(decoder.event("", &event.to_string(), &mut chunks), Ok(Progress::More)) {
                    break;
                }
            }
            decoder.end(&mut chunks);
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen}");
}
