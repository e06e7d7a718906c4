//! Whole replies: each habit of Cohere's with the least that shows it.

use http::HeaderMap;
use serde_json::{Value, json};

use super::super::Cohere;
use super::{plain_model, thinker};
use crate::provider::turns::replay::odd_versions;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatResponse;

fn read(body: &Value) -> Result<ChatResponse, Failure> {
    Cohere.decode(&thinker(), body.to_string().as_bytes())
}

fn reply(content: Value, reason: &str) -> Value {
    json!({
        "id": "r1", "finish_reason": reason, "message": {"role": "assistant", "content": content},
        "usage": {"billed_units": {"input_tokens": 8, "output_tokens": 5}, "tokens": {"input_tokens": 503, "output_tokens": 9}, "cached_tokens": 448},
    })
}

#[test]
fn text_thinking_and_both_counts() {
    let mut body = reply(
        json!([{"type": "thinking", "thinking": "Hm. "}, {"type": "text", "text": "Hi "}, {"type": "text", "text": "you"}]),
        "COMPLETE",
    );
    body["usage"]["tokens"]["reasoning_tokens"] = 3.into();
    let reply = read(&body).unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("Hi you", Some("stop")));
    let message = reply.message().unwrap();
    assert_eq!(message["reasoning_content"], "Hm. ");
    assert_eq!(
        message["reasoning_details"],
        json!([{"type": "reasoning.text", "text": "Hm. ", "format": "cohere", "index": 0}])
    );
    // Prices are for what is billed; the other count stays beside it.
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.reasoning, usage.cached_read), (8, 5, 3, 0));
    assert_eq!(reply.body["usage"]["total_tokens"], 13);
    assert_eq!(reply.body["usage"]["tokens"]["input_tokens"], 503);
    assert_eq!(reply.body["usage"]["cached_tokens"], 448);
    assert_eq!((&reply.body["id"], &reply.body["model"]), (&json!("r1"), &json!("command-t")));
}

#[test]
fn calls_come_with_a_plan() {
    let mut body = reply(Value::Null, "TOOL_CALL");
    body["message"]["tool_plan"] = "I will look.".into();
    body["message"]["tool_calls"] = json!([
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
        {"type": "function", "function": {"name": "g", "arguments": ""}},
        {"id": "c3", "function": {"name": "h", "arguments": {"b": 2}}},
    ]);
    let reply = read(&body).unwrap();
    assert_eq!(reply.finish_reason(), Some("tool_calls"));
    let message = reply.message().unwrap();
    assert_eq!(message["content"], Value::Null);
    assert_eq!(message["reasoning_content"], "I will look.");
    assert_eq!(message["reasoning_details"][0]["id"], "tool_plan");
    let calls = reply.tool_calls();
    assert_eq!(calls[0], json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}));
    assert_eq!(calls[1]["function"]["arguments"], "{}");
    assert!(calls[1]["id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(calls[2]["function"]["arguments"], "{\"b\":2}");
}

#[test]
fn citations_are_annotations_with_all_their_fields() {
    let mut body = reply(json!([{"type": "text", "text": "Hi you"}]), "COMPLETE");
    let source = json!({"type": "document", "id": "d1", "document": {"id": "d1", "text": "t"}});
    body["message"]["citations"] =
        json!([{"start": 0, "end": 2, "text": "Hi", "sources": [source], "type": "TEXT_CONTENT"}]);
    let reply = read(&body).unwrap();
    let expected = json!([{"start": 0, "end": 2, "text": "Hi", "sources": [source], "type": "citation", "content_type": "TEXT_CONTENT"}]);
    assert_eq!(reply.message().unwrap()["annotations"], expected);
}

#[test]
fn finish_reasons_by_what_happened() {
    let text = json!([{"type": "text", "text": "Hi"}]);
    let finish = |reason: &str| read(&reply(text.clone(), reason)).map(|r| r.finish_reason().unwrap().to_owned());
    for (reason, expected) in [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("ERROR_TOXIC", "content_filter"),
        ("SOMETHING_NEW", "stop"),
        ("TOOL_CALL", "stop"),
    ] {
        assert_eq!(finish(reason).unwrap(), expected, "{reason}");
    }
    for (reason, cause) in
        [("ERROR", Cause::Server), ("TIMEOUT", Cause::Server), ("ERROR_LIMIT", Cause::ContextTooLong)]
    {
        assert_eq!(finish(reason).unwrap_err().cause, cause, "{reason}");
    }
}

#[test]
fn a_200_that_is_no_answer_is_a_failure() {
    let cause = |bytes: &[u8]| Cohere.decode(&plain_model(), bytes).unwrap_err().cause;
    assert_eq!(cause(b""), Cause::Empty);
    assert_eq!(cause(b"<html>"), Cause::Malformed);
    assert_eq!(cause(b"{\"id\": \"x\", \"message\": {\"con"), Cause::Truncated);
    assert_eq!(cause(b"{\"id\": \"x\"}"), Cause::Malformed);
    assert_eq!(cause(b"{\"id\": \"x\", \"message\": \"too many requests\"}"), Cause::RateLimited);
    let nothing = json!({"id": "x", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}});
    assert_eq!(cause(nothing.to_string().as_bytes()), Cause::Empty);
}

#[test]
fn errors_have_their_cause() {
    let cases = [
        (400, json!({"id": "1", "message": "invalid request: temperature must be a number"}), Cause::Caller),
        (
            400,
            json!({"id": "1", "message": "too many tokens: total number of tokens in the prompt cannot exceed 128000"}),
            Cause::ContextTooLong,
        ),
        (401, json!({"id": "1", "message": "invalid api token"}), Cause::Auth),
        (
            404,
            json!({"id": "1", "message": "model 'nope' not found, make sure the correct model ID was used"}),
            Cause::ModelMissing,
        ),
        (422, json!({"id": "1", "message": "unknown field: parameter 'foo' is not a valid field"}), Cause::Caller),
        (
            429,
            json!({"id": "1", "message": "You are using a Trial key, which is limited to 40 API calls / minute."}),
            Cause::RateLimited,
        ),
        (499, json!({"id": "1", "message": "request cancelled"}), Cause::Server),
        (500, json!({"id": "1", "message": "internal server error"}), Cause::Server),
        (503, json!({"id": "1", "message": "service unavailable"}), Cause::Overloaded),
    ];
    for (status, body, cause) in cases {
        let mut headers = HeaderMap::new();
        headers.insert("x-debug-trace-id", "trace-1".parse().unwrap());
        let failure = Cohere.explain_error(status, &headers, body.to_string().as_bytes());
        assert_eq!((failure.cause, failure.request_id.as_deref()), (cause, Some("trace-1")), "{body}");
    }
}

#[test]
fn odd_replies_never_panic() {
    let mut body = reply(json!([{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]), "TOOL_CALL");
    body["message"]["tool_plan"] = "c".into();
    body["message"]["tool_calls"] =
        json!([{"id": "d", "type": "function", "function": {"name": "e", "arguments": "{}"}}]);
    body["message"]["citations"] =
        json!([{"start": 0, "end": 1, "text": "b", "sources": [{"type": "tool", "id": "x"}]}]);
    body["logprobs"] = json!([{"text": "b", "token_ids": [1], "logprobs": [-0.5, -0.25]}]);
    let whole = read(&body).unwrap();
    assert_eq!(whole.body["choices"][0]["logprobs"]["content"][0]["logprob"], -0.75);
    for odd in odd_versions(&body) {
        if let Ok(reply) = read(&odd) {
            assert!(reply.finish_reason().is_some(), "{odd}");
        }
    }
}
