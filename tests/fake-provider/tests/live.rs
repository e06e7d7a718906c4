//! The server as its users see it: bytes over a real loopback connection in, replies and records out.

#![allow(clippy::unwrap_used, reason = "the functions that tests share may fail as the tests may")]

use fake_provider::{FakeProvider, Script};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

async fn started(script: Value) -> FakeProvider {
    let fake = FakeProvider::start().await.unwrap();
    let script: Script = serde_json::from_value(script).unwrap();
    script.check().unwrap();
    fake.script("t", script);
    fake
}

fn chat(stream: bool) -> String {
    let body = json!({ "model": "m", "stream": stream, "messages": [] }).to_string();
    request("POST", "/t/alpha/v1/chat/completions?k=v", &body)
}

fn request(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nAuthorization: Bearer k\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn connect(fake: &FakeProvider) -> TcpStream {
    TcpStream::connect(fake.addr()).await.unwrap()
}

/// Reads up to the end of the body that the head announces.
async fn read_reply(stream: &mut TcpStream) -> (String, String) {
    let mut all = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let done = match length {
                Some(length) => body.len() >= length.parse().unwrap(),
                None => body.ends_with("0\r\n\r\n"),
            };
            if done {
                return (head.to_owned(), body.to_owned());
            }
        }
        assert_ne!(stream.read_buf(&mut all).await.unwrap(), 0, "closed too early: {text}");
    }
}

