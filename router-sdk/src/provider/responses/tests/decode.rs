//! Whole replies in; chat completions, or failures, out.

use serde_json::{Value, json};

use super::super::Responses;
use super::super::turns::replay::odd_versions;
use super::thinker;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatResponse;

fn decode(body: &Value) -> Result<ChatResponse, Failure> {
    Responses.decode(&thinker(), body.to_string().as_bytes())
}

fn reply(output: Value) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1_760_000_000, "status": "completed", "error": null,
        "incomplete_details": null, "model": "deep-1-0101", "instructions": "Be kind.", "tools": [], "output": output,
        "service_tier": "default", "store": false,
        "usage": {"input_tokens": 30, "input_tokens_details": {"cached_tokens": 10}, "output_tokens": 20,
                  "output_tokens_details": {"reasoning_tokens": 12}, "total_tokens": 50},
    })
}

fn text(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
           "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]})
}

#[test]
fn text_with_usage_and_the_fields_that_chat_has_no_place_for() {
    let answer = decode(&reply(json!([text("Hello.")]))).unwrap();
    let usage = answer.usage.unwrap();
    assert_eq!((usage.input, usage.cached_read, usage.output, usage.reasoning), (30, 10, 20, 12));
    let expected = json!({
        "id": "resp_1", "object": "chat.completion", "created": 1_760_000_000, "model": "deep-1-0101",
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": "Hello.", "refusal": null, "annotations": []},
            "logprobs": null, "finish_reason": "stop", "native_finish_reason": "completed",
        }],
        "usage": {
            "total_tokens": 50, "prompt_tokens_details": {"cached_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 12}, "prompt_tokens": 30, "completion_tokens": 20,
        },
        "service_tier": "default",
    });
    assert_eq!(Value::Object(answer.body), expected);
}

#[test]
fn thinking_is_shown_and_kept_for_the_next_turn() {
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "AAA",
         "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]},
        text("Yes."),
    ]);
    let answer = decode(&reply(output)).unwrap();
    let message = answer.message().unwrap();
    assert_eq!(message["reasoning_content"], "One.\n\nTwo.");
    let entry = |kind: &str, field: &str, value: &str| json!({"type": kind, field: value, "id": "rs_1", "format": "openai-responses", "provider": "p", "index": 0});
    assert_eq!(
        message["reasoning_details"],
        json!([
            entry("reasoning.summary", "summary", "One."),
            entry("reasoning.summary", "summary", "Two."),
            entry("reasoning.encrypted", "data", "AAA"),
        ])
    );
    assert!(message.get("server_blocks").is_none(), "one message after its thinking needs no mark");
}

#[test]
fn calls_are_known_by_their_call_id_and_decide_the_finish() {
    let output = json!([
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"},
        {"type": "function_call", "id": "fc_2", "name": "g", "arguments": {"b": 2}},
        {"type": "function_call", "call_id": "call_3", "name": "h"},
        {"type": "custom_tool_call", "id": "ctc_4", "call_id": "call_4", "name": "sql", "input": "SELECT 1"},
    ]);
    let answer = decode(&reply(output)).unwrap();
    assert_eq!(answer.finish_reason(), Some("tool_calls"));
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    assert_eq!(
        answer.tool_calls(),
        [
            call("call_1", "f", "{\"a\":1}"),
            call("fc_2", "g", "{\"b\":2}"),
            call("call_3", "h", "{}"),
            json!({"id": "call_4", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}),
        ]
    );
    assert_eq!(answer.message().unwrap()["content"], Value::Null);
}

#[test]
fn citations_count_from_the_beginning_of_the_answer() {
    let cite =
        json!({"type": "url_citation", "url": "https://example.com", "title": "T", "start_index": 1, "end_index": 3});
    let file = json!({"type": "file_citation", "file_id": "file_1", "index": 2});
    let parts = json!([
        {"type": "output_text", "text": "Zwölf"}, {"type": "output_text", "text": "ab cd", "annotations": [cite, file]},
    ]);
    let answer = decode(&reply(json!([{"type": "message", "role": "assistant", "content": parts}]))).unwrap();
    assert_eq!(answer.text(), "Zwölfab cd");
    let nested = json!({"url": "https://example.com", "title": "T", "start_index": 6, "end_index": 8});
    assert_eq!(
        answer.message().unwrap()["annotations"],
        json!([{"type": "url_citation", "url_citation": nested}, file])
    );
}

#[test]
fn a_refusal_is_no_text() {
    let parts = json!([{"type": "refusal", "refusal": "I cannot."}]);
    let answer = decode(&reply(json!([{"type": "message", "role": "assistant", "content": parts}]))).unwrap();
    let message = answer.message().unwrap();
    assert_eq!((&message["content"], &message["refusal"]), (&Value::Null, &json!("I cannot.")));
    assert_eq!(answer.finish_reason(), Some("stop"));
}

#[test]
fn tools_of_the_server_are_no_calls() {
    let search = json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}});
    let picture = json!({"type": "image_generation_call", "id": "ig_1", "result": "QUJD", "output_format": "webp"});
    let answer = decode(&reply(json!([search, picture, text("Found.")]))).unwrap();
    let message = answer.message().unwrap();
    assert!(answer.tool_calls().is_empty());
    assert_eq!(answer.finish_reason(), Some("stop"));
    assert_eq!(message["server_blocks"][0]["block"], search);
    assert!(message["server_blocks"][1]["block"].get("result").is_none());
    assert_eq!(message["images"][0]["image_url"]["url"], "data:image/webp;base64,QUJD");
}

