//! Requests: what is sent for each field of the OpenAI shape, and what the caller is told.

use serde_json::{Value, json};

use super::{Gemini, encode, named, sent, with};
use crate::catalog::{Capabilities, Model, ParameterRules, Reasoning, ReasoningControl};
use crate::provider::{Cause, Provider};
use crate::wire::ChatRequest;

const NEW: &str = "gemini-3-pro-preview";
const OLD: &str = "gemini-2.5-flash";

fn ask(extra: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn weather() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    json!([{"type": "function", "function": {"name": "weather", "description": "W", "parameters": parameters, "strict": true}}])
}

#[test]
fn a_plain_request_has_its_address_and_headers() {
    let request = ChatRequest::from_value(ask(json!({"max_tokens": 9, "stream": true}))).unwrap();
    let encoded = Gemini.encode(&request, &named(NEW), true).unwrap();
    let address = "http://127.0.0.1:9/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse";
    assert_eq!(encoded.http.url, address);
    assert_eq!(encoded.http.headers["x-goog-api-key"], "test-key-0123456789");
    assert!(encoded.http.headers["x-goog-api-key"].is_sensitive());
    let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
    let contents = json!([{"role": "user", "parts": [{"text": "Hi"}]}]);
    assert_eq!(body, json!({"contents": contents, "generationConfig": {"maxOutputTokens": 9}}));
    let whole = encode(&named("tunedModels/x"), ask(json!({}))).unwrap();
    assert_eq!(whole.http.url, "http://127.0.0.1:9/v1beta/tunedModels/x:generateContent");
}

#[test]
fn instructions_and_turns() {
    let messages = json!([
        {"role": "system", "content": "A"},
        {"role": "user", "content": "1"},
        {"role": "user", "content": [{"type": "text", "text": "2"}]},
        {"role": "developer", "content": "B"},
        {"role": "assistant", "content": "3"},
        {"role": "user", "content": "4"},
    ]);
    let (body, adapted) = sent(&named(NEW), json!({"model": "m", "messages": messages}));
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "A"}, {"text": "B"}]}));
    let contents = json!([
        {"role": "user", "parts": [{"text": "1"}, {"text": "2"}]},
        {"role": "model", "parts": [{"text": "3"}]},
        {"role": "user", "parts": [{"text": "4"}]},
    ]);
    assert_eq!(body["contents"], contents);
    assert!(adapted.is_empty());

    let capabilities = Capabilities { system_prompt: Some(false), ..Capabilities::default() };
    let gemma = with(Model { id: "gemma-3-27b-it".into(), capabilities, ..Model::default() });
    let (body, adapted) = sent(&gemma, json!({"model": "m", "messages": messages}));
    assert!(body.get("systemInstruction").is_none());
    assert_eq!(body["contents"][0]["parts"][0]["text"], "A\n\nB");
    assert_eq!(adapted.len(), 1);
}

#[test]
fn the_user_begins_and_silence_is_a_turn() {
    let messages = json!([{"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Hi"}]);
    let (body, _) = sent(&named(NEW), json!({"model": "m", "messages": messages}));
    assert_eq!(body["contents"][0], json!({"role": "user", "parts": [{"text": ""}]}));
    assert_eq!(body["contents"][1], json!({"role": "model", "parts": [{"text": "Hello!"}]}));
    let (body, _) = sent(&named(NEW), json!({"model": "m", "messages": [{"role": "user", "content": ""}]}));
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": ""}]}]));
}

#[test]
fn media() {
    let content = json!([
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.webp?x=1"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,UERG"}},
        {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
        {"type": "video_url", "video_url": {"url": "https://youtu.be/x"}},
        {"type": "fileData", "fileData": {"fileUri": "gs://b/c"}},
    ]);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    let expected = json!([
        {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.org/a.webp?x=1"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "UERG"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": "QQ=="}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/x"}},
        {"fileData": {"fileUri": "gs://b/c"}},
    ]);
    assert_eq!(sent(&named(NEW), body.clone()).0["contents"][0]["parts"], expected);
    let failure = encode(&named("gemini-2.0-flash"), body).unwrap_err();
    assert_eq!(failure.cause, Cause::Unsupported);
    assert!(failure.message.starts_with("messages[0].content[1].image_url.url"), "{}", failure.message);
}

fn tool_loop(details: Value) -> Value {
    let call = |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{\"city\": \"Rome\"}"}});
    json!({"model": "m", "tools": weather(), "messages": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": null, "tool_calls": [call("a", "weather"), call("b", "time")], "reasoning_details": details},
        {"role": "tool", "tool_call_id": "b", "content": "{\"hour\": 9}"},
        {"role": "tool", "tool_call_id": "a", "content": "sun"},
        {"role": "user", "content": "And?"},
    ]})
}

