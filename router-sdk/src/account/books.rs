//! The books of one request: attempts as they begin and end in, a closed ledger entry out, also when the caller walks away.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::time::Instant;

use super::{Entry, Ledger, usage_cost};
use crate::admit::{Caller, Reservation};
use crate::catalog::Model;
use crate::error::{ErrorKind, Partial};
use crate::provider::{Failure, Target};
use crate::wire::{AttemptRecord, ChatChunk, RouteInfo, Usage, estimate_tokens};

/// The open books of one request. Dropping them closes them as cancelled, with the usage so far.
pub(crate) struct Books {
    pub(crate) route: RouteInfo,
    reservation: Option<Reservation>,
    ledger: Arc<Ledger>,
    caller: Caller,
    tags: std::collections::BTreeMap<String, String>,
    stream: bool,
    at_ms: i64,
    started: Instant,
    date: Date,
    week_minute: u16,
    baseline: Option<Arc<Model>>,
    input_tokens: u64,
    open: Option<Open>,
    closed: bool,
}

/// An attempt under way.
struct Open {
    target: Target,
    started: Instant,
    first_token: Option<Duration>,
    request_id: Option<String>,
    status: Option<u16>,
    usage: Option<Usage>,
    text: String,
    hidden: String,
}

/// What the books of a request start from.
pub(crate) struct Opening {
    pub(crate) route: RouteInfo,
    pub(crate) reservation: Reservation,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) caller: Caller,
    pub(crate) tags: std::collections::BTreeMap<String, String>,
    pub(crate) stream: bool,
    pub(crate) at_ms: i64,
    pub(crate) started: Instant,
    pub(crate) date: Date,
    pub(crate) week_minute: u16,
    pub(crate) baseline: Option<Arc<Model>>,
    pub(crate) input_tokens: u64,
}

impl Books {
    pub(crate) fn open(o: Opening) -> Self {
        Self {
            route: o.route,
            reservation: Some(o.reservation),
            ledger: o.ledger,
            caller: o.caller,
            tags: o.tags,
            stream: o.stream,
            at_ms: o.at_ms,
            started: o.started,
            date: o.date,
            week_minute: o.week_minute,
            baseline: o.baseline,
            input_tokens: o.input_tokens,
            open: None,
            closed: false,
        }
    }

    /// The moment of the request in seconds since 1970, for replies that their provider did not date.
    pub(crate) fn created(&self) -> i64 {
        self.at_ms / 1000
    }

    /// Holds the worst case of a candidate.
    pub(crate) fn hold(&mut self, worst_nanos: Option<u64>) {
        if let (Some(reservation), Some(nanos)) = (&mut self.reservation, worst_nanos) {
            reservation.raise(nanos);
        }
    }

    /// A request is about to be sent.
    pub(crate) fn begin(&mut self, target: &Target) {
        self.route.model = target.key();
        self.route.provider.clone_from(&target.deployment.provider);
        self.route.sandbox = target.deployment.sandbox;
        self.open = Some(Open {
            target: target.clone(),
            started: Instant::now(),
            first_token: None,
            request_id: None,
            status: None,
            usage: None,
            text: String::new(),
            hidden: String::new(),
        });
    }

    /// The provider answered.
    pub(crate) fn answered(&mut self, status: u16, request_id: Option<String>) {
        if let Some(open) = &mut self.open {
            open.status = Some(status);
            open.request_id = request_id;
        }
    }

    /// A chunk came.
    pub(crate) fn progress(&mut self, chunk: &ChatChunk) {
        let Some(open) = &mut self.open else { return };
        if chunk.output && open.first_token.is_none() {
            open.first_token = Some(open.started.elapsed());
        }
        if chunk.usage.is_some() {
            open.usage = chunk.usage;
        }
        open.text.push_str(chunk.text());
        if chunk.output && chunk.text().is_empty() {
            hidden_output(chunk, &mut open.hidden);
        }
    }

    /// The usage of the attempt under way as far as the provider told it.
    pub(crate) fn usage_told(&self) -> Option<Usage> {
        self.open.as_ref().and_then(|o| o.usage)
    }

    /// Seconds from sending to the first output, or until now.
    pub(crate) fn seconds_to_first(&self) -> f64 {
        self.open.as_ref().map_or(0.0, |o| o.first_token.unwrap_or_else(|| o.started.elapsed()).as_secs_f64())
    }

    /// Text and usage of the attempt under way.
    pub(crate) fn partial(&self) -> Partial {
        let Some(open) = &self.open else { return Partial::default() };
        Partial { text: open.text.clone(), usage: Some(self.usage_of(open)) }
    }

    fn usage_of(&self, open: &Open) -> Usage {
        open.usage.unwrap_or_else(|| Usage {
            input: self.input_tokens,
            output: estimate_tokens(&open.text) + estimate_tokens(&open.hidden),
            estimated: true,
            ..Usage::default()
        })
    }

