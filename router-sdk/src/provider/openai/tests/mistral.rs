//! Mistral by its catalogue row: strict turns, known fields, media in its words, replies in pieces.

use serde_json::{Value, json};

use super::{request, target_with};
use crate::catalog::{Catalog, Model};
use crate::provider::openai::OpenAi;
use crate::provider::{Cause, Provider, Target};

fn mistral() -> Target {
    let row = Catalog::builtin().vendor("mistral").unwrap().clone();
    target_with(row.quirks, Model { id: "mistral-x".into(), ..Model::default() })
}

fn sent(body: Value) -> (Value, Vec<String>) {
    let encoded = OpenAi.encode(&request(body), &mistral(), true).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}

fn conversation(messages: Value) -> (Vec<Value>, Vec<String>) {
    let (body, adapted) = sent(json!({"model": "m", "messages": messages}));
    (body["messages"].as_array().unwrap().clone(), adapted)
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}})
}

#[test]
fn parameters_are_those_it_knows() {
    let (body, adapted) = sent(json!({
        "model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 5, "seed": 7,
        "temperature": 2, "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "f"}}],
        "user": "u", "store": true, "modalities": ["text"], "logit_bias": {"1": 1}, "parallel_tool_calls": false,
        "stream_options": {"include_usage": true}, "prompt_mode": "reasoning", "safe_prompt": true, "n": 2,
        "frequency_penalty": 0.1, "presence_penalty": 0.2, "metadata": {"a": "b"}, "service_tier": "auto",
    }));
    let expected = json!({
        "model": "mistral-x", "stream": true, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5,
        "random_seed": 7, "temperature": 1.5, "tool_choice": "any", "tools": [{"type": "function", "function": {"name": "f"}}],
        "parallel_tool_calls": false, "prompt_mode": "reasoning", "safe_prompt": true, "n": 2,
        "frequency_penalty": 0.1, "presence_penalty": 0.2, "metadata": {"a": "b"},
    });
    assert_eq!(body, expected);
    for word in ["max_completion_tokens", "seed", "temperature", "store", "logit_bias"] {
        assert!(adapted.iter().any(|a| a.starts_with(word)), "{word} in {adapted:?}");
    }
}

#[test]
fn calls_and_results_are_paired_by_ids_of_nine() {
    let (messages, adapted) = conversation(json!([
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": null, "tool_calls": [call("call_one"), call("call_two"), call("AbCdEf123")]},
        {"role": "tool", "tool_call_id": "call_two", "content": "2"},
        {"role": "tool", "tool_call_id": "AbCdEf123", "content": "3"},
    ]));
    let ids: Vec<&str> =
        messages[1]["tool_calls"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric())), "{ids:?}");
    assert_eq!(ids[2], "AbCdEf123");
    assert_ne!(ids[0], ids[1]);
    assert_eq!(messages[2]["tool_call_id"], ids[1]);
    // The call without a result gets one.
    assert_eq!(messages[4], json!({"role": "tool", "tool_call_id": ids[0], "name": "f", "content": "No result."}));
    assert!(adapted.contains(&"a result added for each call that had none".to_owned()));
}

#[test]
fn results_without_a_call_and_users_after_results() {
    let (messages, adapted) = conversation(json!([
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "", "tool_calls": [call("AbCdEf123")]},
        {"role": "tool", "tool_call_id": "AbCdEf123", "content": "1"},
        {"role": "user", "content": "Stop."},
        {"role": "tool", "tool_call_id": "AbCdEf123", "content": "lost"},
    ]));
    let roles: Vec<&str> = messages.iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "user", "user"]);
    assert_eq!(messages[5], json!({"role": "user", "content": "lost"}));
    assert_eq!(adapted.len(), 2, "{adapted:?}");
}

#[test]
fn a_sound_conversation_is_left_alone() {
    let said = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "", "tool_calls": [call("AbCdEf123")]},
        {"role": "tool", "tool_call_id": "AbCdEf123", "name": "f", "content": "1"},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "On."},
    ]);
    let (messages, adapted) = conversation(said.clone());
    assert_eq!((Value::from(messages), adapted), (said, vec![]));
}

#[test]
fn a_last_word_of_the_assistant_is_a_prefix() {
    let (messages, _) =
        conversation(json!([{"role": "user", "content": "Go."}, {"role": "assistant", "content": "Sure:"}]));
    assert_eq!(messages[1], json!({"role": "assistant", "content": "Sure:", "prefix": true}));
}

