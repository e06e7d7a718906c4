//! Chat requests in; what goes to the Responses interface out.

use serde_json::{Value, json};

use super::{encode, sent, speaker, thinker, with};
use crate::catalog::{Mode, Model};
use crate::provider::{Cause, Family};

fn user(content: Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": content}]})
}

/// `user` with further fields.
fn asking(fields: Value) -> Value {
    let mut body = user("Hi.".into());
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

#[test]
fn roles_stay_in_their_places_and_nothing_is_stored() {
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": "Be kind."}, {"role": "developer", "content": "Use metres."},
        {"role": "user", "content": [{"type": "text", "text": "How tall?"}]},
        {"role": "assistant", "content": "Two."}, {"role": "user", "content": "Sure?"},
    ]});
    let encoded = encode(&thinker(), body).unwrap();
    assert_eq!(encoded.http.url, "http://127.0.0.1:9/v1/responses");
    assert_eq!(encoded.http.headers["authorization"], "Bearer test-key-0123456789");
    assert!(encoded.adapted.is_empty());
    let sent: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    let said = |role: &str, kind: &str, text: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": text}]});
    assert_eq!(
        sent,
        json!({
            "model": "deep-1",
            "input": [
                said("system", "input_text", "Be kind."), said("developer", "input_text", "Use metres."),
                said("user", "input_text", "How tall?"), said("assistant", "output_text", "Two."),
                said("user", "input_text", "Sure?"),
            ],
            "store": false,
            "include": ["reasoning.encrypted_content"],
        })
    );
}

#[test]
fn a_model_that_does_not_think_is_not_asked_for_its_thinking() {
    let (body, _) = sent(&speaker(), user("Hi.".into()));
    assert!(body.get("include").is_none());
    let mut unknown = with(Model { id: "ft:gpt-4o-mini:me".into(), ..Model::default() });
    unknown.known = false;
    assert!(sent(&unknown, user("Hi.".into())).0.get("include").is_none());
    let (stored, _) = sent(&thinker(), asking(json!({"store": true})));
    assert_eq!(stored["store"], true);
    assert!(stored.get("include").is_none());
}

#[test]
fn the_role_developer_becomes_system_where_it_is_not_taken() {
    let mut target = thinker();
    std::sync::Arc::get_mut(&mut target.deployment).unwrap().quirks.developer_role = false;
    let body = json!({"model": "m", "messages": [{"role": "developer", "content": "x"}]});
    let (sent, adapted) = sent(&target, body);
    assert_eq!(sent["input"][0]["role"], "system");
    assert_eq!(adapted, ["messages: the role developer sent as system"]);
}

#[test]
fn pictures_documents_and_sound_have_parts_of_their_own() {
    let content = json!([
        {"type": "text", "text": "Look."}, {"type": "text", "text": ""},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
        {"type": "file", "file": {"file_data": "CCCC"}},
        {"type": "file", "file": {"file_url": "https://example.com/b.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:image/webp;base64,DDDD"}},
        {"type": "input_audio", "input_audio": {"data": "EEEE", "format": "mp3"}},
        {"type": "input_image", "image_url": "https://example.com/c.png"},
    ]);
    let (sent, _) = sent(&thinker(), user(content));
    assert_eq!(
        sent["input"][0]["content"],
        json!([
            {"type": "input_text", "text": "Look."},
            {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,BBBB", "filename": "a.pdf"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,CCCC", "filename": "file.pdf"},
            {"type": "input_file", "file_url": "https://example.com/b.pdf"},
            {"type": "input_file", "file_id": "file-1"},
            {"type": "input_image", "image_url": "data:image/webp;base64,DDDD"},
            {"type": "input_audio", "input_audio": {"data": "EEEE", "format": "mp3"}},
            {"type": "input_image", "image_url": "https://example.com/c.png"},
        ])
    );
}

