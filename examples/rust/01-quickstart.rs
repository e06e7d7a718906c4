//! A first call: the router reads the request, chooses a model and says what it did.
//!
//! Runs offline with the sandbox: `CLAWROUTERS_SANDBOX=1 cargo run -p clawrouters --example quickstart`.
//! With provider keys in the environment, such as `OPENAI_API_KEY`, it asks the real models.
#![allow(clippy::print_stdout)]

use clawrouters::{ChatRequest, Router, usd};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clawrouters::Error> {
    let router = Router::from_env()?;
    let prompts = [
        "What is the capital of Peru?",
        "Translate into German: The meeting has been moved to Thursday.",
        "Write a Rust function that merges overlapping intervals, and prove that it runs in O(n log n).",
    ];
    for prompt in prompts {
        let reply = router.chat(ChatRequest::new("auto", prompt)).await?;
        let cost = reply.route.cost_nanos.map_or_else(|| "unknown".into(), |nanos| format!("${:.6}", usd(nanos)));
        println!("> {prompt}\n{}\n  {}, {cost}\n", reply.text(), reply.model());
    }
    Ok(())
}
