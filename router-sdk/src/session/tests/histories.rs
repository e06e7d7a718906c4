//! What a conversation is known by: the same history however it is written down, and nobody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::Config;
use crate::session::history::{HistoryKey, Mark, Thread};
use crate::session::said::{Listener, Said, choices};
use crate::setup::Environment;
use crate::wire::{ChatChunk, ChatRequest};

fn key() -> HistoryKey {
    let env = Environment::Fixed(BTreeMap::from([("OWN".to_owned(), "0123456789abcdef".to_owned())]));
    let config = Config::from_value(json!({"sessions": {"secret_env": "OWN"}})).unwrap();
    HistoryKey::new(&config, &env).unwrap()
}

fn thread(caller: &str, body: Value) -> Thread {
    Thread::of(&key(), caller, &ChatRequest::from_value(body).unwrap(), true, true).unwrap()
}

fn asked(messages: Value) -> Value {
    json!({"model": "auto", "messages": messages})
}

fn system() -> Value {
    json!({"role": "system", "content": "Be brief."})
}

fn first() -> Value {
    asked(json!([system(), {"role": "user", "content": "Name a river."}]))
}

/// The mark after the first request was answered with this message.
fn after(message: Value) -> Mark {
    let body = json!({"choices": [{"index": 0, "message": message}]});
    let said = choices(body.as_object().unwrap());
    thread("anonymous", first()).with(&key(), &said[0]).unwrap()
}

/// The mark by which the next request is looked for.
fn next(echo: Value) -> Option<Mark> {
    let messages = json!([system(), {"role": "user", "content": "Name a river."}, echo, {"role": "user", "content": "And a lake?"}]);
    thread("anonymous", asked(messages)).earlier
}

#[test]
fn the_first_request_has_no_history() {
    assert!(thread("anonymous", first()).mark().is_none());
}

#[test]
fn an_answer_is_known_however_it_comes_back() {
    let marked =
        after(json!({"role": "assistant", "content": "The Rhine.", "refusal": null, "reasoning_content": "Hm."}));
    for echo in [
        json!({"role": "assistant", "content": "The Rhine."}),
        json!({"role": "assistant", "content": [{"type": "text", "text": "The Rhine."}]}),
        json!({"role": "assistant", "content": [{"type": "text", "text": "The "}, {"type": "text", "text": "Rhine.", "cache_control": {"type": "ephemeral"}}]}),
        json!({"role": "assistant", "content": " The Rhine.\n", "tool_calls": []}),
    ] {
        assert_eq!(next(echo.clone()), Some(marked), "{echo}");
    }
    for echo in [
        json!({"role": "assistant", "content": "The Rhone."}),
        json!({"role": "assistant", "content": "The Rhine", "refusal": null}),
    ] {
        assert_ne!(next(echo.clone()), Some(marked), "{echo}");
    }
}

#[test]
fn calls_are_known_however_their_arguments_are_written() {
    let call = |arguments: Value| json!([{"id": "call_1", "type": "function", "function": {"name": "find", "arguments": arguments}}]);
    let marked =
        after(json!({"role": "assistant", "content": null, "tool_calls": call(json!("{\"a\": 1, \"b\": [2]}"))}));
    for echo in [
        json!({"role": "assistant", "content": null, "tool_calls": call(json!("{\"a\": 1, \"b\": [2]}"))}),
        json!({"role": "assistant", "tool_calls": call(json!("{\"b\":[2],\"a\":1.0}"))}),
        json!({"role": "assistant", "content": "", "tool_calls": call(json!("{\"b\":[2],\"a\":1}"))}),
        json!({"role": "assistant", "content": [], "tool_calls": [{"id": "other", "type": "function", "function": {"arguments": "{\"a\":1,\"b\":[2]}", "name": "find"}}]}),
    ] {
        assert_eq!(next(echo.clone()), Some(marked), "{echo}");
    }
    let other = json!({"role": "assistant", "content": null, "tool_calls": call(json!("{\"a\": 1, \"b\": [3]}"))});
    assert_ne!(next(other), Some(marked));
}