    /// The attempt ended well.
    pub(crate) fn answer(&mut self, usage: Option<Usage>, text: &str) -> Usage {
        let Some(mut open) = self.open.take() else { return Usage::default() };
        open.usage = usage.or(open.usage);
        if open.text.is_empty() {
            open.text.push_str(text);
        }
        let usage = self.usage_of(&open);
        let first_token_ms = open.first_token.map(milliseconds);
        self.route.usage = Some(usage);
        // First tokens are timed from the start of the request: earlier attempts are part of the wait.
        self.route.first_token_ms = open.first_token.map(|f| milliseconds(open.started + f - self.started));
        self.record(open, "ok", "done", Some(usage), first_token_ms);
        if let Some(baseline) = &self.baseline {
            self.route.baseline_nanos =
                usage_cost(baseline, &Usage { reported_cost_nanos: None, ..usage }, self.date, Some(self.week_minute));
        }
        usage
    }

    /// The attempt failed. What had already been produced may be billed, so its usage is kept.
    pub(crate) fn failed(&mut self, failure: &Failure, then: &'static str) {
        let Some(mut open) = self.open.take() else { return };
        open.status = failure.status.or(open.status);
        open.request_id = failure.request_id.clone().or(open.request_id);
        let usage = self.billed(&open);
        let first_token_ms = open.first_token.map(milliseconds);
        self.record(open, failure.cause.as_str(), then, usage, first_token_ms);
    }

    /// Usage of an attempt that did not end well: what the provider told, or an estimate once output had begun.
    fn billed(&self, open: &Open) -> Option<Usage> {
        let begun = !open.text.is_empty() || !open.hidden.is_empty();
        if open.usage.is_some() || begun { Some(self.usage_of(open)) } else { None }
    }

    fn record(
        &mut self,
        open: Open,
        verdict: &str,
        then: &'static str,
        usage: Option<Usage>,
        first_token_ms: Option<f64>,
    ) {
        let cost_nanos = match &usage {
            Some(usage) => usage_cost(&open.target.model, usage, self.date, Some(self.week_minute)),
            None => Some(0),
        };
        self.route.attempts.push(AttemptRecord {
            target: open.target.key(),
            provider: open.target.deployment.provider.clone(),
            verdict: verdict.to_owned(),
            then,
            status: open.status,
            request_id: open.request_id,
            latency_ms: milliseconds(open.started.elapsed()),
            first_token_ms,
            usage,
            cost_nanos,
            cost: cost_nanos.map(super::usd),
        });
    }

    /// How the request stands while its answer is coming.
    pub(crate) fn preview(&self) -> RouteInfo {
        let mut route = self.route.clone();
        if let Some(open) = &self.open {
            route.first_token_ms = open.first_token.map(|f| milliseconds(open.started + f - self.started));
        }
        route
    }

    /// Closes the books and returns how the request went. Called once; what is dropped open closes itself.
    pub(crate) fn close(&mut self, error: Option<ErrorKind>) -> Arc<RouteInfo> {
        self.closed = true;
        if let Some(open) = self.open.take() {
            let usage = self.billed(&open);
            let first_token_ms = open.first_token.map(milliseconds);
            self.record(open, "cancelled", "stop", usage, first_token_ms);
        }
        self.route.latency_ms = milliseconds(self.started.elapsed());
        let mut costs = self.route.attempts.iter().map(|a| a.cost_nanos);
        let total = costs.try_fold(0u64, |total, cost| total.checked_add(cost?));
        self.route.cost_nanos = total.filter(|_| !self.route.attempts.is_empty());
        if let Some(reservation) = self.reservation.take() {
            // The sandbox spends nobody's money.
            let spent = if self.route.sandbox { 0 } else { self.route.cost_nanos.unwrap_or(0) };
            reservation.settle(spent);
        }
        let route = Arc::new(std::mem::take(&mut self.route));
        self.ledger.record(Entry {
            at_ms: self.at_ms,
            caller: self.caller.clone(),
            tags: std::mem::take(&mut self.tags),
            stream: self.stream,
            route: Arc::clone(&route),
            error,
        });
        route
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        if !self.closed {
            self.close(Some(ErrorKind::Cancelled));
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Output that is billed though it is not the answer's text: reasoning and arguments of tool calls.
fn hidden_output(chunk: &ChatChunk, into: &mut String) {
    use serde_json::Value;
    let Some(delta) = chunk.body.get("choices").and_then(|c| c.get(0)).and_then(|c| c.get("delta")) else { return };
    for field in ["reasoning_content", "refusal"] {
        into.push_str(delta.get(field).and_then(Value::as_str).unwrap_or_default());
    }
    for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        for field in ["name", "arguments"] {
            let text = call.get("function").and_then(|f| f.get(field)).and_then(Value::as_str);
            into.push_str(text.unwrap_or_default());
        }
    }
}
