//! What the ledger's database costs a request: calls with and without it, taken in turn, and how many entries it takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

const CALLS: usize = 20_000;
const BURST: usize = 50_000;

fn router(ledger: &Value) -> Router {
    let config = json!({"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 0}}}, "ledger": ledger});
    Router::new(Config::from_value(config).expect("a config")).expect("a router")
}

fn request() -> ChatRequest {
    let body = json!({"model": "auto", "route": {"tags": {"team": "search"}, "session": "s1"}, "messages": [
        {"role": "user", "content": "Name three rivers in Europe and the seas that they reach."}]});
    ChatRequest::from_json(body.to_string().as_bytes()).expect("a request")
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e6
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = std::env::temp_dir().join(format!("clawrouters-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let routers = [
        ("memory alone", router(&json!({}))),
        ("with SQLite", router(&json!({"sqlite": folder.join("log.db")}))),
        ("with JSON lines", router(&json!({"jsonl": folder.join("log.jsonl")}))),
    ];
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..CALLS + CALLS / 10 {
        for ((_, router), times) in routers.iter().zip(&mut times) {
            let request = request();
            let started = Instant::now();
            router.chat(request).await.expect("a reply");
            if round >= CALLS / 10 {
                times.push(started.elapsed());
            }
        }
    }
    let sums = times.each_ref().map(|t| t.iter().sum::<Duration>().as_secs_f64() / t.len() as f64 * 1e6);
    let medians = times.each_mut().map(|t| median(t));
    for (((name, router), median), mean) in routers.iter().zip(medians).zip(sums) {
        let (by_median, by_mean) = (median / medians[0], mean / sums[0]);
        println!("{name}: median {median:.1} us = {by_median:.3}x, mean {mean:.1} us = {by_mean:.3}x");
        router.flush().await.expect("written");
        assert!(router.ledger().sinks.iter().all(|sink| sink.dropped == 0));
    }
    let one = &router(&json!({"sqlite": folder.join("burst.db"), "queue": BURST}));
    let started = Instant::now();
    for _ in 0..BURST {
        one.chat(request()).await.expect("a reply");
    }
    let asked = started.elapsed().as_secs_f64();
    one.flush().await.expect("written");
    let (asked, written) = (BURST as f64 / asked, BURST as f64 / started.elapsed().as_secs_f64());
    let dropped = one.ledger().sinks[0].dropped;
    println!("{BURST} requests: {asked:.0} a second answered, {written:.0} a second written, {dropped} dropped");
    let _ = std::fs::remove_dir_all(&folder);
}
