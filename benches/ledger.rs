//! What the ledger's database costs a request: calls with and without it, taken in turn, and how many entries it takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

const CALLS: usize = 5_000;
const BURST: usize = 64_000;
const ROUNDS: usize = 10;
const AT_ONCE: usize = 64;

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
    // As many as the machine can do, in turns, so that both have the same moments of it.
    let under_load = [router(&json!({})), router(&json!({"sqlite": folder.join("load.db"), "queue": BURST}))];
    let mut seconds = [0.0; 2];
    for round in 0..ROUNDS {
        for at in [round % 2, 1 - round % 2] {
            let started = Instant::now();
            let share = |_| async {
                for _ in 0..BURST / ROUNDS / AT_ONCE {
                    under_load[at].chat(request()).await.expect("a reply");
                }
            };
            futures_util::future::join_all((0..AT_ONCE).map(share)).await;
            seconds[at] += started.elapsed().as_secs_f64();
        }
    }
    let requests = (BURST / ROUNDS / AT_ONCE * AT_ONCE * ROUNDS) as f64;
    let started = Instant::now();
    under_load[1].flush().await.expect("written");
    let [without, with] = seconds.map(|seconds| requests / seconds);
    let (ratio, behind) = (without / with, started.elapsed().as_millis());
    let dropped = under_load[1].ledger().sinks[0].dropped;
    println!(
        "{requests} requests, {AT_ONCE} at once: {without:.0} a second without, {with:.0} with SQLite = {ratio:.3}x the time"
    );
    println!("the last of them on the disk {behind} ms later, {dropped} dropped");
    let _ = std::fs::remove_dir_all(&folder);
}
