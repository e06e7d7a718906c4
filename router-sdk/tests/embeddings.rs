//! Embeddings through the public interface and the door, answered by the sandbox and the fake provider.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may.

use std::time::Duration;

use bytes::Bytes;
use clawrouters::{Config, EmbeddingRequest, ErrorKind, Router};
use fake_provider::FakeProvider;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

const MODEL: &str = "openai/text-embedding-3-small";

fn sandbox() -> Router {
    Router::new(Config::from_value(json!({"providers": {"openai": {"kind": "sandbox"}}})).unwrap()).unwrap()
}

async fn post(router: &Router, body: Value) -> (Response<()>, Value) {
    let request = Request::post("http://any/v1/embeddings").header("x-clawrouters-tag-team", "search");
    let request = request.body(Bytes::from(body.to_string())).unwrap();
    let (parts, mut body) = router.endpoint().call(request).await.into_parts();
    let bytes = body.next_batch().await.unwrap();
    (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn the_sandbox_makes_unit_vectors_and_spends_nothing() {
    let router = sandbox();
    let request = EmbeddingRequest::new(MODEL, ["a red car", "the red car", "quarterly revenue"]).unwrap();
    // A call may move between threads.
    let asked = router.clone();
    let reply = tokio::spawn(async move { asked.embed(request.with_dimensions(128)).await }).await.unwrap().unwrap();
    assert!(reply.vectors.iter().all(|v| v.len() == 128));
    let cosine =
        |a: usize, b: usize| -> f32 { reply.vectors[a].iter().zip(&reply.vectors[b]).map(|(a, b)| a * b).sum() };
    assert!((cosine(0, 0) - 1.0).abs() < 1e-4);
    assert!(cosine(0, 1) > cosine(0, 2) + 0.2, "{} {}", cosine(0, 1), cosine(0, 2));
    assert!(reply.route.sandbox && reply.route.cost_nanos == Some(reply.usage.input * 20));
    assert_eq!(router.spending().spent_nanos, 0);
    let plain = EmbeddingRequest::new(MODEL, ["a"]).unwrap();
    assert_eq!(router.embed(plain).await.unwrap().vectors[0].len(), 1_536);
}

#[tokio::test]
async fn the_door_serves_embeddings_with_the_routers_headers() {
    let router = sandbox();
    let (head, body) = post(&router, json!({"model": MODEL, "input": "hello", "encoding_format": "base64"})).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["x-clawrouters-model"], MODEL);
    let tokens = body["usage"]["prompt_tokens"].as_u64().unwrap();
    assert_eq!(head.headers()["x-clawrouters-cost"], format!("0.{:09}", tokens * 20));
    // 1,536 floats of four bytes are 8,192 letters of base64.
    assert_eq!(body["data"][0]["embedding"].as_str().unwrap().len(), 8_192);
    assert_eq!(router.entries()[0].tags["team"], "search");
    let (head, body) = post(&router, json!({"model": "auto", "input": "hello"})).await;
    assert_eq!((head.status(), &body["error"]["param"]), (StatusCode::BAD_REQUEST, &json!("model")));
    assert_eq!(head.headers()["x-should-retry"], "false");
    let wrong = Request::get("http://any/v1/embeddings").body(Bytes::new()).unwrap();
    assert_eq!(router.endpoint().call(wrong).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn dropping_a_call_closes_its_books() {
    let fake = FakeProvider::start().await.unwrap();
    let script = json!({"providers": {"alibaba": [{"embed": 2}, {"embed": 2, "delay_ms": 5_000}]}});
    fake.script("drop", serde_json::from_value(script).unwrap());
    let config = json!({
        "providers": {"alibaba": {"base_url": format!("{}/alibaba/v1", fake.base("drop")), "api_key": "k"}},
        "models": [{"id": "alibaba/e", "price": {"input": 0.1}}],
    });
    let router = Router::new(Config::from_value(config).unwrap()).unwrap();
    let texts: Vec<String> = (0..40).map(|i| format!("text {i}")).collect();
    let request = EmbeddingRequest::new("alibaba/e", texts).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(500), router.embed(request)).await.is_err());
    let entries = router.entries();
    assert_eq!((entries.len(), entries[0].error), (1, Some(ErrorKind::Cancelled)));
    let mut verdicts: Vec<&str> = entries[0].route.attempts.iter().map(|a| a.verdict.as_str()).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["cancelled", "cancelled", "cancelled", "ok"]);
    // Ten inputs were answered: 20 tokens at 100 nano-dollars.
    let spent = router.spending();
    assert_eq!((spent.spent_nanos, spent.held_nanos), (2_000, 0));
}
