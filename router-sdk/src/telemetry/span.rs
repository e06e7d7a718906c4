//! Spans by the conventions for generative AI: a closed entry in, one span with a child for each attempt out.

use serde_json::{Value, json};

use super::TraceContext;
use super::attribute::{Attribute, Attributes, put};
use crate::account::Entry;
use crate::error::ErrorKind;
use crate::wire::{AttemptRecord, RouteInfo};

/// A span that is over.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// Its name, such as `chat openai/gpt-5.4`.
    pub name: String,
    /// The caller's span; of attempts none.
    pub parent: Option<TraceContext>,
    /// When it began, in nanoseconds since 1970.
    pub start_nanos: u64,
    /// When it ended.
    pub end_nanos: u64,
    /// What it tells.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// What it failed of, in one word.
    pub error: Option<String>,
    /// Spans within.
    pub children: Vec<Span>,
}

impl Span {
    pub(super) fn of(entry: &Entry, content: bool) -> Self {
        let route = &*entry.route;
        let start = nanos(entry.at_ms as f64);
        Self {
            name: format!("{} {}", entry.facts.operation, route.model_requested),
            parent: entry.facts.trace.clone(),
            start_nanos: start,
            end_nanos: start + nanos(route.latency_ms),
            attributes: request(entry, content),
            error: entry.error.map(|kind| kind.as_str().to_owned()),
            children: route.attempts.iter().enumerate().map(|(i, a)| attempt(a, i, start)).collect(),
        }
    }

    /// The span as JSON; times as text, for they have more digits than JavaScript's numbers.
    pub(super) fn to_json(&self) -> Value {
        let attributes: Value =
            self.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.to_json())).collect();
        let parent = self
            .parent
            .as_ref()
            .map(|p| json!({"trace_id": p.trace_id, "span_id": p.span_id, "sampled": p.sampled, "state": p.state}));
        json!({
            "name": self.name, "parent": parent, "start": self.start_nanos.to_string(), "end": self.end_nanos.to_string(),
            "attributes": attributes, "error": self.error,
            "children": self.children.iter().map(Self::to_json).collect::<Vec<_>>(),
        })
    }
}

/// Milliseconds as nanoseconds; what no clock can have said is 0.
fn nanos(milliseconds: f64) -> u64 {
    (milliseconds.max(0.0) * 1e6) as u64
}

/// The conventions' name of a provider, where they have one.
pub(super) fn provider(name: &str) -> String {
    match name {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "google" | "gemini" => "gcp.gemini",
        "vertex" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        own => own,
    }
    .to_owned()
}

fn request(entry: &Entry, content: bool) -> Attributes {
    let (route, facts) = (&*entry.route, &entry.facts);
    let mut out: Attributes = vec![
        ("gen_ai.operation.name", facts.operation.into()),
        ("gen_ai.request.model", route.model_requested.clone().into()),
        ("gen_ai.request.stream", entry.stream.into()),
    ];
    // Without an answering provider there is none that could be named.
    let answered = if route.provider.is_empty() { "clawrouters".to_owned() } else { provider(&route.provider) };
    out.push(("gen_ai.provider.name", answered.into()));
    put(&mut out, "gen_ai.response.model", some(&route.model));
    put(&mut out, "gen_ai.response.id", facts.response_id.clone());
    let reasons = (!facts.finish_reasons.is_empty()).then(|| Attribute::Texts(facts.finish_reasons.clone()));
    put(&mut out, "gen_ai.response.finish_reasons", reasons);
    put(&mut out, "gen_ai.response.time_to_first_chunk", route.first_token_ms.map(|ms| ms / 1e3));
    put(&mut out, "gen_ai.conversation.id", entry.session.clone());
    for (name, value) in &facts.parameters {
        let whole = value.fract() == 0.0
            && !name.ends_with("penalty")
            && !name.ends_with("temperature")
            && !name.ends_with("top_p");
        out.push((name, if whole { Attribute::Whole(*value as i64) } else { Attribute::Number(*value) }));
    }
    usage(&mut out, route);
    own(&mut out, entry);
    put(&mut out, "error.type", entry.error.map(ErrorKind::as_str));
    if let Some(said) = entry.content.as_ref().filter(|_| content) {
        put(&mut out, "gen_ai.input.messages", some(said.prompt()));
        put(&mut out, "gen_ai.output.messages", some(said.answer()));
    }
    out
}

