//! A dry run: what a request is taken for, who could answer it at which cost, and who is refused why. Nothing is sent.
//!
//! Runs offline: `CLAWROUTERS_SANDBOX=1 cargo run -p clawrouters --example explain`.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use clawrouters::{ChatRequest, Router, usd};
use serde_json::json;

fn main() -> Result<(), clawrouters::Error> {
    let router = Router::from_env()?;
    let request = ChatRequest::new("auto", "Find the race condition in this queue and repair it: ...")
        .with("route", json!({"require": ["tools", "json_schema"], "max_price": {"output": 5.0}}))?;

    let task = router.classify(&request);
    println!("{} of difficulty {:.2}, confidence {:.2}", task.kind, task.difficulty, task.confidence);
    for evidence in &task.evidence {
        println!("  {} ({:+.2})", evidence.signal, evidence.weight);
    }

    let explanation = router.explain(&request)?;
    for candidate in &explanation.plan.candidates {
        let cost = candidate.cost_nanos.map_or(f64::NAN, usd);
        println!("{:<45} quality {:.2}  ${cost:.6}", candidate.target.key(), candidate.quality.unwrap_or_default());
    }
    let mut gates: BTreeMap<&str, usize> = BTreeMap::new();
    for refusal in &explanation.plan.refusals {
        *gates.entry(refusal.gate).or_default() += 1;
    }
    println!("refused, by gate: {gates:?}");
    Ok(())
}
