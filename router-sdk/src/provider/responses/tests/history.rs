//! Histories in: their own made here, and those made by others; valid input items out.

use serde_json::{Value, json};

use super::super::Responses;
use super::{sent, thinker};
use crate::provider::Provider;

fn input(messages: Value) -> (Value, Vec<String>) {
    let (body, adapted) = sent(&thinker(), json!({"model": "m", "messages": messages}));
    (body["input"].clone(), adapted)
}

/// The reply's message, sent back with results for its calls.
fn sent_back(output: &Value) -> Vec<Value> {
    let body = json!({"id": "r", "object": "response", "status": "completed", "output": output});
    let reply = Responses.decode(&thinker(), body.to_string().as_bytes()).unwrap();
    let mut messages = vec![json!({"role": "user", "content": "Go."}), reply.message().unwrap().clone()];
    for call in reply.tool_calls() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"}));
    }
    let mut items = input(messages.into()).0.as_array().unwrap().clone();
    items.retain(|item| item["role"] != "user" && !item["type"].as_str().unwrap().ends_with("call_output"));
    items
}

fn said(text: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

#[test]
fn reasoning_goes_back_right_before_what_it_led_to() {
    let summary = json!([{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]);
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "AAA"},
        {"type": "message", "id": "msg_1", "role": "assistant", "phase": "commentary",
         "content": [{"type": "output_text", "text": "Let me see. ", "annotations": []}]},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "BBB"},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "message", "id": "msg_2", "role": "assistant",
         "content": [{"type": "output_text", "text": "Looking.", "annotations": []}]},
    ]);
    let mut commented = said("Let me see. ");
    commented["phase"] = "commentary".into();
    assert_eq!(
        sent_back(&output),
        [
            json!({"type": "reasoning", "summary": summary, "id": "rs_1", "encrypted_content": "AAA"}),
            commented,
            json!({"type": "reasoning", "summary": [], "id": "rs_2", "encrypted_content": "BBB"}),
            json!({"type": "function_call", "name": "look", "arguments": "{}", "call_id": "call_1"}),
            said("Looking."),
        ]
    );
}

#[test]
fn reasoning_in_the_clear_goes_back_too_and_an_empty_one_does_not() {
    let output = json!([
        {"type": "reasoning", "id": "rs_0", "summary": []},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": ""},
    ]);
    assert_eq!(
        sent_back(&output),
        [
            json!({"type": "reasoning", "summary": [], "id": "rs_1",
                   "content": [{"type": "reasoning_text", "text": "Hm."}]}),
            json!({"type": "function_call", "name": "look", "arguments": "{}", "call_id": "call_1"}),
        ]
    );
}

#[test]
fn a_summary_alone_cannot_go_back_unless_the_provider_keeps_it() {
    let message = json!({"role": "assistant", "content": "Yes.", "reasoning_content": "Hm.", "reasoning_details": [
        {"type": "reasoning.summary", "summary": "Hm.", "id": "rs_1", "format": "openai-responses", "provider": "p", "index": 0},
    ]});
    let body = |store: bool| {
        json!({"model": "m", "store": store,
        "messages": [{"role": "user", "content": "?"}, message, {"role": "user", "content": "Why?"}]})
    };
    let (dropped, adapted) = sent(&thinker(), body(false));
    assert_eq!(dropped["input"].as_array().unwrap().len(), 3);
    assert_eq!(adapted.len(), 1);
    let (kept, adapted) = sent(&thinker(), body(true));
    assert_eq!(kept["input"][1]["id"], "rs_1");
    assert!(adapted.is_empty());
}

#[test]
fn reasoning_that_led_to_nothing_stays_away() {
    let message = json!({"role": "assistant", "content": null, "reasoning_details": [
        {"type": "reasoning.encrypted", "data": "A", "id": "rs_1", "format": "openai-responses", "provider": "p", "index": 0},
    ]});
    let (items, adapted) =
        input(json!([{"role": "user", "content": "?"}, message, {"role": "user", "content": "Well?"}]));
    assert_eq!(items.as_array().unwrap().len(), 2);
    assert_eq!(adapted.len(), 1);
}

