//! Histories: roles, thinking of earlier turns, tool ids, turns that must alternate.

use serde_json::{Value, json};

use super::{request, target, target_with};
use crate::catalog::{Capabilities, EffortStyle, Model, Quirks, ToolIdFormat};
use crate::provider::openai::OpenAi;
use crate::provider::{Provider, Target};

fn sent(target: &Target, messages: Value) -> (Vec<Value>, Vec<String>) {
    let body = json!({"model": "auto", "messages": messages});
    let encoded = OpenAi.encode(&request(body), target, false).unwrap();
    let json: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    (json["messages"].as_array().unwrap().clone(), encoded.adapted)
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}})
}

fn history(extra: Value) -> Value {
    let mut assistant = json!({"role": "assistant", "content": null, "tool_calls": [call("call_1")]});
    assistant.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!([{"role": "user", "content": "q"}, assistant, {"role": "tool", "tool_call_id": "call_1", "content": "r"}])
}

#[test]
fn developers_speak_as_the_system_where_that_role_is_unknown() {
    let messages = json!([{"role": "developer", "content": "d"}, {"role": "user", "content": "q"}]);
    let (plain, adapted) = sent(&target(Quirks::default()), messages.clone());
    assert_eq!((&plain[0]["role"], adapted.len()), (&json!("system"), 1));
    let (own, adapted) = sent(&target(Quirks { developer_role: true, ..Quirks::default() }), messages);
    assert_eq!((&own[0]["role"], adapted.len()), (&json!("developer"), 0));
}

#[test]
fn thinking_goes_back_only_where_it_is_taken() {
    let thinking = json!({"reasoning_content": "t", "reasoning_details": [{"type": "reasoning.text", "text": "t"}]});
    let (plain, adapted) = sent(&target(Quirks::default()), history(thinking.clone()));
    assert!(plain[1].get("reasoning_content").is_none() && plain[1].get("reasoning_details").is_none());
    assert_eq!(adapted, ["thinking of earlier turns left out"]);

    let in_loop = target(Quirks { reasoning_sent_back: true, ..Quirks::default() });
    let (kept, adapted) = sent(&in_loop, history(thinking.clone()));
    assert_eq!((&kept[1]["reasoning_content"], kept[1].get("reasoning_details")), (&json!("t"), None));
    assert!(adapted.is_empty());

    let mut over = history(thinking.clone());
    over.as_array_mut()
        .unwrap()
        .extend([json!({"role": "assistant", "content": "a"}), json!({"role": "user", "content": "n"})]);
    assert_eq!(sent(&in_loop, over).0[1].get("reasoning_content"), None);

    let objects =
        Quirks { effort: EffortStyle::ReasoningObject, reasoning_field: "reasoning".into(), ..Quirks::default() };
    let (kept, adapted) = sent(&target(objects.clone()), history(thinking));
    assert!(kept[1].get("reasoning_details").is_some() && kept[1].get("reasoning_content").is_none());
    assert!(adapted.is_empty());

    let native = json!({"reasoning_details": [{"type": "reasoning.text", "text": "t", "format": "anthropic", "signature": "s"}]});
    let (kept, adapted) = sent(&target(objects), history(native));
    assert_eq!((kept[1].get("reasoning_details"), adapted.len()), (None, 1));
}

#[test]
fn a_reply_put_back_as_it_was_is_cleaned() {
    let reply = json!({"role": "assistant", "content": "a", "refusal": null, "annotations": [], "tool_calls": [], "server_blocks": [{}], "mine": 1});
    let messages = json!([{"role": "user", "content": "q"}, reply, {"role": "user", "content": "n"}]);
    let (messages, adapted) = sent(&target(Quirks::default()), messages);
    assert_eq!(messages[1], json!({"role": "assistant", "content": "a", "mine": 1}));
    assert!(adapted.is_empty());
}

#[test]
fn tool_ids_of_nine_characters() {
    let quirks = Quirks { tool_id_format: Some(ToolIdFormat::NineAlphanumerics), ..Quirks::default() };
    let messages = json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": null, "tool_calls": [call("call_a-very-long-one"), call("abcdefgh1"), call("toolu_2")]},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "2"},
        {"role": "tool", "tool_call_id": "call_a-very-long-one", "content": "1"},
        {"role": "tool", "tool_call_id": "abcdefgh1", "content": "0"},
    ]);
    let (first, adapted) = sent(&target(quirks.clone()), messages.clone());
    assert_eq!(adapted, ["ids of tool calls rewritten"]);
    let ids: Vec<&str> = first[1]["tool_calls"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric())), "{ids:?}");
    assert_eq!(ids[1], "abcdefgh1");
    assert_eq!((&first[2]["tool_call_id"], &first[3]["tool_call_id"]), (&json!(ids[2]), &json!(ids[0])));
    assert_eq!(sent(&target(quirks), messages).0, first, "the same every time");
}

#[test]
fn models_without_a_system_prompt() {
    let capabilities = Capabilities { system_prompt: Some(false), ..Capabilities::default() };
    let target = target_with(Quirks::default(), Model { id: "m".into(), capabilities, ..Model::default() });
    let messages = json!([
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "q"}]},
    ]);
    let (messages, adapted) = sent(&target, messages);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["content"], json!([{"type": "text", "text": "s"}, {"type": "text", "text": "q"}]));
    assert_eq!(adapted, ["system prompt sent with the first user message"]);
}

#[test]
fn turns_alternate_where_they_must() {
    let strict = target(Quirks { strict_alternation: true, ..Quirks::default() });
    let messages = json!([
        {"role": "user", "content": "a"}, {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"}, {"role": "user", "content": "d"},
    ]);
    let (merged, adapted) = sent(&strict, messages);
    assert_eq!(merged.len(), 3);
    assert_eq!(merged[0]["content"], json!("a\n\nb"));
    assert_eq!(adapted, ["consecutive messages of one role merged"]);
}

#[test]
fn the_last_word_is_the_users_where_it_must_be() {
    let quirks = Quirks { requires_user_last: true, ..Quirks::default() };
    let messages = json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": "It is"}]);
    let (asked, adapted) = sent(&target(quirks.clone()), messages.clone());
    assert_eq!((&asked[2]["role"], adapted.len()), (&json!("user"), 1));
    let capabilities = Capabilities { assistant_prefill: Some(true), ..Capabilities::default() };
    let able = target_with(quirks, Model { id: "m".into(), capabilities, ..Model::default() });
    let (marked, adapted) = sent(&able, messages);
    assert_eq!((marked.len(), &marked[1]["prefix"], adapted.len()), (2, &json!(true), 1));
}
