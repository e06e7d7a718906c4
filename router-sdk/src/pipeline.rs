//! The walk of one request through all stages: a request in, a reply or a stream out. One function, one line a stage.

mod close;
mod embed;
mod judged;
mod leave;
mod plan;
mod recall;
mod session;
mod what_if;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use crate::account::Ledger;
use crate::admit::{self, BudgetEvent, Clock, Quota, QuotaState, Tally};
use crate::balance::Draw;
use crate::cache::{Cache, Recalled, fleet_shelf};
use crate::catalog::utc_week_minute;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::failover::{self, Answer, Departure, Hints, Journey, Sender};
use crate::hooks::{self, Hooks, Stage};
use crate::judge::Judge;
use crate::keys::Keyring;
use crate::learn::Learner;
use crate::redact::Kinds;
use crate::select::Pool;
use crate::session::Sessions;
use crate::setup::Setup;
use crate::shadow::Shadow;
use crate::store::StateStore;
use crate::stream::ChatStream;
use crate::telemetry::{Record, Teller};
use crate::transport::{HttpTransport, SandboxTransport, Transport};
use crate::wire::{CacheMode, ChatRequest, ChatResponse, OnMalformed, RouteOptions};

use close::{open_books, refused};
pub(crate) use embed::embed;
use judged::judged;
use leave::{Left, leave, redacted};
use plan::{Planned, arranged, decide, overshadow, sighted};
pub(crate) use plan::{explain, plan_only};
pub(crate) use what_if::Comparison;
pub use what_if::{Compared, LeftOut, Moved, Side, WhatIf};

/// Everything that requests of one router share.
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    pub(crate) sender: Arc<Sender>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) shadow: Shadow,
    pub(crate) cache: Arc<Cache>,
    sessions: Arc<Sessions>,
    pub(crate) keys: Option<Arc<Keyring>>,
    pub(crate) hooks: Arc<Hooks>,
    /// What is taken out of requests.
    redact: Kinds,
    /// Somebody is told of requests in spans.
    told: AtomicBool,
    judge: Option<Judge>,
    pub(crate) learning: Option<Arc<Learner>>,
    tally: Arc<Tally>,
    /// Limits and budgets; absent where nothing is limited.
    pub(crate) quota: Option<Arc<Quota>>,
    pool: Mutex<Option<Arc<Pool>>>,
    closed: AtomicBool,
}

/// Counters of a router.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// A reply of either form.
pub(crate) enum Reply {
    Whole(Box<ChatResponse>),
    Stream(ChatStream),
}

