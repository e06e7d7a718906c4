//! What is sent: bytes shared when nothing changes, and each adaptation with its note.

use serde_json::{Value, json};

use super::{request, target, target_with};
use crate::catalog::{Capabilities, EffortStyle, Model, ParameterRules, Quirks, Reasoning, ReasoningControl};
use crate::provider::openai::OpenAi;
use crate::provider::{Cause, Failure, Provider, Target};

fn sent(target: &Target, body: Value, stream: bool) -> (Value, Vec<String>) {
    let encoded = OpenAi.encode(&request(body), target, stream).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}

fn refused(target: &Target, body: Value) -> Failure {
    OpenAi.encode(&request(body), target, false).unwrap_err()
}

fn hello() -> Value {
    json!({"model": "auto", "messages": [{"role": "user", "content": "hello"}]})
}

fn with(fields: Value) -> Value {
    let mut body = hello();
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn tools(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}))
        .collect()
}

#[test]
fn an_unchanged_body_is_sent_as_it_came() {
    let body =
        with(json!({"temperature": 0.5, "my_field": {"b": 1, "a": 2}, "route": {"only": ["p"]}, "models": ["m"]}));
    let encoded = OpenAi.encode(&request(body), &target(Quirks::default()), false).unwrap();
    let wanted = r#"{"model":"m","stream":false,"messages":[{"role":"user","content":"hello"}],"temperature":0.5,"my_field":{"b":1,"a":2}}"#;
    assert_eq!(std::str::from_utf8(&encoded.http.body).unwrap(), wanted);
    assert!(encoded.adapted.is_empty());
    assert_eq!(encoded.http.url, "http://127.0.0.1:9/v1/chat/completions");
    let key = encoded.http.headers.get("authorization").unwrap();
    assert!(key.is_sensitive());
}

#[test]
fn a_stream_asks_for_usage_and_keeps_the_other_options() {
    let body = with(json!({"stream": true, "stream_options": {"include_obfuscation": false}}));
    let (json, _) = sent(&target(Quirks::default()), body.clone(), true);
    assert_eq!(json["stream_options"], json!({"include_obfuscation": false, "include_usage": true}));
    let without = target(Quirks { stream_options: false, ..Quirks::default() });
    assert_eq!(sent(&without, body.clone(), true).0.get("stream_options"), None);
    assert_eq!(sent(&target(Quirks::default()), body, false).0.get("stream_options"), None);
}

#[test]
fn nulls_are_left_out() {
    let (json, adapted) = sent(&target(Quirks::default()), with(json!({"stop": null, "seed": 3})), false);
    assert_eq!((json.get("stop"), &json["seed"]), (None, &json!(3)));
    assert!(adapted.is_empty());
}

#[test]
fn the_output_limit_has_the_targets_name() {
    let new = target(Quirks { max_tokens_field: "max_completion_tokens".into(), ..Quirks::default() });
    let (json, adapted) = sent(&new, with(json!({"max_tokens": 9})), false);
    assert_eq!((json.get("max_tokens"), &json["max_completion_tokens"]), (None, &json!(9)));
    assert_eq!(adapted, ["max_tokens: sent as max_completion_tokens"]);

    let (json, _) = sent(&new, with(json!({"max_tokens": 9, "max_completion_tokens": 5})), false);
    assert_eq!((json.get("max_tokens"), &json["max_completion_tokens"]), (None, &json!(5)));

    let rules = ParameterRules { max_tokens_field: Some("max_tokens".into()), ..ParameterRules::default() };
    let own =
        target_with(new.deployment.quirks.clone(), Model { id: "m".into(), parameters: rules, ..Model::default() });
    assert_eq!(sent(&own, with(json!({"max_completion_tokens": 7})), false).0["max_tokens"], json!(7));
}

#[test]
fn refused_parameters_are_left_out_and_listed() {
    let rejects = ["temperature", "stop", "top_p"].map(str::to_owned).to_vec();
    let rules = ParameterRules { rejects, ..ParameterRules::default() };
    let model = Model { id: "m".into(), parameters: rules, ..Model::default() };
    let target = target_with(Quirks { rejects: vec!["logit_bias".into()], ..Quirks::default() }, model);
    let body = with(json!({"temperature": 0.2, "top_p": 1, "stop": ["x"], "logit_bias": {"1": 2}, "user": "u"}));
    let (json, adapted) = sent(&target, body, false);
    for gone in ["temperature", "top_p", "stop", "logit_bias"] {
        assert_eq!(json.get(gone), None, "{gone}");
    }
    assert_eq!(json["user"], json!("u"));
    let wanted = [
        "temperature: left out, the model does not take it",
        "stop: left out, the model does not take it",
        "logit_bias: left out, the provider does not take it",
    ];
    assert_eq!(adapted, wanted);
}

