//! The walk of one request through all stages: a request in, a reply or a stream out. One function, one line a stage.

mod embed;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use crate::account::{Books, Entry, Ledger, Line, Opening};
use crate::admit::{self, Admission, Reservation};
use crate::balance::{self, Draw};
use crate::catalog::utc_week_minute;
use crate::classify::{self, Needs, Task};
use crate::error::Error;
use crate::failover::{self, Answer, Departure, Journey, Sender};
use crate::provider::Target;
use crate::select::{self, Ask, Candidate, Explanation, HealthFacts, Plan, Pool};
use crate::setup::{Asked, Named, Setup};
use crate::shadow::Shadow;
use crate::store::{Counter, MemoryStore, StateStore};
use crate::stream::ChatStream;
use crate::transport::{HttpTransport, SandboxTransport, Transport};
use crate::wire::{ChatRequest, ChatResponse, OnMalformed, RequestSize, RouteInfo, RouteOptions, Strategy, Tokenizer};

pub(crate) use embed::embed;

/// Everything that requests of one router share.
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    pub(crate) sender: Arc<Sender>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) shadow: Shadow,
    store: Arc<dyn StateStore>,
    pool: Mutex<Option<Arc<Pool>>>,
}

/// Counters of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spending {
    /// Requests begun.
    pub requests: i128,
    /// Nano-dollars held for requests in flight.
    pub held_nanos: i128,
    /// Nano-dollars spent.
    pub spent_nanos: i128,
}

/// The moment of a request: stamped once, handed down as a fact.
#[derive(Clone, Copy)]
struct Moment {
    started: Instant,
    at_ms: i64,
    date: Date,
    week_minute: u16,
}

impl Moment {
    fn now() -> Self {
        let at = Timestamp::now();
        Self {
            started: Instant::now(),
            at_ms: at.as_millisecond(),
            date: at.to_zoned(TimeZone::UTC).date(),
            week_minute: utc_week_minute(at.as_second()),
        }
    }
}

/// A request that has been classified and planned.
struct Planned {
    plan: Plan,
    task: Option<Task>,
    /// As selection compares models by it, and for the estimates of the books.
    input_tokens: u64,
    size: RequestSize,
}

/// A reply of either form.
pub(crate) enum Reply {
    Whole(Box<ChatResponse>),
    Stream(ChatStream),
}

/// Takes a request through every stage.
pub(crate) async fn walk(shared: &Arc<Shared>, request: ChatRequest, stream: bool) -> Result<Reply, Error> {
    let moment = Moment::now();
    let caller = admit::authorise();
    let admission = admit::admit(caller, &request)?;
    shared.store.add(admission.caller.id(), Counter::Requests, 1);
    let planned = match decide(shared, &request, moment) {
        Ok(planned) => planned,
        Err(error) => return Err(refused(shared, &request, &admission, stream, moment, error)),
    };
    let Planned { plan, task, input_tokens, size } = planned;
    let deadline = moment.started + deadline(shared, &request);
    let books = open_books(shared, &request, &admission, &plan, task, input_tokens, stream, moment);
    let mut books = books.sized(size);
    let config = &shared.setup.config;
    let (usage_chunk, choices) = (wants_usage_chunk(&request), request.choices());
    let parameters = request.route().parameters.unwrap_or(config.parameters);
    let on_interrupt = request.route().on_interrupt.unwrap_or(config.on_interrupt);
    let on_malformed = request.route().on_malformed.unwrap_or(config.on_malformed);
    overshadow(shared, &request, &plan, input_tokens, &books, moment);
    let candidates = arranged(shared, plan.candidates, &request, input_tokens);
    let departure = Departure {
        request,
        candidates,
        stream,
        deadline,
        tokens: input_tokens,
        skip_malformed: on_malformed == OnMalformed::Skip,
        parameters,
    };
    let mut journey = Journey::new(Arc::clone(&shared.sender), departure);
    match journey.answer(&mut books).await {
        Err(error) => {
            let route = books.close(Some(error.kind()));
            Err(error.with_route_id(&route.request_id).with_attempts(route.attempts.clone()))
        }
        Ok(Answer::Whole(response, line)) => Ok(Reply::Whole(Box::new(finish(*response, &line, &mut books)))),
        Ok(Answer::Stream(open, line)) => {
            let terms = failover::Terms {
                idle: Duration::from_millis(config.timeouts.idle_ms),
                deadline,
                usage_chunk,
                choices,
                on_interrupt,
                min_tokens_per_second: config.timeouts.min_tokens_per_second,
            };
            let head = books.preview(&line);
            let followed = failover::follow(*open, line, books, journey, terms);
            Ok(Reply::Stream(ChatStream::new(head, Box::pin(followed))))
        }
    }
}

