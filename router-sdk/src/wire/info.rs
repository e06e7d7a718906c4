//! What every reply says about how it was made: the route, its cost and each attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Cached, CostSource, SessionInfo, Usage};
use crate::account::usd;
use crate::admit::Allowances;
use crate::classify::Task;

/// One send to one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptRecord {
    /// `provider/model` that was asked.
    pub target: String,
    /// The provider asked.
    pub provider: String,
    /// The deployment asked, where the provider has several.
    pub deployment: Option<String>,
    /// `ok`, or the cause of the failure such as `rate_limited`, `server_error`, `first_token_timeout`.
    pub verdict: String,
    /// What was done next: `done`, `same_again`, `next`, `resume`, `restart`, `stop`.
    pub then: &'static str,
    /// Why that was done next, in words; empty for a good answer.
    pub why: &'static str,
    /// The provider's HTTP status, if it answered.
    pub status: Option<u16>,
    /// The provider's request id.
    pub request_id: Option<String>,
    /// Milliseconds from the start of the request to sending.
    pub started_ms: f64,
    /// Milliseconds from sending to the end of the attempt.
    pub latency_ms: f64,
    /// Milliseconds from sending to the first output of a stream.
    pub first_token_ms: Option<f64>,
    /// Tokens used, if known or estimated.
    pub usage: Option<Usage>,
    /// Cost in nano-dollars; absent when the price or the usage is unknown.
    #[serde(skip)]
    pub cost_nanos: Option<u64>,
    /// Cost in US dollars; absent when the price or the usage is unknown.
    pub cost: Option<f64>,
    /// Where the cost comes from; absent with it, and where nothing was billed.
    pub cost_source: Option<CostSource>,
}

/// A stream that broke after output had begun, and how the answer was completed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resumption {
    /// `provider/model` whose stream broke.
    pub from: String,
    /// `provider/model` that went on.
    pub to: String,
    /// Characters of text that had been delivered by then.
    pub after_chars: usize,
    /// The cause of the break, such as `truncated` or `idle_timeout`.
    pub cause: &'static str,
    /// How the rest was asked for: `prefill`, `instruction`, or `restart` when the answer began anew.
    pub form: &'static str,
}

/// A second opinion on a difficulty, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// `provider/model` that was asked.
    pub model: String,
    /// The difficulty that it stated, from 0 to 1; absent when it failed, was late or was resting.
    pub said: Option<f64>,
    /// The difficulty by the classifier.
    pub from: f64,
    /// The difficulty that the choice was made by: what was said, within the classifier's doubt. Absent with it.
    pub to: Option<f64>,
    /// True when the word was remembered, or came from the same question of another request.
    pub remembered: bool,
    /// Milliseconds that the request waited for it.
    pub latency_ms: f64,
    /// What the question cost in nano-dollars, beside the cost of the request; it has a ledger entry of its own. Absent
    /// when the price is unknown.
    #[serde(rename = "cost", serialize_with = "as_usd")]
    pub cost_nanos: Option<u64>,
}

fn as_usd<S: serde::Serializer>(nanos: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    nanos.map(usd).serialize(serializer)
}

/// How a reply was made.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RouteInfo {
    /// This library's id of the request.
    pub request_id: String,
    /// What the caller asked for.
    pub model_requested: String,
    /// The `provider/model` that answered.
    pub model: String,
    /// The provider that answered.
    pub provider: String,
    /// The deployment that answered, where the provider has several.
    pub deployment: Option<String>,
    /// True when the answer came from the built-in sandbox and no real model.
    pub sandbox: bool,
    /// The level of thinking that the router chose for the model; absent where its default or the caller's own held.
    pub effort: Option<Arc<str>>,
    /// The strategy in force.
    pub strategy: &'static str,
    /// What the request was taken for; absent for an explicit model.
    pub task: Option<Task>,
    /// The second opinion on the difficulty, where one was asked for.
    pub judge: Option<Judged>,
    /// The conversation that it belongs to and what was decided for it; absent where none is known.
    pub session: Option<Box<SessionInfo>>,
    /// Why this model, in words.
    pub reasons: Vec<String>,
    /// Parameters that were adapted or left out for the provider.
    pub adapted: Vec<String>,
    /// How many findings of which kind were taken out of the request's text before it left.
    pub redacted: BTreeMap<&'static str, u64>,
    /// Total cost of all attempts in nano-dollars; absent when a price is unknown.
    pub cost_nanos: Option<u64>,
    /// Where the cost comes from: of all attempts the least certain.
    pub cost_source: Option<CostSource>,
    /// What the baseline model would have cost for the same tokens, in nano-dollars.
    pub baseline_nanos: Option<u64>,
    /// The baseline model.
    pub baseline_model: Option<String>,
    /// What the ablest model that could have answered would have cost for the same tokens, in nano-dollars.
    pub best_single_nanos: Option<u64>,
    /// The ablest model that could have answered.
    pub best_single_model: Option<String>,
    /// Tokens of the answering attempt.
    pub usage: Option<Usage>,
    /// Milliseconds for the whole request.
    pub latency_ms: f64,
    /// Milliseconds until the first output of a stream.
    pub first_token_ms: Option<f64>,
    /// What the cache did: a kept answer costs nothing and has no attempts.
    pub cached: Cached,
    /// Where the stream broke after output had begun, and who went on with it.
    pub resumed: Vec<Resumption>,
    /// How the caller's limits stood when the request was admitted; absent where none apply.
    pub limits: Option<Box<Allowances>>,
    /// Every send, in the order in which they ended.
    pub attempts: Vec<AttemptRecord>,
}

impl RouteInfo {
    /// What was saved against the baseline in nano-dollars; negative when more was spent.
    pub fn saved_nanos(&self) -> Option<i64> {
        let baseline = i64::try_from(self.baseline_nanos?).ok()?;
        let cost = i64::try_from(self.cost_nanos?).ok()?;
        Some(baseline - cost)
    }

    /// The JSON that replies carry under `clawrouters`; money in US dollars, times in milliseconds.
    pub fn to_json(&self) -> Value {
        json!({
            "request_id": self.request_id,
            "model_requested": self.model_requested,
            "model": self.model,
            "provider": self.provider,
            "deployment": self.deployment,
            "sandbox": self.sandbox,
            "effort": self.effort.as_deref(),
            "strategy": self.strategy,
            "task": self.task.as_ref().map(|t| t.kind.as_str()),
            "difficulty": self.task.as_ref().map(|t| t.difficulty),
            "confidence": self.task.as_ref().map(|t| t.confidence),
            "judge": self.judge,
            "session": self.session,
            "reasons": self.reasons,
            "adapted": self.adapted,
            "redacted": self.redacted,
            "cost": self.cost_nanos.map(usd),
            "cost_source": self.cost_source,
            "baseline": self.baseline_nanos.map(usd),
            "baseline_model": self.baseline_model,
            "saved": self.saved_nanos().map(|n| n as f64 / 1e9),
            "best_single": self.best_single_nanos.map(usd),
            "best_single_model": self.best_single_model,
            "cached": self.cached,
            "usage": self.usage,
            "latency_ms": self.latency_ms,
            "first_token_ms": self.first_token_ms,
            "resumed": self.resumed,
            "limits": self.limits,
            "attempts": self.attempts,
        })
    }
}
