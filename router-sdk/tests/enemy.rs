//! Attacks on what goes on after a break, on cancellation, health, caps, hedging, shadows and retries.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;
#[path = "enemy/bytes.rs"]
mod bytes;
#[path = "enemy/cancelled.rs"]
mod cancelled;
#[path = "enemy/continued.rs"]
mod continued;
#[path = "enemy/crowds.rs"]
mod crowds;
#[path = "enemy/habits.rs"]
mod habits;
#[path = "enemy/health.rs"]
mod health;
#[path = "enemy/inside.rs"]
mod inside;

use clawrouters::{ChatRequest, Error, RouteInfo, Router};

/// What a stream came to.
#[derive(Debug)]
struct Heard {
    text: String,
    thinking: String,
    route: Option<std::sync::Arc<RouteInfo>>,
    error: Option<Error>,
}

/// Reads a stream to its end.
async fn hear(router: &Router, request: ChatRequest) -> Heard {
    let mut heard = Heard { text: String::new(), thinking: String::new(), route: None, error: None };
    let mut stream = match router.stream(request).await {
        Ok(stream) => stream,
        Err(error) => {
            heard.error = Some(error);
            return heard;
        }
    };
    while let Some(item) = stream.next().await {
        match item {
            Err(error) => heard.error = Some(error),
            Ok(chunk) => {
                heard.text.push_str(chunk.text());
                let choices = chunk.body.get("choices").and_then(|c| c.get(0));
                let thought = choices.and_then(|c| c["delta"]["reasoning_content"].as_str());
                heard.thinking.push_str(thought.unwrap_or_default());
                heard.route = chunk.route.clone().or(heard.route);
            }
        }
    }
    heard
}