/// Sends a copy of the request to the configured shadow, when it is its turn and the request's own options allow it.
fn overshadow(shared: &Shared, request: &ChatRequest, plan: &Plan, tokens: u64, books: &Books, moment: Moment) {
    let Some(settings) = &shared.setup.config.shadow else { return };
    if !shared.shadow.is_due() {
        return;
    }
    let Ok(target) = shared.setup.resolve(&settings.model, "shadow.model") else { return };
    let real = plan.candidates.iter().any(|c| !c.target.deployment.sandbox);
    let same = plan.candidates.first().is_some_and(|c| c.target.key() == target.key());
    if real == target.deployment.sandbox || same {
        return;
    }
    let options = shared.setup.canonical_options(request.route());
    let needs = classify::needs(request.body());
    let ask = ask(None, &needs, request, &options, plan.strategy, tokens, moment);
    // The gates hold for the copy as for the request: only, ignore, prices, capabilities.
    let fits = select::listed(vec![target.clone(), target.clone()], Vec::new(), &ask, &HealthFacts::default());
    if !fits.candidates.is_empty() {
        shared.shadow.send(&shared.sender, target, request.clone(), tokens, books);
    }
}

/// The plan's candidates at their deployments, in the order in which they are asked.
fn arranged(shared: &Shared, candidates: Vec<Candidate>, request: &ChatRequest, tokens: u64) -> Vec<Candidate> {
    let setup = &shared.setup;
    let alias = setup.config.aliases.get_key_value(request.model()).map(|(name, alias)| (name.as_str(), alias));
    let alias = alias.filter(|(_, alias)| alias.balance.is_some() && request.route().order.is_empty());
    if alias.is_none() && setup.pools.is_empty() {
        return candidates;
    }
    let loads = |targets: &[Target]| shared.sender.health.loads(targets, tokens, Instant::now());
    balance::arrange(candidates, &setup.pools, alias, request, loads, &shared.sender.draw)
}

/// The plan alone.
pub(crate) fn plan_only(shared: &Shared, request: &ChatRequest) -> Result<Plan, Error> {
    admit::admit(admit::authorise(), request)?;
    decide(shared, request, Moment::now()).map(|planned| planned.plan)
}

/// A plan with candidates, or the reasons why there is none.
fn decide(shared: &Shared, request: &ChatRequest, moment: Moment) -> Result<Planned, Error> {
    let mut planned = plan(shared, request, moment, false)?;
    if planned.plan.candidates.is_empty() {
        // The refusals are worth their time only when they are all there is to tell.
        planned = plan(shared, request, moment, true)?;
    }
    Ok(Planned { plan: planned.plan.or_error()?, ..planned })
}

/// The ledger entry of a request that no model could be found for.
fn refused(
    shared: &Shared,
    request: &ChatRequest,
    admission: &Admission,
    stream: bool,
    moment: Moment,
    error: Error,
) -> Error {
    let route = RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: request.model().to_owned(),
        strategy: request.route().strategy.unwrap_or(shared.setup.config.strategy).as_str(),
        latency_ms: moment.started.elapsed().as_secs_f64() * 1e3,
        ..RouteInfo::default()
    };
    let error = error.with_route_id(&route.request_id);
    shared.ledger.record(Entry {
        at_ms: moment.at_ms,
        caller: admission.caller.clone(),
        tags: request.route().tags.clone(),
        stream,
        purpose: "request",
        route: Arc::new(route),
        error: Some(error.kind()),
    });
    error
}

/// The same walk stopped before anything is sent.
pub(crate) fn explain(shared: &Shared, request: &ChatRequest) -> Result<Explanation, Error> {
    let caller = admit::authorise();
    admit::admit(caller, request)?;
    let planned = plan(shared, request, Moment::now(), true)?;
    Ok(Explanation { task: planned.task, input_tokens: planned.input_tokens, plan: planned.plan })
}