#[test]
fn thinking_made_elsewhere_is_dropped() {
    let foreign = [
        json!({"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic", "index": 0}),
        json!({"type": "reasoning.encrypted", "data": "d", "format": "gemini", "index": 0, "id": "call_x"}),
        json!({"type": "reasoning.encrypted", "data": "d", "format": "openai-responses-v1", "id": "rs_9"}),
        json!({"type": "reasoning.encrypted", "data": "d", "id": "rs_9", "format": "openai-responses", "provider": "other"}),
    ];
    for entry in foreign {
        let call = json!({"id": "toolu_01", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
        let block = json!({"format": "anthropic", "index": 1, "block": {"type": "server_tool_use"}});
        let (items, adapted) = input(json!([
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": "Wait.", "tool_calls": [call], "reasoning_content": "t",
             "reasoning_details": [entry], "server_blocks": [block]},
            {"role": "tool", "tool_call_id": "toolu_01", "content": "4"},
        ]));
        let types: Vec<&str> = items.as_array().unwrap().iter().filter_map(|i| i["type"].as_str()).collect();
        assert_eq!(types, ["message", "message", "function_call", "function_call_output"]);
        assert_eq!(items[2]["call_id"], "toolu_01");
        assert_eq!(adapted.len(), 1);
    }
}

#[test]
fn ids_that_are_too_long_are_shortened_alike_in_call_and_result() {
    let id = "x".repeat(65);
    let call = json!({"id": id, "type": "function", "function": {"name": "f", "arguments": {"a": 1}}});
    let (items, _) = input(json!([
        {"role": "user", "content": "?"}, {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": "4"},
    ]));
    assert_eq!(items[1]["arguments"], "{\"a\":1}");
    assert_eq!(items[1]["call_id"], items[2]["call_id"]);
    assert!(items[1]["call_id"].as_str().unwrap().len() <= 64);
}

#[test]
fn calls_and_results_of_every_kind() {
    let (items, _) = input(json!([
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
            {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{\"cut"}},
        ]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
        {"role": "tool", "tool_call_id": "call_2", "content": [
            {"type": "text", "text": "See:"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
        ]},
        {"role": "assistant", "content": null, "function_call": {"name": "old", "arguments": "{}"}},
        {"role": "function", "name": "old", "content": "done"},
    ]));
    assert_eq!(items[1], json!({"type": "custom_tool_call", "name": "sql", "input": "SELECT 1", "call_id": "call_1"}));
    assert_eq!(items[2]["arguments"], "{\"cut");
    assert_eq!(items[3], json!({"type": "custom_tool_call_output", "call_id": "call_1", "output": "1"}));
    assert_eq!(
        items[4]["output"],
        json!([{"type": "input_text", "text": "See:"}, {"type": "input_image", "image_url": "data:image/png;base64,AA"}])
    );
    assert_eq!(items[5]["call_id"], items[6]["call_id"]);
    assert_eq!(items[6]["type"], "function_call_output");
}

#[test]
fn server_items_go_back_as_they_came_and_calls_without_result_do_not() {
    let search = json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}});
    let output = json!([
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "A"}, search,
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "QUJD"},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "B"},
        {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_9", "action": {}},
    ]);
    let items = sent_back(&output);
    let types: Vec<&str> = items.iter().filter_map(|i| i["type"].as_str()).collect();
    assert_eq!(types, ["reasoning", "web_search_call", "image_generation_call"]);
    assert_eq!(items[1], search);
    assert_eq!(items[2]["result"], "QUJD");
}

#[test]
fn a_namespace_of_a_call_goes_back_with_it() {
    let output = json!([
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}", "namespace": "tools"},
    ]);
    assert_eq!(sent_back(&output)[0]["namespace"], "tools");
}

#[test]
fn text_that_was_edited_is_sent_as_one_message() {
    let output = json!([
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": "One."}]},
        {"type": "message", "role": "assistant", "phase": "final_answer", "content": [{"type": "output_text", "text": "Two."}]},
    ]);
    let body = json!({"object": "response", "status": "completed", "output": output});
    let reply = Responses.decode(&thinker(), body.to_string().as_bytes()).unwrap();
    let mut message = reply.message().unwrap().clone();
    assert_eq!(message["content"], "One.Two.");
    let (items, _) = input(json!([message]));
    assert_eq!(items[0]["phase"], "commentary");
    assert_eq!(items[1]["content"][0]["text"], "Two.");
    message["content"] = "Other words".into();
    assert_eq!(input(json!([message])).0, json!([said("Other words")]));
}
