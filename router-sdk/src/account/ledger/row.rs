//! An entry laid flat: an entry or a line of a table in, the same fields out, so that both are counted and exported alike.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Entry;
use crate::error::ErrorKind;
use crate::wire::{CostSource, Usage};

/// One request, without its attempts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row<'a> {
    pub(crate) at_ms: i64,
    pub(crate) request_id: Cow<'a, str>,
    pub(crate) purpose: Cow<'a, str>,
    pub(crate) key: Cow<'a, str>,
    pub(crate) tags: Tags<'a>,
    pub(crate) session: Option<Cow<'a, str>>,
    pub(crate) model_requested: Cow<'a, str>,
    /// Absent when no model was asked.
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) provider: Option<Cow<'a, str>>,
    pub(crate) deployment: Option<Cow<'a, str>>,
    pub(crate) sandbox: bool,
    pub(crate) strategy: Cow<'a, str>,
    pub(crate) task: Option<Cow<'a, str>>,
    pub(crate) difficulty: Option<f64>,
    pub(crate) stream: bool,
    pub(crate) cached: Cow<'a, str>,
    pub(crate) tokens: Tokens,
    pub(crate) cost_nanos: Option<u64>,
    pub(crate) cost_source: Option<Cow<'a, str>>,
    pub(crate) baseline_nanos: Option<u64>,
    pub(crate) baseline_model: Option<Cow<'a, str>>,
    pub(crate) best_nanos: Option<u64>,
    pub(crate) best_model: Option<Cow<'a, str>>,
    pub(crate) latency_ms: f64,
    pub(crate) first_token_ms: Option<f64>,
    pub(crate) attempts: u64,
    pub(crate) resumed: u64,
    pub(crate) error: Option<Cow<'a, str>>,
}

/// Labels, as a map or as the JSON that a table holds.
#[derive(Debug, Clone)]
pub(crate) enum Tags<'a> {
    Map(&'a BTreeMap<String, String>),
    Json(Cow<'a, str>),
}

impl Default for Tags<'_> {
    fn default() -> Self {
        Self::Json(Cow::Borrowed("{}"))
    }
}

impl Tags<'_> {
    /// Every label.
    pub(crate) fn list(&self) -> Cow<'_, BTreeMap<String, String>> {
        match self {
            Self::Map(map) => Cow::Borrowed(*map),
            // What another program wrote into the table is no label.
            Self::Json(text) => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
        }
    }

    /// As JSON text.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        match self {
            Self::Map(map) => Cow::Owned(serde_json::to_string(map).unwrap_or_default()),
            Self::Json(text) => Cow::Borrowed(text.as_ref()),
        }
    }
}

/// Tokens by kind; `input` holds the cached ones, `output` the reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cached_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) cache_write_1h: u64,
    pub(crate) reasoning: u64,
    pub(crate) audio_in: u64,
    pub(crate) audio_out: u64,
}

impl From<&Usage> for Tokens {
    fn from(usage: &Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cached_read: usage.cached_read,
            cache_write: usage.cache_write,
            cache_write_1h: usage.cache_write_1h,
            reasoning: usage.reasoning,
            audio_in: usage.audio_in,
            audio_out: usage.audio_out,
        }
    }
}

impl Tokens {
    /// Tokens by name, in the order of the tables.
    pub(crate) fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("input", self.input),
            ("output", self.output),
            ("cached_read", self.cached_read),
            ("cache_write", self.cache_write),
            ("cache_write_1h", self.cache_write_1h),
            ("reasoning", self.reasoning),
            ("audio_in", self.audio_in),
            ("audio_out", self.audio_out),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, more) in [
            (&mut self.input, other.input),
            (&mut self.output, other.output),
            (&mut self.cached_read, other.cached_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.cache_write_1h, other.cache_write_1h),
            (&mut self.reasoning, other.reasoning),
            (&mut self.audio_in, other.audio_in),
            (&mut self.audio_out, other.audio_out),
        ] {
            *own = own.saturating_add(more);
        }
    }
}

impl<'a> Row<'a> {
    pub(crate) fn of(entry: &'a Entry) -> Self {
        let route = entry.route.as_ref();
        // The answer's tokens; of a request without an answer, those of what was sent nevertheless.
        // A kept answer was given without using any.
        let told = route.usage.as_ref().filter(|_| !route.cached.is_hit());
        let mut tokens = told.map(Tokens::from).unwrap_or_default();
        if route.usage.is_none() {
            route.attempts.iter().filter_map(|a| a.usage.as_ref()).for_each(|usage| tokens.add(&usage.into()));
        }
        Self {
            at_ms: entry.at_ms,
            request_id: route.request_id.as_str().into(),
            purpose: entry.purpose.into(),
            key: entry.caller.id().into(),
            tags: Tags::Map(&entry.tags),
            session: entry.session.as_deref().map(Into::into),
            model_requested: route.model_requested.as_str().into(),
            model: some(&route.model),
            provider: some(&route.provider),
            deployment: route.deployment.as_deref().map(Into::into),
            sandbox: route.sandbox,
            strategy: route.strategy.into(),
            task: route.task.as_ref().map(|t| t.kind.as_str().into()),
            difficulty: route.task.as_ref().map(|t| t.difficulty),
            stream: entry.stream,
            cached: entry.route.cached.as_str().into(),
            tokens,
            cost_nanos: route.cost_nanos,
            cost_source: route.cost_source.map(|s| source(s).into()),
            baseline_nanos: route.baseline_nanos,
            baseline_model: route.baseline_model.as_deref().map(Into::into),
            best_nanos: route.best_single_nanos,
            best_model: route.best_single_model.as_deref().map(Into::into),
            latency_ms: route.latency_ms,
            first_token_ms: route.first_token_ms,
            attempts: route.attempts.len() as u64,
            resumed: route.resumed.len() as u64,
            error: entry.error.map(|kind| ErrorKind::as_str(kind).into()),
        }
    }
}

fn some(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then(|| text.into())
}

pub(crate) fn source(source: CostSource) -> &'static str {
    match source {
        CostSource::Provider => "provider",
        CostSource::Catalogue => "catalogue",
        CostSource::Estimate => "estimate",
    }
}