#[test]
fn what_the_request_is_about_is_never_dropped() {
    let target = target(Quirks { rejects: vec!["tools".into()], n: false, ..Quirks::default() });
    let failure = refused(&target, with(json!({"tools": tools(&["f"])})));
    assert_eq!(failure.cause, Cause::Unsupported);
    assert!(failure.message.starts_with("tools: p/m"), "{}", failure.message);
    let failure = refused(&target, with(json!({"n": 2})));
    assert_eq!(failure.cause, Cause::Unsupported);
    assert_eq!(sent(&target, with(json!({"n": 1})), false).0.get("n"), None);
}

#[test]
fn seeds_temperatures_and_switches() {
    let quirks = Quirks {
        seed_field: "random_seed".into(),
        temperature_max: Some(1.4),
        parallel_tool_calls: false,
        logprobs: false,
        ..Quirks::default()
    };
    let body =
        with(json!({"seed": 4, "temperature": 2, "parallel_tool_calls": false, "logprobs": true, "top_logprobs": 2}));
    let (json, adapted) = sent(&target(quirks), body, false);
    assert_eq!((&json["random_seed"], &json["temperature"]), (&json!(4), &json!(1.4)));
    for gone in ["seed", "parallel_tool_calls", "logprobs", "top_logprobs"] {
        assert_eq!(json.get(gone), None, "{gone}");
    }
    assert_eq!(adapted.len(), 5);
    let (json, _) =
        sent(&target(Quirks { seed_field: String::new(), ..Quirks::default() }), with(json!({"seed": 4})), false);
    assert_eq!(json.get("seed"), None);
}

#[test]
fn tool_choice_in_the_targets_words() {
    let named = json!({"type": "function", "function": {"name": "g"}});
    let any = target(Quirks { required_tool_choice: "any".into(), ..Quirks::default() });
    let body = with(json!({"tools": tools(&["f", "g"]), "tool_choice": "required"}));
    assert_eq!(sent(&any, body.clone(), false).0["tool_choice"], json!("any"));
    let plain = target(Quirks::default());
    let any_word = with(json!({"tools": tools(&["f"]), "tool_choice": "any"}));
    assert_eq!(sent(&plain, any_word, false).0["tool_choice"], json!("required"));

    let unforced = target(Quirks { forced_tool_choice: false, ..Quirks::default() });
    let (json, adapted) = sent(&unforced, body, false);
    assert_eq!((&json["tool_choice"], adapted.len()), (&json!("auto"), 1));
    let (json, adapted) = sent(&unforced, with(json!({"tools": tools(&["f", "g"]), "tool_choice": named})), false);
    assert_eq!(json["tools"].as_array().unwrap().len(), 1);
    assert_eq!(json["tools"][0]["function"]["name"], json!("g"));
    assert_eq!(adapted.len(), 2);
}

#[test]
fn a_model_without_tool_choice_gets_none() {
    let capabilities = Capabilities { tool_choice: Some(false), ..Capabilities::default() };
    let target = target_with(Quirks::default(), Model { id: "m".into(), capabilities, ..Model::default() });
    let (json, adapted) = sent(&target, with(json!({"tools": tools(&["f"]), "tool_choice": "none"})), false);
    assert_eq!((json.get("tools"), json.get("tool_choice"), adapted.len()), (None, None, 1));
    let (json, adapted) = sent(&target, with(json!({"tools": tools(&["f"]), "tool_choice": "auto"})), false);
    assert!(json.get("tools").is_some() && json.get("tool_choice").is_none() && adapted.is_empty());
}

fn thinker(style: EffortStyle, efforts: &[&str], control: ReasoningControl) -> Target {
    let efforts = efforts.iter().map(|e| (*e).to_owned()).collect();
    let reasoning = Reasoning { control, efforts, budget_max: Some(8000), ..Reasoning::default() };
    let model = Model { id: "m".into(), reasoning: Some(reasoning), ..Model::default() };
    target_with(Quirks { effort: style, ..Quirks::default() }, model)
}

#[test]
fn effort_goes_to_the_nearest_level() {
    let target = thinker(EffortStyle::ReasoningEffort, &["low", "medium", "high"], ReasoningControl::Effort);
    let (json, adapted) = sent(&target, with(json!({"reasoning_effort": "xhigh"})), false);
    assert_eq!((&json["reasoning_effort"], adapted.len()), (&json!("high"), 1));
    let (json, adapted) = sent(&target, with(json!({"reasoning_effort": "minimal"})), false);
    assert_eq!((&json["reasoning_effort"], adapted.len()), (&json!("low"), 1));
    let (json, adapted) = sent(&target, with(json!({"reasoning_effort": "high"})), false);
    assert_eq!((&json["reasoning_effort"], adapted.len()), (&json!("high"), 0));
    let (json, _) = sent(&target, with(json!({"reasoning": {"effort": "low"}})), false);
    assert_eq!((&json["reasoning_effort"], json.get("reasoning")), (&json!("low"), None));
}

