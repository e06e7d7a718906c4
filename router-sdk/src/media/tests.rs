#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may.

use std::net::SocketAddr;
use std::sync::Arc as Shared;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::catalog::{Model, Quirks};
use crate::config::MediaConfig;
use crate::credential::Credentials;
use crate::provider::{Deployment, Family};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
const PDF: &[u8] = b"%PDF-1.7\nhello";

/// A server that answers each path in its own way; it counts requests and keeps their heads.
struct Server {
    at: SocketAddr,
    asked: Shared<AtomicUsize>,
    heads: Shared<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (asked, heads) = (Shared::new(AtomicUsize::new(0)), Shared::default());
        let server = Self { at, asked: Shared::clone(&asked), heads: Shared::clone(&heads) };
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (asked, heads) = (Shared::clone(&asked), Shared::clone(&heads));
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    let read = socket.read(&mut head).await.unwrap_or(0);
                    let head = String::from_utf8_lossy(&head[..read]).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    asked.fetch_add(1, Ordering::Relaxed);
                    let reply: Option<Vec<u8>> = respond(&path);
                    heads.lock().unwrap().push(head);
                    match reply {
                        Some(reply) => drop(socket.write_all(&reply).await),
                        None => tokio::time::sleep(Duration::from_secs(30)).await,
                    }
                });
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }
}

fn respond(path: &str) -> Option<Vec<u8>> {
    let ok = |kind: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        Some([head.as_bytes(), body].concat())
    };
    let moved =
        |to: &str| Some(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes());
    match path.split('?').next().unwrap_or_default() {
        "/cat.png" => ok("application/octet-stream", PNG),
        "/lies.jpg" => ok("image/jpeg", PNG),
        "/paper.pdf" => ok("application/pdf", PDF),
        "/page" => ok("text/html", b"<!doctype html><p>no"),
        "/big" => ok("image/png", &[PNG, &[0; 4096]].concat()),
        "/endless" => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n";
            let chunk = [&b"400\r\n"[..], PNG, &vec![0; 1024 - PNG.len()], b"\r\n"].concat();
            Some([&head[..], &chunk.repeat(8)].concat())
        }
        "/gzip" => Some(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx".to_vec()),
        "/once" => moved("/cat.png?token=s3cret"),
        "/loop" => moved("/loop"),
        "/file" => moved("file:///etc/passwd"),
        "/inside" => moved("http://169.254.169.254/latest/meta-data/"),
        "/hangs" => None,
        _ => Some(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()),
    }
}

fn target(family: Family, quirks: Quirks) -> Target {
    let deployment = Deployment {
        provider: "p".into(),
        name: None,
        weight: 1.0,
        priority: 0,
        limits: crate::provider::Limits::default(),
        family,
        base_url: "http://localhost".into(),
        chat_path: "/chat/completions".into(),
        key: None,
        credentials: Credentials::default(),
        key_header: None,
        headers: http::HeaderMap::new(),
        quirks,
        sandbox: false,
        local: false,
        zdr: false,
        cloud: crate::provider::Cloud::Plain,
        owner: None,
    };
    let model = Model { provider: "p".into(), id: "gemini-2.5-pro".into(), ..Model::default() };
    Target { deployment: Arc::new(deployment), model: Arc::new(model), known: true, catalogued: true, effort: None }
}

fn gemini() -> Target {
    target(Family::Gemini, Quirks::default())
}

fn open() -> MediaConfig {
    MediaConfig { allow_private: true, ..MediaConfig::default() }
}

fn fetcher(settings: MediaConfig) -> Fetcher {
    Fetcher::new(settings, Duration::from_secs(2))
}

fn ask(parts: serde_json::Value) -> ChatRequest {
    ChatRequest::from_value(json!({"model": "m", "messages": [{"role": "user", "content": parts}]})).unwrap()
}

fn picture(url: &str) -> serde_json::Value {
    json!({"type": "image_url", "image_url": {"url": url, "detail": "low"}})
}

async fn inlined(
    settings: MediaConfig,
    request: &ChatRequest,
    target: &Target,
) -> Result<(serde_json::Value, Vec<String>), Failure> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut media = Media::new();
    let (request, notes) = media.inlined(&fetcher(settings), request, target, deadline).await?;
    Ok((request.messages()[0]["content"].clone(), notes))
}