#[test]
fn cache_marks_stay_on_their_parts_and_an_empty_question_is_one() {
    let mark = json!({"mode": "explicit"});
    let content = json!([{"type": "text", "text": "Long.", "prompt_cache_breakpoint": mark}]);
    let (body, _) = sent(&thinker(), user(content));
    let part = json!({"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": mark});
    assert_eq!(body["input"][0]["content"], json!([part]));
    let (empty, _) = sent(&thinker(), user("".into()));
    assert_eq!(empty["input"][0]["content"], json!([{"type": "input_text", "text": ""}]));
}

#[test]
fn what_cannot_be_said_names_its_field() {
    let faults = [
        (user(json!([{"type": "video_url", "video_url": {"url": "https://example.com/v"}}])), "messages[0].content[0]"),
        (user(json!([{"type": "hologram"}])), "messages[0].content[0].type"),
        (json!({"model": "m", "messages": [{"role": "system", "content": ""}]}), "messages"),
        (asking(json!({"n": 2})), "n"),
        (asking(json!({"modalities": ["text", "audio"]})), "modalities"),
        (asking(json!({"background": true})), "background"),
    ];
    for (body, field) in faults {
        let failure = encode(&thinker(), body).unwrap_err();
        assert_eq!(failure.cause, Cause::Unsupported, "{}", failure.message);
        assert!(failure.message.starts_with(&format!("{field}: ")), "{}", failure.message);
    }
}

#[test]
fn tools_are_flat_and_strict_only_when_asked() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let grammar = json!({"type": "grammar", "grammar": {"syntax": "regex", "definition": "[a-z]+"}});
    let tools = json!([
        {"type": "function", "function": {"name": "weather", "description": "d", "parameters": schema, "strict": true}},
        {"type": "function", "function": {"name": "now"}},
        {"type": "custom", "custom": {"name": "sql", "description": "e", "format": grammar}},
        {"type": "web_search", "search_context_size": "low"},
    ]);
    let (sent, _) = sent(&thinker(), asking(json!({"tools": tools, "parallel_tool_calls": false})));
    assert_eq!(
        sent["tools"],
        json!([
            {"type": "function", "name": "weather", "description": "d", "strict": true, "parameters": schema},
            {"type": "function", "name": "now", "parameters": {"type": "object", "properties": {}}, "strict": false},
            {"type": "custom", "name": "sql", "description": "e",
             "format": {"type": "grammar", "syntax": "regex", "definition": "[a-z]+"}},
            {"type": "web_search", "search_context_size": "low"},
        ])
    );
    assert_eq!(sent["parallel_tool_calls"], false);
}

#[test]
fn the_choice_among_tools_in_all_its_forms() {
    let tools = json!([
        {"type": "function", "function": {"name": "a"}}, {"type": "function", "function": {"name": "b"}},
        {"type": "custom", "custom": {"name": "c"}}, {"type": "web_search"},
    ]);
    let choices = [
        (json!("auto"), json!("auto")),
        (json!("none"), json!("none")),
        (json!("any"), json!("required")),
        (json!({"type": "function", "function": {"name": "a"}}), json!({"type": "function", "name": "a"})),
        (json!({"type": "custom", "custom": {"name": "c"}}), json!({"type": "custom", "name": "c"})),
        (json!({"type": "web_search"}), json!({"type": "web_search"})),
        (
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
                {"type": "function", "function": {"name": "a"}}, {"type": "web_search"},
            ]}}),
            json!({"type": "allowed_tools", "mode": "required", "tools": [
                {"type": "function", "name": "a"}, {"type": "web_search"},
            ]}),
        ),
    ];
    for (asked, expected) in choices {
        let (sent, adapted) = sent(&thinker(), asking(json!({"tools": tools, "tool_choice": asked})));
        assert_eq!(sent["tool_choice"], expected);
        assert!(adapted.is_empty());
    }
    let old = asking(json!({"functions": [{"name": "a"}], "function_call": {"name": "a"}}));
    let (old, _) = sent(&thinker(), old);
    assert_eq!(old["tool_choice"], json!({"type": "function", "name": "a"}));
    assert_eq!(old["tools"][0]["name"], "a");
    assert!(old.get("functions").is_none());
}

