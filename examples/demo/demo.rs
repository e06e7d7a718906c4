//! The demo: a file of prompts in; a table of where each one went, a live stream, a provider that dies and the totals out.
//!
//! `cargo run -p clawrouters --example demo -- examples/demo/prompts.json`. Without provider keys in the environment, or
//! with `CLAWROUTERS_SANDBOX=1`, every answer comes from the built-in sandbox.
#![allow(clippy::print_stdout)] // What it prints is what it is for.

mod sandbox;
mod table;
mod totals;

use std::io::Write;

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// One prompt of the file: its title and the request body that it stands for.
struct Prompt {
    title: String,
    body: Value,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "examples/demo/prompts.json".into());
    let prompts = read(&path)?;
    let sandboxed = !sandbox::real_providers();
    println!("ClawRouters demo, Rust: {} prompts with model=\"auto\"\n", prompts.len());
    if sandboxed {
        println!("{}\n", sandbox::LABEL);
    } else {
        println!("Provider keys were found: real models answer, and they cost money.\n");
    }
    let (router, doomed) = if sandboxed { sandbox::dying(&prompts)? } else { (Router::from_env()?, None) };
    if let Some((provider, after)) = &doomed {
        println!(
            "The sandbox in place of {provider} will answer {after} requests and then fail for ever with status 503.\n"
        );
    }
    let rows = run(&router, &prompts).await?;
    stream(sandboxed).await?;
    if !sandboxed {
        outage(rows.iter().find_map(|row| row.route.as_deref())).await?;
    }
    totals::print(&router, &prompts, &rows, sandboxed)?;
    Ok(())
}

/// Reads the prompts. `repeat` stands for a long text, so that the file stays small.
fn read(path: &str) -> Outcome<Vec<Prompt>> {
    let entries: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    Ok(entries.iter().map(prompt).collect())
}

fn prompt(entry: &Value) -> Prompt {
    let mut text = entry["prompt"].as_str().unwrap_or_default().to_owned();
    if let (Some(part), Some(times)) = (entry["repeat"]["text"].as_str(), entry["repeat"]["times"].as_u64()) {
        text = format!("{text}\n\n{}", part.repeat(usize::try_from(times).unwrap_or(1)));
    }
    let messages = entry.get("messages").cloned().unwrap_or_else(|| json!([{"role": "user", "content": text}]));
    let mut body = json!({"model": "auto", "messages": messages});
    for (field, value) in entry["fields"].as_object().into_iter().flatten() {
        body[field.as_str()] = value.clone();
    }
    Prompt { title: entry["title"].as_str().unwrap_or_default().to_owned(), body }
}

/// Asks every prompt in turn and prints a row for each.
async fn run(router: &Router, prompts: &[Prompt]) -> Outcome<Vec<table::Row>> {
    table::head();
    let mut rows = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        let row = match router.chat(ChatRequest::from_value(prompt.body.clone())?).await {
            Ok(reply) => table::Row { title: prompt.title.clone(), route: Some(reply.route), error: None },
            Err(error) => table::Row { title: prompt.title.clone(), route: None, error: Some(error.to_string()) },
        };
        table::line(&row);
        rows.push(row);
    }
    println!();
    Ok(rows)
}

/// Prints one answer token by token.
async fn stream(sandboxed: bool) -> Outcome<()> {
    let router = if sandboxed { Router::new(sandbox::config(1.0, None)?)? } else { Router::from_env()? };
    let request = ChatRequest::new("auto:fastest", "In four sentences: how does a lighthouse lens bundle its light?");
    let mut stream = router.stream(request).await?;
    println!("A live stream from {}:\n", stream.route().model);
    print!("  ");
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        print!("{}", chunk.text());
        std::io::stdout().flush()?;
        if let Some(route) = &chunk.route {
            let first = route.first_token_ms.unwrap_or_default();
            println!("\n\n  first output after {first:.0} ms, all of it after {:.0} ms\n", route.latency_ms);
        }
    }
    Ok(())
}

/// With real providers none is broken: an entry that refuses connections stands first in a list.
async fn outage(answered: Option<&clawrouters::RouteInfo>) -> Outcome<()> {
    let Some(route) = answered else { return Ok(()) };
    let mut providers = json!({"dead": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}});
    providers[route.provider.as_str()] = json!({});
    let config = json!({"providers": providers, "aliases": {"careful": ["dead/any-model", route.model]}});
    let router = Router::new(Config::from_value(config)?)?;
    let reply =
        router.chat(ChatRequest::new("careful", "Answer with one word: what is the opposite of north?")).await?;
    println!("A provider that refuses connections stands first in the list \"careful\":");
    for attempt in &reply.route.attempts {
        println!("  {} -> {}, {:.1} ms", attempt.target, attempt.verdict, attempt.latency_ms);
    }
    println!();
    Ok(())
}
