//! Ratios of whole calls and streams to a plain HTTP client, taken in turn so that a drift of the machine meets all alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use std::time::{Duration, Instant};

use clawrouters::{ChatRequest, Config, Router};
use fake_provider::FakeProvider;
use futures_util::StreamExt;
use serde_json::{Value, json};

const CHUNKS: usize = 200;
const CALLS: usize = 2_000;
const STREAMS: usize = 200;

struct Peers {
    base: String,
    router: Router,
    client: reqwest::Client,
}

fn body(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Name three rivers in Europe and the seas that they reach."},
    ]})
}

impl Peers {
    async fn plain(&self, stream: bool) {
        let mut body = body("m1", stream);
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        let sent = self.client.post(format!("{}/chat/completions", self.base)).bearer_auth("k");
        let sent = sent.header("content-type", "application/json").body(body.to_string()).send().await;
        let reply = sent.expect("a reply");
        if !stream {
            let bytes = reply.bytes().await.expect("a body");
            assert!(serde_json::from_slice::<Value>(&bytes).expect("JSON").is_object());
            return;
        }
        let (mut bytes, mut rest, mut parsed) = (reply.bytes_stream(), Vec::new(), 0);
        while let Some(piece) = bytes.next().await {
            rest.extend_from_slice(&piece.expect("bytes"));
            let mut from = 0;
            while let Some(end) = rest[from..].windows(2).position(|w| w == b"\n\n") {
                let data = rest[from..from + end].strip_prefix(b"data: ").expect("an event");
                parsed += usize::from(serde_json::from_slice::<Value>(data).is_ok());
                from += end + 2;
            }
            rest.drain(..from);
        }
        assert!(parsed > CHUNKS);
    }

    async fn routed(&self, model: &str, stream: bool) {
        let request = ChatRequest::from_json(body(model, stream).to_string().as_bytes()).expect("a request");
        if !stream {
            self.router.chat(request).await.expect("a reply");
            return;
        }
        let mut stream = self.router.stream(request).await.expect("a stream");
        let mut chunks = 0;
        while let Some(chunk) = stream.next().await {
            chunk.expect("a chunk");
            chunks += 1;
        }
        assert!(chunks >= CHUNKS);
    }
}

async fn peers(server: &FakeProvider) -> Peers {
    let reply = json!({"chunks": vec!["word "; CHUNKS], "say": "word ".repeat(CHUNKS), "usage": {"input": 9, "output": CHUNKS}});
    server.script("b", serde_json::from_value(json!({"providers": {"alpha": [reply]}})).expect("a script"));
    let base = format!("{}/alpha/v1", server.base("b"));
    let models: Vec<Value> = (0..8)
        .map(|i| json!({"id": format!("alpha/m{i}"), "price": {"input": 1.0 + f64::from(i), "output": 2.0}, "quality": 30 + i}))
        .collect();
    let config =
        json!({"providers": {"alpha": {"kind": "openai", "base_url": base, "api_key": "k"}}, "models": models});
    let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    Peers { base, router, client: reqwest::Client::builder().build().expect("a client") }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e6
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    // A second call finds the default set, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = FakeProvider::start().await.expect("a server");
    let peers = peers(&server).await;
    for (what, stream, rounds) in [("call", false, CALLS), ("stream of 200 chunks", true, STREAMS)] {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..rounds + rounds / 10 {
            for (which, times) in times.iter_mut().enumerate() {
                let started = Instant::now();
                match which {
                    0 => peers.plain(stream).await,
                    1 => peers.routed("alpha/m1", stream).await,
                    _ => peers.routed("auto", stream).await,
                }
                if round >= rounds / 10 {
                    times.push(started.elapsed());
                }
            }
        }
        let [plain, named, auto] = times.map(|mut t| median(&mut t));
        println!(
            "{what}: plain client {plain:.0} us, router {named:.0} us = {:.2}x, auto {auto:.0} us = {:.2}x",
            named / plain,
            auto / plain
        );
    }
}