fn plan(shared: &Shared, request: &ChatRequest, moment: Moment, explain: bool) -> Result<Planned, Error> {
    let setup = &shared.setup;
    let asked = setup.asked(request)?;
    let size = RequestSize::of(request, setup.config.tokens.exact);
    let input_tokens = size.tokens(Tokenizer::default());
    let options = setup.canonical_options(request.route());
    let options = options.as_ref();
    let named = match &asked {
        Asked::Auto(strategy) => *strategy,
        Asked::Listed(_) => None,
    };
    let strategy = options.strategy.or(named).unwrap_or(setup.config.strategy);
    let quick = strategy == Strategy::Fastest;
    let health = shared.sender.health.facts(input_tokens, moment.started, quick, setup.pools.sizes());
    match asked {
        Asked::Auto(_) => {
            let task = classify::classify(request.body());
            let ask = ask(Some(&task), &task.needs, request, options, strategy, input_tokens, moment);
            let plan = auto(shared, &ask, &health, explain)?;
            Ok(Planned { plan: with_baseline(shared, request, plan)?, task: Some(task), input_tokens, size })
        }
        Asked::Listed(mut named) => {
            let needs = classify::needs(request.body());
            for (i, name) in options.fallbacks.iter().enumerate() {
                setup.named(name, &format!("route.fallbacks[{i}]"), &mut named)?;
            }
            let ask = ask(None, &needs, request, options, strategy, input_tokens, moment);
            let plan = select::listed(named.targets, named.refusals, &ask, &health);
            Ok(Planned { plan: with_baseline(shared, request, plan)?, task: None, input_tokens, size })
        }
    }
}

fn ask<'a>(
    task: Option<&'a Task>,
    needs: &'a Needs,
    request: &ChatRequest,
    options: &'a RouteOptions,
    strategy: Strategy,
    input_tokens: u64,
    moment: Moment,
) -> Ask<'a> {
    let Moment { date, week_minute, .. } = moment;
    Ask { task, needs, options, strategy, input_tokens, choices: request.choices(), today: date, week_minute }
}

/// The router's choice, with the caller's own fallbacks in place of the chosen ones where it named some.
fn auto(shared: &Shared, ask: &Ask<'_>, health: &HealthFacts, explain: bool) -> Result<Plan, Error> {
    let pool = shared.pool(ask.today)?;
    let mut plan = select::choose(&pool, ask, health, explain);
    if ask.options.fallbacks.is_empty() || ask.options.allow_fallbacks == Some(false) {
        return Ok(plan);
    }
    let targets = plan.candidates.first().map(|c| c.target.clone()).into_iter().collect();
    let mut named = Named { targets, refusals: Vec::new() };
    for (i, name) in ask.options.fallbacks.iter().enumerate() {
        shared.setup.named(name, &format!("route.fallbacks[{i}]"), &mut named)?;
    }
    let named = select::listed(named.targets, named.refusals, ask, health);
    plan.candidates.truncate(1);
    let first = plan.candidates.first().map(|c| c.target.key());
    plan.candidates.extend(named.candidates.into_iter().filter(|c| Some(c.target.key()) != first));
    plan.refusals.extend(named.refusals);
    Ok(plan)
}

/// The baseline that the request or the config names, in place of the dearest.
fn with_baseline(shared: &Shared, request: &ChatRequest, mut plan: Plan) -> Result<Plan, Error> {
    let setup = &shared.setup;
    let (name, field) = match (&request.route().baseline, &setup.config.baseline) {
        (Some(name), _) => (name, "route.baseline"),
        (None, Some(name)) => (name, "baseline"),
        (None, None) => return Ok(plan),
    };
    plan.baseline = Some(setup.baseline(name, field)?);
    Ok(plan)
}

fn deadline(shared: &Shared, request: &ChatRequest) -> Duration {
    let total = shared.setup.config.timeouts.total_ms;
    Duration::from_millis(request.route().deadline_ms.map_or(total, |own| own.min(total)))
}

