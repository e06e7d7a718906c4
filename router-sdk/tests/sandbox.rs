//! The sandbox through the whole walk: labelled, deterministic, made to fail, cancelled, and through the door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use bytes::Bytes;
use clawrouters::{ChatRequest, Config, ErrorKind, Router};
use futures_util::StreamExt;
use http::Request;
use serde_json::{Value, json};

fn router(config: Value) -> Router {
    Router::new(Config::from_value(config).expect("a config")).expect("a router")
}

fn two() -> Router {
    router(json!({"providers": {
        "openai": {"kind": "sandbox", "sandbox": {"latency": 0.0}},
        "anthropic": {"kind": "sandbox", "sandbox": {"latency": 0.0}},
    }}))
}

fn hello(model: &str) -> ChatRequest {
    ChatRequest::new(model, "What is the capital of Peru?")
}

#[tokio::test]
async fn a_reply_is_labelled_priced_and_the_same_each_time() {
    let router = two();
    let one = router.chat(hello("auto")).await.expect("a reply");
    let two = router.chat(hello("auto")).await.expect("a reply");
    assert!(one.route.sandbox);
    assert!(one.text().contains("sandbox"));
    assert_eq!(one.text(), two.text());
    assert!(one.route.cost_nanos.expect("a cost") > 0);
    assert!(one.route.baseline_nanos >= one.route.cost_nanos);
    assert_eq!(one.body["model"], json!(one.route.model));
    assert_eq!(router.spending().spent_nanos, 0, "the sandbox spends nobody's money");
    assert_eq!(router.spending().held_nanos, 0);
    assert_eq!(router.entries().len(), 2);
}

#[tokio::test]
async fn a_failing_sandbox_is_survived_and_recovers() {
    let router = router(json!({
        "providers": {
            "openai": {"kind": "sandbox", "sandbox": {"latency": 0.0, "fail": {"after": 1, "count": 1, "status": 503}}},
            "anthropic": {"kind": "sandbox", "sandbox": {"latency": 0.0}},
        },
        "aliases": {"pair": ["openai/gpt-5.4", "anthropic/claude-opus-4-5"]},
    }));
    let mut answered = Vec::new();
    for _ in 0..3 {
        let reply = router.chat(hello("pair")).await.expect("a reply");
        answered.push((reply.route.provider.clone(), reply.route.attempts.len()));
    }
    assert_eq!(answered, [("openai".into(), 1), ("anthropic".into(), 2), ("openai".into(), 1)]);
}