async fn fault(settings: MediaConfig, url: &str) -> Failure {
    let request = ask(json!([{"type": "text", "text": "look"}, picture(url)]));
    let failure = inlined(settings, &request, &gemini()).await.unwrap_err();
    assert!(!failure.message.contains("s3cret") && !failure.message.contains('?'), "{}", failure.message);
    failure
}

#[tokio::test]
async fn pictures_and_documents_are_fetched_and_written_into_their_parts() {
    let server = Server::start().await;
    let request = ask(json!([
        picture(&server.url("/cat.png")), picture(&server.url("/lies.jpg")), picture(&server.url("/cat.png")),
        {"type": "file", "file": {"file_url": server.url("/paper.pdf?sig=1")}},
        {"type": "file", "file": {"file_data": server.url("/cat.png")}},
    ]));
    let (parts, notes) = inlined(open(), &request, &gemini()).await.unwrap();
    let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAE=";
    assert_eq!(parts[0], json!({"type": "image_url", "image_url": {"url": png, "detail": "low"}}));
    assert_eq!(parts[1]["image_url"]["url"], png);
    let file = json!({"file_data": "data:application/pdf;base64,JVBERi0xLjcKaGVsbG8=", "filename": "paper.pdf"});
    assert_eq!(parts[3], json!({"type": "file", "file": file}));
    assert_eq!(parts[4], json!({"type": "image_url", "image_url": {"url": png}}));
    assert_eq!(notes[0], "messages[0].content[0]: image fetched and sent inline");
    assert_eq!(notes[3], "messages[0].content[3]: document fetched and sent inline");
    // One address is fetched once for parts of one kind.
    assert_eq!(server.asked.load(Ordering::Relaxed), 4);
    let heads = server.heads.lock().unwrap();
    for head in heads.iter() {
        let head = head.to_ascii_lowercase();
        for name in ["cookie", "referer", "authorization", "accept-encoding"] {
            assert!(!head.contains(&format!("\r\n{name}:")), "{head}");
        }
    }
}

