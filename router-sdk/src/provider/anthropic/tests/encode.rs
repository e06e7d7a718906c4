//! Requests: what is sent for each field of the OpenAI shape, and what the caller is told.

use serde_json::{Value, json};

use super::{encode, modern, older, sent, with};
use crate::catalog::{Capabilities, Model, ParameterRules};
use crate::provider::{Cause, Provider};
use crate::wire::ChatRequest;

pub(super) fn ask(extra: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(super) fn weather() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "weather", "description": "Weather", "parameters": parameters}}])
}

#[test]
fn a_plain_request_has_its_address_headers_and_limit() {
    let request = ChatRequest::from_value(ask(json!({"user": "u1"}))).unwrap();
    let encoded = super::Anthropic.encode(&request, &modern(), true).unwrap();
    assert_eq!(encoded.http.url, "http://127.0.0.1:9/v1/messages");
    assert_eq!(encoded.http.headers["x-api-key"], "test-key-0123456789");
    assert!(encoded.http.headers["x-api-key"].is_sensitive());
    assert_eq!(encoded.http.headers["anthropic-version"], "2023-06-01");
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    let expected = json!({
        "model": "claude-opus-5", "max_tokens": 32_000, "messages": [{"role": "user", "content": "Hi"}],
        "metadata": {"user_id": "u1"}, "stream": true,
    });
    assert_eq!(body, expected);
    assert_eq!(encoded.adapted, Vec::<String>::new());
}

#[test]
fn a_base_address_may_hold_the_version() {
    let target = super::target(crate::provider::Family::Anthropic, "http://127.0.0.1:9/v1/", Model::default());
    assert_eq!(encode(&target, ask(json!({}))).unwrap().http.url, "http://127.0.0.1:9/v1/messages");
}

#[test]
fn instructions_are_gathered_and_turns_alternate() {
    let (body, adapted) = sent(
        &modern(),
        json!({"model": "m", "messages": [
            {"role": "system", "content": "A"},
            {"role": "user", "content": "1"},
            {"role": "developer", "content": [{"type": "text", "text": "B", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "content": "2"},
            {"role": "assistant", "content": "3"},
            {"role": "user", "content": ""},
            {"role": "assistant", "content": null},
            {"role": "user", "content": "4"},
        ]}),
    );
    let system = json!([
        {"type": "text", "text": "A"},
        {"type": "text", "text": "B", "cache_control": {"type": "ephemeral"}},
    ]);
    assert_eq!(body["system"], system);
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}]},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "4"},
    ]);
    assert_eq!(body["messages"], messages);
    assert!(adapted.is_empty());
}