#[test]
fn results_carry_names_and_stand_in_the_order_of_their_calls() {
    let (body, _) = sent(&named(OLD), tool_loop(json!([])));
    let contents = json!([
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {"role": "model", "parts": [
            {"functionCall": {"id": "a", "name": "weather", "args": {"city": "Rome"}}},
            {"functionCall": {"id": "b", "name": "time", "args": {"city": "Rome"}}},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "a", "name": "weather", "response": {"result": "sun"}}},
            {"functionResponse": {"id": "b", "name": "time", "response": {"hour": 9}}},
        ]},
        {"role": "user", "parts": [{"text": "And?"}]},
    ]);
    assert_eq!(body["contents"], contents);
    let function = &body["tools"][0]["functionDeclarations"][0];
    assert_eq!(function["parametersJsonSchema"]["properties"]["city"]["type"], "string");
    assert!(function.get("strict").is_none());
}

#[test]
fn signatures_return_to_their_parts_and_gemini_3_gets_a_stand_in() {
    let (body, _) = sent(&named(NEW), tool_loop(json!([])));
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0]["thoughtSignature"], "skip_thought_signature_validator");
    assert!(parts[1].get("thoughtSignature").is_none());

    let details = json!([
        {"type": "reasoning.text", "text": "Hm", "format": "gemini", "index": 0},
        {"type": "reasoning.encrypted", "data": "sig", "id": "a", "format": "gemini", "index": 1},
        {"type": "reasoning.text", "text": "not its own", "signature": "s", "format": "anthropic", "index": 0},
    ]);
    let (body, _) = sent(&named(NEW), tool_loop(details));
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0], json!({"text": "Hm", "thought": true}));
    assert_eq!(parts[1]["thoughtSignature"], "sig");
    assert_eq!(parts.as_array().unwrap().len(), 3);
}

#[test]
fn the_signature_of_a_text_goes_back_on_the_text() {
    let details = json!([{"type": "reasoning.encrypted", "data": "sig", "format": "google-gemini-v1", "index": 0}]);
    let messages = json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes", "reasoning_details": details},
        {"role": "user", "content": "On"},
    ]);
    let (body, _) = sent(&named(NEW), json!({"model": "m", "messages": messages}));
    assert_eq!(body["contents"][1]["parts"], json!([{"text": "Yes", "thoughtSignature": "sig"}]));
}

#[test]
fn pictures_in_results_go_inside_or_beside() {
    let picture = json!([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]);
    let call = json!({"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "Look"},
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": picture},
    ]});
    let inline = json!({"inlineData": {"mimeType": "image/png", "data": "QQ=="}});
    let (new, _) = sent(&named(NEW), body.clone());
    assert_eq!(new["contents"][2]["parts"][0]["functionResponse"]["parts"], json!([inline]));
    let (old, _) = sent(&named(OLD), body);
    assert_eq!(old["contents"][2]["parts"][1], inline);
    assert_eq!(old["contents"][2]["parts"][0]["functionResponse"]["response"], json!({"result": "see"}));
}

#[test]
fn every_tool_choice() {
    let cases = [
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "function": {"name": "weather"}}),
            json!({"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        ),
    ];
    for (choice, expected) in cases {
        let (body, _) = sent(&named(NEW), ask(json!({"tools": weather(), "tool_choice": choice})));
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected);
    }
    let (body, adapted) = sent(&named(NEW), ask(json!({"tools": weather(), "parallel_tool_calls": false})));
    assert!(body.get("toolConfig").is_none());
    assert_eq!(adapted.len(), 1);
    let tools = json!([weather()[0], {"type": "googleSearch"}, {"type": "codeExecution", "codeExecution": {}}]);
    let (body, _) = sent(&named(NEW), ask(json!({"tools": tools})));
    assert_eq!(body["tools"][1], json!({"googleSearch": {}}));
    assert_eq!(body["tools"][2], json!({"codeExecution": {}}));
    let failure = encode(&named(NEW), ask(json!({"tools": [{"type": "web_search_preview"}]}))).unwrap_err();
    assert!(failure.cause == Cause::Unsupported && failure.message.starts_with("tools[0].type"));
}

#[test]
fn a_function_without_parameters_says_nothing_of_them() {
    let empty = json!({"type": "object", "properties": {}});
    let tools = json!([{"type": "function", "function": {"name": "now", "parameters": empty}}]);
    let (body, _) = sent(&named(NEW), ask(json!({"tools": tools})));
    assert_eq!(body["tools"], json!([{"functionDeclarations": [{"name": "now"}]}]));
}

#[test]
fn sampling_and_limits() {
    let (body, adapted) = sent(
        &named(NEW),
        ask(json!({
            "temperature": 0.5, "top_p": 0.9, "top_k": 3, "seed": 4, "presence_penalty": 0.1, "frequency_penalty": 0.2,
            "logprobs": true, "top_logprobs": 2, "n": 2, "stop": ["a", "b", "c", "d", "e", "f"], "max_completion_tokens": 7,
            "logit_bias": {"1": 1},
        })),
    );
    let expected = json!({
        "temperature": 0.5, "topP": 0.9, "topK": 3, "seed": 4, "presencePenalty": 0.1, "frequencyPenalty": 0.2,
        "responseLogprobs": true, "logprobs": 2, "maxOutputTokens": 7, "candidateCount": 2,
        "stopSequences": ["a", "b", "c", "d", "e"],
    });
    assert_eq!(body["generationConfig"], expected);
    assert_eq!(adapted.len(), 2);

    let parameters =
        ParameterRules { rejects: vec!["top_k".into()], temperature_max: Some(1.0), ..ParameterRules::default() };
    let strict = with(Model { id: NEW.into(), parameters, max_output_tokens: Some(5), ..Model::default() });
    let (body, adapted) = sent(&strict, ask(json!({"temperature": 2, "top_k": 3, "max_tokens": 9})));
    assert_eq!(body["generationConfig"], json!({"temperature": 1.0, "maxOutputTokens": 5}));
    assert_eq!(adapted.len(), 3);
}

