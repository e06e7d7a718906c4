//! The demo without keys: which providers the sandbox stands for, and which of them dies half-way.

use std::collections::BTreeMap;

use clawrouters::{ChatRequest, Config, Router};
use serde_json::{Value, json};

use super::{Outcome, Prompt};

/// What the sandbox is, in the words of the demo.
pub const LABEL: &str = "SANDBOX: no provider key is used and nothing is sent anywhere. The router classifies, chooses, \
fails over and\ncounts as always; the answers are canned sentences, and tokens, latencies and costs are those that the \
sandbox makes\nup for them at the list prices of the models it stands for. No money was spent, and none was saved.";

const PROVIDERS: [&str; 8] = ["anthropic", "deepseek", "google", "groq", "mistral", "moonshot", "openai", "xai"];

/// True when `auto` can reach a provider with what the environment holds.
pub fn real_providers() -> bool {
    let forced = std::env::var("CLAWROUTERS_SANDBOX").is_ok_and(|v| !v.trim().is_empty() && v.trim() != "0");
    !forced && Router::from_env().and_then(|r| r.explain(&ChatRequest::new("auto", "hello"))).is_ok()
}

/// Every provider as a sandbox whose latencies are scaled; one may be told to fail after so many good replies.
pub fn config(latency: f64, dying: Option<(&str, u64)>) -> Outcome<Config> {
    let mut providers = serde_json::Map::new();
    for name in PROVIDERS {
        let mut sandbox = json!({"latency": latency});
        if let Some((_, after)) = dying.filter(|(provider, _)| *provider == name) {
            sandbox["fail"] = json!({"after": after, "status": 503});
        }
        providers.insert(name.into(), json!({"kind": "sandbox", "sandbox": sandbox}));
    }
    Ok(Config::from_value(json!({"providers": Value::Object(providers)}))?)
}

/// A router whose busiest provider dies half-way through these prompts: its name and its number of good replies.
pub fn dying(prompts: &[Prompt]) -> Outcome<(Router, Option<(String, u64)>)> {
    let planner = Router::new(config(0.05, None)?)?;
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for prompt in prompts {
        let explained = planner.explain(&ChatRequest::from_value(prompt.body.clone())?)?;
        if let Some(candidate) = explained.plan.candidates.first() {
            *first.entry(candidate.target.deployment.provider.clone()).or_default() += 1;
        }
    }
    let busiest = first.into_iter().max_by_key(|(_, count)| *count).map(|(name, count)| (name, count / 2));
    let router = Router::new(config(0.05, busiest.as_ref().map(|(name, after)| (name.as_str(), *after)))?)?;
    Ok((router, busiest))
}
