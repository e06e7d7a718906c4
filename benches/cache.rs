//! What a hit costs beside the call it spares: the same request with and without the cache, on loopback, in turn; and what
//! looking through many kept asks adds to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{CacheMode, CacheOptions, ChatRequest, Config, RouteOptions, Router};
use fake_provider::FakeProvider;
use serde_json::json;

const ROUNDS: usize = 2_000;
const WARM: usize = 200;
/// Asks that are kept when the search is timed.
const MANY: usize = 100_000;

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

/// How long a semantic hit takes, in microseconds, while so many other asks of its scope are kept.
async fn hit_among(router: &Router) -> f64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut route = RouteOptions::default();
        route.cache = CacheOptions::new(CacheMode::NoStore);
        let request = ChatRequest::new("openai/gpt-4o", "what is the capital of France").with_route(route);
        let started = Instant::now();
        router.chat(request).await.expect("a reply");
        times.push(started.elapsed());
    }
    median(&mut times)
}

/// The same hit among few and among many; the difference is the search, for all asks of a scope are looked through.
async fn search_among_many() {
    let config = json!({
        "providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}},
        "cache": {"semantic": {"max_entries": MANY + 10, "max_bytes": 1usize << 34}},
    });
    let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    let keep = async |ask: String| {
        router.chat(ChatRequest::new("openai/gpt-4o", ask)).await.expect("a reply");
    };
    keep("What is the capital of France?".into()).await;
    let few = hit_among(&router).await;
    let started = Instant::now();
    for n in 1..MANY {
        keep(format!("How far is village {n} from the town of {}?", n * 7_919 % 99_991)).await;
    }
    let filled = started.elapsed().as_secs_f64();
    let many = hit_among(&router).await;
    let stats = router.cache_stats();
    assert_eq!((stats.semantic_entries, stats.semantic_hits), (MANY as u64, 2 * ROUNDS as u64));
    println!("search: hit among 1 {few:.1} us, among {MANY} {many:.1} us, so the search takes {:.0} us", many - few);
    println!("filled in {filled:.1} s, {:.0} us an ask", filled * 1e6 / MANY as f64);
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
    search_among_many().await;
    let stats = router.cache_stats();
    assert_eq!((stats.hits, stats.semantic_hits), (2 * (WARM + ROUNDS) as u64, 2 * (WARM + ROUNDS) as u64));
}