fn usage(out: &mut Attributes, route: &RouteInfo) {
    let Some(usage) = route.usage else { return };
    out.push(("gen_ai.usage.input_tokens", usage.input.into()));
    out.push(("gen_ai.usage.output_tokens", usage.output.into()));
    let above = |n: u64| (n > 0).then_some(n);
    put(out, "gen_ai.usage.cache_read.input_tokens", above(usage.cached_read));
    put(out, "gen_ai.usage.cache_creation.input_tokens", above(usage.cache_write + usage.cache_write_1h));
    put(out, "gen_ai.usage.reasoning.output_tokens", above(usage.reasoning));
    put(out, "clawrouters.usage.estimated", usage.estimated.then_some(true));
}

/// What no convention has a name for.
fn own(out: &mut Attributes, entry: &Entry) {
    let route = &*entry.route;
    out.push(("clawrouters.request_id", route.request_id.clone().into()));
    out.push(("clawrouters.strategy", route.strategy.into()));
    out.push(("clawrouters.purpose", entry.purpose.into()));
    out.push(("clawrouters.caller", entry.caller.id().to_owned().into()));
    out.push(("clawrouters.attempts", (route.attempts.len() as u64).into()));
    put(out, "clawrouters.deployment", route.deployment.clone());
    put(out, "clawrouters.sandbox", route.sandbox.then_some(true));
    put(out, "clawrouters.task", route.task.as_ref().map(|task| task.kind.as_str()));
    put(out, "clawrouters.difficulty", route.task.as_ref().map(|task| task.difficulty));
    put(out, "clawrouters.cost_usd", route.cost_nanos.map(crate::account::usd));
    put(out, "clawrouters.saved_usd", route.saved_nanos().map(|n| n as f64 / 1e9));
    put(out, "clawrouters.baseline_model", route.baseline_model.clone());
    put(out, "clawrouters.resumed", some_count(route.resumed.len()));
    put(out, "clawrouters.redacted", some_count(route.redacted.values().sum::<u64>() as usize));
    let tags: Vec<String> = entry.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    put(out, "clawrouters.tags", (!tags.is_empty()).then_some(Attribute::Texts(tags)));
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn some_count(count: usize) -> Option<u64> {
    (count > 0).then_some(count as u64)
}

/// An attempt. Its tokens stand under own names, so that sums over spans count each token once.
fn attempt(attempt: &AttemptRecord, number: usize, request_start: u64) -> Span {
    let start_nanos = request_start + nanos(attempt.started_ms);
    let failed = (attempt.verdict != "ok").then(|| attempt.verdict.clone());
    let mut out: Attributes = vec![
        ("gen_ai.provider.name", provider(&attempt.provider).into()),
        ("gen_ai.request.model", attempt.target.clone().into()),
        ("clawrouters.attempt.number", (number as u64 + 1).into()),
        ("clawrouters.attempt.verdict", attempt.verdict.clone().into()),
        ("clawrouters.attempt.then", attempt.then.into()),
    ];
    put(&mut out, "clawrouters.attempt.why", some(attempt.why));
    put(&mut out, "clawrouters.deployment", attempt.deployment.clone());
    put(&mut out, "http.response.status_code", attempt.status.map(u64::from));
    put(&mut out, "clawrouters.attempt.request_id", attempt.request_id.clone());
    put(&mut out, "clawrouters.attempt.time_to_first_chunk", attempt.first_token_ms.map(|ms| ms / 1e3));
    put(&mut out, "clawrouters.attempt.input_tokens", attempt.usage.map(|u| u.input));
    put(&mut out, "clawrouters.attempt.output_tokens", attempt.usage.map(|u| u.output));
    put(&mut out, "clawrouters.attempt.cost_usd", attempt.cost);
    put(&mut out, "error.type", failed.clone());
    Span {
        name: format!("attempt {}", attempt.target),
        parent: None,
        start_nanos,
        end_nanos: start_nanos + nanos(attempt.latency_ms),
        attributes: out,
        error: failed,
        children: Vec::new(),
    }
}
