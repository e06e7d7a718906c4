//! Requests: each rule of Cohere's with the least that shows it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{encode, plain_model, sent, thinker, with};
use crate::catalog::{Capabilities, Model, Quirks};
use crate::provider::{Cause, Deployment, Target};

fn ask(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "d", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}}}})
}

#[test]
fn the_address_is_the_native_one_however_it_is_written() {
    for base in
        ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/v2", "http://127.0.0.1:9/compatibility/v1"]
    {
        let target = plain_model();
        let old = &target.deployment;
        let deployment = Deployment {
            provider: "p".into(),
            name: None,
            weight: 1.0,
            priority: 0,
            limits: crate::provider::Limits::default(),
            family: old.family,
            base_url: base.into(),
            chat_path: String::new(),
            key: Some("co-key-123456789".to_owned().into()),
            credentials: crate::credential::Credentials::default(),
            key_header: None,
            headers: http::HeaderMap::new(),
            quirks: Quirks::default(),
            sandbox: false,
            local: false,
            zdr: false,
            cloud: crate::provider::Cloud::Plain,
            owner: None,
        };
        let target = Target { deployment: Arc::new(deployment), ..target };
        let encoded = encode(&target, ask(json!({}))).unwrap();
        assert_eq!(encoded.http.url, "http://127.0.0.1:9/v2/chat");
        assert_eq!(encoded.http.headers["authorization"], "Bearer co-key-123456789");
    }
}

#[test]
fn parameters_have_cohere_names() {
    let (body, adapted) = sent(
        &plain_model(),
        ask(json!({
            "max_completion_tokens": 9, "temperature": 0.4, "top_p": 0.5, "top_k": 7, "seed": 3, "stop": "x",
            "frequency_penalty": 0.2, "logprobs": true, "safety_mode": "STRICT", "user": "u", "metadata": {"a": "b"},
        })),
    );
    let expected = json!({
        "model": "command-p", "stream": false, "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.4, "p": 0.5, "frequency_penalty": 0.2, "k": 7, "seed": 3, "logprobs": true, "max_tokens": 9,
        "stop_sequences": ["x"], "safety_mode": "STRICT",
    });
    assert_eq!(body, expected);
    assert!(adapted.is_empty(), "{adapted:?}");
}

#[test]
fn values_out_of_bounds_are_brought_in_and_said() {
    let (body, adapted) = sent(
        &plain_model(),
        ask(json!({
            "top_p": 1, "frequency_penalty": 1.5, "presence_penalty": 0.5, "stop": ["1", "2", "3", "4", "5", "6"],
            "logit_bias": {"1": 2}, "top_logprobs": 3,
        })),
    );
    assert_eq!((&body["p"], &body["frequency_penalty"]), (&json!(0.99), &json!(1.0)));
    assert_eq!(body["presence_penalty"], 0.5);
    assert_eq!(body["stop_sequences"].as_array().unwrap().len(), 5);
    for name in ["top_p", "frequency_penalty", "stop", "logit_bias", "top_logprobs"] {
        assert!(adapted.iter().any(|a| a.starts_with(&format!("{name}: "))), "{name} in {adapted:?}");
    }
}

#[test]
fn choices_of_tools_are_upper_case_words() {
    let two = json!([tool("f"), tool("g")]);
    let with_choice = |choice: Value| sent(&plain_model(), ask(json!({"tools": two, "tool_choice": choice})));
    assert_eq!(with_choice(json!("auto")).0.get("tool_choice"), None);
    assert_eq!(with_choice(json!("none")).0["tool_choice"], "NONE");
    assert_eq!(with_choice(json!("required")).0["tool_choice"], "REQUIRED");
    let (body, adapted) = with_choice(json!({"type": "function", "function": {"name": "g"}}));
    assert_eq!(body["tool_choice"], "REQUIRED");
    assert_eq!(body["tools"], json!([tool("g")]));
    assert_eq!(adapted.len(), 1);
}

#[test]
fn an_older_model_is_not_told_of_choices() {
    let capabilities = Capabilities { tool_choice: Some(false), ..Capabilities::default() };
    let target = with(Model { id: "m".into(), capabilities, ..Model::default() });
    let (body, adapted) = sent(&target, ask(json!({"tools": [tool("f")], "tool_choice": "required"})));
    assert_eq!((body.get("tool_choice"), adapted.len()), (None, 1));
    let (body, adapted) = sent(&target, ask(json!({"tools": [tool("f")], "tool_choice": "none"})));
    assert_eq!((body.get("tools"), body.get("tool_choice"), adapted.len()), (None, None, 1));
}

#[test]
fn strictness_is_of_all_tools_and_parameters_are_never_missing() {
    let strict = json!({"type": "function", "function": {"name": "f", "strict": true}});
    let (body, _) = sent(&plain_model(), ask(json!({"tools": [strict]})));
    assert_eq!(body["strict_tools"], true);
    let function = json!({"name": "f", "parameters": {"type": "object", "properties": {}}});
    assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
    let strange = ask(json!({"tools": [{"type": "web_search"}]}));
    assert!(encode(&plain_model(), strange).unwrap_err().message.starts_with("tools[0].type: "));
}

