//! A provider that fails is left for the next one; what no provider can do is a typed error.
//!
//! Runs offline: both providers are sandboxes, the first one told to fail.
#![allow(clippy::print_stdout)]

use clawrouters::{ChatRequest, Config, ErrorKind, Router};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clawrouters::Error> {
    let config = json!({
        "providers": {
            "openai": {"kind": "sandbox", "sandbox": {"fail": {"status": 503}}},
            "anthropic": {"kind": "sandbox"},
        },
        "aliases": {"careful": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"]},
    });
    let router = Router::new(Config::from_value(config)?)?;
    let ask = |model: &str| ChatRequest::new(model, "Classify the sentiment: The parcel came late.");

    let reply = router.chat(ask("careful")).await?;
    println!("{}", reply.text());
    for attempt in &reply.route.attempts {
        println!("  {}: {}, then {}", attempt.target, attempt.verdict, attempt.then);
    }

    match router.chat(ask("openai/gpt-5-mini")).await {
        Err(error) if error.kind() == ErrorKind::ProviderUnavailable => {
            println!("alone it fails after {} attempts: {error}", error.attempts().len());
        }
        other => println!("unexpected: {other:?}"),
    }

    let impossible = ask("auto").with("route", json!({"max_cost": 0}))?;
    match router.chat(impossible).await {
        Err(error) => println!("{}: {} models refused", error.kind(), error.refusals().len()),
        Ok(reply) => println!("unexpected: {}", reply.model()),
    }
    Ok(())
}