#[test]
fn fields_it_does_not_know_are_kept_from_it() {
    let (messages, adapted) = conversation(json!([
        {"role": "user", "name": "ann", "content": "Go."},
        {"role": "assistant", "content": null, "refusal": "No.", "metadata": {"a": 1}, "reasoning_content": "Hm."},
        {"role": "user", "content": "On."},
    ]));
    assert_eq!(messages[0], json!({"role": "user", "content": "Go."}));
    assert_eq!(messages[1], json!({"role": "assistant", "content": "No."}));
    for word in ["name of messages", "metadata of messages", "thinking of earlier turns"] {
        assert!(adapted.iter().any(|a| a.starts_with(word)), "{word} in {adapted:?}");
    }
}

#[test]
fn documents_and_sound_in_its_words() {
    let (messages, _) = conversation(json!([{"role": "user", "content": [
        {"type": "text", "text": "Read"},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}},
        {"type": "file", "file": {"file_data": "aGk="}},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "document_url", "document_url": "https://a.example/c.pdf"},
        {"type": "file", "file": {"file_url": "https://a.example/d.pdf"}},
    ]}]));
    let expected = json!([
        {"type": "text", "text": "Read"},
        {"type": "document_url", "document_url": "data:application/pdf;base64,aGk=", "document_name": "a.pdf"},
        {"type": "document_url", "document_url": "data:application/pdf;base64,aGk="},
        {"type": "file", "file_id": "f1"},
        {"type": "input_audio", "input_audio": "aGk="},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "document_url", "document_url": "https://a.example/c.pdf"},
        {"type": "document_url", "document_url": "https://a.example/d.pdf"},
    ]);
    assert_eq!(messages[0]["content"], expected);
}

#[test]
fn thinking_and_references_in_the_content() {
    let content = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, {"type": "reference", "reference_ids": [1]}], "closed": true},
        {"type": "text", "text": "Yes"},
        {"type": "reference", "reference_ids": [2]},
    ]);
    let message = json!({"role": "assistant", "content": content, "tool_calls": null});
    let body = json!({"id": "r", "choices": [{"index": 0, "message": message, "finish_reason": "model_length"}]});
    let reply = OpenAi.decode(&mistral(), body.to_string().as_bytes()).unwrap();
    assert_eq!((reply.text(), reply.finish_reason()), ("Yes", Some("length")));
    let message = reply.message().unwrap();
    assert_eq!(message["reasoning_content"], "Hm");
    assert_eq!(message["content_parts"][2]["reference_ids"], json!([2]));
}

#[test]
fn calls_without_type_or_index_and_a_failed_finish() {
    let bare = json!({"id": "AbCdEf123", "function": {"name": "f", "arguments": "{\"a\":1}"}});
    let body = json!({"id": "r", "choices": [{"index": 0, "message": {"role": "assistant", "content": "", "tool_calls": [bare]}, "finish_reason": "tool_calls"}]});
    let reply = OpenAi.decode(&mistral(), body.to_string().as_bytes()).unwrap();
    assert_eq!(reply.tool_calls()[0]["type"], "function");
    let failed = json!({"id": "r", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ye"}, "finish_reason": "error"}]});
    assert_eq!(OpenAi.decode(&mistral(), failed.to_string().as_bytes()).unwrap_err().cause, Cause::Server);
    let mut decoder = OpenAi.decoder(&mistral());
    let mut out = Vec::new();
    let chunk = |delta: Value, finish: Value| {
        json!({"id": "r", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).to_string()
    };
    let fragment = |name: &str, text: &str| json!({"tool_calls": [{"id": "AbCdEf123", "function": {"name": name, "arguments": text}}]});
    decoder.event("", &chunk(fragment("f", "{\"a\""), Value::Null), &mut out).unwrap();
    // A hosted model of another maker goes on with an empty name.
    decoder.event("", &chunk(fragment("", ":1}"), "tool_calls".into()), &mut out).unwrap();
    let told: Vec<&Value> = out.iter().map(|c| &c.body["choices"][0]["delta"]["tool_calls"][0]).collect();
    assert_eq!((&told[0]["index"], &told[0]["function"]["name"]), (&json!(0), &json!("f")));
    assert_eq!((&told[1]["index"], &told[1]["function"]), (&json!(0), &json!({"arguments": ":1}"})));
}
