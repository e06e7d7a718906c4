//! A configuration in TOML: an own server, own names for lists of models, corrected facts, time limits.
//!
//! Runs offline: it only shows what would be done.
#![allow(clippy::print_stdout)]

use clawrouters::{ChatRequest, Config, Router};

const TOML: &str = r#"
strategy = "balanced"
baseline = "openai/gpt-5.1"

[providers.office]
kind = "openai"
base_url = "http://localhost:8000/v1"

[aliases]
draft = ["office/qwen3-32b", "office/llama-70b"]

[[models]]
id = "office/qwen3-32b"
price = { input = 0.1, output = 0.3 }
context_window = 32768
capabilities = { tools = true, vision = false }
quality = 25

[timeouts]
total_ms = 60000
"#;

fn main() -> Result<(), clawrouters::Error> {
    let router = Router::new(Config::from_toml(TOML)?)?;
    let explanation = router.explain(&ChatRequest::new("draft", "Write a reply to this complaint: ..."))?;
    for candidate in &explanation.plan.candidates {
        println!("{}: expected cost {:?} nano-dollars", candidate.target.key(), candidate.cost_nanos);
    }
    // A key that does not exist is an error that names it.
    if let Err(error) = Config::from_toml("[timeouts]\ntotal = 60") {
        println!("{error}");
    }
    Ok(())
}