#[test]
fn a_model_that_cannot_be_forced_gets_the_named_tool_alone() {
    let mut model = (*thinker().model).clone();
    model.capabilities.forced_tool_choice = Some(false);
    let tools =
        json!([{"type": "function", "function": {"name": "a"}}, {"type": "function", "function": {"name": "b"}}]);
    let choice = json!({"type": "function", "function": {"name": "b"}});
    let (sent, adapted) = sent(&with(model), asking(json!({"tools": tools, "tool_choice": choice})));
    assert_eq!(sent["tool_choice"], "auto");
    assert_eq!(sent["tools"].as_array().unwrap().len(), 1);
    assert_eq!(sent["tools"][0]["name"], "b");
    assert!(adapted[0].starts_with("tools: ") && adapted[1].starts_with("tool_choice: "), "{adapted:?}");
}

#[test]
fn search_options_become_the_search_tool() {
    let options = json!({"search_context_size": "high",
        "user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}});
    let (sent, _) = sent(&thinker(), asking(json!({"web_search_options": options})));
    let tool = json!({"type": "web_search", "search_context_size": "high",
        "user_location": {"type": "approximate", "city": "Oslo"}});
    assert_eq!(sent["tools"], json!([tool]));
}

#[test]
fn the_form_of_the_answer_and_its_length_go_under_text() {
    let schema = json!({"type": "object", "properties": {}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}});
    let (body, _) = sent(&thinker(), asking(json!({"response_format": format, "verbosity": "low"})));
    let flat = json!({"type": "json_schema", "name": "n", "schema": schema, "strict": true});
    assert_eq!(body["text"], json!({"verbosity": "low", "format": flat}));
    assert!(body.get("response_format").is_none() && body.get("verbosity").is_none());

    let (json_mode, _) = sent(&thinker(), asking(json!({"response_format": {"type": "json_object"}})));
    assert_eq!(json_mode["text"], json!({"format": {"type": "json_object"}}));
    let (free, _) = sent(&thinker(), asking(json!({"response_format": {"type": "text"}})));
    assert!(free.get("text").is_none());

    let mut model = (*thinker().model).clone();
    model.capabilities.json_schema = Some(false);
    let (words, adapted) = sent(&with(model), asking(json!({"response_format": format})));
    assert!(words.get("text").is_none());
    assert!(words["input"][1]["content"][0]["text"].as_str().unwrap().contains("JSON schema"));
    assert_eq!(adapted.len(), 1);
}

#[test]
fn effort_is_the_nearest_the_model_has_and_a_summary_comes_only_when_wanted() {
    let reasoning = |fields: Value| sent(&thinker(), asking(fields));
    let (body, adapted) = reasoning(json!({"reasoning_effort": "xhigh"}));
    assert_eq!(body["reasoning"], json!({"effort": "high"}));
    assert_eq!(adapted, ["reasoning_effort: xhigh became high, the nearest level the model has"]);
    let (body, _) = reasoning(json!({"reasoning": {"effort": "low"}}));
    assert_eq!(body["reasoning"], json!({"summary": "auto", "effort": "low"}));
    let (body, _) = reasoning(json!({"reasoning": {"effort": "low", "summary": "detailed"}}));
    assert_eq!(body["reasoning"], json!({"summary": "detailed", "effort": "low"}));
    let (body, _) = reasoning(json!({"reasoning": {"exclude": true, "effort": "low"}}));
    assert_eq!(body["reasoning"], json!({"effort": "low"}));
    let (body, adapted) = reasoning(json!({"reasoning": {"max_tokens": 2000}}));
    assert_eq!(body["reasoning"], json!({"summary": "auto"}));
    assert_eq!(adapted.len(), 1);
    let (body, _) = reasoning(json!({"reasoning_effort": "low", "include_reasoning": true}));
    assert_eq!(body["reasoning"], json!({"summary": "auto", "effort": "low"}));
    assert!(body.get("include_reasoning").is_none());
    let (body, adapted) = sent(&speaker(), asking(json!({"reasoning_effort": "low"})));
    assert!(body.get("reasoning").is_none());
    assert_eq!(adapted.len(), 1);
}

#[test]
fn the_output_limit_keeps_to_what_is_taken() {
    let limit = |asked: u64| sent(&thinker(), asking(json!({"max_tokens": asked})));
    assert_eq!(limit(100).0["max_output_tokens"], 100);
    assert!(limit(100).1.is_empty());
    assert_eq!(limit(1).0["max_output_tokens"], 16);
    assert_eq!(limit(1).1.len(), 1);
    assert_eq!(limit(100_000).0["max_output_tokens"], 64_000);
    assert_eq!(limit(100_000).1.len(), 1);
    let (newer, _) = sent(&thinker(), asking(json!({"max_completion_tokens": 50})));
    assert_eq!(newer["max_output_tokens"], 50);
    assert!(newer.get("max_completion_tokens").is_none());
}

#[test]
fn parameters_keep_their_names_or_are_said_to_be_left_out() {
    let same = json!({
        "temperature": 0.5, "top_p": 0.9, "metadata": {"a": "b"}, "user": "u", "safety_identifier": "s",
        "prompt_cache_key": "k", "service_tier": "flex", "truncation": "auto",
    });
    let (body, adapted) = sent(&thinker(), asking(same.clone()));
    for (name, value) in same.as_object().unwrap() {
        assert_eq!(body[name], *value);
    }
    assert!(adapted.is_empty());
    let without = json!({
        "stop": ["x"], "seed": 0, "presence_penalty": 0.5, "frequency_penalty": 0.0, "logit_bias": {}, "n": 1,
    });
    let (body, adapted) = sent(&thinker(), asking(without.clone()));
    assert!(without.as_object().unwrap().keys().all(|name| body.get(name).is_none()));
    let named: Vec<&str> = adapted.iter().filter_map(|note| note.split(':').next()).collect();
    assert_eq!(named, ["stop", "seed", "presence_penalty"]);
}

#[test]
fn refused_parameters_are_left_out_and_said() {
    let mut model = (*thinker().model).clone();
    model.parameters.rejects = ["temperature", "top_p", "service_tier"].map(str::to_owned).to_vec();
    let body = asking(json!({"temperature": 0.2, "top_p": 1, "service_tier": "flex"}));
    let (body, adapted) = sent(&with(model), body);
    assert!(["temperature", "top_p", "service_tier"].iter().all(|name| body.get(name).is_none()));
    assert_eq!(adapted.len(), 2, "a top_p of one changes nothing: {adapted:?}");
}

#[test]
fn log_probabilities_have_to_be_included() {
    let (body, _) = sent(&speaker(), asking(json!({"logprobs": true, "top_logprobs": 3})));
    assert_eq!(body["include"], json!(["message.output_text.logprobs"]));
    assert_eq!(body["top_logprobs"], 3);
    assert!(body.get("logprobs").is_none());
}

#[test]
fn a_stream_is_asked_for_without_chat_options() {
    use crate::provider::Provider;
    let options = json!({"include_usage": true, "include_obfuscation": false});
    let request = crate::wire::ChatRequest::from_value(asking(json!({"stream_options": options}))).unwrap();
    let encoded = super::Responses.encode(&request, &thinker(), true).unwrap();
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    assert_eq!(body["stream"], true);
    assert_eq!(body["stream_options"], json!({"include_obfuscation": false}));
}

#[test]
fn models_that_live_there_are_spoken_to_there() {
    let chat = |mode: Mode| with(Model { id: "m".into(), mode, ..Model::default() });
    assert_eq!(chat(Mode::Responses).family(), Family::Responses);
    assert_eq!(chat(Mode::Chat).family(), Family::OpenAi);
    let mut all = chat(Mode::Chat);
    std::sync::Arc::get_mut(&mut all.deployment).unwrap().quirks.responses = true;
    assert_eq!(all.family(), Family::Responses);
    std::sync::Arc::get_mut(&mut all.deployment).unwrap().sandbox = true;
    assert_eq!(all.family(), Family::OpenAi, "the sandbox answers in the chat shape");
}
