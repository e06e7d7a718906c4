//! The door: HTTP requests in the OpenAI shape, answered in this process. Any HTTP server can stand before it.
//!
//! Runs offline: `CLAWROUTERS_SANDBOX=1 cargo run -p clawrouters --example door`.
#![allow(clippy::print_stdout)]

use bytes::Bytes;
use clawrouters::Router;
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let door = Router::from_env()?.endpoint();
    let body = r#"{"model": "auto", "stream": true, "messages": [{"role": "user", "content": "Name three rivers."}]}"#;
    let request = http::Request::post("http://localhost/v1/chat/completions")
        .header("x-clawrouters-strategy", "cheapest")
        .body(Bytes::from(body))?;
    let response = door.call(request).await;
    println!("{}", response.status());
    for (name, value) in response.headers() {
        println!("{name}: {}", value.to_str()?);
    }
    let mut events = response.into_body();
    while let Some(event) = events.next().await {
        print!("{}", String::from_utf8_lossy(&event));
    }
    Ok(())
}
