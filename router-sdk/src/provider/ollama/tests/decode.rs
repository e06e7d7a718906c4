//! Whole replies: each habit of Ollama's with the least that shows it.

use http::HeaderMap;
use serde_json::{Value, json};

use super::super::Ollama;
use super::plain_model;
use crate::provider::turns::replay::odd_versions;
use crate::provider::{Cause, Failure, Provider, errors};
use crate::wire::ChatResponse;

fn read(body: &Value) -> Result<ChatResponse, Failure> {
    Ollama.decode(&plain_model(), body.to_string().as_bytes())
}

fn reply(message: Value) -> Value {
    json!({
        "model": "llama3:latest", "created_at": "2026-01-02T03:04:05.123456789Z", "message": message, "done": true,
        "done_reason": "stop", "total_duration": 9, "load_duration": 1, "prompt_eval_count": 26, "eval_count": 5,
    })
}

#[test]
fn text_thinking_and_counts() {
    let reply = read(&reply(json!({"role": "assistant", "content": "Hi", "thinking": "Hm."}))).unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("Hi", Some("stop")));
    assert_eq!(reply.message().unwrap()["reasoning_content"], "Hm.");
    assert_eq!(reply.body["model"], "llama3:latest");
    assert_eq!(reply.body["created"], 1_767_323_045);
    assert_eq!(reply.body["total_duration"], 9);
    assert!(reply.body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.estimated), (26, 5, false));
}

#[test]
fn calls_end_with_stop_and_count_all_the_same() {
    let calls = json!([
        {"function": {"name": "f", "arguments": {"a": 1}}},
        {"id": "own", "function": {"index": 1, "name": "g"}},
        {"function": {"name": "h", "arguments": "{\"b\":2}"}},
    ]);
    let body = reply(json!({"role": "assistant", "content": "", "tool_calls": calls}));
    let first = read(&body).unwrap();
    assert_eq!(first.finish_reason(), Some("tool_calls"));
    let calls = first.tool_calls();
    assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{\"a\":1}"}));
    assert_eq!((&calls[1]["id"], &calls[1]["function"]["arguments"]), (&json!("own"), &json!("{}")));
    assert_eq!(calls[2]["function"]["arguments"], "{\"b\":2}");
    assert_ne!(calls[0]["id"], calls[2]["id"]);
    // The same reply gives the same ids.
    assert_eq!(read(&body).unwrap().tool_calls(), calls);
}

#[test]
fn a_cached_prompt_is_not_counted() {
    let mut body = reply(json!({"role": "assistant", "content": "Hi"}));
    body.as_object_mut().unwrap().shift_remove("prompt_eval_count");
    let usage = read(&body).unwrap().usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.estimated), (0, 5, true));
}

#[test]
fn endings_by_what_happened() {
    for (reason, expected) in
        [("stop", "stop"), ("length", "length"), ("unload", "stop"), ("load", "stop"), ("new", "stop")]
    {
        let mut body = reply(json!({"role": "assistant", "content": "Hi"}));
        body["done_reason"] = reason.into();
        let reply = read(&body).unwrap();
        assert_eq!(reply.finish_reason(), Some(expected));
        assert_eq!(reply.body["choices"][0]["native_finish_reason"], reason);
    }
    let mut old = reply(json!({"role": "assistant", "content": "Hi"}));
    old.as_object_mut().unwrap().retain(|name, _| name == "message");
    let read = read(&old).unwrap();
    assert_eq!((read.finish_reason(), &read.body["model"]), (Some("stop"), &json!("llama3")));
}

#[test]
fn lines_where_one_object_was_asked_for_are_joined() {
    let line =
        |text: &str, done: bool| json!({"message": {"content": text}, "done": done, "eval_count": 2}).to_string();
    let bytes = format!("{}\n{}\n", line("Hi ", false), line("you", true));
    let reply = Ollama.decode(&plain_model(), bytes.as_bytes()).unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("Hi you", Some("stop")));
}

#[test]
fn a_200_that_is_no_answer_is_a_failure() {
    let cause = |bytes: &[u8]| Ollama.decode(&plain_model(), bytes).unwrap_err().cause;
    assert_eq!(cause(b""), Cause::Empty);
    assert_eq!(cause(b"<html>"), Cause::Malformed);
    assert_eq!(cause(b"{\"message\": {\"con"), Cause::Truncated);
    assert_eq!(cause(b"{\"done\": true}"), Cause::Malformed);
    assert_eq!(cause(b"{\"error\": \"model requires more system memory (9 GiB) than is available\"}"), Cause::Server);
    let loaded = json!({"message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "load"});
    assert_eq!(cause(loaded.to_string().as_bytes()), Cause::Empty);
}

#[test]
fn errors_have_their_cause() {
    let cases = [
        (404, "model 'nope' not found", Cause::ModelMissing),
        (400, "registry.ollama.ai/library/llama3:latest does not support tools", Cause::Unsupported),
        (400, "\"llama3\" does not support thinking", Cause::Unsupported),
        (400, "prompt too long; exceeded max context length by 9 tokens", Cause::ContextTooLong),
        (400, "the input length exceeds the context length", Cause::ContextTooLong),
        (400, "input length exceeds context length", Cause::ContextTooLong),
        (401, "unauthorized", Cause::Auth),
        (429, "you have reached your hourly usage limit", Cause::RateLimited),
        (500, "llama runner process has terminated", Cause::Server),
        (503, "server busy, please try again. maximum pending requests exceeded", Cause::Overloaded),
    ];
    for (status, message, cause) in cases {
        let failure = Ollama.explain_error(status, &HeaderMap::new(), json!({"error": message}).to_string().as_bytes());
        assert_eq!(failure.cause, cause, "{message}");
        assert_eq!(failure.message, message);
    }
    let mistake = Ollama.explain_error(500, &HeaderMap::new(), br#"{"error": "invalid image data"}"#);
    assert_eq!(errors::client_errors_as_500(mistake).cause, Cause::Caller);
}

#[test]
fn odd_replies_never_panic() {
    let calls = json!([{"id": "a", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}]);
    let mut body = reply(json!({"role": "assistant", "content": "Hi", "thinking": "Hm.", "tool_calls": calls}));
    body["logprobs"] = json!([{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}]);
    assert_eq!(read(&body).unwrap().body["choices"][0]["logprobs"]["content"][0]["token"], "Hi");
    for odd in odd_versions(&body) {
        if let Ok(reply) = read(&odd) {
            assert!(reply.finish_reason().is_some(), "{odd}");
        }
    }
}