#[test]
fn schemas_keep_the_type_json_object_and_give_way_to_tools() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let (body, _) = sent(&plain_model(), ask(json!({"response_format": format})));
    assert_eq!(body["response_format"], json!({"type": "json_object", "json_schema": schema}));
    let (body, _) = sent(&plain_model(), ask(json!({"response_format": {"type": "json_object"}})));
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    for more in [json!({"tools": [tool("f")]}), json!({"documents": ["text"]})] {
        let mut asked = ask(more);
        asked["response_format"] = format.clone();
        let (body, adapted) = sent(&plain_model(), asked);
        assert_eq!(body.get("response_format"), None);
        assert_eq!(adapted, ["response_format: asked for in words"]);
        assert!(body["messages"][0]["content"].as_str().unwrap().contains(&schema.to_string()));
    }
}

#[test]
fn effort_becomes_thinking() {
    let think = |target: &Target, more: Value| sent(target, ask(more));
    assert_eq!(think(&thinker(), json!({"reasoning_effort": "none"})).0["thinking"], json!({"type": "disabled"}));
    assert_eq!(think(&thinker(), json!({"reasoning_effort": "high"})).0["thinking"], json!({"type": "enabled"}));
    let (body, adapted) = think(&thinker(), json!({"reasoning_effort": "low"}));
    assert_eq!(body["thinking"], json!({"type": "enabled", "token_budget": 1024}));
    assert_eq!(adapted.len(), 1);
    let (body, adapted) = think(&thinker(), json!({"reasoning": {"max_tokens": 77}}));
    assert_eq!(body["thinking"], json!({"type": "enabled", "token_budget": 77}));
    assert!(adapted.is_empty());
    let (body, adapted) = think(&plain_model(), json!({"reasoning_effort": "low"}));
    assert_eq!((body.get("thinking"), adapted.len()), (None, 1));
    let own = json!({"type": "enabled", "token_budget": 5});
    assert_eq!(think(&thinker(), json!({"thinking": own})).0["thinking"], own);
}

#[test]
fn a_tool_loop_goes_back_with_plan_and_thinking() {
    let details = json!([
        {"type": "reasoning.text", "format": "cohere", "index": 0, "text": "First "},
        {"type": "reasoning.text", "format": "cohere", "id": "tool_plan", "text": "I will look."},
    ]);
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": \"1\"}"}});
    let messages = json!([
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": null, "tool_calls": [call], "reasoning_content": "First I will look.", "reasoning_details": details},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "done"}, {"type": "document", "document": {"data": "x"}}]},
    ]);
    let (body, adapted) = sent(&thinker(), json!({"model": "m", "messages": messages}));
    let expected = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "First "}], "tool_plan": "I will look.",
         "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":\"1\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "done"}, {"type": "document", "document": {"data": "x"}}]},
    ]);
    assert_eq!(body["messages"], expected);
    assert!(adapted.is_empty(), "{adapted:?}");
}

#[test]
fn thinking_of_others_stays_away() {
    let details =
        json!([{"type": "reasoning.text", "format": "anthropic", "index": 0, "text": "Hm", "signature": "s"}]);
    let messages = json!([
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm", "reasoning_details": details},
        {"role": "user", "content": "On."},
    ]);
    let (body, adapted) = sent(&thinker(), json!({"model": "m", "messages": messages}));
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "Yes."}));
    assert_eq!(adapted, ["messages: thinking that another model did left out"]);
}

#[test]
fn pictures_go_as_they_are_and_those_of_tools_follow_the_results() {
    let data = "data:image/png;base64,aGk=";
    let picture = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let messages = json!([
        {"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}}]},
        {"role": "assistant", "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "one"}, picture(data)]},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
    ]);
    let (body, adapted) = sent(&plain_model(), json!({"model": "m", "messages": messages}));
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}});
    assert_eq!(body["messages"][0]["content"][1], image);
    assert_eq!(body["messages"][2]["content"], json!([{"type": "text", "text": "one"}]));
    assert_eq!(body["messages"][3]["content"], "two");
    assert_eq!(body["messages"][4], json!({"role": "user", "content": [picture(data)]}));
    assert_eq!(adapted.len(), 1);
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let parts = |part: Value| json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    let cases = [
        (ask(json!({"n": 2})), "n: "),
        (ask(json!({"modalities": ["text", "audio"], "audio": {"voice": "v", "format": "wav"}})), "modalities: "),
        (ask(json!({"web_search_options": {}})), "web_search_options: "),
        (
            parts(json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})),
            "messages[0].content[0].input_audio: ",
        ),
        (
            parts(json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}})),
            "messages[0].content[0].file: ",
        ),
    ];
    for (body, start) in cases {
        let failure = encode(&plain_model(), body).unwrap_err();
        assert_eq!(failure.cause, Cause::Unsupported);
        assert!(failure.message.starts_with(start), "{}", failure.message);
    }
}