#[test]
fn a_stream_says_what_its_whole_answer_says() {
    let mut listener = Listener::default();
    for delta in [
        json!({"role": "assistant", "content": ""}),
        json!({"content": "The "}),
        json!({"content": "Rhine."}),
        json!({"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": {"name": "find", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        json!({}),
    ] {
        listener.note(&ChatChunk::delta("id", 0, "m", delta, None));
    }
    let calls = json!([{"id": "x", "type": "function", "function": {"name": "find", "arguments": "{\"a\": 1}"}}]);
    let heard = listener.choices();
    let mark = thread("anonymous", first()).with(&key(), &heard[0]).unwrap();
    assert_eq!(mark, after(json!({"role": "assistant", "content": "The Rhine.", "tool_calls": calls})));
}

#[test]
fn an_answer_that_begins_anew_counts_from_there() {
    let mut listener = Listener::default();
    listener.note(&ChatChunk::delta("id", 0, "m", json!({"content": "The R"}), None));
    listener.note(&ChatChunk::restart("m"));
    listener.note(&ChatChunk::delta("id", 0, "m", json!({"content": "The Rhine."}), None));
    assert_eq!(listener.choices(), [Said::of(&json!({"content": "The Rhine."}))]);
}

#[test]
fn whose_and_which_history_it_is_decides() {
    let messages = json!([system(), {"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Rhine."}, {"role": "user", "content": "Go on."}]);
    let base = thread("anonymous", asked(messages.clone())).earlier.unwrap();
    assert_ne!(thread("key_1", asked(messages.clone())).earlier, Some(base));
    let mut with_tools = asked(messages.clone());
    with_tools["tools"] = json!([{"type": "function", "function": {"name": "find"}}]);
    assert_ne!(thread("anonymous", with_tools).earlier, Some(base));
    for (at, message) in [
        (0, json!({"role": "system", "content": "Be long."})),
        (1, json!({"role": "user", "content": "Name a lake."})),
        (1, json!({"role": "user", "name": "eve", "content": "Name a river."})),
        (
            1,
            json!({"role": "user", "content": [{"type": "text", "text": "Name a river."}, {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}]}),
        ),
    ] {
        let mut changed = messages.clone();
        changed[at] = message.clone();
        assert_ne!(thread("anonymous", asked(changed)).earlier, Some(base), "{message}");
    }
    // What follows the last answer, the model's name and other fields do not count.
    let mut last = messages.clone();
    last[3] = json!({"role": "user", "content": "Something else."});
    last[0]["role"] = json!("developer");
    let mut other = asked(last);
    other["temperature"] = json!(0.2);
    other["model"] = json!("auto:best");
    assert_eq!(thread("anonymous", other).earlier, Some(base));
}

#[test]
fn names_are_the_callers_own() {
    let named = |caller: &str, name: &str| {
        let mut body = first();
        body["route"] = json!({"session": name});
        thread(caller, body).mark()
    };
    assert_eq!(named("a", "talk"), named("a", "talk"));
    assert_ne!(named("a", "talk"), named("b", "talk"));
    assert_ne!(named("a", "talk"), named("a", "talks"));
}

#[test]
fn without_a_secret_of_ones_own_no_two_processes_agree_unless_they_share_state() {
    let env = Environment::Fixed(BTreeMap::new());
    let mark = |config: &Value| {
        let key = HistoryKey::new(&Config::from_value(config.clone()).unwrap(), &env).unwrap();
        Thread::of(&key, "a", &ChatRequest::from_value(first()).unwrap(), true, true)
            .unwrap()
            .with(&key, &Said::of(&json!({"content": "x"})))
    };
    let alone = json!({});
    assert_ne!(mark(&alone), mark(&alone));
    if cfg!(feature = "redis") {
        let fleet = |prefix: &str| json!({"state": {"url": "redis://127.0.0.1:1", "prefix": prefix}});
        assert_eq!(mark(&fleet("p")), mark(&fleet("p")));
        assert_ne!(mark(&fleet("p")), mark(&fleet("q")));
    }
    let config = Config::from_value(json!({"sessions": {"secret_env": "NONE"}})).unwrap();
    let fault = HistoryKey::new(&config, &env).unwrap_err();
    assert!(fault.to_string().contains("sessions.secret_env"), "{fault}");
    assert!(!format!("{:?}", Arc::new(key())).contains("0123"));
}
