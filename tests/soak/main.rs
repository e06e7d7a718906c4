//! A soak: mixed faults on real sockets for `SOAK_SECONDS` (600) with 64 requests at once; memory and descriptors must
//! stay where they were and no request may be lost, hang or say anything but the text.
//!
//! The providers are the fake provider in a process of its own, whose binary `FAKE_PROVIDER` names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

const AT_ONCE: u64 = 64;
const DEADLINE: Duration = Duration::from_secs(5);
/// Beyond the deadline a request counts as hung; a busy machine is late by itself.
const SLACK: Duration = Duration::from_secs(2);
/// Between two calls of one caller.
const BREATH: Duration = Duration::from_millis(2);
const SAMPLE: Duration = Duration::from_secs(10);
/// The script is laid anew so often, which empties the fake provider's record of requests.
const RENEW: Duration = Duration::from_secs(5);
const MOST_GROWTH_BYTES: u64 = 16 * 1024 * 1024;
const MOST_GROWTH_FDS: u64 = 64;
const TEXT: &str = "One red fox went over nine green hills, past two old mills, and slept under a pale moon till dawn.";

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
    hung: AtomicU64,
    wrong: AtomicU64,
    errors: Mutex<BTreeMap<&'static str, u64>>,
}

/// The fake provider; it ends with its stdin.
struct Fake {
    child: Child,
    base: String,
}

impl Fake {
    fn start() -> Self {
        let beside = std::env::current_exe().unwrap().parent().unwrap().join("../fake-provider");
        let binary = std::env::var_os("FAKE_PROVIDER").map_or(beside, Into::into);
        let mut child =
            Command::new(&binary).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("fake-provider");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = format!("http://{}", line.trim().rsplit(' ').next().unwrap());
        Self { child, base }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script() -> Value {
    let say = |more: Value| {
        let mut reply = json!({"say": TEXT, "chunks": 12});
        reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        reply
    };
    let fault = |kind: &str, after: u64| say(json!({"fault": {"kind": kind, "after_chunks": after}}));
    let early = |kind: &str| json!({"fault": {"kind": kind}});
    let bad = vec![
        say(json!({"times": 40})),
        json!({"status": 503, "error": {}, "times": 2}),
        fault("cut", 5),
        early("reset_before_headers"),
        fault("in_stream_error", 4),
        say(json!({"times": 40, "split": "random:7", "chunk_ms": 5})),
        json!({"status": 429, "error": {}, "headers": {"retry-after-ms": "150"}}),
        fault("reset", 6),
        early("html"),
        fault("malformed", 7),
        fault("stall", 6),
        early("empty"),
        json!({"status": 500, "error": {}}),
        fault("end", 3),
        early("hang_before_headers"),
    ];
    let mut later = bad.clone();
    later.rotate_left(7);
    let flaps = json!([{"status": 502, "error": {}, "times": 40}, say(json!({"times": 160}))]);
    json!({"providers": {"a": {"cycle": true, "replies": bad}, "b": {"cycle": true, "replies": later},
        "c": {"cycle": true, "replies": flaps}}})
}

fn router(base: &str) -> Router {
    let at = |name: &str, kind: &str, tail: &str| json!({"kind": kind, "base_url": format!("{base}/s/{name}{tail}"), "api_key": "k"});
    let price = json!({"input": 1.0, "output": 2.0});
    let models: Vec<Value> = ["a", "b", "c"].iter().map(|p| json!({"id": format!("{p}/m"), "price": price})).collect();
    let config = json!({
        "providers": {"a": at("a", "openai", "/v1"), "b": at("b", "anthropic", ""), "c": at("c", "gemini", "/v1beta")},
        "models": models,
        "timeouts": {"first_token_ms": 400, "idle_ms": 400, "whole_ms": 800, "total_ms": 5_000, "connect_ms": 500},
        "breaker": {"cooldown_ms": 50, "cooldown_max_ms": 200},
        "hedge": {"share": 0.05},
        "ledger": {"max_entries": 2_000},
    });
    Router::new(Config::from_value(config).unwrap()).unwrap()
}

async fn call(router: &Router, counts: &Counts, number: u64) {
    let models = ["a/m", "b/m", "c/m"];
    let first = usize::try_from(number % 3).unwrap();
    let stream = !number.is_multiple_of(4);
    let body = json!({"model": models[first], "stream": stream,
        "route": {"fallbacks": [models[(first + 1) % 3], models[(first + 2) % 3]]},
        "messages": [{"role": "user", "content": "Tell me of the fox."}]});
    let request = ChatRequest::from_value(body).unwrap();
    let answer = async {
        if !stream {
            return router.chat(request).await.map(|reply| Some(reply.text().to_owned()));
        }
        let mut stream = router.stream(request).await?;
        let mut text = String::new();
        while let Some(chunk) = stream.next().await {
            text.push_str(chunk?.text());
            if number.is_multiple_of(17) {
                // This caller has heard enough.
                return Ok(None);
            }
        }
        Ok(Some(text))
    };
    match tokio::time::timeout(DEADLINE + SLACK, answer).await {
        Err(_) => drop(counts.hung.fetch_add(1, Ordering::Relaxed)),
        Ok(Ok(Some(text))) if text != TEXT => drop(counts.wrong.fetch_add(1, Ordering::Relaxed)),
        Ok(Ok(_)) => {}
        Ok(Err(error)) => *counts.errors.lock().unwrap().entry(error.kind().as_str()).or_default() += 1,
    }
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn descriptors() -> u64 {
    std::fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

/// The middle of three samples, which a burst does not move.
fn middle(samples: &[(u64, u64)]) -> (u64, u64) {
    let (mut bytes, mut fds): (Vec<u64>, Vec<u64>) = samples.iter().copied().unzip();
    bytes.sort_unstable();
    fds.sort_unstable();
    (bytes[bytes.len() / 2], fds[fds.len() / 2])
}

async fn lay(client: &reqwest::Client, base: &str) {
    let sent = client.put(format!("{base}/_scripts/s")).body(script().to_string()).send().await.expect("a script");
    assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // A second call finds the default set, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seconds = std::env::var("SOAK_SECONDS").map_or(600, |s| s.parse().expect("SOAK_SECONDS is a number"));
    let (fake, client) = (Fake::start(), reqwest::Client::new());
    lay(&client, &fake.base).await;
    let (router, counts, started) = (router(&fake.base), Arc::new(Counts::default()), Instant::now());
    let until = started + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..AT_ONCE)
        .map(|caller| {
            let (router, counts) = (router.clone(), Arc::clone(&counts));
            tokio::spawn(async move {
                let mut number = caller;
                while Instant::now() < until {
                    counts.begun.fetch_add(1, Ordering::Relaxed);
                    call(&router, &counts, number).await;
                    counts.ended.fetch_add(1, Ordering::Relaxed);
                    number += AT_ONCE + 1;
                    // A call that finds everybody resting fails without waiting for anything, and would never let go.
                    tokio::time::sleep(BREATH).await;
                }
            })
        })
        .collect();
    let renewing = {
        let base = fake.base.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                lay(&client, &base).await;
            }
        })
    };
    let (mut samples, mut before) = (Vec::new(), 0);
    while Instant::now() + SAMPLE <= until + Duration::from_secs(1) {
        tokio::time::sleep(SAMPLE).await;
        let ended = counts.ended.load(Ordering::Relaxed);
        samples.push((resident_bytes(), descriptors()));
        let (bytes, fds) = samples[samples.len() - 1];
        let rate = (ended - before) as f64 / SAMPLE.as_secs_f64();
        let errors = counts.errors.lock().unwrap().clone();
        println!(
            "{:>4} s  {rate:>6.0} requests/s  {:>6.1} MB  {fds:>4} fds  {errors:?}",
            started.elapsed().as_secs(),
            bytes as f64 / 1e6
        );
        before = ended;
    }
    renewing.abort();
    for caller in callers {
        caller.await.expect("a caller that does not panic");
    }
    finish(&router, &counts, &samples);
}

