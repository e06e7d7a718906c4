//! Times whole calls and streams over loopback: the router beside a plain HTTP client that sends and parses the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use clawrouters::{ChatRequest, Config, Router};
use fake_provider::FakeProvider;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

fn main() {
    // The plain client takes the process's default; a second call finds it set, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    divan::main();
}

const CHUNKS: usize = 200;

/// A server, a router that knows it as `alpha`, and a plain client.
struct Bench {
    runtime: Runtime,
    _server: FakeProvider,
    base: String,
    router: Router,
    client: reqwest::Client,
}

fn bench() -> Bench {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let server = runtime.block_on(FakeProvider::start()).expect("a server");
    let pieces = vec!["word "; CHUNKS];
    let reply = json!({"chunks": pieces, "say": "word ".repeat(CHUNKS), "usage": {"input": 9, "output": CHUNKS}});
    server.script("b", serde_json::from_value(json!({"providers": {"alpha": [reply]}})).expect("a script"));
    let base = format!("{}/alpha/v1", server.base("b"));
    let models: Vec<Value> = (0..8)
        .map(|i| json!({"id": format!("alpha/m{i}"), "price": {"input": 1.0 + f64::from(i), "output": 2.0}, "quality": 30 + i}))
        .collect();
    let config =
        json!({"providers": {"alpha": {"kind": "openai", "base_url": base, "api_key": "k"}}, "models": models});
    let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    let client = reqwest::Client::builder().build().expect("a client");
    Bench { runtime, _server: server, base, router, client }
}

fn body(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Name three rivers in Europe and the seas that they reach."},
    ]})
}

async fn plain(bench: &Bench, stream: bool) -> reqwest::Response {
    let mut body = body("m1", stream);
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    let sent = bench.client.post(format!("{}/chat/completions", bench.base)).bearer_auth("k");
    sent.header("content-type", "application/json").body(body.to_string()).send().await.expect("a reply")
}

#[divan::bench]
fn whole_plain_client(bencher: divan::Bencher<'_, '_>) {
    let bench = bench();
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let bytes = plain(&bench, false).await.bytes().await.expect("a body");
            serde_json::from_slice::<Value>(&bytes).expect("JSON")
        })
    });
}

fn whole(bencher: divan::Bencher<'_, '_>, model: &str) {
    let bench = bench();
    let json = body(model, false).to_string();
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let request = ChatRequest::from_json(json.as_bytes()).expect("a request");
            bench.router.chat(request).await.expect("a reply")
        })
    });
}

#[divan::bench]
fn whole_router_explicit(bencher: divan::Bencher<'_, '_>) {
    whole(bencher, "alpha/m1");
}

#[divan::bench]
fn whole_router_auto(bencher: divan::Bencher<'_, '_>) {
    whole(bencher, "auto");
}

/// 200 chunks; divide by 200 for the cost of one.
#[divan::bench]
fn stream_plain_client(bencher: divan::Bencher<'_, '_>) {
    let bench = bench();
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let mut bytes = plain(&bench, true).await.bytes_stream();
            let (mut rest, mut parsed) = (String::new(), 0);
            while let Some(piece) = bytes.next().await {
                rest.push_str(std::str::from_utf8(&piece.expect("bytes")).expect("text"));
                while let Some(end) = rest.find("\n\n") {
                    let event: String = rest.drain(..end + 2).collect();
                    let data = event.trim().trim_start_matches("data: ");
                    if data != "[DONE]" {
                        serde_json::from_str::<Value>(data).expect("JSON");
                        parsed += 1;
                    }
                }
            }
            assert!(parsed > CHUNKS);
        });
    });
}

#[divan::bench]
fn stream_router(bencher: divan::Bencher<'_, '_>) {
    let bench = bench();
    let json = body("alpha/m1", true).to_string();
    bencher.bench_local(|| {
        bench.runtime.block_on(async {
            let request = ChatRequest::from_json(json.as_bytes()).expect("a request");
            let mut stream = bench.router.stream(request).await.expect("a stream");
            let mut chunks = 0;
            while let Some(chunk) = stream.next().await {
                chunk.expect("a chunk");
                chunks += 1;
            }
            assert!(chunks >= CHUNKS);
        });
    });
}
