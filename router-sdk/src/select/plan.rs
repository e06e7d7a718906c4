//! The decision: ordered candidates, why they stand where they do, and who was refused by which gate.

use std::time::Duration;

use serde_json::{Value, json};

use super::gate::GRANT;
use crate::account::usd;
use crate::classify::Task;
use crate::error::{Error, ErrorKind, Refusal};
use crate::provider::Target;
use crate::wire::{SessionInfo, Strategy};

/// A target that may answer, and what is expected of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// Where it would be sent.
    pub target: Target,
    /// Expected probability of a good answer, uncertainty subtracted; absent where nothing classified the request.
    pub quality: Option<f64>,
    /// Expected cost in nano-dollars; absent when the price is unknown.
    pub cost_nanos: Option<u64>,
    /// Worst case that is held before sending, in nano-dollars.
    pub worst_nanos: Option<u64>,
    /// Points by which scores of earlier answers moved its ability for this request; absent where it has none.
    pub experience: Option<f64>,
}

/// Ordered candidates with reasons.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// In the order in which they are tried.
    pub candidates: Vec<Candidate>,
    /// Able models beyond those that would be tried, best first. Filled for `explain`.
    pub also_able: Vec<Candidate>,
    /// The strategy in force.
    pub strategy: Strategy,
    /// True when the router chose; false when the caller named the models.
    pub automatic: bool,
    /// True when the first candidate is there to be tried out: `learning.explore`.
    pub explored: bool,
    /// Why the first candidate is first, in words.
    pub reasons: Vec<String>,
    /// The model against which savings are counted.
    pub baseline: Option<Target>,
    /// The model that the strategy `best` would have chosen: what always asking the ablest model costs is counted with it.
    pub best_single: Option<Target>,
    /// Models refused, and why. Filled for `explain` and when nothing is left.
    pub refusals: Vec<Refusal>,
    /// Able targets that are resting after failures, with the time left.
    pub resting: Vec<(String, Duration)>,
}

impl Plan {
    /// The error of a plan without candidates; the plan itself otherwise.
    pub(crate) fn or_error(self) -> Result<Self, Error> {
        if !self.candidates.is_empty() {
            return Ok(self);
        }
        if let Some((_, wait)) = self.resting.iter().min_by_key(|(_, wait)| *wait) {
            let names: Vec<_> = self.resting.iter().take(8).map(|(name, _)| name.as_str()).collect();
            let message = format!("every model that can do this is resting after failures: {}", names.join(", "));
            return Err(Error::new(ErrorKind::ProviderUnavailable, message).with_retry_after(Some(*wait)));
        }
        let kind = if out_of_bounds(&self.refusals) { ErrorKind::Forbidden } else { ErrorKind::NoCandidate };
        Err(Error::new(kind, no_candidate(&self.refusals)).with_refusals(self.refusals))
    }
}

/// True when what the request's own options leave is what the caller's key does not allow.
fn out_of_bounds(refusals: &[Refusal]) -> bool {
    // Those that are chosen for no request whatever say nothing of this one.
    const ALWAYS: [&str; 6] = ["only", "ignore", "key", "sunset", "special_purpose", "moving_alias"];
    let grant = refusals.iter().any(|r| r.gate == GRANT);
    grant && refusals.iter().all(|r| r.gate == GRANT || ALWAYS.contains(&r.gate))
}

/// The gates that refused, with one model as the example of each.
fn no_candidate(refusals: &[Refusal]) -> String {
    if refusals.is_empty() {
        return "no model is configured for auto; configure a provider or name a model".into();
    }
    let mut gates: Vec<(&str, usize, &Refusal)> = Vec::new();
    for refusal in refusals {
        match gates.iter_mut().find(|(gate, ..)| *gate == refusal.gate) {
            Some((_, count, _)) => *count += 1,
            None => gates.push((refusal.gate, 1, refusal)),
        }
    }
    gates.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let parts: Vec<_> = gates
        .iter()
        .map(|(gate, count, example)| format!("{gate} refused {count} ({}: {})", example.model, example.reason))
        .collect();
    format!("no model can do this request: {}", parts.join("; "))
}

/// What a request would be taken for and where it would go, without sending it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// What the request was taken for; absent for explicit models.
    pub task: Option<Task>,
    /// Estimated input tokens.
    pub input_tokens: u64,
    /// The plan, with every refusal.
    pub plan: Plan,
    /// The conversation that it belongs to and what would be decided for it, by what this process knows.
    pub session: Option<SessionInfo>,
}

impl Explanation {
    /// The explanation as JSON; money in US dollars.
    pub fn to_json(&self) -> Value {
        let plan = &self.plan;
        let tried = plan.candidates.iter().map(|c| candidate(c, true));
        let candidates: Vec<Value> = tried.chain(plan.also_able.iter().map(|c| candidate(c, false))).collect();
        let resting: Vec<Value> =
            plan.resting.iter().map(|(name, left)| json!({"model": name, "retry_after": left.as_secs_f64()})).collect();
        json!({
            "task": self.task,
            "difficulty": self.task.as_ref().map(|t| t.difficulty),
            "input_tokens": self.input_tokens,
            "strategy": plan.strategy.as_str(),
            "automatic": plan.automatic,
            "model": candidates.first().map(|c| c["model"].clone()),
            "session": self.session,
            "reasons": plan.reasons,
            "baseline": plan.baseline.as_ref().map(Target::key),
            "best_single": plan.best_single.as_ref().map(Target::key),
            "candidates": candidates,
            "refused": plan.refusals,
            "resting": resting,
        })
    }
}

/// A candidate as JSON; `tried` says whether the plan gets to it.
fn candidate(c: &Candidate, tried: bool) -> Value {
    json!({
        "model": c.target.key(), "provider": c.target.deployment.provider, "sandbox": c.target.deployment.sandbox,
        "tried": tried, "effort": c.target.effort.as_deref(), "quality": c.quality, "cost": c.cost_nanos.map(usd), "worst_cost": c.worst_nanos.map(usd),
        "experience": c.experience,
    })
}
