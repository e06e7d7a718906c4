//! What a first target that fails at once adds to a call: two targets on loopback, beside the second alone, in turn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Router};
use fake_provider::FakeProvider;
use serde_json::{Value, json};

const ROUNDS: usize = 1_000;
const WARM: usize = 100;

fn router(server: &FakeProvider) -> Router {
    let provider = |base: String| json!({"kind": "openai", "base_url": base, "api_key": "k"});
    let refused = provider(format!("http://127.0.0.1:{}/v1", server.refused_port()));
    let config = json!({
        "providers": {
            "refusing": refused,
            "overloaded": provider(format!("{}/overloaded/v1", server.base("b"))),
            "well": provider(format!("{}/well/v1", server.base("b"))),
        },
        // It would be left alone after a few calls; here every call is to pay.
        "breaker": {"failures": 1_000_000_000, "window_calls": 1_000_000_000},
    });
    Router::new(Config::from_value(config).expect("a config")).expect("a router")
}

async fn call(router: &Router, model: &str, stream: bool) {
    let fallbacks: &[&str] = if model == "well/m" { &[] } else { &["well/m"] };
    let body: Value = json!({"model": model, "stream": stream, "route": {"fallbacks": fallbacks},
        "messages": [{"role": "user", "content": "Name three rivers in Europe."}]});
    let request = ChatRequest::from_json(body.to_string().as_bytes()).expect("a request");
    let attempts = if stream {
        let mut stream = router.stream(request).await.expect("a stream");
        let mut attempts = 0;
        while let Some(chunk) = stream.next().await {
            attempts = chunk.expect("a chunk").route.map_or(attempts, |route| route.attempts.len());
        }
        attempts
    } else {
        router.chat(request).await.expect("a reply").route.attempts.len()
    };
    assert_eq!(attempts, 1 + fallbacks.len(), "{model}");
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e3
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let server = FakeProvider::start().await.expect("a server");
    let script =
        json!({"providers": {"overloaded": [{"status": 503, "error": {}}], "well": [{"say": "Rhine, Po, Ebro."}]}});
    server.script("b", serde_json::from_value(script).expect("a script"));
    let router = router(&server);
    for (what, stream) in [("call", false), ("stream", true)] {
        let models = ["well/m", "refusing/m", "overloaded/m"];
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..WARM + ROUNDS {
            for (model, times) in models.iter().zip(&mut times) {
                let started = Instant::now();
                call(&router, model, stream).await;
                if round >= WARM {
                    times.push(started.elapsed());
                }
            }
        }
        let [well, refusing, overloaded] = times.map(|mut t| median(&mut t));
        println!(
            "{what}: the second alone {well:.2} ms; the first refuses +{:.2} ms, answers 503 +{:.2} ms",
            refusing - well,
            overloaded - well
        );
    }
}
