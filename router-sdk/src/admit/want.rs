//! What one send may cost: a request and a target in, the longest answer and its price out. Pure.

use jiff::civil::Date;

use crate::account::{embedding_cost, usage_cost};
use crate::provider::Target;
use crate::wire::{ChatRequest, Object, ServiceTier, Usage};

/// Output tokens held where the caller set no limit and the model's own is larger or unknown.
pub(crate) const WORST_CASE_OUTPUT: u64 = 4_096;

/// One send.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    pub(crate) target: Target,
    /// Input tokens of all copies, a tenth on top of the estimate, which is that good.
    pub(crate) input: u64,
    /// The longest answer, all choices together.
    pub(crate) output: u64,
    /// The caller set no limit, so that the answer may be cut.
    pub(crate) shrinks: bool,
    pub(crate) choices: u64,
    copies: u64,
    date: Date,
    tier: Option<ServiceTier>,
    /// Parts of the prompt are to be cached, which may cost more than reading them.
    caches: bool,
    embeds: bool,
}

/// The longest answer that a request may get, all choices together, and whether it may be cut.
pub(crate) fn longest(request: &ChatRequest, model: Option<u64>) -> (u64, bool) {
    let own = request.max_output_tokens();
    let each = own.unwrap_or(WORST_CASE_OUTPUT).min(model.unwrap_or(u64::MAX));
    (each.saturating_mul(request.choices()), own.is_none())
}

/// A count with the doubt of an estimate on top.
pub(crate) fn doubted(tokens: u64) -> u64 {
    tokens.saturating_add(tokens / 10)
}

impl Want {
    /// A chat request of so many tokens.
    pub(crate) fn chat(request: &ChatRequest, target: &Target, tokens: u64, date: Date) -> Self {
        let (output, shrinks) = longest(request, target.model.max_output_tokens);
        let choices = request.choices();
        let copies = if choices == 1 || target.takes_n() { 1 } else { choices };
        Self {
            target: target.clone(),
            input: doubted(tokens).saturating_mul(copies),
            output,
            shrinks,
            choices,
            copies,
            date,
            tier: request.get("service_tier").and_then(|tier| ServiceTier::parse(tier.as_str()?)),
            caches: request.messages().iter().chain(request.tools()).any(caches) || marks_cache(request.body()),
            embeds: false,
        }
    }

    /// A request for embeddings of so many tokens.
    pub(crate) fn embedding(target: &Target, tokens: u64, date: Date) -> Self {
        Self {
            target: target.clone(),
            input: doubted(tokens),
            output: 0,
            shrinks: false,
            choices: 1,
            copies: 1,
            date,
            tier: None,
            caches: false,
            embeds: true,
        }
    }

    /// The most that an answer of so many tokens can cost; nothing where the price is unknown.
    pub(crate) fn price(&self, output: u64) -> Option<u64> {
        let copies = self.copies.max(1);
        let usage = Usage { input: self.input / copies, output: output.div_ceil(copies), ..Usage::default() };
        let one = if self.embeds { embedding_cost(&self.target.model, &usage, self.date) } else { self.dearest(usage) };
        match one {
            Some(nanos) => Some(nanos.saturating_mul(copies)),
            None => self.target.deployment.local.then_some(0),
        }
    }

    /// The dearest way in which the provider may bill a usage.
    fn dearest(&self, usage: Usage) -> Option<u64> {
        let cost = |usage: Usage| usage_cost(&self.target.model, &usage, self.date, None);
        let plain = cost(usage)?;
        let tiered = self.tier.and_then(|tier| cost(Usage { service_tier: Some(tier), ..usage }));
        let written = self.caches.then(|| {
            let short = cost(Usage { cache_write: usage.input, ..usage });
            short.max(cost(Usage { cache_write_1h: usage.input, ..usage }))
        });
        Some(plain.max(tiered.unwrap_or(0)).max(written.flatten().unwrap_or(0)))
    }
}

/// True where a message or a tool asks for a part of the prompt to be cached.
fn caches(part: &serde_json::Value) -> bool {
    let marked = |value: &serde_json::Value| value.as_object().is_some_and(marks_cache);
    let content = part.get("content").and_then(serde_json::Value::as_array);
    marked(part) || content.into_iter().flatten().any(marked)
}

fn marks_cache(object: &Object) -> bool {
    object.get("cache_control").is_some_and(|mark| !mark.is_null())
}