#[test]
fn an_incomplete_answer_says_why() {
    let cut = |reason: Value, output: Value| {
        let mut body = reply(output);
        body["status"] = "incomplete".into();
        body["incomplete_details"] = reason;
        decode(&body).unwrap()
    };
    let answer = cut(json!({"reason": "max_output_tokens"}), json!([text("Half of")]));
    assert_eq!(answer.finish_reason(), Some("length"));
    assert_eq!(answer.body["choices"][0]["native_finish_reason"], "max_output_tokens");
    let filtered = cut(json!({"reason": "content_filter"}), json!([]));
    assert_eq!(filtered.finish_reason(), Some("content_filter"));
    assert_eq!(cut(Value::Null, json!([])).finish_reason(), Some("length"));
    let call =
        json!({"type": "function_call", "status": "incomplete", "call_id": "call_1", "name": "f", "arguments": "{\"a"});
    let halfway = cut(json!({"reason": "max_output_tokens"}), json!([call]));
    assert_eq!(halfway.finish_reason(), Some("length"));
    assert_eq!(halfway.tool_calls()[0]["function"]["arguments"], "{\"a");
}

#[test]
fn a_status_of_another_name_is_no_fault() {
    for status in [json!("complete"), json!(null), json!("finished"), json!(3)] {
        let mut body = reply(json!([text("Yes.")]));
        body["status"] = status;
        assert_eq!(decode(&body).unwrap().finish_reason(), Some("stop"));
    }
}

#[test]
fn what_is_no_answer_fails_by_its_cause() {
    let with = |fields: Value| {
        let mut body = reply(json!([]));
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let error = |code: &str, message: &str| json!({"status": "failed", "error": {"code": code, "message": message}});
    let cases = [
        (with(error("server_error", "An error occurred.")), Cause::Server),
        (with(error("rate_limit_exceeded", "Slow down.")), Cause::RateLimited),
        (with(error("insufficient_quota", "You exceeded your current quota.")), Cause::Quota),
        (with(error("invalid_prompt", "Flagged.")), Cause::ContentRefused),
        (with(error("context_length_exceeded", "Too long.")), Cause::ContextTooLong),
        (with(json!({"status": "failed"})), Cause::Server),
        (with(json!({"status": "queued"})), Cause::Malformed),
        (with(json!({"status": "in_progress", "output": []})), Cause::Malformed),
        (with(json!({"status": "cancelled"})), Cause::Malformed),
        (with(json!({"usage": null})), Cause::Empty),
        (json!({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}), Cause::Auth),
        (json!({"object": "chat.completion", "choices": []}), Cause::Malformed),
        (json!({"hello": "world"}), Cause::Malformed),
        (json!([1]), Cause::Malformed),
    ];
    for (body, cause) in cases {
        let failure = decode(&body).unwrap_err();
        assert_eq!(failure.cause, cause, "{body} {}", failure.message);
    }
    let raw = |bytes: &[u8]| Responses.decode(&thinker(), bytes).unwrap_err().cause;
    assert_eq!(raw(b"  \n"), Cause::Empty);
    assert_eq!(raw(b"<html><title>502</title></html>"), Cause::Malformed);
    assert_eq!(raw(b"{\"id\": \"resp"), Cause::Truncated);
    assert_eq!(raw(b"oops"), Cause::Malformed);
}

#[test]
fn log_probabilities_are_those_of_the_choice() {
    let tokens = json!([{"token": "Yes", "logprob": -0.1, "bytes": [89], "top_logprobs": []}]);
    let parts = json!([{"type": "output_text", "text": "Yes", "logprobs": tokens}]);
    let answer = decode(&reply(json!([{"type": "message", "role": "assistant", "content": parts}]))).unwrap();
    assert_eq!(answer.body["choices"][0]["logprobs"], json!({"content": tokens, "refusal": null}));
}

#[test]
fn stated_costs_are_read() {
    let mut body = reply(json!([text("Yes.")]));
    body["usage"]["cost_in_usd_ticks"] = 25_000_000_u64.into();
    assert_eq!(decode(&body).unwrap().usage.unwrap().reported_cost_nanos, Some(2_500_000));
}

#[test]
fn nothing_odd_in_a_reply_is_a_panic() {
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "summary": [{"text": "a"}], "content": [{"text": "b"}], "encrypted_content": "c"},
        {"type": "message", "role": "assistant", "phase": "x", "content": [{"type": "output_text", "text": "d",
            "annotations": [{"url": "u", "start_index": 1}], "logprobs": []}, {"type": "refusal", "refusal": "e"}]},
        {"type": "function_call", "call_id": "i", "name": "f", "arguments": "{}", "namespace": "n"},
        {"type": "image_generation_call", "result": "g"},
    ]);
    let mut answered = 0;
    for odd in odd_versions(&reply(output)) {
        answered += usize::from(decode(&odd).is_ok());
    }
    assert!(answered > 300, "{answered}");
}