fn finish(router: &Router, counts: &Counts, samples: &[(u64, u64)]) {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (begun, ended, hung, wrong) = (of(&counts.begun), of(&counts.ended), of(&counts.hung), of(&counts.wrong));
    println!("{begun} requests begun, {ended} ended, {hung} hung, {wrong} with another text");
    assert_eq!((begun, hung, wrong), (ended, 0, 0), "requests were lost, hung or garbled");
    let recorded = router.entries().len() as u64 + router.dropped_entries();
    assert!(recorded >= begun, "{recorded} entries for {begun} requests");
    assert_eq!(router.spending().held_nanos, 0, "money is held for nobody");
    assert!(router.health().iter().all(|target| target.in_flight == 0), "requests are in flight for nobody");
    // From the second minute on, or from the middle of a short soak.
    let from = 5.min(samples.len() / 2);
    let (early, late) =
        (middle(&samples[from..(from + 3).min(samples.len())]), middle(&samples[samples.len().saturating_sub(3)..]));
    println!("memory {} -> {} kB, descriptors {} -> {}", early.0 / 1024, late.0 / 1024, early.1, late.1);
    assert!(late.0 <= early.0 + MOST_GROWTH_BYTES, "memory grew by more than {MOST_GROWTH_BYTES} bytes");
    assert!(late.1 <= early.1 + MOST_GROWTH_FDS, "descriptors grew by more than {MOST_GROWTH_FDS}");
}
