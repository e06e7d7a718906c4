//! Requests are spread over models, a stream that breaks is completed by another model, health shows who is left alone.
//!
//! Runs offline: all providers are sandboxes, two of them told to fail.
#![allow(clippy::print_stdout)]

use clawrouters::{ChatRequest, Config, Router};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clawrouters::Error> {
    let config = json!({
        "providers": {
            "openai": {"kind": "sandbox"},
            "anthropic": {"kind": "sandbox"},
            // Breaks its first stream after three pieces.
            "mistral": {"kind": "sandbox", "sandbox": {"fail": {"count": 1, "cut_after": 3}}},
            "deepseek": {"kind": "sandbox", "sandbox": {"fail": {"status": 503}}},
        },
        "aliases": {
            "spread": {"models": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"], "balance": "round_robin"},
            "shaky": ["mistral/mistral-small-latest", "openai/gpt-5-mini"],
            "down": ["deepseek/deepseek-chat", "openai/gpt-5-mini"],
        },
    });
    let router = Router::new(Config::from_value(config)?)?;
    let ask = |model: &str| ChatRequest::new(model, "Summarise: the parcel came late, but the staff were lovely.");

    println!("four requests in turn:");
    for _ in 0..4 {
        println!("  answered by {}", router.chat(ask("spread")).await?.model());
    }

    println!("\na stream that breaks:");
    let (mut text, mut route) = (String::new(), None);
    let mut stream = router.stream(ask("shaky")).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        text.push_str(chunk.text());
        route = chunk.route.or(route);
    }
    println!("  {text}");
    for rest in route.iter().flat_map(|route| &route.resumed) {
        let (from, to) = (&rest.from, &rest.to);
        println!("  {from} broke after {} characters ({}), {to} went on", rest.after_chars, rest.cause);
    }

    for _ in 0..3 {
        router.chat(ask("down")).await?;
    }
    println!("\nhealth:");
    for target in router.health() {
        let failure = target.last_failure.unwrap_or("none");
        println!("  {}: {}, {} requests, last failure {failure}", target.target, target.state, target.requests_minute);
    }
    Ok(())
}
