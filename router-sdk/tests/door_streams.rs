//! Streams that break behind the door: bytes as an OpenAI client reads them, answered by the fake provider.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may.

use bytes::Bytes;
use clawrouters::{ChatRequest, Config, Router};
use fake_provider::FakeProvider;
use http::{Request, StatusCode};
use serde_json::{Value, json};

const ID: &str = "door";

/// A router with the providers of a script, and one alias for all of them in their order.
async fn stage(providers: Value, settings: Value) -> (FakeProvider, Router) {
    let fake = FakeProvider::start().await.unwrap();
    fake.script(ID, serde_json::from_value(json!({"providers": providers})).unwrap());
    let names: Vec<String> = providers.as_object().unwrap().keys().cloned().collect();
    let mut config = json!({"providers": {}, "aliases": {"all": []}});
    for name in names {
        let base = format!("{}/{name}/v1", fake.base(ID));
        config["providers"][&name] = json!({"kind": "openai", "base_url": base, "api_key": "key"});
        config["aliases"]["all"].as_array_mut().unwrap().push(format!("{name}/m").into());
    }
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    (fake, Router::new(Config::from_value(config).unwrap()).unwrap())
}

fn broken() -> Value {
    json!({
        "alpha": [{"say": "One two three four.", "chunks": ["One ", "two ", "three ", "four."],
                   "fault": {"kind": "cut", "after_pieces": 2}}],
        "beta": [{"say": "One two three four."}],
    })
}

fn body(more: Value) -> Value {
    let mut body = json!({"model": "all", "messages": [{"role": "user", "content": "Count."}], "stream": true});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn post(router: &Router, body: Value, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = Request::post("http://any/v1/chat/completions");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.endpoint().call(request.body(Bytes::from(body.to_string())).unwrap()).await;
    let (parts, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(more) = body.next_batch().await {
        bytes.extend_from_slice(&more);
    }
    (parts.status, String::from_utf8(bytes).unwrap())
}

fn text_of(events: &str) -> String {
    let data = events.lines().filter_map(|l| l.strip_prefix("data: ")).filter(|d| *d != "[DONE]");
    let chunks = data.map(|d| serde_json::from_str::<Value>(d).unwrap());
    chunks.map(|c| c["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_configured_restart_is_a_resume_behind_the_door() {
    let (_fake, router) = stage(broken(), json!({"on_interrupt": "restart"})).await;
    let (status, events) = post(&router, body(json!({})), &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text_of(&events), "One two three four.");
    assert!(events.ends_with("data: [DONE]\n\n") && !events.contains("\"restart\""), "{events}");
    assert_eq!(router.entries()[0].route.resumed[0].form, "instruction");
}

#[tokio::test]
async fn the_typed_interface_keeps_a_configured_restart() {
    let (_fake, router) = stage(broken(), json!({"on_interrupt": "restart"})).await;
    let mut stream = router.stream(ChatRequest::from_value(body(json!({}))).unwrap()).await.unwrap();
    let (mut restarts, mut text) = (0, String::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        if chunk.restart {
            restarts += 1;
            text.clear();
        }
        text.push_str(chunk.text());
    }
    assert_eq!((restarts, text.as_str()), (1, "One two three four."));
}

#[tokio::test]
async fn an_explicit_restart_is_refused_at_the_door_before_anything_is_sent() {
    let (fake, router) = stage(broken(), json!({})).await;
    let in_body = post(&router, body(json!({"route": {"on_interrupt": "restart"}})), &[]).await;
    let in_header = post(&router, body(json!({})), &[("x-clawrouters-on-interrupt", "restart")]).await;
    for (status, answer) in [in_body, in_header] {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(answer["error"]["param"], "route.on_interrupt");
    }
    assert_eq!(fake.requests(ID).len(), 0);
}

#[tokio::test]
async fn interrupts_can_be_set_by_headers() {
    let (_fake, router) = stage(broken(), json!({})).await;
    let (status, events) = post(&router, body(json!({})), &[("x-clawrouters-on-interrupt", "error")]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text_of(&events), "One two ");
    assert!(events.contains("StreamInterrupted") && !events.contains("[DONE]"), "{events}");
    let (status, answer) = post(&router, body(json!({})), &[("x-clawrouters-on-interrupt", "pray")]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    assert!(answer.contains("x-clawrouters-on-interrupt"), "{answer}");
}

#[tokio::test]
async fn a_malformed_chunk_is_mended_or_left_out_as_the_header_says() {
    let providers = json!({
        "alpha": [{"say": "One two three.", "chunks": ["One ", "two ", "three."],
                   "fault": {"kind": "malformed", "after_pieces": 1}}],
        "beta": [{"say": "One two three."}],
    });
    for (headers, asked) in [(&[][..], 2), (&[("x-clawrouters-on-malformed", "skip")][..], 1)] {
        let (fake, router) = stage(providers.clone(), json!({})).await;
        let (_, events) = post(&router, body(json!({})), headers).await;
        assert_eq!(text_of(&events), "One two three.", "{headers:?}");
        assert!(events.ends_with("data: [DONE]\n\n"));
        assert_eq!(fake.requests(ID).len(), asked, "{headers:?}");
    }
}
