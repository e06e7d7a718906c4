//! What was taken out of a request comes back in its answer, however the answer is cut into chunks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Kinds, Redacted, Restorer, Vault, chat, reply};
use crate::wire::{ChatChunk, ChatRequest};

fn redacted(body: Value) -> (ChatRequest, Redacted) {
    let mut request = ChatRequest::from_value(body).unwrap();
    let redacted = chat(&mut request, Kinds::all(), true);
    (request, redacted)
}

fn vault() -> Arc<Vault> {
    let text = "a@b.de, c@d.fr and 4111111111111111";
    redacted(json!({"model": "auto", "messages": [{"role": "user", "content": text}]})).1.vault.unwrap()
}

fn piece(delta: Value, finish: Option<&str>) -> ChatChunk {
    ChatChunk::delta("x", 1, "m", delta, finish)
}

#[test]
fn every_text_of_a_request_is_read() {
    let (request, redacted) = redacted(json!({
    "model": "auto", "user": "me@x.com", "metadata": {"who": "me@x.com"},
    "messages": [
        {"role": "system", "content": "ask me@x.com"},
        {"role": "user", "content": [{"type": "text", "text": "or you@x.com"},
            {"type": "image_url", "image_url": {"url": "https://me@x.com/a.png"}}]},
        {"role": "assistant", "content": null, "reasoning_content": "me@x.com?",
         "reasoning_details": [{"type": "reasoning.text", "text": "me@x.com", "signature": "s"}],
         "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "f", "arguments": "{\"to\":\"you@x.com\",\"card\":4111111111111111,\"n\":[1,2.5]}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "sent to you@x.com"},
    ]}));
    let messages = request.messages();
    assert_eq!(messages[0]["content"], "ask [email-1]");
    assert_eq!(messages[1]["content"][0]["text"], "or [email-2]");
    assert_eq!(messages[1]["content"][1]["image_url"]["url"], "https://me@x.com/a.png");
    assert_eq!(messages[2]["reasoning_content"], "[email-1]?");
    assert_eq!(messages[2]["reasoning_details"][0]["text"], "me@x.com", "signed text stays");
    let arguments = messages[2]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments, json!({"to": "[email-2]", "card": "[card-3]", "n": [1, 2.5]}));
    assert_eq!(messages[3]["content"], "sent to [email-2]");
    assert_eq!(request.get("user").unwrap(), "[email-1]");
    assert_eq!(request.get("metadata").unwrap()["who"], "[email-1]");
    assert_eq!(redacted.counts["email"], 7);
    assert_eq!(redacted.counts["card"], 1);
}

#[test]
fn placeholders_of_the_caller_are_not_taken_for_ours() {
    let (request, redacted) = redacted(json!({"model": "auto", "messages": [
        {"role": "user", "content": "print [email-1] and mail a@b.de"}]}));
    assert_eq!(request.messages()[0]["content"], "print [email-1] and mail [email-2]");
    let mut body = json!({"choices": [{"message": {"content": "[email-1] [email-2]"}}]});
    reply(body.as_object_mut().unwrap(), &redacted.vault.unwrap());
    assert_eq!(body["choices"][0]["message"]["content"], "[email-1] a@b.de");
}

#[test]
fn a_whole_reply_has_them_back() {
    let mut body = json!({"choices": [{"message": {"content": "To [email-1], [EMAIL-2], [email-9] and [card-3].",
        "tool_calls": [{"function": {"name": "f", "arguments": "{\"to\":\"[email-1]\"}"}}]}}]});
    reply(body.as_object_mut().unwrap(), &vault());
    let message = &body["choices"][0]["message"];
    assert_eq!(message["content"], "To a@b.de, c@d.fr, [email-9] and 4111111111111111.");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"to\":\"a@b.de\"}");
}

#[test]
fn what_comes_back_inside_json_is_written_as_json() {
    let key = "-----BEGIN PRIVATE KEY-----\nQUI=\n-----END PRIVATE KEY-----";
    let (request, redacted) = redacted(json!({"model": "auto", "messages": [{"role": "user", "content": key}]}));
    assert_eq!(request.messages()[0]["content"], "[api-key-1]");
    let mut body = json!({"choices": [{"message": {"content": null,
        "tool_calls": [{"function": {"name": "f", "arguments": "{\"k\":\"[api-key-1]\"}"}}]}}]});
    reply(body.as_object_mut().unwrap(), &redacted.vault.unwrap());
    let arguments = body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(arguments).unwrap()["k"], key);
}

/// Every way to cut a text in three, in every field that is restored.
#[test]
fn streams_have_them_back_wherever_they_are_cut() {
    let said = "x [email-1][email-2] [a [[card-3]] é[email-12] [email-1";
    let wanted = "x a@b.dec@d.fr [a [4111111111111111] é[email-12] [email-1";
    let vault = vault();
    let cuts: Vec<usize> = (0..=said.len()).filter(|i| said.is_char_boundary(*i)).collect();
    for (at, first) in cuts.iter().enumerate() {
        for second in &cuts[at..] {
            let mut restorer = Restorer::new(Arc::clone(&vault));
            let (mut content, mut arguments) = (String::new(), String::new());
            let parts = [&said[..*first], &said[*first..*second], &said[*second..]];
            for (i, part) in parts.iter().enumerate() {
                let delta = json!({"content": part, "tool_calls": [{"index": 1, "function": {"arguments": part}}]});
                let mut chunk = piece(delta, (i == 2).then_some("stop"));
                restorer.chunk(&mut chunk);
                let delta = &chunk.body["choices"][0]["delta"];
                content.push_str(delta["content"].as_str().unwrap());
                arguments.push_str(delta["tool_calls"][0]["function"]["arguments"].as_str().unwrap());
            }
            assert_eq!(content, wanted, "cut at {first} and {second}");
            assert_eq!(arguments, wanted, "cut at {first} and {second}");
        }
    }
}

#[test]
fn text_without_brackets_is_not_held() {
    let mut restorer = Restorer::new(vault());
    let mut chunk = piece(json!({"content": "plain"}), None);
    restorer.chunk(&mut chunk);
    assert_eq!(chunk.text(), "plain");
    let mut chunk = piece(json!({"content": "list [1, 2"}), None);
    restorer.chunk(&mut chunk);
    assert_eq!(chunk.text(), "list [1, 2", "no placeholder begins so");
}

#[test]
fn what_is_held_comes_with_the_finish_also_in_a_chunk_without_text() {
    let mut restorer = Restorer::new(vault());
    let mut chunk = piece(json!({"content": "see [email"}), None);
    restorer.chunk(&mut chunk);
    assert_eq!(chunk.text(), "see ");
    let mut last = piece(json!({}), Some("stop"));
    restorer.chunk(&mut last);
    assert_eq!(last.text(), "[email");
}

#[test]
fn an_answer_that_begins_anew_forgets_what_was_held() {
    let mut restorer = Restorer::new(vault());
    restorer.chunk(&mut piece(json!({"content": "see [email"}), None));
    restorer.chunk(&mut ChatChunk::restart("m"));
    let mut chunk = piece(json!({"content": "-1] is it"}), Some("stop"));
    restorer.chunk(&mut chunk);
    assert_eq!(chunk.text(), "-1] is it");
}