#[tokio::test]
async fn a_cut_stream_is_an_error_with_the_partial_text_and_settled_books() {
    let router = router(json!({"providers": {
        "openai": {"kind": "sandbox", "sandbox": {"latency": 0.0, "fail": {"cut_after": 3}}},
    }}));
    let mut stream = router.stream(hello("openai/gpt-5.4")).await.expect("a stream");
    let mut text = String::new();
    let error = loop {
        match stream.next().await.expect("an error before the end") {
            Ok(chunk) => text.push_str(chunk.text()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::StreamInterrupted);
    assert_eq!(error.partial().expect("a partial").text, text);
    assert!(!text.is_empty());
    assert!(stream.next().await.is_none());
    assert_eq!(router.spending().held_nanos, 0);
}

#[tokio::test]
async fn dropping_a_stream_closes_its_books() {
    let router = two();
    let mut stream = router.stream(hello("openai/gpt-5.4")).await.expect("a stream");
    stream.next().await.expect("a chunk").expect("a chunk");
    assert!(router.spending().held_nanos > 0);
    drop(stream);
    assert_eq!(router.spending().held_nanos, 0);
    let entry = router.entries().pop().expect("an entry");
    assert_eq!(entry.error, Some(ErrorKind::Cancelled));
    assert_eq!(entry.route.attempts.last().expect("an attempt").verdict, "cancelled");
}

#[tokio::test]
async fn the_sandbox_answers_by_name_without_any_configuration() {
    let router = router(json!({"providers": {"openai": {"kind": "sandbox"}}}));
    let reply = router.chat(hello("sandbox/gpt-5.4")).await.expect("a reply");
    assert_eq!(reply.model(), "sandbox/gpt-5.4");
    assert!(reply.route.cost_nanos.is_some());
}

#[tokio::test]
async fn sandbox_and_real_targets_never_stand_in_one_plan() {
    let router = router(json!({
        "providers": {
            "real": {"kind": "openai", "base_url": "http://127.0.0.1:9", "api_key": "k"},
            "openai": {"kind": "sandbox"},
        },
        "models": [{"id": "real/m", "price": {"input": 1, "output": 1}}],
    }));
    let plan = router.plan(&hello("auto")).expect("a plan");
    assert!(plan.candidates.iter().all(|c| !c.target.deployment.sandbox));
    let mixed = ChatRequest::from_value(json!({
        "model": "real/m", "models": ["openai/gpt-5.4"], "messages": [{"role": "user", "content": "x"}],
    }));
    let explained = router.explain(&mixed.expect("a request")).expect("an explanation");
    assert!(explained.plan.refusals.iter().any(|r| r.gate == "sandbox"));
}

#[tokio::test]
async fn the_door_serves_chat_streams_models_and_errors() {
    let door = two().endpoint();
    let post = |path: &str, body: Value| {
        Request::post(format!("https://any.host/some/prefix{path}"))
            .body(Bytes::from(body.to_string()))
            .expect("a request")
    };
    let messages = json!([{"role": "user", "content": "What is the capital of Peru?"}]);
    let mut whole = door.call(post("/v1/chat/completions", json!({"model": "auto", "messages": messages}))).await;
    assert_eq!(whole.status(), 200);
    for name in ["model", "provider", "cost", "saved", "task", "attempts", "request-id", "sandbox"] {
        assert!(whole.headers().contains_key(format!("x-clawrouters-{name}")), "{name}: {:?}", whole.headers());
    }
    assert!(whole.headers().contains_key("x-request-id"));
    let body: Value = serde_json::from_slice(&whole.body_mut().next().await.expect("a body")).expect("JSON");
    assert_eq!(body["object"], "chat.completion");
    assert!(body["clawrouters"]["cost"].as_f64().expect("a cost") > 0.0);

    let streamed = json!({"model": "auto", "messages": messages, "stream": true});
    let mut response = door.call(post("/chat/completions", streamed)).await;
    let mut text = String::new();
    while let Some(bytes) = response.body_mut().next().await {
        text.push_str(std::str::from_utf8(&bytes).expect("text"));
    }
    let events: Vec<&str> = text.split("\n\n").filter(|e| !e.is_empty()).collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"));
    let last: Value = serde_json::from_str(events[events.len() - 2].trim_start_matches("data: ")).expect("JSON");
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(last["clawrouters"]["cost"].is_number() && last["usage"]["total_tokens"].is_number());

    let bad = door.call(post("/chat/completions", json!({"model": "auto", "messages": []}))).await;
    assert_eq!((bad.status().as_u16(), bad.headers()["x-should-retry"].as_bytes()), (400, b"false".as_slice()));
    let lost = door.call(post("/images/generations", json!({}))).await;
    assert_eq!(lost.status(), 404);
    let get = |path: &str| Request::get(format!("http://x/v1{path}")).body(Bytes::new()).expect("a request");
    let mut models = door.call(get("/models")).await;
    let list: Value = serde_json::from_slice(&models.body_mut().next().await.expect("a body")).expect("JSON");
    assert_eq!(list["data"][0]["id"], "auto");
    assert!(list["data"].as_array().expect("a list").len() > 20);
    assert_eq!(door.call(get("/models/openai%2Fgpt-5.4")).await.status(), 200);
}

#[tokio::test]
async fn headers_of_the_door_steer_the_route_and_unknown_ones_are_refused() {
    let door = two().endpoint();
    let ask = |name: &str, value: &str| {
        let body = json!({"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}).to_string();
        Request::post("http://x/chat/completions").header(name, value).body(Bytes::from(body)).expect("a request")
    };
    let steered = door.call(ask("x-clawrouters-only", "anthropic")).await;
    assert_eq!(steered.headers()["x-clawrouters-provider"], "anthropic");
    let unknown = door.call(ask("x-clawrouters-onyl", "anthropic")).await;
    assert_eq!(unknown.status(), 400);
}

#[test]
fn nothing_configured_is_an_error_that_names_both_ways_out() {
    // Keys in the environment of whoever runs the tests must not matter: a list of providers that is empty but for one
    // without models leaves nothing for auto.
    let router = router(json!({"providers": {"mine": {"kind": "openai", "base_url": "http://127.0.0.1:9"}}}));
    let error = router.plan(&hello("auto")).expect_err("nothing to choose from");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("OPENAI_API_KEY") && error.message().contains("CLAWROUTERS_SANDBOX"), "{error}");
}

#[test]
fn configuration_mistakes_name_the_key() {
    let cases = [
        (json!({"provider": {}}), "provider"),
        (json!({"timeouts": {"idle_ms": 0}}), "timeouts.idle_ms"),
        (json!({"timeouts": {"idle_ms": "soon"}}), "timeouts.idle_ms"),
        (json!({"strategy": "quickest"}), "strategy"),
        (json!({"providers": {"mine": {"kind": "openai"}}}), "providers.mine.base_url"),
        (json!({"providers": {"mine": {"kind": "smtp", "base_url": "http://x"}}}), "providers.mine.kind"),
        (json!({"providers": {"mine": {"base_url": "ftp://x"}}}), "providers.mine.base_url"),
        (json!({"providers": {"mine": {"kind": "sandbox", "base_url": "http://x"}}}), "providers.mine.base_url"),
        (json!({"providers": {"mine": {"kind": "sandbox", "api_key": "k"}}}), "providers.mine.api_key"),
        (json!({"models": [{"id": "nameless"}]}), "models[0].id"),
        (json!({"models": [{"id": "a/b", "price": {"input": -1}}]}), "models[0].price.input"),
        (json!({"models": [{"id": "a/b", "capabilities": {"flight": true}}]}), "models[0].capabilities.flight"),
        (json!({"aliases": {"auto": ["a/b"]}}), "aliases.auto"),
        (json!({"retry": {"max_attempts": 0}}), "retry.max_attempts"),
    ];
    for (config, key) in cases {
        let error = Config::from_value(config.clone()).and_then(Router::new).expect_err(&config.to_string());
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidConfig, Some(key)), "{config}: {error}");
    }
    let toml = Config::from_toml("strategy = \"best\"\n[providers.mine]\nbase_url = \"http://127.0.0.1:9\"\n");
    assert!(toml.is_ok());
    assert_eq!(Config::from_toml("strategy = ").expect_err("broken").kind(), ErrorKind::InvalidConfig);
}

#[test]
fn keys_never_show() {
    let key = "sk-very-secret-0123456789";
    let config =
        json!({"providers": {"mine": {"base_url": "http://127.0.0.1:9", "api_key": key, "headers": {"x-extra": key}}}});
    let router = router(config.clone());
    let request = ChatRequest::new("mine/m", "a private prompt");
    let plan = router.plan(&request).expect("a plan");
    let debug =
        format!("{router:?} {plan:?} {request:?} {:?}", Config::from_value(config).expect("a config").providers);
    let deployment = format!("{:?}", plan.candidates[0].target.deployment);
    assert!(!deployment.contains(key), "{deployment}");
    assert!(!debug.contains("a private prompt"));
    assert!(!debug.contains("sk-very-secret"), "{debug}");
}
