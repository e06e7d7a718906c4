//! Whole replies with each oddity seen, and bodies of a 200 that are no answer.

use serde_json::{Value, json};

use super::target;
use crate::catalog::Quirks;
use crate::provider::openai::OpenAi;
use crate::provider::{Cause, Failure, Provider};
use crate::wire::ChatResponse;

fn decode(body: &[u8]) -> Result<ChatResponse, Failure> {
    OpenAi.decode(&target(Quirks::default()), body)
}

fn read(body: Value) -> ChatResponse {
    decode(body.to_string().as_bytes()).unwrap()
}

fn cause(body: &[u8]) -> Cause {
    decode(body).unwrap_err().cause
}

fn of(message: Value, finish: Value) -> Value {
    json!({"id": "r1", "object": "chat.completion", "created": 5, "model": "x", "mine": [1],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "extra": true}]})
}

fn call(function: Value) -> Value {
    json!({"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": function}]})
}

#[test]
fn a_plain_reply_passes_with_all_its_fields() {
    let body = of(json!({"role": "assistant", "content": "hi", "refusal": null, "own": 1}), json!("stop"));
    let reply = read(body.clone());
    assert_eq!(Value::Object(reply.body), body);
    assert_eq!(reply.usage, None);
}

#[test]
fn what_is_missing_is_completed() {
    let reply = read(json!({"choices": [{"message": {"content": "hi"}}]}));
    assert!(reply.body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!((&reply.body["object"], &reply.body["model"]), (&json!("chat.completion"), &json!("m")));
    assert_eq!(reply.body["created"], json!(0), "dated with the moment of the request, further out");
    let choice = &reply.body["choices"][0];
    assert_eq!((&choice["index"], &choice["finish_reason"]), (&json!(0), &json!("stop")));
    assert_eq!(choice["message"]["role"], json!("assistant"));
}

#[test]
fn keep_alive_lines_before_the_json_are_skipped() {
    let body = format!("\n\n \r\n{}", of(json!({"content": "hi"}), json!("stop")));
    assert_eq!(decode(body.as_bytes()).unwrap().text(), "hi");
    assert_eq!(decode(format!("\u{feff}{}", body.trim()).as_bytes()).unwrap().text(), "hi");
}

#[test]
fn content_parts_are_flattened() {
    let parts = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}, {"type": "text", "text": "m"}]},
        {"type": "text", "text": "a"}, "b", {"type": "reference", "reference_ids": [1]},
    ]);
    let reply = read(of(json!({"role": "assistant", "content": parts}), json!("stop")));
    let message = reply.message().unwrap();
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("ab"), &json!("hmm")));
    assert_eq!(message["content_parts"].as_array().unwrap().len(), 4);
}

#[test]
fn reasoning_has_one_name() {
    let reply = read(of(json!({"content": "a", "reasoning": "r"}), json!("stop")));
    let message = reply.message().unwrap();
    assert_eq!((&message["reasoning"], &message["reasoning_content"]), (&json!("r"), &json!("r")));
}

#[test]
fn tool_calls_decide_the_finish_reason() {
    let whole = json!({"name": "f", "arguments": "{\"a\":1}"});
    for word in ["stop", "tool_calls", "tool_use", "eos"] {
        assert_eq!(read(of(call(whole.clone()), json!(word))).finish_reason(), Some("tool_calls"), "{word}");
    }
    assert_eq!(read(of(call(whole.clone()), Value::Null)).finish_reason(), Some("tool_calls"));
    assert_eq!(read(of(call(whole.clone()), json!("length"))).finish_reason(), Some("length"));
    assert_eq!(read(of(call(whole), json!("content_filter"))).finish_reason(), Some("content_filter"));
}

#[test]
fn an_answer_that_its_source_cut_is_cut() {
    let mut body = of(call(json!({"name": "f", "arguments": "{\"a\":"})), json!("tool_calls"));
    body["choices"][0]["native_finish_reason"] = json!("max_tokens");
    let reply = read(body);
    assert_eq!(reply.finish_reason(), Some("length"));
    assert_eq!(reply.tool_calls()[0]["function"]["arguments"], json!("{\"a\":"));
}