#[allow(clippy::too_many_arguments)] // Everything that is known when the books are opened, once, here.
fn open_books(
    shared: &Shared,
    request: &ChatRequest,
    admission: &Admission,
    plan: &Plan,
    task: Option<Task>,
    input_tokens: u64,
    stream: bool,
    moment: Moment,
) -> Books {
    let route = RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: request.model().to_owned(),
        strategy: plan.strategy.as_str(),
        task,
        reasons: plan.reasons.clone(),
        baseline_model: plan.baseline.as_ref().map(Target::key),
        ..RouteInfo::default()
    };
    Books::open(Opening {
        route,
        reservation: Reservation::open(Arc::clone(&shared.store), admission.caller.id()),
        ledger: Arc::clone(&shared.ledger),
        caller: admission.caller.clone(),
        tags: request.route().tags.clone(),
        stream,
        at_ms: moment.at_ms,
        started: moment.started,
        date: moment.date,
        week_minute: moment.week_minute,
        baseline: plan.baseline.as_ref().map(|t| Arc::clone(&t.model)),
        input_tokens,
        purpose: "request",
    })
}

fn finish(mut response: ChatResponse, line: &Line, books: &mut Books) -> ChatResponse {
    let usage = match response.usage {
        Some(usage) => books.answer(line, Some(usage), ""),
        None => books.answer(line, None, &said(&response)),
    };
    response.usage = Some(usage);
    if !response.body.get("usage").is_some_and(serde_json::Value::is_object) {
        response.body.insert("usage".into(), usage.to_openai());
    }
    response.route = books.close(None);
    crate::wire::date(&mut response.body, books.created());
    response.body.insert("model".into(), response.route.model.clone().into());
    response
}

/// All that a reply says and is billed for: text, reasoning, refusals and tool calls of every choice.
fn said(response: &ChatResponse) -> String {
    let mut out = String::new();
    let choices = response.body.get("choices").and_then(serde_json::Value::as_array);
    for message in choices.into_iter().flatten().filter_map(|c| c.get("message")) {
        for field in ["content", "reasoning_content", "refusal"] {
            out.push_str(message.get(field).and_then(serde_json::Value::as_str).unwrap_or_default());
        }
        for call in message.get("tool_calls").and_then(serde_json::Value::as_array).into_iter().flatten() {
            for field in ["name", "arguments"] {
                let text = call.get("function").and_then(|f| f.get(field)).and_then(serde_json::Value::as_str);
                out.push_str(text.unwrap_or_default());
            }
        }
    }
    out
}

fn wants_usage_chunk(request: &ChatRequest) -> bool {
    let options = request.get("stream_options");
    options.and_then(|o| o.get("include_usage")).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

impl Shared {
    pub(crate) fn new(setup: Setup) -> Self {
        let http = HttpTransport::new(Duration::from_millis(setup.config.timeouts.connect_ms));
        Self::carried_by(setup, Box::new(http), Draw::new())
    }

    /// With this transport and this source of chance.
    pub(crate) fn carried_by(setup: Setup, http: Box<dyn Transport>, draw: Draw) -> Self {
        let config = &setup.config;
        let sender = Sender::new(config, http, SandboxTransport::new(setup.sandboxes.clone()), draw);
        Self {
            sender: Arc::new(sender),
            ledger: Arc::new(Ledger::new(config.ledger.max_entries)),
            shadow: Shadow::new(config.shadow.as_ref()),
            store: Arc::new(MemoryStore::default()),
            pool: Mutex::new(None),
            setup,
        }
    }

    pub(crate) fn spending(&self) -> Spending {
        let subject = admit::authorise();
        let get = |counter| self.store.get(subject.id(), counter);
        Spending {
            requests: get(Counter::Requests),
            held_nanos: get(Counter::HeldNanos),
            spent_nanos: get(Counter::SpentNanos),
        }
    }

    /// The pool of this day; prices and sunsets change at midnight UTC.
    fn pool(&self, date: Date) -> Result<Arc<Pool>, Error> {
        let mut kept = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = kept.as_ref().filter(|p| p.date == date) {
            return Ok(Arc::clone(pool));
        }
        let targets = self.setup.auto_models();
        if targets.is_empty() {
            return Err(Setup::nothing_configured());
        }
        let pool = Pool::build(targets, date);
        *kept = Some(Arc::clone(&pool));
        Ok(pool)
    }
}