#[tokio::test]
async fn what_is_fetched_for_one_candidate_is_there_for_the_next() {
    let server = Server::start().await;
    let request = ask(json!([picture(&server.url("/cat.png"))]));
    let (mut media, fetcher) = (Media::new(), fetcher(open()));
    let deadline = Instant::now() + Duration::from_secs(10);
    let ollama = target(Family::OpenAi, Quirks { image_urls: false, ..Quirks::default() });
    for target in [gemini(), ollama, gemini()] {
        let (_, notes) = media.inlined(&fetcher, &request, &target, deadline).await.unwrap();
        assert_eq!(notes.len(), 1);
    }
    assert_eq!(server.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn targets_that_fetch_themselves_are_left_to_it() {
    let https = ask(json!([picture("https://a.example/x.png")]));
    let http = ask(json!([picture("http://127.0.0.1:1/x.png")]));
    for target in [target(Family::OpenAi, Quirks::default()), target(Family::Anthropic, Quirks::default())] {
        assert!(inlined(open(), &https, &target).await.unwrap().1.is_empty());
    }
    assert!(inlined(open(), &http, &target(Family::OpenAi, Quirks::default())).await.is_ok());
    // Anthropic fetches over TLS only.
    assert!(inlined(open(), &http, &target(Family::Anthropic, Quirks::default())).await.is_err());
    let files = ask(json!([picture("gs://bucket/x.png"), picture("https://youtu.be/abc")]));
    assert!(inlined(open(), &files, &gemini()).await.unwrap().1.is_empty());
    let off = MediaConfig { fetch: false, ..open() };
    assert!(inlined(off, &http, &gemini()).await.unwrap().1.is_empty());
}

#[tokio::test]
async fn addresses_inside_are_not_fetched_from_unless_that_is_allowed() {
    let server = Server::start().await;
    let listed = MediaConfig {
        allow_hosts: vec![format!("127.0.0.1:{}", server.at.port()), format!("localhost:{}", server.at.port())],
        ..MediaConfig::default()
    };
    for url in [server.url("/cat.png?k=s3cret"), format!("http://localhost:{}/cat.png", server.at.port())] {
        let failure = fault(listed.clone(), &url).await;
        assert_eq!(failure.cause, Cause::Unsupported);
        assert_eq!(failure.param.as_deref(), Some("messages[0].content[1].image_url.url"));
        assert!(failure.message.contains("private network"), "{}", failure.message);
    }
    for url in ["http://[::1]/x", "http://[::ffff:127.0.0.1]/x", "http://0x7f000001/x", "http://169.254.169.254/latest"]
    {
        assert!(fault(MediaConfig::default(), url).await.message.contains("private network"), "{url}");
    }
    assert_eq!(server.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn redirects_are_followed_by_hand_and_checked() {
    let server = Server::start().await;
    let request = ask(json!([picture(&server.url("/once"))]));
    assert_eq!(inlined(open(), &request, &gemini()).await.unwrap().1.len(), 1);
    assert!(fault(open(), &server.url("/loop")).await.message.contains("more than 3 redirects"));
    assert!(fault(open(), &server.url("/file")).await.message.contains("http or https"));
    // A host that may be fetched from leads to one that may not.
    let only = MediaConfig { allow_hosts: vec![format!("127.0.0.1:{}", server.at.port())], ..open() };
    let failure = fault(only, &server.url("/inside")).await;
    assert!(failure.message.contains("leads to an address that is on 169.254.169.254"), "{}", failure.message);
}

#[tokio::test]
async fn size_time_and_type_are_bounded() {
    let server = Server::start().await;
    let small = MediaConfig { max_bytes: 2_000, timeout_ms: 400, ..open() };
    for (path, words) in [
        ("/big", "larger than 2000 bytes"),
        ("/endless", "larger than 2000 bytes"),
        ("/hangs", "within 400 ms"),
        ("/page", "text/html"),
        ("/paper.pdf", "application/pdf"),
        ("/gzip", "compressed"),
        ("/none?sig=s3cret", "answered 404"),
    ] {
        let failure = fault(small.clone(), &server.url(path)).await;
        assert!(failure.message.contains(words), "{path}: {}", failure.message);
        assert_eq!(failure.cause, Cause::Unsupported);
    }
}

#[tokio::test]
async fn the_deadline_of_the_request_holds_for_fetches() {
    let server = Server::start().await;
    let request = ask(json!([picture(&server.url("/hangs"))]));
    let deadline = Instant::now() + Duration::from_millis(150);
    let failed = Media::new().inlined(&fetcher(open()), &request, &gemini(), deadline).await;
    assert_eq!(failed.unwrap_err().cause, Cause::Deadline);
}

#[tokio::test]
async fn wrong_types_of_inline_data_are_corrected() {
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAE=";
    let request = ask(json!([
        picture(&format!("data:image/jpeg;base64,{png}")),
        picture(&format!("data:;base64,{png}")),
        {"type": "file", "file": {"file_data": "JVBERi0xLjcKaGVsbG8=", "filename": "a.pdf"}},
        {"type": "input_audio", "input_audio": {"data": "SUQzBAAAAAAA", "format": "wav"}},
        picture(&format!("data:image/png;base64,{png}")),
        {"type": "input_audio", "input_audio": {"data": "SUQzBAAAAAAA", "format": "mp3"}},
        picture("data:image/jpg;base64,/9j/4AAQ"),
    ]));
    let (parts, notes) = inlined(open(), &request, &target(Family::OpenAi, Quirks::default())).await.unwrap();
    for i in [0, 1, 4] {
        assert_eq!(parts[i]["image_url"]["url"], format!("data:image/png;base64,{png}"));
    }
    assert_eq!(parts[2]["file"]["file_data"], "data:application/pdf;base64,JVBERi0xLjcKaGVsbG8=");
    assert_eq!(parts[3]["input_audio"]["format"], "mp3");
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert_eq!(notes[0], "messages[0].content[0]: its type corrected to image/png");
}

#[tokio::test]
async fn the_addresses_that_were_checked_are_the_ones_asked() {
    let server = Server::start().await;
    // A name that nobody knows: only the addresses handed over lead anywhere.
    let url = reqwest::Url::parse(&format!("http://pinned.invalid:{}/cat.png", server.at.port())).unwrap();
    let client = fetcher(open()).client(&url, &[server.at]).unwrap();
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_larger_than_the_target_takes_is_refused_with_its_place() {
    let bedrock = target(Family::Bedrock, Quirks::default());
    let inline = |bytes: usize| {
        let data = "A".repeat(bytes / 3 * 4);
        ask(json!([{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}]))
    };
    assert!(inlined(open(), &inline(3_600_000), &bedrock).await.is_ok());
    let failure = inlined(open(), &inline(3_900_000), &bedrock).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unsupported);
    assert!(failure.message.starts_with("messages[0].content[0].image_url"), "{}", failure.message);
    assert!(failure.message.contains("3750000"), "{}", failure.message);
    assert!(inlined(open(), &inline(3_900_000), &target(Family::Ollama, Quirks::default())).await.is_ok());
}