/// Takes a request through every stage.
pub(crate) async fn walk(shared: &Arc<Shared>, mut request: ChatRequest, stream: bool) -> Result<Reply, Error> {
    shared.is_open()?;
    let moment = Moment::now();
    shared.within(request.route_mut());
    let caller = admit::authorise(shared.keys.as_ref(), request.api_key()).await?;
    let after = shared.hooks.at(Stage::After);
    if let Err(error) = hooks::before_chat(&shared.hooks, caller.id(), stream, &mut request).await {
        return Err(refused(shared, &request, caller, stream, moment, error));
    }
    // After the hooks: what they ask for is within the key's grant too.
    caller.narrow_chat(&shared.setup, &mut request)?;
    admit::check(&request)?;
    let deadline = moment.started + deadline(shared, &request);
    let mut admission = match admit::admit(shared.quota.as_ref(), caller.clone(), &mut request, deadline).await {
        Ok(admission) => admission,
        Err(error) => return Err(refused(shared, &request, caller, stream, moment, error)),
    };
    // Before anything is taken out: by what the caller wrote, and will write again.
    let thread = shared.sessions.thread(&admission.caller, &request);
    let taken = redacted(shared, &mut request);
    if taken.vault.is_some() {
        // What is put back into the answer is this request's own, and so is the answer.
        request.route_mut().cache.forbid(CacheMode::Off);
    }
    shared.tally.begun();
    let remembering = match recall::chat(shared, &admission, &request, stream, moment).await {
        Recalled::Hit(kept, cached) => {
            let reply = recall::answered(shared, &request, &admission, &after, stream, moment, (&kept, cached)).await;
            return reply.inspect(|_| recall::carried(shared, thread.as_ref(), &kept));
        }
        Recalled::Miss(remembering) => remembering,
    };
    let planned = match decide(shared, &admission.caller, &request, moment, true) {
        Ok(planned) => planned,
        Err(error) => return Err(refused(shared, &request, admission.caller, stream, moment, error)),
    };
    let Planned { plan, task, input_tokens, size } = planned;
    let books = open_books(shared, &request, &mut admission, &plan, task, input_tokens, stream, moment);
    let mut books = books.sized(size);
    books.route.cached = remembering.cached();
    books.sighting = sighted(shared, &request, &books.route.task);
    books.route.redacted = taken.counts;
    let vault = taken.vault;
    let joined = session::joined(shared, thread, &plan).await;
    let plan = match joined.in_loop(&request) {
        true => plan,
        false => judged(shared, &admission, &request, plan, input_tokens, &mut books, moment).await,
    };
    let scene = session::Scene { shared, caller: &admission.caller, request: &request, input_tokens, moment };
    let (plan, following, home) = session::seat(scene, plan, joined, &mut books);
    let config = &shared.setup.config;
    let (usage_chunk, choices) = (wants_usage_chunk(&request), request.choices());
    let parameters = request.route().parameters.unwrap_or(config.parameters);
    let on_interrupt = request.route().on_interrupt.unwrap_or(config.on_interrupt);
    let on_malformed = request.route().on_malformed.unwrap_or(config.on_malformed);
    overshadow(shared, &admission.caller, &request, &plan, input_tokens, &books, moment);
    let candidates = arranged(shared, &admission.caller, plan.candidates, &request, input_tokens);
    let candidates = session::at_home(shared, home, candidates, input_tokens);
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
        Ok(Answer::Whole(response, line)) => {
            let left = Left { response: *response, line, vault, remembering, following };
            leave(&after, left, &mut books).await.map(|response| Reply::Whole(Box::new(response)))
        }
        Ok(Answer::Stream(open, line)) => {
            let terms = failover::Terms {
                idle: Duration::from_millis(config.timeouts.idle_ms),
                deadline,
                usage_chunk,
                choices,
                on_interrupt,
                min_tokens_per_second: config.timeouts.min_tokens_per_second,
                ending: hooks::Ending::new(after, books.caller(), books.tags(), vault.clone()),
            };
            let head = books.preview(&line);
            let followed = failover::follow(*open, line, books, journey, terms);
            let stream = match vault {
                Some(vault) => ChatStream::new(head, Box::pin(leave::restored(followed, vault))),
                None => remembering.stream(ChatStream::new(head, Box::pin(followed))),
            };
            Ok(Reply::Stream(match following {
                Some(following) => following.stream(stream),
                None => stream,
            }))
        }
    }
}

/// What is taken out of text.
fn kinds(config: &Config) -> Kinds {
    config.redact.kinds.iter().copied().collect()
}

fn deadline(shared: &Shared, request: &ChatRequest) -> Duration {
    let total = shared.setup.config.timeouts.total_ms;
    Duration::from_millis(request.route().deadline_ms.map_or(total, |own| own.min(total)))
}