#[test]
fn instructions_alone_become_the_question_and_the_assistant_may_begin() {
    let (body, _) = sent(&modern(), json!({"model": "m", "messages": [{"role": "system", "content": "Say hi"}]}));
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Say hi"}]));
    assert!(body.get("system").is_none());
    let history = json!([{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Hi"}]);
    let (body, adapted) = sent(&modern(), json!({"model": "m", "messages": history}));
    assert_eq!(body["messages"], history);
    assert!(adapted.is_empty());
}

#[test]
fn a_last_assistant_text_is_trimmed_or_refused() {
    let messages = json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well, \n"}]);
    let (body, _) = sent(&older(), json!({"model": "m", "messages": messages}));
    assert_eq!(body["messages"][1]["content"], "Well,");
    let failure = encode(&modern(), json!({"model": "m", "messages": messages})).unwrap_err();
    assert_eq!(failure.cause, Cause::Unsupported);
    assert!(failure.message.starts_with("messages:"));
}

#[test]
fn pictures_and_documents() {
    let content = json!([
        {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,QUJD"}, "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": "https://example.org/a.png"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,UERG", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ]);
    let (body, _) = sent(&modern(), json!({"model": "m", "messages": [{"role": "user", "content": content}]}));
    let expected = json!([
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QUJD"}, "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "UERG"}, "title": "a.pdf"},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ]);
    assert_eq!(body["messages"][0]["content"], expected);
}

#[test]
fn what_cannot_be_said_names_its_field() {
    let cases = [
        (json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}), "messages[0].content[0]"),
        (
            json!({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QQ=="}}),
            "messages[0].content[0].image_url.url",
        ),
        (
            json!({"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}),
            "messages[0].content[0].image_url.url",
        ),
        (json!({"type": "file", "file": {"file_id": "file-openai"}}), "messages[0].content[0].file.file_id"),
        (json!({"type": "hologram"}), "messages[0].content[0].type"),
    ];
    for (part, field) in cases {
        let failure =
            encode(&modern(), json!({"model": "m", "messages": [{"role": "user", "content": [part]}]})).unwrap_err();
        assert_eq!(failure.cause, Cause::Unsupported);
        assert!(failure.message.starts_with(field), "{}", failure.message);
    }
    for (extra, field) in [(json!({"n": 2}), "n:"), (json!({"modalities": ["text", "audio"]}), "modalities:")] {
        let failure = encode(&modern(), ask(extra)).unwrap_err();
        assert!(failure.cause == Cause::Unsupported && failure.message.starts_with(field), "{}", failure.message);
    }
}

#[test]
fn results_of_one_turn_go_into_one_message_first() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}});
    let picture = json!([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]);
    let (body, _) = sent(
        &modern(),
        json!({"model": "m", "tools": weather(), "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": null, "tool_calls": [
                call("a", "{\"city\": \"Rome\"}"), call("functions.weather:1", ""), call("c", "{\"city\": \"Pa")
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "sun"},
            {"role": "tool", "tool_call_id": "functions.weather:1", "content": picture},
            {"role": "tool", "tool_call_id": "c", "content": "", "is_error": true},
            {"role": "user", "content": "And?"},
        ]}),
    );
    let turn = &body["messages"][1]["content"];
    assert_eq!(turn[0], json!({"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Rome"}}));
    assert_eq!(turn[1]["input"], json!({}));
    assert_eq!(turn[2]["input"], json!({"arguments": "{\"city\": \"Pa"}));
    let foreign = turn[1]["id"].as_str().unwrap();
    assert!(foreign.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{foreign}");
    let results = &body["messages"][2];
    assert_eq!(results["role"], "user");
    assert_eq!(results["content"][0], json!({"type": "tool_result", "tool_use_id": "a", "content": "sun"}));
    assert_eq!(results["content"][1]["tool_use_id"], foreign);
    assert_eq!(results["content"][1]["content"][1]["source"]["data"], "QQ==");
    assert_eq!(results["content"][2], json!({"type": "tool_result", "tool_use_id": "c", "is_error": true}));
    assert_eq!(results["content"][3], json!({"type": "text", "text": "And?"}));
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn calls_in_the_old_style_meet_their_results() {
    let (body, _) = sent(
        &modern(),
        json!({"model": "m", "functions": [{"name": "f"}], "messages": [
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "ok"},
        ]}),
    );
    assert_eq!(body["tools"], json!([{"name": "f", "input_schema": {"type": "object", "properties": {}}}]));
    assert_eq!(body["messages"][1]["content"][0]["id"], body["messages"][2]["content"][0]["tool_use_id"]);
}

#[test]
fn every_tool_choice() {
    let serial = json!({"type": "auto", "disable_parallel_tool_use": true});
    let cases = [
        (json!({"tool_choice": "auto"}), json!({"type": "auto"})),
        (json!({"tool_choice": "none"}), json!({"type": "none"})),
        (json!({"tool_choice": "required"}), json!({"type": "any"})),
        (
            json!({"tool_choice": {"type": "function", "function": {"name": "weather"}}}),
            json!({"type": "tool", "name": "weather"}),
        ),
        (json!({"parallel_tool_calls": false}), serial),
        (json!({"tool_choice": "none", "parallel_tool_calls": false}), json!({"type": "none"})),
        (json!({}), Value::Null),
    ];
    for (mut extra, expected) in cases {
        extra["tools"] = weather();
        let (body, _) = sent(&modern(), ask(extra));
        assert_eq!(body.get("tool_choice").cloned().unwrap_or_default(), expected);
        assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
    }
    let (body, _) =
        sent(&modern(), ask(json!({"tools": [weather()[0], {"type": "web_search_20250305", "name": "web_search"}]})));
    assert_eq!(body["tools"][1], json!({"type": "web_search_20250305", "name": "web_search"}));
}

#[test]
fn allowed_tools_leave_only_those() {
    let mut tools = weather();
    tools.as_array_mut().unwrap().push(json!({"type": "function", "function": {"name": "other"}}));
    let choice = json!({"type": "allowed_tools", "allowed_tools": {
        "mode": "required", "tools": [{"type": "function", "function": {"name": "other"}}]
    }});
    let (body, _) = sent(&modern(), ask(json!({"tools": tools, "tool_choice": choice})));
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["tools"][0]["name"], "other");
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
}

