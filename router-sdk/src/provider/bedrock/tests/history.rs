//! Conversations: instructions, turns, results, ids, markers, thinking that is sent back.

use serde_json::{Value, json};

use super::{adaptive, claude, encode, nova, plain, sent, with};
use crate::catalog::{Capabilities, Model};
use crate::provider::{Cause, Target};

fn chat(messages: Value) -> Value {
    json!({"model": "m", "messages": messages})
}

fn turns(target: &Target, messages: Value) -> Value {
    sent(target, chat(messages)).0["messages"].clone()
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

#[test]
fn turns_alternate_and_blank_text_stays_away() {
    let (body, adapted) = sent(
        &nova(),
        chat(json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One"},
            {"role": "user", "content": [{"type": "text", "text": " \n"}, {"type": "text", "text": "Two"}]},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "assistant", "content": ""},
            {"role": "assistant", "content": "Three"},
            {"role": "user", "content": "Four"},
        ])),
    );
    assert_eq!(body["system"], json!([{"text": "Be brief."}, {"text": "Be kind."}]));
    let expected = json!([
        {"role": "user", "content": [{"text": "One"}, {"text": "Two"}]},
        {"role": "assistant", "content": [{"text": "Three"}]},
        {"role": "user", "content": [{"text": "Four"}]},
    ]);
    assert_eq!(body["messages"], expected);
    assert!(adapted.is_empty(), "{adapted:?}");
}