#[test]
fn json_and_schemas() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    let format = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
    let native = json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    for target in [named(NEW), named(OLD)] {
        assert_eq!(sent(&target, ask(json!({"response_format": format}))).0["generationConfig"], native);
    }
    let (body, _) = sent(&named(NEW), ask(json!({"response_format": format, "tools": weather()})));
    assert_eq!(body["generationConfig"], native);
    let (body, adapted) = sent(&named(OLD), ask(json!({"response_format": format, "tools": weather()})));
    assert!(body.get("generationConfig").is_none());
    assert!(body["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("\"integer\""));
    assert_eq!(adapted, ["response_format: asked for in words"]);
    let (body, _) = sent(&named(OLD), ask(json!({"response_format": {"type": "json_object"}})));
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
}

#[test]
fn effort_by_level_and_by_budget() {
    let thinking = |target: &_, extra: Value| sent(target, ask(extra)).0["generationConfig"]["thinkingConfig"].clone();
    let level = thinking(&named(NEW), json!({"reasoning_effort": "high"}));
    assert_eq!(level, json!({"thinkingLevel": "high", "includeThoughts": true}));
    assert_eq!(thinking(&named(NEW), json!({"reasoning_effort": "none"}))["thinkingLevel"], "low");
    let budget = thinking(&named(OLD), json!({"reasoning_effort": "low"}));
    assert_eq!(budget, json!({"thinkingBudget": 1_024, "includeThoughts": true}));
    assert_eq!(thinking(&named(OLD), json!({"reasoning_effort": "none"}))["thinkingBudget"], 0);
    assert_eq!(thinking(&named(OLD), json!({"reasoning": {"max_tokens": 700}}))["thinkingBudget"], 700);
    assert_eq!(thinking(&named("gemini-2.0-flash"), json!({"reasoning_effort": "low"})), Value::Null);

    let reasoning = Reasoning {
        control: ReasoningControl::Budget,
        budget_min: Some(128),
        budget_max: Some(32_768),
        ..Reasoning::default()
    };
    let pro = with(Model { id: "gemini-2.5-pro".into(), reasoning: Some(reasoning), ..Model::default() });
    let (body, adapted) = sent(&pro, ask(json!({"reasoning_effort": "none"})));
    assert_eq!(body["generationConfig"]["thinkingConfig"]["thinkingBudget"], 128);
    assert_eq!(adapted.len(), 1);
}

#[test]
fn own_fields_go_where_they_belong() {
    let (body, adapted) = sent(
        &named(NEW),
        ask(json!({
            "safetySettings": [], "cachedContent": "c", "topK": 4, "generationConfig": {"mediaResolution": "LOW"},
            "toolConfig": {"retrievalConfig": {}}, "user": "u", "stream_options": {}, "store": true, "someNewField": 1,
        })),
    );
    assert_eq!(body["generationConfig"], json!({"topK": 4, "mediaResolution": "LOW"}));
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["contents", "toolConfig", "generationConfig", "safetySettings", "cachedContent", "someNewField"];
    assert_eq!(names, expected);
    assert!(adapted.is_empty());
}

#[test]
fn older_models_get_the_schema_in_their_subset_or_in_words() {
    let format = |schema: Value| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}});
    let two = named("gemini-2.0-flash");
    let plain = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    let (body, adapted) = sent(&two, ask(format(plain)));
    let subset = json!({"type": "object", "propertyOrdering": ["n"], "properties": {"n": {"type": "integer"}}});
    let expected = json!({"responseSchema": subset, "responseMimeType": "application/json"});
    assert_eq!((&body["generationConfig"], adapted.len()), (&expected, 0));
    let (body, adapted) = sent(&two, ask(format(json!({"allOf": [{"type": "object"}]}))));
    assert!(body.get("generationConfig").is_none());
    assert_eq!(adapted, ["response_format: asked for in words"]);
}

#[test]
fn seeds_markers_and_metadata() {
    let part = json!({"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}});
    let request = json!({
        "model": "m", "messages": [{"role": "user", "content": [part]}], "seed": 5_000_000_000_u64,
        "metadata": {"k": "v"}, "cache_control": {"type": "ephemeral"},
    });
    let (body, adapted) = sent(&named(NEW), request);
    assert_eq!(body["generationConfig"]["seed"], 5_000_000_000_i64 & 0x7fff_ffff);
    assert!(!body.to_string().contains("ephemeral") && body.get("metadata").is_none());
    assert_eq!(adapted.len(), 3, "{adapted:?}");
}
