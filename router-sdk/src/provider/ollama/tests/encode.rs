//! Requests: each rule of Ollama's with the least that shows it.

use serde_json::{Value, json};

use super::{at, encode, plain_model, sent, thinker, with};
use crate::catalog::{Capabilities, Model};
use crate::provider::{Cause, Provider};
use crate::wire::ChatRequest;

fn ask(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

#[test]
fn addresses_are_understood_however_they_are_written() {
    for (base, url) in [
        ("http://localhost:11434", "http://localhost:11434/api/chat"),
        ("http://localhost:11434/v1", "http://localhost:11434/api/chat"),
        ("http://localhost:11434/v1/", "http://localhost:11434/api/chat"),
        ("http://localhost:11434/api", "http://localhost:11434/api/chat"),
        ("https://proxy.example/ollama/v1", "https://proxy.example/ollama/api/chat"),
        ("https://ollama.com", "https://ollama.com/api/chat"),
        ("192.168.1.7:9999", "http://192.168.1.7:9999/api/chat"),
        ("box", "http://box:11434/api/chat"),
        ("0.0.0.0", "http://127.0.0.1:11434/api/chat"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080/api/chat"),
    ] {
        let target = at(base, Model { id: "m".into(), ..Model::default() });
        assert_eq!(encode(&target, ask(json!({}))).unwrap().http.url, url, "{base}");
    }
}

#[test]
fn parameters_are_options() {
    let (body, adapted) = sent(
        &plain_model(),
        ask(json!({
            "max_tokens": 9, "temperature": 1.5, "top_p": 0.5, "top_k": 7, "min_p": 0.1, "seed": 3, "stop": "x",
            "frequency_penalty": 0.2, "presence_penalty": 0.3, "keep_alive": "10m", "user": "u", "logprobs": true,
            "options": {"num_gpu": 1, "seed": 4},
        })),
    );
    let expected = json!({
        "model": "llama3", "messages": [{"role": "user", "content": "Hi"}], "stream": false,
        "options": {"temperature": 1.5, "top_p": 0.5, "top_k": 7, "min_p": 0.1, "seed": 4, "presence_penalty": 0.3,
            "frequency_penalty": 0.2, "num_predict": 9, "stop": ["x"], "num_gpu": 1},
        "truncate": false, "keep_alive": "10m", "logprobs": true,
    });
    assert_eq!(body, expected);
    assert!(adapted.is_empty(), "{adapted:?}");
}

#[test]
fn what_is_left_out_is_said() {
    let (_, adapted) = sent(
        &plain_model(),
        ask(
            json!({"logit_bias": {"1": 2}, "parallel_tool_calls": false, "tools": [tool("f")], "tool_choice": "required"}),
        ),
    );
    for name in ["logit_bias", "parallel_tool_calls", "tool_choice"] {
        assert!(adapted.iter().any(|a| a.starts_with(&format!("{name}: "))), "{name} in {adapted:?}");
    }
}

#[test]
fn a_stream_is_asked_for_in_so_many_words() {
    use super::super::Ollama;
    let request = ChatRequest::from_value(ask(json!({}))).unwrap();
    for stream in [true, false] {
        let encoded = Ollama.encode(&request, &plain_model(), stream).unwrap();
        let body: Value = serde_json::from_slice(&encoded.http.body).unwrap();
        assert_eq!(body["stream"], stream);
    }
}

#[test]
fn choices_are_made_by_what_is_sent() {
    let two = json!([tool("f"), tool("g")]);
    let with_choice = |choice: Value| sent(&plain_model(), ask(json!({"tools": two, "tool_choice": choice})));
    assert_eq!(with_choice(json!("auto")), (with_choice(json!("auto")).0, vec![]));
    assert_eq!(with_choice(json!("none")).0.get("tools"), None);
    let (body, adapted) = with_choice(json!({"type": "function", "function": {"name": "g"}}));
    assert_eq!((&body["tools"], adapted.len()), (&json!([tool("g")]), 1));
    assert_eq!(body.get("tool_choice"), None);
    let strict = json!({"type": "function", "function": {"name": "f", "strict": true}});
    let (body, _) = sent(&plain_model(), ask(json!({"tools": [strict]})));
    assert_eq!(body["tools"], json!([{"type": "function", "function": {"name": "f"}}]));
}

#[test]
fn forms_are_native_but_beside_tools() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    assert_eq!(sent(&plain_model(), ask(json!({"response_format": format}))).0["format"], schema);
    assert_eq!(sent(&plain_model(), ask(json!({"response_format": {"type": "json_object"}}))).0["format"], "json");
    let (body, adapted) = sent(&plain_model(), ask(json!({"response_format": format, "tools": [tool("f")]})));
    assert_eq!((body.get("format"), adapted.len()), (None, 1));
    assert!(body["messages"][0]["content"].as_str().unwrap().contains(&schema.to_string()));
    let capabilities = Capabilities { json_schema: Some(false), ..Capabilities::default() };
    let unable = with(Model { id: "m".into(), capabilities, ..Model::default() });
    assert_eq!(sent(&unable, ask(json!({"response_format": format}))).1, ["response_format: asked for in words"]);
}

#[test]
fn effort_is_a_switch_or_a_level() {
    let think = |target: &crate::provider::Target, effort: &str| sent(target, ask(json!({"reasoning_effort": effort})));
    assert_eq!(think(&thinker(), "none").0["think"], false);
    let (body, adapted) = think(&thinker(), "high");
    assert_eq!(body["think"], true);
    assert!(adapted.iter().any(|a| a.starts_with("reasoning_effort: high ")));
    let levels = with(Model { id: "gpt-oss:20b".into(), ..Model::default() });
    assert_eq!(think(&levels, "medium").0["think"], "medium");
    let (body, adapted) = think(&levels, "minimal");
    assert_eq!((&body["think"], adapted.len()), (&json!("low"), 1));
    // It cannot be switched off, so the least is as near as it gets.
    assert_eq!(think(&levels, "none").0["think"], "low");
    let (body, adapted) = think(&plain_model(), "high");
    assert_eq!((body.get("think"), adapted.len()), (None, 1));
    assert_eq!(sent(&plain_model(), ask(json!({"think": "high"}))).0["think"], "high");
}

#[test]
fn a_tool_loop_has_objects_names_and_thinking() {
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}});
    let messages = json!([
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
        {"role": "assistant", "content": null, "tool_calls": [call], "reasoning_content": "Hm."},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]);
    let (body, adapted) = sent(&plain_model(), json!({"model": "m", "messages": messages}));
    let expected = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "See", "images": ["aGk="]},
        {"role": "assistant", "content": "", "thinking": "Hm.",
         "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "content": "done", "tool_name": "f", "tool_call_id": "c1"},
    ]);
    assert_eq!(body["messages"], expected);
    assert!(adapted.is_empty(), "{adapted:?}");
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    let parts = |part: Value| json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    let cases = [
        (ask(json!({"n": 2})), "n: "),
        (
            parts(json!({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}})),
            "messages[0].content[0].image_url.url: ",
        ),
        (
            parts(json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})),
            "messages[0].content[0].input_audio: ",
        ),
        (parts(json!({"type": "file", "file": {"file_id": "f"}})), "messages[0].content[0].file: "),
        (ask(json!({"tools": [{"type": "web_search"}]})), "tools[0].type: "),
    ];
    for (body, start) in cases {
        let failure = encode(&plain_model(), body).unwrap_err();
        assert_eq!(failure.cause, Cause::Unsupported);
        assert!(failure.message.starts_with(start), "{}", failure.message);
    }
}