#[test]
fn odd_tool_calls_are_completed() {
    let calls = json!([
        {"function": {"name": "f"}},
        {"id": "", "function": {"name": "g", "arguments": ""}},
        {"id": "c3", "type": "function", "function": {"name": "h", "arguments": {"x": 1}}},
        {"id": "c4", "type": "custom", "custom": {"name": "k", "input": "text"}},
    ]);
    let reply = read(of(json!({"content": null, "tool_calls": calls}), json!("stop")));
    let calls = reply.tool_calls();
    assert!(calls[0]["id"].as_str().unwrap().starts_with("call_"));
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!((&calls[0]["type"], &calls[0]["function"]["arguments"]), (&json!("function"), &json!("{}")));
    assert_eq!(calls[1]["function"]["arguments"], json!("{}"));
    assert_eq!(calls[2]["function"]["arguments"], json!("{\"x\":1}"));
    assert_eq!(calls[3], json!({"id": "c4", "type": "custom", "custom": {"name": "k", "input": "text"}}));
}

#[test]
fn words_of_other_families_for_the_end() {
    for (word, wanted) in
        [("eos", "stop"), ("max_tokens", "length"), ("model_length", "length"), ("SAFETY", "content_filter")]
    {
        let reply = read(of(json!({"content": "a"}), json!(word)));
        assert_eq!(reply.finish_reason(), Some(wanted));
        assert_eq!(reply.body["choices"][0]["native_finish_reason"], json!(word));
    }
    assert_eq!(read(of(json!({"content": "a"}), json!("of_its_own"))).finish_reason(), Some("of_its_own"));
}

#[test]
fn a_filtered_choice_may_have_no_message() {
    let mut body = of(Value::Null, json!("content_filter"));
    body["choices"][0].as_object_mut().unwrap().remove("message");
    let reply = read(body);
    assert_eq!(reply.message().unwrap()["content"], Value::Null);
    assert_eq!(reply.finish_reason(), Some("content_filter"));
}

#[test]
fn empty_objects_stand_for_nothing() {
    let message = json!({"role": "assistant", "content": "4", "refusal": "",
        "audio": {"id": "", "data": "", "expires_at": 0}, "function_call": {"name": "", "arguments": ""}, "tool_calls": []});
    let reply = read(of(message, json!("stop")));
    let message = reply.message().unwrap();
    assert_eq!((&message["audio"], &message["function_call"]), (&Value::Null, &Value::Null));
    assert_eq!(message.get("tool_calls"), None);
}

#[test]
fn a_200_that_is_no_answer() {
    assert_eq!(cause(b""), Cause::Empty);
    assert_eq!(cause(b" \n\n"), Cause::Empty);
    assert_eq!(cause(b"<html><title>Sign in</title></html>"), Cause::Malformed);
    assert_eq!(cause(b"[1,2]"), Cause::Malformed);
    assert_eq!(cause(b"plain text"), Cause::Malformed);
    assert_eq!(cause(b"\xff\xfe{}"), Cause::Malformed);
    assert_eq!(cause(b"{\"id\":\"x\",\"choices\":[{\"index\""), Cause::Truncated);
    assert_eq!(cause(br#"{"hello":"world"}"#), Cause::Malformed);
    assert_eq!(cause(br#"{"choices":[]}"#), Cause::Empty);
    assert_eq!(cause(br#"{"choices":[7]}"#), Cause::Malformed);
    assert_eq!(cause(of(json!({"content": ""}), json!("stop")).to_string().as_bytes()), Cause::Empty);
}

#[test]
fn text_that_is_no_json_is_not_repeated() {
    let failure = decode(b"you asked: what is my secret").unwrap_err();
    assert!(!failure.message.contains("secret"), "{}", failure.message);
}

#[test]
fn an_empty_answer_that_was_counted_is_an_answer() {
    let mut body = of(json!({"content": ""}), json!("stop"));
    body["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4});
    assert_eq!(read(body).text(), "");
}

#[test]
fn errors_inside_a_200() {
    assert_eq!(cause(br#"{"error":{"code":429,"message":"slow"},"choices":[]}"#), Cause::RateLimited);
    assert_eq!(cause(br#"{"object":"error","message":"maximum context length is 9 tokens"}"#), Cause::ContextTooLong);
    assert_eq!(cause(br#"{"base_resp":{"status_code":1004,"status_msg":"login fail"},"choices":null}"#), Cause::Auth);
    let ended = of(json!({"content": "a"}), json!("insufficient_system_resource")).to_string();
    assert_eq!(cause(ended.as_bytes()), Cause::Overloaded);
    let ended = of(json!({"content": "a"}), json!("error")).to_string();
    assert_eq!(cause(ended.as_bytes()), Cause::Server);
    let fine = json!({"error": null, "base_resp": {"status_code": 0, "status_msg": ""}, "choices": [{"message": {"content": "a"}}]});
    assert_eq!(read(fine).text(), "a");
}