#[test]
fn a_schema_is_sent_natively_where_the_model_takes_one() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "description": "Count"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
    let (body, adapted) = sent(&modern(), ask(json!({"response_format": format})));
    let expected = json!({"type": "object", "additionalProperties": false, "properties": {
        "n": {"type": "integer", "description": "Count (minimum: 1)"}
    }});
    assert_eq!(body["output_config"], json!({"format": {"type": "json_schema", "schema": expected}}));
    assert_eq!(adapted.len(), 1);
}

#[test]
fn a_schema_becomes_a_forced_tool_or_words_where_it_does_not() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
    let (body, adapted) = sent(&older(), ask(json!({"response_format": format})));
    assert_eq!(body["tools"][0]["name"], "final_json_answer__");
    assert_eq!(body["tools"][0]["input_schema"], schema);
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "final_json_answer__"}));
    assert_eq!(adapted, ["response_format: asked for by a forced tool call"]);

    let (body, _) = sent(&older(), ask(json!({"response_format": format, "tools": weather()})));
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
    assert_eq!(body["tool_choice"], json!({"type": "any"}));

    let (body, _) = sent(&older(), ask(json!({"response_format": format, "reasoning_effort": "low"})));
    assert!(body["system"].as_str().unwrap().contains("\"integer\""));
    assert!(body.get("tools").is_none() && body["thinking"]["type"] == "enabled");

    let (body, adapted) = sent(&modern(), ask(json!({"response_format": {"type": "json_object"}})));
    assert!(body["system"].as_str().unwrap().contains("JSON object"));
    assert_eq!(adapted.len(), 1);
}

#[test]
fn sampling_is_kept_within_what_the_model_takes() {
    let (body, adapted) =
        sent(&older(), ask(json!({"temperature": 1.5, "top_p": 0.9, "top_k": 5, "stop": ["\n", "END"], "seed": 1})));
    assert_eq!(body["temperature"], 1);
    assert!(body.get("top_p").is_none() && body.get("seed").is_none());
    assert_eq!(body["top_k"], 5);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(adapted.len(), 4, "{adapted:?}");

    let rules = ParameterRules { rejects: vec!["temperature".into(), "top_p".into()], ..ParameterRules::default() };
    let target = with(Model { id: "m".into(), parameters: rules, ..Model::default() });
    let (body, adapted) = sent(&target, ask(json!({"temperature": 0.2})));
    assert!(body.get("temperature").is_none());
    assert_eq!(adapted, ["temperature: left out, the model refuses it"]);
}

#[test]
fn the_output_limit_is_always_there_and_never_above_the_models() {
    assert_eq!(sent(&with(Model::default()), ask(json!({}))).0["max_tokens"], 8_192);
    assert_eq!(sent(&modern(), ask(json!({"max_completion_tokens": 50}))).0["max_tokens"], 50);
    let (body, adapted) = sent(&older(), ask(json!({"max_tokens": 90_000})));
    assert_eq!(body["max_tokens"], 64_000);
    assert_eq!(adapted.len(), 1);
    let small = Model { max_output_tokens: Some(64_000), context_window: Some(20_000), ..Model::default() };
    assert!(sent(&with(small), ask(json!({}))).0["max_tokens"].as_u64().unwrap() < 20_000);
}