fn wants_usage_chunk(request: &ChatRequest) -> bool {
    let options = request.get("stream_options");
    options.and_then(|o| o.get("include_usage")).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// The limits and budgets of a router, counted in this process; keys may bring theirs at any time.
fn quota(setup: &Setup, store: &Arc<dyn StateStore>) -> Option<Arc<Quota>> {
    if setup.subjects.is_empty() && setup.config.keys.is_none() {
        return None;
    }
    let clock = Clock::new(Timestamp::now().as_millisecond(), Instant::now());
    let store = Arc::clone(store);
    Some(Arc::new(Quota::new(store, clock, setup.subjects.clone(), setup.config.limits.queue_ms)))
}

impl Shared {
    /// # Errors
    /// `InvalidConfig` for a file of the ledger that can never be written.
    pub(crate) fn new(setup: Setup) -> Result<Self, Error> {
        let http = HttpTransport::new(Duration::from_millis(setup.config.timeouts.connect_ms));
        let ledger = Arc::new(Ledger::open(&setup.config.ledger)?.redacting(kinds(&setup.config)));
        if setup.config.telemetry.metrics {
            ledger.metrics();
        }
        Ok(Self { ledger, ..Self::carried_by(setup, Box::new(http), Draw::new()) })
    }

    /// With this transport and this source of chance.
    pub(crate) fn carried_by(mut setup: Setup, http: Box<dyn Transport>, draw: Draw) -> Self {
        let state = Arc::clone(&setup.state);
        let keys = setup.keys.take().map(|opened| opened.into_keyring(&state));
        let on_disk = std::mem::take(&mut setup.embedders);
        let config = &setup.config;
        let ledger = Ledger::new(&config.ledger).redacting(kinds(config));
        let mut sender = Sender::new(config, http, SandboxTransport::new(setup.sandboxes.clone()), draw);
        if config.state.is_some() {
            sender.hints = Some(Hints::new(Arc::clone(&setup.state), &sender.health));
        }
        let shared_state = config.state.is_some().then(|| Arc::clone(&state));
        let sessions = Arc::new(Sessions::new(&config.sessions, setup.history_key.clone(), shared_state));
        let shelf = config.state.is_some().then(|| fleet_shelf(&setup.state));
        let fleet = config.state.is_some().then_some(&setup.state);
        Self {
            sender: Arc::new(sender),
            ledger: Arc::new(ledger),
            shadow: Shadow::new(config.shadow.as_ref()),
            cache: Arc::new(Cache::new(&config.cache, shelf, on_disk.cache)),
            sessions,
            keys,
            hooks: Arc::new(Hooks::new(config.hooks)),
            told: AtomicBool::new(false),
            redact: kinds(config),
            judge: config.judge.as_ref().map(|settings| Judge::new(settings, on_disk.judge)),
            learning: config.learning.as_ref().map(|settings| Learner::new(settings, fleet)),
            tally: Arc::new(Tally::default()),
            quota: quota(&setup, &state),
            pool: Mutex::new(None),
            closed: AtomicBool::new(false),
            setup,
        }
    }

    pub(crate) fn told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// Tells somebody in spans and measurements of every request that closes from now on.
    ///
    /// # Errors
    /// `Internal` when its thread does not start.
    pub(crate) fn tell(&self, tell: impl Fn(&Record) + Send + 'static) -> Result<(), Error> {
        self.ledger.add(Box::new(Teller::new(tell, self.setup.config.telemetry.content)))?;
        self.told.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Puts a request within the span that is running here, unless it names another one.
    #[cfg(any(test, feature = "otel"))]
    fn within(&self, options: &mut RouteOptions) {
        if self.told()
            && options.traceparent.is_none()
            && let Some((parent, state)) = crate::telemetry::current_trace()
        {
            (options.traceparent, options.tracestate) = (Some(parent), state);
        }
    }

    #[cfg(not(any(test, feature = "otel")))]
    fn within(&self, _: &mut RouteOptions) {}

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Waits until what was settled is counted where other processes see it.
    pub(crate) async fn flush_state(&self) -> Result<(), Error> {
        self.setup.state.flush().await.map_err(|why| Error::new(ErrorKind::ProviderUnavailable, why.0))
    }

    /// Gives back what is held in advance of the shared state, and waits likewise.
    pub(crate) async fn close_state(&self) -> Result<(), Error> {
        self.setup.state.close().await.map_err(|why| Error::new(ErrorKind::ProviderUnavailable, why.0))
    }

    /// Refuses calls after `close`.
    fn is_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::invalid_request("router", "is closed; make a new one"));
        }
        Ok(())
    }

    pub(crate) fn spending(&self) -> Spending {
        self.tally.spending()
    }

    /// Hands every budget that runs out to a function.
    pub(crate) fn on_budget(&self, callback: Arc<dyn Fn(BudgetEvent) + Send + Sync>) {
        if let Some(quota) = &self.quota {
            quota.notices.set(callback);
        }
    }

    /// How the limits and budgets of a subject stand.
    pub(crate) async fn quota_of(&self, subject: &str) -> Result<QuotaState, Error> {
        let own = match (&self.keys, subject.strip_prefix("key:")) {
            (Some(keys), Some(id)) => keys.rules(id).await?,
            _ => None,
        };
        match &self.quota {
            Some(quota) => quota.state(subject, own).await,
            None => Err(admit::unknown_subject(subject)),
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