#[test]
fn a_conversation_begins_with_the_user_and_may_end_open() {
    let messages = json!([{"role": "assistant", "content": "Hello "}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "So "}]);
    let (body, adapted) = sent(&nova(), chat(messages.clone()));
    let roles: Vec<&Value> = body["messages"].as_array().unwrap().iter().map(|m| &m["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert_eq!(body["messages"][3]["content"], json!([{"text": "So"}]));
    assert!(adapted.iter().any(|note| note.starts_with("messages:")));
    let failure = encode(&adaptive(), chat(messages)).unwrap_err();
    assert!(failure.cause == Cause::Unsupported && failure.message.starts_with("messages"));
    assert!(encode(&nova(), chat(json!([{"role": "user", "content": " "}]))).is_err());
}

#[test]
fn instructions_move_where_the_model_takes_none() {
    let capabilities = Capabilities { system_prompt: Some(false), ..Capabilities::default() };
    let target = with(Model { id: "amazon.titan-text-express-v1".into(), capabilities, ..Model::default() });
    let messages = json!([{"role": "system", "content": "Rule"}, {"role": "user", "content": "Hi"}]);
    let (body, adapted) = sent(&target, chat(messages));
    assert_eq!(body.get("system"), None);
    assert_eq!(body["messages"][0]["content"], json!([{"text": "Rule"}, {"text": "Hi"}]));
    assert_eq!(adapted.len(), 1);
}

fn tool_loop() -> Value {
    json!([
        {"role": "user", "content": "Both?"},
        {"role": "assistant", "content": null, "tool_calls": [call("call_a", "f", "{\"x\":1}"), call("call b", "g", "")]},
        {"role": "user", "content": "And hurry."},
        {"role": "tool", "tool_call_id": "call_a", "content": "21"},
        {"role": "tool", "tool_call_id": "call b", "is_error": true, "content": [
            {"type": "text", "text": "none"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            {"type": "json", "json": {"k": 1}},
        ]},
    ])
}

#[test]
fn results_come_first_in_one_turn_and_tools_are_listed_again() {
    let (body, adapted) = sent(&nova(), chat(tool_loop()));
    let turns = body["messages"].as_array().unwrap();
    assert_eq!(turns.len(), 3);
    let foreign = turns[1]["content"][1]["toolUse"]["toolUseId"].as_str().unwrap();
    assert!(foreign.starts_with("tooluse_"), "{foreign}");
    assert_eq!(turns[1]["content"][0], json!({"toolUse": {"toolUseId": "call_a", "name": "f", "input": {"x": 1}}}));
    assert_eq!(turns[1]["content"][1]["toolUse"]["input"], json!({}));
    let expected = json!([
        {"toolResult": {"toolUseId": "call_a", "content": [{"text": "21"}]}},
        {"toolResult": {"toolUseId": foreign, "content": [
            {"text": "none"}, {"image": {"format": "png", "source": {"bytes": "AA"}}}, {"json": {"k": 1}},
        ], "status": "error"}},
        {"text": "And hurry."},
    ]);
    assert_eq!(turns[2]["content"], expected);
    let names: Vec<&Value> =
        body["toolConfig"]["tools"].as_array().unwrap().iter().map(|t| &t["toolSpec"]["name"]).collect();
    assert_eq!(names, ["f", "g"]);
    assert_eq!(body["system"], json!([{"text": "Answer without calling any tool."}]));
    assert!(adapted.iter().any(|note| note.starts_with("messages: tools of the history")), "{adapted:?}");
}

#[test]
fn no_tool_may_be_called_and_yet_the_history_has_calls() {
    let mut request = chat(tool_loop());
    request["tools"] = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    request["tool_choice"] = json!("none");
    let (body, adapted) = sent(&nova(), request);
    assert_eq!(body["toolConfig"]["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(body["system"], json!([{"text": "Answer without calling any tool."}]));
    assert!(adapted.iter().any(|note| note.starts_with("tool_choice:")), "{adapted:?}");
}

#[test]
fn ids_of_a_models_own_making_go_back_unless_the_model_refuses_them() {
    let messages = json!([
        {"role": "user", "content": "Go"}, {"role": "assistant", "tool_calls": [call("functions.f:0", "f", "{}")]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "ok"},
    ]);
    let id = |target: &Target| turns(target, messages.clone())[1]["content"][0]["toolUse"]["toolUseId"].clone();
    assert_eq!(id(&plain("moonshot.kimi-k2-thinking")), "functions.f:0");
    assert!(id(&claude()).as_str().unwrap().starts_with("tooluse_"));
}

#[test]
fn a_marker_on_a_blank_part_belongs_to_what_stands_before_it() {
    let parts = json!([
        {"type": "text", "text": "Long"}, {"type": "text", "text": " ", "cache_control": {"type": "ephemeral"}},
    ]);
    let turn = &turns(&claude(), json!([{"role": "user", "content": parts}]))[0];
    assert_eq!(turn["content"], json!([{"text": "Long"}, {"cachePoint": {"type": "default"}}]));
}

#[test]
fn an_empty_result_says_so() {
    let messages = json!([
        {"role": "user", "content": "Go"}, {"role": "assistant", "tool_calls": [call("c", "f", "{}")]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
    ]);
    assert_eq!(turns(&nova(), messages)[2]["content"][0]["toolResult"]["content"], json!([{"text": "(no output)"}]));
}

#[test]
fn mistral_gets_ids_of_nine_letters_or_digits_that_still_meet() {
    let target = plain("mistral.mistral-large-3-675b-instruct");
    let (body, adapted) = sent(&target, chat(tool_loop()));
    let called = |i: usize| body["messages"][1]["content"][i]["toolUse"]["toolUseId"].as_str().unwrap();
    let answered = |i: usize| body["messages"][2]["content"][i]["toolResult"]["toolUseId"].as_str().unwrap();
    for i in [0, 1] {
        assert!(called(i).len() == 9 && called(i).bytes().all(|b| b.is_ascii_alphanumeric()), "{}", called(i));
        assert_eq!(called(i), answered(i));
    }
    assert_ne!(called(0), called(1));
    // It takes no status either, which is said.
    assert_eq!(body["messages"][2]["content"][1]["toolResult"].get("status"), None);
    assert!(adapted.iter().any(|note| note.contains("is_error")));
}

#[test]
fn markers_stand_behind_what_is_cached() {
    let mark = json!({"type": "ephemeral"});
    let request = json!({
        "model": "m",
        "tools": [{"type": "function", "cache_control": mark, "function": {"name": "f", "parameters": {}}}],
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
            {"role": "user", "content": [{"type": "text", "text": "A", "cache_control": mark}, {"type": "text", "text": "B"}]},
            {"role": "assistant", "tool_calls": [call("c", "f", "{}")]},
            {"role": "tool", "tool_call_id": "c", "content": "ok", "cache_control": mark},
            {"role": "user", "content": "C"},
        ],
    });
    let point = json!({"cachePoint": {"type": "default"}});
    let (body, adapted) = sent(&claude(), request.clone());
    assert_eq!(body["system"], json!([{"text": "Long"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]));
    assert_eq!(body["messages"][0]["content"], json!([{"text": "A"}, point, {"text": "B"}]));
    let results = &body["messages"][2]["content"];
    assert_eq!((&results[1], &results[2]), (&point, &json!({"text": "C"})));
    assert_eq!(body["toolConfig"]["tools"][1], point);
    assert!(adapted.is_empty(), "{adapted:?}");
    let (body, adapted) = sent(&plain("meta.llama3-3-70b-instruct-v1:0"), request);
    assert!(!body.to_string().contains("cachePoint"));
    assert_eq!(adapted.iter().filter(|note| note.contains("cache_control")).count(), 2, "{adapted:?}");
    let whole = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "cache_control": mark});
    assert_eq!(sent(&claude(), whole.clone()).0["messages"][0]["content"][1], point);
    assert_eq!(sent(&plain("x"), whole).1.len(), 1);
}

#[test]
fn thinking_goes_back_in_its_place() {
    let message = json!({
        "role": "assistant", "content": "Then this.", "tool_calls": [call("c", "f", "{}")],
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "signature": "sig", "format": "anthropic", "index": 0},
            {"type": "reasoning.encrypted", "data": "opaque", "format": "anthropic-claude-v1", "index": 1},
            {"type": "reasoning.encrypted", "data": "b3duCg==", "format": "bedrock", "index": 2},
            {"type": "reasoning.text", "text": "unsigned", "format": "bedrock", "index": 5},
            {"type": "reasoning.text", "text": "foreign", "signature": "x", "format": "google-gemini-v1", "index": 0},
        ],
    });
    let messages = json!([
        {"role": "user", "content": "Go"}, message, {"role": "tool", "tool_call_id": "c", "content": "ok"},
    ]);
    let expected = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "b3BhcXVl"}},
        {"reasoningContent": {"redactedContent": "b3duCg=="}},
        {"text": "Then this."},
        {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}},
    ]);
    assert_eq!(turns(&claude(), messages.clone())[1]["content"], expected);
    // Others can do nothing with what Claude signed.
    let others = turns(&nova(), messages);
    assert_eq!(others[1]["content"][0], json!({"reasoningContent": {"redactedContent": "b3duCg=="}}));
    assert_eq!(others[1]["content"].as_array().unwrap().len(), 3);
}

#[test]
fn blocks_of_bedrocks_own_tools_go_back_as_they_came() {
    let server =
        json!({"toolUse": {"toolUseId": "s", "name": "nova_code_interpreter", "input": {}, "type": "server_tool_use"}});
    let message = json!({
        "role": "assistant", "content": "42",
        "server_blocks": [{"format": "bedrock", "index": 0, "block": server}],
    });
    let turns = turns(&nova(), json!([{"role": "user", "content": "Go"}, message, {"role": "user", "content": "On"}]));
    assert_eq!(turns[1]["content"], json!([server, {"text": "42"}]));
}