#[test]
fn effort_in_each_vendors_form() {
    let effort = || with(json!({"reasoning_effort": "medium"}));
    let object = thinker(EffortStyle::ReasoningObject, &[], ReasoningControl::Effort);
    let (json, _) = sent(&object, with(json!({"reasoning_effort": "medium", "reasoning": {"exclude": true}})), false);
    assert_eq!(json["reasoning"], json!({"exclude": true, "effort": "medium"}));
    assert_eq!(json.get("reasoning_effort"), None);

    let typed = thinker(EffortStyle::ThinkingType, &[], ReasoningControl::Toggle);
    let (json, adapted) = sent(&typed, effort(), false);
    assert_eq!((&json["thinking"], json.get("reasoning_effort")), (&json!({"type": "enabled"}), None));
    assert_eq!(adapted.len(), 1);
    let (json, _) = sent(&typed, with(json!({"reasoning_effort": "none"})), false);
    assert_eq!(json["thinking"], json!({"type": "disabled"}));

    let enable = thinker(EffortStyle::EnableThinking, &[], ReasoningControl::Budget);
    let (json, _) = sent(&enable, with(json!({"reasoning_effort": "high"})), false);
    assert_eq!((&json["enable_thinking"], &json["thinking_budget"]), (&json!(true), &json!(8000)));

    for target in [
        thinker(EffortStyle::Unsupported, &[], ReasoningControl::Effort),
        thinker(EffortStyle::ReasoningEffort, &[], ReasoningControl::AlwaysOn),
    ] {
        let (json, adapted) = sent(&target, effort(), false);
        assert_eq!((json.get("reasoning_effort"), adapted.len()), (None, 1));
    }
}

#[test]
fn json_schema_where_there_is_none() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let without = target(Quirks { json_schema: false, ..Quirks::default() });
    let (json, adapted) = sent(&without, with(json!({"response_format": format})), false);
    assert_eq!(json["response_format"], json!({"type": "json_object"}));
    let system = &json["messages"][0];
    assert_eq!(system["role"], json!("system"));
    assert!(system["content"].as_str().unwrap().contains(&schema.to_string()));
    assert_eq!(adapted, ["response_format: json_schema asked for by JSON mode and an instruction"]);
    assert_eq!(
        sent(&target(Quirks::default()), with(json!({"response_format": format})), false).0["response_format"],
        format
    );

    let capabilities = Capabilities { json_mode: Some(false), json_schema: Some(false), ..Capabilities::default() };
    let bare = target_with(Quirks::default(), Model { id: "m".into(), capabilities, ..Model::default() });
    let (json, adapted) = sent(&bare, with(json!({"response_format": {"type": "json_object"}})), false);
    assert_eq!((json.get("response_format"), json["messages"].as_array().unwrap().len()), (None, 2));
    assert_eq!(adapted, ["response_format: json_object asked for by an instruction"]);
}

#[test]
fn markers_go_only_where_they_are_taken() {
    let marker = json!({"type": "ephemeral"});
    let part = json!({"type": "text", "text": "Hi", "cache_control": marker});
    let body = json!({
        "model": "m", "cache_control": marker, "messages": [{"role": "user", "content": [part], "cache_control": marker}],
        "tools": [{"type": "function", "cache_control": marker, "function": {"name": "f", "cache_control": marker,
            "parameters": {"type": "object", "properties": {"cache_control": {"type": "string"}}}}}],
    });
    let (plain, adapted) = sent(&target(Quirks::default()), body.clone(), false);
    assert!(!plain.to_string().contains("ephemeral"));
    assert_eq!(plain["tools"][0]["function"]["parameters"]["properties"]["cache_control"]["type"], "string");
    assert_eq!(adapted, ["cache_control: left out, the provider takes no markers"]);
    let (kept, adapted) = sent(&target(Quirks { cache_control: true, ..Quirks::default() }), body, false);
    assert_eq!((kept.to_string().matches("ephemeral").count(), adapted.len()), (5, 0));
}

#[test]
fn what_tools_show_stands_behind_all_results_of_the_turn() {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let messages = json!([
        {"role": "user", "content": "Look"}, {"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": [image]}, {"role": "tool", "tool_call_id": "b", "content": "no"},
        {"role": "assistant", "content": "Well."}, {"role": "user", "content": "And?"},
    ]);
    let (body, adapted) = sent(&target(Quirks::default()), json!({"model": "m", "messages": messages}), false);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "user", "assistant", "user"]);
    assert!(body["messages"][2]["content"].is_string());
    assert_eq!(body["messages"][4]["content"][1], image);
    assert_eq!(adapted, ["messages: what tools showed sent in a message of the user"]);
}

#[test]
fn addresses_that_are_not_fetched_are_refused() {
    let ask = |part: Value| json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    let picture = json!({"type": "image_url", "image_url": {"url": "https://a.example/x.png"}});
    let blind = target(Quirks { image_urls: false, ..Quirks::default() });
    assert_eq!(refused(&blind, ask(picture.clone())).param.as_deref(), Some("messages[0].content[0].image_url.url"));
    assert!(sent(&target(Quirks::default()), ask(picture), false).1.is_empty());
    let file = json!({"type": "file", "file": {"file_url": "https://a.example/x.pdf"}});
    assert_eq!(refused(&target(Quirks::default()), ask(file.clone())).cause, Cause::Unsupported);
    assert!(sent(&target(Quirks { file_urls: true, ..Quirks::default() }), ask(file), false).1.is_empty());
}