#[test]
fn unknown_fields_reach_the_provider_and_openais_own_do_not() {
    let extra = json!({
        "container": "c", "mcp_servers": [], "cache_control": {"type": "ephemeral"}, "anthropic_beta": ["a-1", "b-2"],
        "stream_options": {"include_usage": true}, "store": false, "metadata": {"user_id": "u", "k": "v"},
        "logprobs": false, "presence_penalty": 0, "service_tier": "auto",
    });
    let request = ChatRequest::from_value(ask(extra)).unwrap();
    let encoded = super::Anthropic.encode(&request, &modern(), false).unwrap();
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["model", "max_tokens", "messages", "metadata", "service_tier", "container", "mcp_servers", "cache_control"];
    assert_eq!(names, expected);
    assert_eq!(encoded.http.headers["anthropic-beta"], "a-1,b-2");
    assert_eq!(encoded.adapted, ["metadata: left out but for user_id, Anthropic takes no more"]);
}

#[test]
fn a_model_that_cannot_be_forced_is_not() {
    let capabilities = Capabilities { forced_tool_choice: Some(false), ..Capabilities::default() };
    let target = with(Model { id: "m".into(), capabilities, ..Model::default() });
    let failure = encode(&target, ask(json!({"tools": weather(), "tool_choice": "required"}))).unwrap_err();
    assert!(failure.cause == Cause::Unsupported && failure.message.starts_with("tool_choice"));
}

#[test]
fn no_more_markers_than_anthropic_takes() {
    let marker = json!({"type": "ephemeral"});
    let part = |text: &str| json!({"type": "text", "text": text, "cache_control": marker});
    let tool = json!({"type": "function", "function": {"name": "f"}, "cache_control": marker});
    let messages = json!([
        {"role": "system", "content": [part("a"), part("b")]},
        {"role": "user", "content": [part("c"), part("d"), part("e")]},
    ]);
    let (body, adapted) = sent(&modern(), json!({"model": "m", "messages": messages, "tools": [tool]}));
    assert!(body["tools"][0].get("cache_control").is_none() && body["system"][0].get("cache_control").is_none());
    assert_eq!(body["system"][1]["cache_control"], marker);
    assert_eq!(body.to_string().matches("ephemeral").count(), 4);
    assert_eq!(adapted, ["cache_control: the last 4 of 6 markers kept, Anthropic takes no more"]);
}

#[test]
fn text_documents_are_sent_as_text() {
    let file = json!({"type": "file", "file": {"filename": "a.csv", "file_data": "data:text/csv;base64,YSxiCjEsMgo="}});
    let (body, _) = sent(&modern(), json!({"model": "m", "messages": [{"role": "user", "content": [file]}]}));
    let source = json!({"type": "text", "media_type": "text/plain", "data": "a,b\n1,2\n"});
    assert_eq!(body["messages"][0]["content"][0], json!({"type": "document", "source": source, "title": "a.csv"}));
}

#[test]
fn schemas_that_are_not_compiled_are_asked_for_in_another_way() {
    let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}});
    let tree = json!({"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": tree}});
    let (body, adapted) = sent(&modern(), ask(json!({"response_format": format})));
    assert_eq!(body["tool_choice"]["name"], "final_json_answer__");
    assert!(body.get("output_config").is_none());
    assert!(adapted[0].ends_with("since Anthropic does not compile a recursive schema"), "{adapted:?}");

    let strict = |i: usize| json!({"type": "function", "function": {"name": format!("f{i}"), "strict": true}});
    let tools: Vec<Value> = (0..22).map(strict).collect();
    let (body, adapted) = sent(&modern(), ask(json!({"tools": tools})));
    let held = body["tools"].as_array().unwrap().iter().filter(|t| t["strict"] == true).count();
    assert_eq!((held, adapted.len()), (20, 2));
    assert!(adapted[0].starts_with("tools[20].function.strict: left out"), "{adapted:?}");
}