async fn control(fake: &FakeProvider, method: &str, path: &str, body: &str) -> (String, Value) {
    let mut stream = connect(fake).await;
    stream.write_all(request(method, path, body).as_bytes()).await.unwrap();
    let (head, body) = read_reply(&mut stream).await;
    (head, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn one_connection_serves_several_requests() {
    let fake = started(json!({ "providers": { "alpha": [{ "say": "one" }, { "say": "two" }] } })).await;
    let mut stream = connect(&fake).await;
    stream.write_all(chat(false).as_bytes()).await.unwrap();
    assert!(read_reply(&mut stream).await.1.contains("\"one\""));
    stream.write_all(chat(true).as_bytes()).await.unwrap();
    let (_, streamed) = read_reply(&mut stream).await;
    for piece in ["t", "w", "o"] {
        assert!(streamed.contains(&format!(r#""content":"{piece}""#)));
    }
    let requests = fake.requests("t");
    assert_eq!(requests[0].connection, requests[1].connection);
    assert_eq!(requests[0].path, "/v1/chat/completions");
    assert_eq!(requests[0].query, "k=v");
    assert_eq!(requests[0].headers["authorization"], "Bearer k");
    assert_eq!(requests[0].body["model"], "m");
    assert_eq!((requests[0].reply, requests[1].reply), (Some(0), Some(1)));
}

#[tokio::test]
async fn a_receiver_that_leaves_is_noticed_at_once() {
    for script in [
        json!({ "say": "abcdef", "chunks": 6, "chunk_ms": 500 }),
        json!({ "say": "x", "fault": { "kind": "hang_before_headers" } }),
        json!({ "say": "x", "fault": { "kind": "never_ending" } }),
    ] {
        let fake = started(json!({ "providers": { "alpha": [script] } })).await;
        let mut stream = connect(&fake).await;
        stream.write_all(chat(true).as_bytes()).await.unwrap();
        sleep(Duration::from_millis(30)).await;
        assert!(!fake.requests("t")[0].closed_early);
        drop(stream);
        let left = Instant::now();
        while !fake.requests("t")[0].closed_early {
            assert!(left.elapsed() < Duration::from_millis(200));
            sleep(Duration::from_millis(1)).await;
        }
        assert!(fake.requests("t")[0].ended_ms.is_some());
    }
}

#[tokio::test]
async fn a_complete_reply_is_not_closed_early() {
    let fake = started(json!({ "providers": { "alpha": [{ "say": "x" }] } })).await;
    let mut stream = connect(&fake).await;
    stream.write_all(chat(true).as_bytes()).await.unwrap();
    read_reply(&mut stream).await;
    drop(stream);
    sleep(Duration::from_millis(20)).await;
    assert!(!fake.requests("t")[0].closed_early);
}

#[tokio::test]
async fn resets_are_resets_and_cuts_are_clean() {
    let end_of = |kind: &'static str| async move {
        let fault = json!({ "kind": kind, "after_pieces": 1 });
        let fake = started(json!({ "providers": { "alpha": [{ "say": "abc", "fault": fault }] } })).await;
        let mut stream = connect(&fake).await;
        stream.write_all(chat(true).as_bytes()).await.unwrap();
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all).await;
        (end.map_err(|error| error.kind()), String::from_utf8(all).unwrap())
    };
    let (end, text) = end_of("reset").await;
    assert_eq!(end.unwrap_err(), std::io::ErrorKind::ConnectionReset);
    assert!(text.contains(r#""content":"a""#) && !text.contains(r#""content":"b""#));
    let (end, text) = end_of("cut").await;
    assert!(end.is_ok() && text.contains(r#""content":"a""#) && !text.ends_with("0\r\n\r\n"));
    let (end, text) = end_of("reset_before_headers").await;
    assert_eq!(end.unwrap_err(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(text, "");
    let (end, text) = end_of("close_before_headers").await;
    assert!(end.is_ok() && text.is_empty());
}

#[tokio::test]
async fn chunked_request_bodies_are_read() {
    let fake = started(json!({ "providers": { "alpha": [{ "say": "x" }] } })).await;
    let mut stream = connect(&fake).await;
    let head = "POST /t/alpha/v1/x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"5\r\n{\"a\":\r\n2;x=y\r\n1}\r\n0\r\n\r\n").await.unwrap();
    read_reply(&mut stream).await;
    assert_eq!(fake.requests("t")[0].body, json!({ "a": 1 }));
}

#[tokio::test]
async fn the_control_interface_puts_lists_and_removes() {
    let fake = FakeProvider::start().await.unwrap();
    let script = json!({ "providers": { "alpha": [{ "say": "x" }] }, "repeat": false }).to_string();
    let (head, body) = control(&fake, "PUT", "/_scripts/t", &script).await;
    assert!(head.starts_with("HTTP/1.1 200"));
    assert_eq!(body["base"], fake.base("t"));
    let mut stream = connect(&fake).await;
    stream.write_all(chat(false).as_bytes()).await.unwrap();
    read_reply(&mut stream).await;
    stream.write_all(chat(false).as_bytes()).await.unwrap();
    let (head, text) = read_reply(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 500") && text.contains("script exhausted"));
    let (_, listed) = control(&fake, "GET", "/_scripts/t", "").await;
    assert_eq!(listed["requests"].as_array().unwrap().len(), 2);
    assert_eq!(listed["requests"][1]["reply"], Value::Null);
    assert!(control(&fake, "DELETE", "/_scripts/t", "").await.0.starts_with("HTTP/1.1 200"));
    assert!(control(&fake, "GET", "/_scripts/t", "").await.0.starts_with("HTTP/1.1 404"));
    let (head, wrong) = control(&fake, "PUT", "/_scripts/t", r#"{"providers":{"a":[{"sya":"x"}]}}"#).await;
    assert!(head.starts_with("HTTP/1.1 400") && wrong["error"].as_str().unwrap().contains("sya"));
    let (_, info) = control(&fake, "GET", "/_info", "").await;
    assert_eq!(info["refused_port"], fake.refused_port());
    assert_eq!(info["silent_port"], fake.silent_port());
}

#[tokio::test]
async fn refused_and_silent_ports_are_what_they_say() {
    let fake = FakeProvider::start().await.unwrap();
    let refused = TcpStream::connect(("127.0.0.1", fake.refused_port())).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    let silent = TcpStream::connect(("127.0.0.1", fake.silent_port()));
    assert!(timeout(Duration::from_millis(150), silent).await.is_err());
}

#[tokio::test]
async fn dropping_the_server_closes_its_connections() {
    let hang = json!({ "fault": { "kind": "hang_before_headers" } });
    let fake = started(json!({ "providers": { "alpha": [hang] } })).await;
    let mut stream = connect(&fake).await;
    stream.write_all(chat(true).as_bytes()).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    let addr = fake.addr();
    drop(fake);
    let end = timeout(Duration::from_secs(1), stream.read_to_end(&mut Vec::new())).await.unwrap();
    drop(end);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn paths_choose_the_family() {
    let fake = started(json!({ "providers": { "alpha": [{ "say": "x" }] } })).await;
    let mut stream = connect(&fake).await;
    for (path, body, expected) in [
        ("/t/alpha/v1/messages", r#"{"stream":true}"#, "event: message_start\n"),
        ("/t/alpha/v1beta/models/m:streamGenerateContent?alt=sse", "{}", "data: {\"candidates\": ["),
        ("/t/alpha/v1/chat/completions", "{}", "\"object\": \"chat.completion\""),
    ] {
        stream.write_all(request("POST", path, body).as_bytes()).await.unwrap();
        let (_, reply) = read_reply(&mut stream).await;
        assert!(reply.contains(expected), "{path}: {reply}");
    }
}
