//! Attacks on what a first round of attacks had changed: rests after hints, secrets in parts, sizes that grow, odd settings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;

use adversary_support::{ask, asked, stage};
use bytes::Bytes;
use clawrouters::{ChatRequest, Config, ErrorKind, Router};
use http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_target_that_answered_after_a_bare_429_is_asked_again() {
    let settings = json!({"retry": {"backoff_ms": 1, "backoff_max_ms": 1}});
    let (fake, router) = stage(json!({"alpha": [{"status": 429, "error": {}}, {"say": "up"}]}), settings).await;
    for call in 0..3 {
        let reply = router.chat(ask(&["alpha/m"], json!({}))).await;
        assert_eq!(reply.map(|r| r.text().to_owned()).unwrap_or_else(|e| format!("{call}: {e}")), "up");
    }
    assert_eq!(asked(&fake, "alpha"), 4);
}

#[tokio::test]
async fn a_credential_within_an_own_header_is_masked() {
    for (header, value) in [("authorization", "Bearer tenantSecret0123"), ("x-auth", "Token token=tenantSecret0123")] {
        let echo = json!({"status": 401, "error": {"message": "unknown credential tenantSecret0123 was sent"}});
        let settings = json!({"providers": {"alpha": {"headers": {header: value}}}});
        let (_fake, router) = stage(json!({"alpha": [echo]}), settings).await;
        let error = router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("refused");
        assert!(!error.to_json().to_string().contains("tenantSecret0123"), "{header}: {error}");
    }
}

#[tokio::test]
async fn a_request_that_grows_is_measured_again() {
    let (fake, router) = stage(json!({"alpha": [{"say": "up"}]}), json!({})).await;
    let big = json!([{"role": "user", "content": "word ".repeat(10 * 1024 * 1024)}]);
    let error = match ChatRequest::new("alpha/unknown", "x").with("messages", big) {
        Err(error) => error,
        Ok(request) => router.chat(request).await.map(|r| r.text().len()).expect_err("50 MB are too large"),
    };
    assert_eq!((error.kind(), asked(&fake, "alpha")), (ErrorKind::InvalidRequest, 0));
}

#[test]
fn numbers_that_are_none_are_no_price() {
    for number in ["nan", "inf", "-inf"] {
        let text = format!(
            "[[models]]\nid = \"a/b\"\nprice = {{input = {number}, output = 1.0}}\n[providers.a]\nbase_url = \"http://x\"\n"
        );
        let error = Config::from_toml(&text).and_then(Router::new).err();
        assert_eq!(error.map(|e| e.kind()), Some(ErrorKind::InvalidConfig), "{number}");
    }
}

#[tokio::test]
async fn the_door_tells_when_a_resting_model_may_be_asked() {
    let settings = json!({"retry": {"max_attempts": 1}, "breaker": {"failures": 1, "cooldown_ms": 60000, "cooldown_max_ms": 60000}});
    let (_fake, router) = stage(json!({"alpha": [{"status": 503, "error": {}}]}), settings).await;
    router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
    for stream in [false, true] {
        let body = json!({"model": "alpha/m", "messages": [{"role": "user", "content": "x"}], "stream": stream});
        let request = Request::post("/v1/chat/completions").body(Bytes::from(body.to_string())).expect("a request");
        let (parts, _) = router.endpoint().call(request).await.into_parts();
        let wait: u64 = parts.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert_eq!(parts.status, 503);
        assert!((1..=60).contains(&wait), "{wait}");
    }
}

fn rich_config() -> Value {
    json!({
        "strategy": "best", "baseline": "alpha/m", "aliases": {"fast": ["alpha/m", "beta/x"]},
        "providers": {"alpha": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-alpha-0123456789", "headers": {"x-a": "b"}},
            "beta": {"kind": "sandbox", "sandbox": {"latency": 0.5, "fail": {"after": 1, "count": 2, "status": 503, "cut_after": 3}}}},
        "models": [{"id": "alpha/m", "price": {"input": 1.0, "output": 2.0, "cached_input": 0.1, "cache_write": 1.25}, "context_window": 1000, "max_output_tokens": 100,
            "capabilities": {"tools": true}, "quality": 50.0, "scores": {"code": 40.0}}],
        "timeouts": {"connect_ms": 1, "first_token_ms": 1, "first_token_reasoning_ms": 1, "idle_ms": 1, "whole_ms": 1, "total_ms": 1},
        "retry": {"max_attempts": 1, "max_total_attempts": 1, "wait_for_hint_ms": 0, "budget_tokens": 1, "budget_earn": 0.5, "backoff_ms": 1, "backoff_max_ms": 1},
        "breaker": {"failures": 1, "cooldown_ms": 1, "cooldown_max_ms": 1, "quota_rest_ms": 1}, "ledger": {"max_entries": 5},
    })
}

#[test]
fn odd_configurations_are_taken_or_refused_and_never_panic() {
    fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
        out.push(at.to_owned());
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| paths(v, &format!("{at}/{k}"), out)),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| paths(v, &format!("{at}/{i}"), out)),
            _ => {}
        }
    }
    Router::new(Config::from_value(rich_config()).expect("a sound config")).expect("a router");
    let mut all = Vec::new();
    paths(&rich_config(), "", &mut all);
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!("odd"),
        json!(""),
        json!([]),
        json!({}),
        json!([null, 7]),
        json!({"x": 5}),
        json!(true),
    ];
    for path in &all {
        for value in &odd {
            let mut mutant = rich_config();
            if let Some(place) = mutant.pointer_mut(path) {
                *place = value.clone();
            }
            let made = std::panic::catch_unwind(|| {
                Config::from_value(mutant).and_then(Router::new).map(|router| router.models().len())
            });
            match made {
                Err(_) => panic!("a panic on {path} = {value}"),
                Ok(Err(error)) => assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{path} = {value}: {error}"),
                Ok(Ok(_)) => {}
            }
        }
    }
}

#[tokio::test]
async fn a_rest_beyond_any_clock_does_not_panic() {
    let most = json!({"failures": 1, "cooldown_ms": u64::MAX, "cooldown_max_ms": u64::MAX, "quota_rest_ms": u64::MAX});
    let script = json!({"alpha": [{"status": 503, "error": {}}], "beta": [{"status": 429, "error": {"code": "insufficient_quota"}}]});
    let settings = json!({"breaker": most, "retry": {"max_attempts": 1, "wait_for_hint_ms": u64::MAX, "backoff_ms": u64::MAX, "backoff_max_ms": u64::MAX}});
    let (_fake, router) = stage(script, settings).await;
    for _ in 0..3 {
        let router = router.clone();
        let call = tokio::spawn(async move {
            router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.map(|r| r.text().to_owned())
        });
        call.await.expect("no panic").expect_err("both are down");
    }
}

#[tokio::test]
async fn a_backoff_beyond_any_clock_does_not_panic() {
    let settings = json!({"retry": {"backoff_ms": u64::MAX, "backoff_max_ms": u64::MAX}});
    let (_fake, router) = stage(json!({"alpha": [{"status": 503, "error": {}}]}), settings).await;
    let call =
        tokio::spawn(async move { router.chat(ask(&["alpha/m"], json!({}))).await.map(|r| r.text().to_owned()) });
    call.await.expect("no panic").expect_err("it is down");
}
