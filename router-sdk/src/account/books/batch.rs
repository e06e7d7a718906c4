//! Calls for embeddings that run beside each other: what was sent and how it ended in, one attempt record each out.

use tokio::time::Instant;

use super::{Books, milliseconds};
use crate::account::usd;
use crate::catalog::Model;
use crate::provider::Target;
use crate::wire::{AttemptRecord, CostSource, Usage};

/// One call, from its sending to its end.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) target: Target,
    pub(crate) started: Instant,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
}

/// Whose word a cost is.
fn source(usage: &Usage) -> CostSource {
    match usage {
        Usage { reported_cost_nanos: Some(_), .. } => CostSource::Provider,
        Usage { estimated: true, .. } => CostSource::Estimate,
        _ => CostSource::Catalogue,
    }
}

impl Books {
    /// Calls to a target are about to be sent.
    pub(crate) fn turn_to(&mut self, target: &Target) {
        self.route.model = target.key();
        self.route.provider.clone_from(&target.deployment.provider);
        self.route.deployment.clone_from(&target.deployment.name);
        self.route.sandbox = target.deployment.sandbox;
    }

    /// A call ended. Without usage nothing was billed.
    pub(crate) fn note(&mut self, sent: Sent, verdict: &str, then: &'static str, usage: Option<Usage>) {
        let cost_nanos = match &usage {
            Some(usage) => self.embedding_cost(&sent.target.model, usage),
            None => Some(0),
        };
        self.route.attempts.push(AttemptRecord {
            target: sent.target.key(),
            provider: sent.target.deployment.provider.clone(),
            deployment: sent.target.deployment.name.clone(),
            verdict: verdict.to_owned(),
            then,
            why: "",
            status: sent.status,
            request_id: sent.request_id,
            started_ms: milliseconds(sent.started.saturating_duration_since(self.started)),
            latency_ms: milliseconds(sent.started.elapsed()),
            first_token_ms: None,
            usage,
            cost_nanos,
            cost: cost_nanos.map(usd),
            cost_source: usage.as_ref().filter(|_| cost_nanos.is_some()).map(source),
        });
    }

    /// Every call was answered; these are the tokens of all inputs.
    pub(crate) fn embedded(&mut self, usage: Usage) {
        self.route.usage = Some(usage);
    }

    /// Embeddings have no output, so a price list may leave its price out.
    pub(crate) fn embedding_cost(&self, model: &Model, usage: &Usage) -> Option<u64> {
        crate::account::embedding_cost(model, usage, self.date)
    }
}
