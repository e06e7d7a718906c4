//! What a hit costs beside the call it spares: the same request with and without the cache, on loopback, in turn.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{CacheMode, CacheOptions, ChatRequest, Config, RouteOptions, Router};
use fake_provider::FakeProvider;
use serde_json::json;

const ROUNDS: usize = 2_000;
const WARM: usize = 200;

/// How a request is answered.
#[derive(Clone, Copy)]
enum Way {
    Asked,
    Exact,
    Semantic,
}

fn request(way: Way) -> ChatRequest {
    let ask = match way {
        Way::Semantic => "Could you please tell me what the three longest rivers in Europe are?",
        Way::Asked | Way::Exact => "Tell me what the three longest rivers in Europe are.",
    };
    let mode = if matches!(way, Way::Asked) { CacheMode::Off } else { CacheMode::NoStore };
    let mut route = RouteOptions::default();
    route.cache = CacheOptions::new(mode);
    ChatRequest::new("alpha/m", ask).with_route(route)
}

async fn call(router: &Router, way: Way, stream: bool) {
    let request = request(way);
    if !stream {
        router.chat(request).await.expect("a reply");
        return;
    }
    let mut stream = router.stream(request).await.expect("a stream");
    while let Some(chunk) = stream.next().await {
        chunk.expect("a chunk");
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e6
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let server = FakeProvider::start().await.expect("a server");
    let reply = json!({"say": "word ".repeat(200), "chunks": 200});
    server.script("b", serde_json::from_value(json!({"providers": {"alpha": [reply]}})).expect("a script"));
    let base = format!("{}/alpha/v1", server.base("b"));
    let config = json!({
        "providers": {"alpha": {"kind": "openai", "base_url": base, "api_key": "k"}},
        "cache": {"exact": {}, "semantic": {}},
    });
    let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    let first = ChatRequest::new("alpha/m", "Tell me what the three longest rivers in Europe are.");
    router.chat(first).await.expect("a reply");
    for (what, stream) in [("call", false), ("stream of 200 chunks", true)] {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..WARM + ROUNDS {
            for (way, times) in [Way::Asked, Way::Exact, Way::Semantic].into_iter().zip(times.iter_mut()) {
                let started = Instant::now();
                call(&router, way, stream).await;
                if round >= WARM {
                    times.push(started.elapsed());
                }
            }
        }
        let [asked, exact, semantic] = times.map(|mut t| median(&mut t));
        println!(
            "{what}: asked {asked:.0} us, exact hit {exact:.1} us = {:.3}x, semantic hit {semantic:.1} us = {:.3}x",
            exact / asked,
            semantic / asked
        );
    }
    let stats = router.cache_stats();
    assert_eq!((stats.hits, stats.semantic_hits), (2 * (WARM + ROUNDS) as u64, 2 * (WARM + ROUNDS) as u64));
}
