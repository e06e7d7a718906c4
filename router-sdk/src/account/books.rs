//! The books of one request: attempts as they begin and end in, a closed ledger entry out, also when the caller walks away.

mod batch;
mod held;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::time::Instant;

use super::line::{Line, Open};
use super::{Content, Cost, Entry, Ledger, priced, usage_cost};
use crate::admit::{Caller, Reservation, SendHold};
use crate::catalog::Model;
use crate::classify::Task;
use crate::error::{ErrorKind, Partial};
use crate::learn::Sighting;
use crate::provider::{Failure, Target};
use crate::select::{Plan, footing};
use crate::telemetry::Facts;
use crate::wire::{AttemptRecord, CostSource, RequestSize, RouteInfo, Tokenizer, Usage, estimate_tokens_for};

pub(crate) use batch::Sent;

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
    best_single: Option<Arc<Model>>,
    content: Option<Content>,
    session: Option<String>,
    input_tokens: u64,
    size: Option<RequestSize>,
    open: Vec<Line>,
    /// What is held for the send that comes next.
    pending: Option<SendHold>,
    /// What is held for calls for embeddings, and the number of the first attempt among them.
    calls: Option<(usize, SendHold)>,
    /// Usage of attempts that gave the beginning of an answer which another one went on with.
    carried: Option<Usage>,
    purpose: &'static str,
    /// What spans tell of the request besides.
    pub(crate) facts: Facts,
    /// What is to wait for a score, where scores are learned from.
    pub(crate) sighting: Option<Sighting>,
    closed: bool,
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
    pub(crate) best_single: Option<Arc<Model>>,
    /// Text of the request, where the ledger keeps it.
    pub(crate) content: Option<Content>,
    pub(crate) session: Option<String>,
    pub(crate) input_tokens: u64,
    /// What the request is for: `request`, `probe`, `shadow` or `cache`.
    pub(crate) purpose: &'static str,
    pub(crate) facts: Facts,
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
            best_single: o.best_single,
            content: o.content,
            session: o.session,
            input_tokens: o.input_tokens,
            size: None,
            open: Vec::new(),
            pending: None,
            calls: None,
            carried: None,
            purpose: o.purpose,
            facts: o.facts,
            sighting: None,
            closed: false,
        }
    }

    /// With what the request holds, so that its tokens are estimated by the tokenizer of the model that was asked.
    pub(crate) fn sized(mut self, size: RequestSize) -> Self {
        self.size = Some(size);
        self
    }

    /// Adds labels to those of the request.
    pub(crate) fn tag(&mut self, tags: std::collections::BTreeMap<String, String>) {
        self.tags.extend(tags);
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> &str {
        self.caller.id()
    }

    /// The labels of the request.
    pub(crate) fn tags(&self) -> &std::collections::BTreeMap<String, String> {
        &self.tags
    }

    /// The moment of the request in seconds since 1970, for replies that their provider did not date.
    pub(crate) fn created(&self) -> i64 {
        self.at_ms / 1000
    }

    /// The task was judged anew and the plan made by it.
    pub(crate) fn replanned(&mut self, task: Task, plan: &Plan) {
        if let Some(sighting) = &mut self.sighting {
            sighting.retaken(&task);
        }
        self.route.task = Some(task);
        let own = self.ticket().map(|ticket| ticket.reasons().to_vec()).unwrap_or_default();
        self.route.reasons = own.into_iter().chain(plan.reasons.iter().cloned()).collect();
        self.route.baseline_model = plan.baseline.as_ref().map(Target::key);
        self.baseline = plan.baseline.as_ref().map(|target| Arc::clone(&target.model));
        self.route.best_single_model = plan.best_single.as_ref().map(Target::key);
        self.best_single = plan.best_single.as_ref().map(|target| Arc::clone(&target.model));
    }

    /// A request is about to be sent, `copies` times at once.
    pub(crate) fn begin(&mut self, target: &Target, copies: u64) -> Line {
        self.credit(target);
        let line = Line::new(target, copies, self.pending.take());
        self.open.push(line.clone());
        line
    }

    /// The target that the route names.
    fn credit(&mut self, target: &Target) {
        self.route.model = target.key();
        self.route.provider.clone_from(&target.deployment.provider);
        self.route.deployment.clone_from(&target.deployment.name);
        self.route.sandbox = target.deployment.sandbox;
        self.route.effort.clone_from(&target.effort);
    }

    /// The delivered text as an error's partial, with the usage of all attempts so far.
    pub(crate) fn partial(&self, text: &str) -> Partial {
        let known = self.route.attempts.iter().filter_map(|a| a.usage);
        let usage = known.fold(None, |total, usage| Some(sum(total, usage)));
        Partial { text: text.to_owned(), usage }
    }

    fn usage_of(&self, open: &Open) -> Usage {
        let tokenizer = Tokenizer::of(&open.target.model);
        let once = || self.size.as_ref().map_or(self.input_tokens, |size| size.tokens(tokenizer));
        let input = || once().saturating_mul(open.copies);
        match open.usage {
            // A provider may count its output alone.
            Some(told) if told.estimated && told.input == 0 => Usage { input: input(), ..told },
            Some(told) => told,
            None => Usage {
                input: input(),
                output: estimate_tokens_for(tokenizer, &open.text) + estimate_tokens_for(tokenizer, &open.hidden),
                estimated: true,
                ..Usage::default()
            },
        }
    }

    /// The usage of an attempt that was cut short: what the provider told by then may count less than it had said.
    fn usage_cut_short(&self, open: &Open) -> Usage {
        let told = self.usage_of(open);
        if told.estimated {
            return told;
        }
        let tokenizer = Tokenizer::of(&open.target.model);
        let said = estimate_tokens_for(tokenizer, &open.text) + estimate_tokens_for(tokenizer, &open.hidden);
        // Less than half of an estimate that is good to a tenth: the count was of an earlier moment.
        if said / 2 > told.output.saturating_sub(told.reasoning) {
            return Usage { output: said.max(told.output), estimated: true, reported_cost_nanos: None, ..told };
        }
        told
    }

    /// Takes a line off the open ones.
    fn take(&mut self, line: &Line) -> bool {
        let before = self.open.len();
        self.open.retain(|l| !l.is(line));
        before > self.open.len()
    }

    /// The attempt ended well. Returns the usage of the answer, with that of attempts that began it.
    pub(crate) fn answer(&mut self, line: &Line, usage: Option<Usage>, text: &str) -> Usage {
        self.take(line);
        let mut open = line.open();
        self.credit(&open.target);
        if let Some(sighting) = &mut self.sighting {
            sighting.answered(&open.target, footing);
        }
        open.usage = usage.or(open.usage);
        if open.text.is_empty() {
            open.text.push_str(text);
        }
        let usage = self.usage_of(&open);
        // First tokens are timed from the start of the request: earlier attempts are part of the wait.
        if self.route.first_token_ms.is_none() {
            self.route.first_token_ms = open.first_token.map(|f| milliseconds(open.started + f - self.started));
        }
        self.record(&mut open, Outcome { verdict: "ok", then: "done", why: "" }, Some(usage));
        let total = sum(self.carried, usage);
        self.route.usage = Some(total);
        // Another model would have read the prompt once.
        let prompt = self.carried.unwrap_or(usage);
        let once = Usage {
            output: total.output,
            reasoning: total.reasoning,
            reported_cost_nanos: None,
            service_tier: None,
            ..prompt
        };
        let elsewhere = |model: &Model| usage_cost(model, &once, self.date, Some(self.week_minute));
        self.route.baseline_nanos = self.baseline.as_deref().and_then(elsewhere);
        self.route.best_single_nanos = self.best_single.as_deref().and_then(elsewhere);
        total
    }

    /// The attempt failed. What had already been produced may be billed, so its usage is kept.
    pub(crate) fn failed(&mut self, line: &Line, failure: &Failure, then: &'static str, why: &'static str) {
        self.take(line);
        let mut open = line.open();
        open.status = failure.status.or(open.status);
        open.request_id = failure.request_id.clone().or_else(|| open.request_id.take());
        let usage = self.billed(&open);
        if then == "resume" {
            if self.route.first_token_ms.is_none() {
                self.route.first_token_ms = open.first_token.map(|f| milliseconds(open.started + f - self.started));
            }
            self.carried = Some(sum(self.carried, usage.unwrap_or_default()));
        }
        self.record(&mut open, Outcome { verdict: failure.cause.as_str(), then, why }, usage);
    }

    /// The attempt was given up because another one answered first.
    pub(crate) fn outrun(&mut self, line: &Line) {
        if self.take(line) {
            let mut open = line.open();
            let usage = self.billed(&open);
            self.record(
                &mut open,
                Outcome { verdict: "outrun", then: "stop", why: "another target answered first" },
                usage,
            );
        }
    }

    /// Usage of an attempt that did not end well: what the provider told, or an estimate once output had begun.
    fn billed(&self, open: &Open) -> Option<Usage> {
        let begun = !open.text.is_empty() || !open.hidden.is_empty();
        if open.usage.is_some() || begun { Some(self.usage_cut_short(open)) } else { None }
    }

    fn record(&mut self, open: &mut Open, outcome: Outcome, usage: Option<Usage>) {
        if let Some(content) = self.content.as_mut().filter(|_| outcome.carries_on()) {
            content.said(&open.text);
        }
        let cost = match &usage {
            // Each of several sends has its own place among the tiers.
            Some(_) if !open.portions.is_empty() => self.cost_of_all(&open.target, &open.portions),
            Some(usage) => self.cost_of(&open.target, usage),
            None => None,
        };
        let cost_nanos = if usage.is_some() { cost.map(|cost| cost.nanos) } else { Some(0) };
        if let Some(hold) = open.hold.take() {
            hold.settle(held::amounts(1, usage.as_ref(), cost_nanos));
        }
        self.route.attempts.push(AttemptRecord {
            target: open.target.key(),
            provider: open.target.deployment.provider.clone(),
            deployment: open.target.deployment.name.clone(),
            verdict: outcome.verdict.to_owned(),
            then: outcome.then,
            why: outcome.why,
            status: open.status,
            request_id: open.request_id.clone(),
            started_ms: milliseconds(open.started.saturating_duration_since(self.started)),
            latency_ms: milliseconds(open.started.elapsed()),
            first_token_ms: open.first_token.map(milliseconds),
            usage,
            cost_nanos,
            cost: cost_nanos.map(super::usd),
            cost_source: cost.map(|cost| cost.source),
        });
    }

    /// Nothing was sent after all: there is nothing to close.
    pub(crate) fn discard(mut self) {
        self.closed = true;
    }

    /// Books of another request to a provider on behalf of this one: a probe or a shadow, for the same caller.
    pub(crate) fn aside(&self, purpose: &'static str) -> Option<Self> {
        let reservation = self.reservation.as_ref()?.another();
        let route = RouteInfo {
            request_id: format!("{}-{purpose}", self.route.request_id),
            model_requested: self.route.model_requested.clone(),
            strategy: self.route.strategy,
            ..RouteInfo::default()
        };
        Some(Self::open(Opening {
            route,
            reservation,
            ledger: Arc::clone(&self.ledger),
            caller: self.caller.clone(),
            tags: self.tags.clone(),
            stream: self.stream,
            at_ms: self.at_ms,
            started: Instant::now(),
            date: self.date,
            week_minute: self.week_minute,
            baseline: None,
            best_single: None,
            content: None,
            session: self.session.clone(),
            input_tokens: self.input_tokens,
            purpose,
            // Of its own: the answer that the caller gets is not this one's.
            facts: self.facts.aside(),
        }))
    }

    /// What a usage cost; a server on the user's machine bills nobody, whatever it says of prices.
    fn cost_of(&self, target: &Target, usage: &Usage) -> Option<Cost> {
        let cost = priced(&target.model, usage, self.date, Some(self.week_minute));
        let nothing = Cost { nanos: 0, source: CostSource::Catalogue };
        cost.or(target.deployment.local.then_some(nothing))
    }

    /// The whole answer, for a ledger that keeps text.
    pub(crate) fn quote(&mut self, text: &str) {
        if let Some(content) = &mut self.content {
            content.answered(text);
        }
    }

    /// What several sends cost together; the weakest word counts for all.
    fn cost_of_all(&self, target: &Target, portions: &[Usage]) -> Option<Cost> {
        portions.iter().map(|portion| self.cost_of(target, portion)).reduce(|a, b| {
            let (a, b) = (a?, b?);
            Some(Cost { nanos: a.nanos.checked_add(b.nanos)?, source: a.source.max(b.source) })
        })?
    }

    /// How the request stands while its answer is coming on this line.
    pub(crate) fn preview(&self, line: &Line) -> RouteInfo {
        let mut route = self.route.clone();
        let open = line.open();
        route.first_token_ms = open.first_token.map(|f| milliseconds(open.started + f - self.started));
        route
    }

    /// Closes the books and returns how the request went. Called once; what is dropped open closes itself.
    pub(crate) fn close(&mut self, error: Option<ErrorKind>) -> Arc<RouteInfo> {
        self.closed = true;
        for line in std::mem::take(&mut self.open) {
            let mut open = line.open();
            let usage = self.billed(&open);
            self.record(&mut open, Outcome { verdict: "cancelled", then: "stop", why: "" }, usage);
        }
        self.route.latency_ms = milliseconds(self.started.elapsed());
        if let Some(session) = self.route.session.as_mut().filter(|_| error.is_none()) {
            session.answered_by(&self.route.model);
        }
        let mut costs = self.route.attempts.iter().map(|a| a.cost_nanos);
        let total = costs.try_fold(0u64, |total, cost| total.checked_add(cost?));
        self.route.cost_nanos = total.filter(|_| !self.route.attempts.is_empty());
        let sources = self.route.attempts.iter().filter_map(|a| a.cost_source);
        self.route.cost_source = sources.max().filter(|_| self.route.cost_nanos.is_some());
        self.pending = None;
        self.settle_calls();
        if let Some(reservation) = self.reservation.take() {
            // The sandbox spends nobody's money.
            let spent = if self.route.sandbox { 0 } else { self.route.cost_nanos.unwrap_or(0) };
            reservation.settle(spent, held::used(&self.route.attempts, error));
        }
        let route = Arc::new(std::mem::take(&mut self.route));
        if let Some(sighting) = self.sighting.take().filter(|_| error.is_none()) {
            sighting.wait(&route.request_id);
        }
        self.ledger.record(Entry {
            at_ms: self.at_ms,
            caller: self.caller.clone(),
            tags: std::mem::take(&mut self.tags),
            session: self.session.take(),
            content: self.content.take(),
            purpose: self.purpose,
            stream: self.stream,
            route: Arc::clone(&route),
            error,
            facts: std::mem::take(&mut self.facts),
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

/// How an attempt ended, in words.
struct Outcome {
    verdict: &'static str,
    then: &'static str,
    why: &'static str,
}

impl Outcome {
    /// Whether what the attempt had said is part of what the caller has.
    fn carries_on(&self) -> bool {
        matches!(self.then, "done" | "resume" | "stop") && self.verdict != "outrun"
    }
}

/// Two usages as one.
fn sum(earlier: Option<Usage>, usage: Usage) -> Usage {
    let Some(e) = earlier else { return usage };
    Usage {
        input: e.input.saturating_add(usage.input),
        cached_read: e.cached_read.saturating_add(usage.cached_read),
        cache_write: e.cache_write.saturating_add(usage.cache_write),
        cache_write_1h: e.cache_write_1h.saturating_add(usage.cache_write_1h),
        output: e.output.saturating_add(usage.output),
        reasoning: e.reasoning.saturating_add(usage.reasoning),
        audio_in: e.audio_in.saturating_add(usage.audio_in),
        audio_out: e.audio_out.saturating_add(usage.audio_out),
        estimated: e.estimated || usage.estimated,
        // The attempts' own records keep what each provider stated.
        reported_cost_nanos: None,
        service_tier: usage.service_tier,
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
