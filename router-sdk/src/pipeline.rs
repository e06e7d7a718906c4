//! The walk of one request through all stages: a request in, a reply or a stream out. One function, one line a stage.

mod close;
mod embed;
mod judged;
mod plan;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use crate::account::Ledger;
use crate::admit::{self, BudgetEvent, Clock, Quota, QuotaState, Tally};
use crate::balance::Draw;
use crate::catalog::utc_week_minute;
use crate::error::Error;
use crate::failover::{self, Answer, Departure, Hints, Journey, Sender};
use crate::judge::Judge;
use crate::select::Pool;
use crate::setup::Setup;
use crate::shadow::Shadow;
use crate::stream::ChatStream;
use crate::transport::{HttpTransport, SandboxTransport, Transport};
use crate::wire::{ChatRequest, ChatResponse, OnMalformed};

use close::{finish, open_books, refused};
pub(crate) use embed::embed;
use judged::judged;
use plan::{Planned, arranged, decide, overshadow};
pub(crate) use plan::{explain, plan_only};

/// Everything that requests of one router share.
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    pub(crate) sender: Arc<Sender>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) shadow: Shadow,
    judge: Option<Judge>,
    tally: Arc<Tally>,
    /// Limits and budgets; absent where nothing is limited.
    pub(crate) quota: Option<Arc<Quota>>,
    pool: Mutex<Option<Arc<Pool>>>,
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
    let moment = Moment::now();
    let caller = admit::authorise();
    admit::check(&request)?;
    let deadline = moment.started + deadline(shared, &request);
    let mut admission = match admit::admit(shared.quota.as_ref(), caller.clone(), &mut request, deadline).await {
        Ok(admission) => admission,
        Err(error) => return Err(refused(shared, &request, caller, stream, moment, error)),
    };
    shared.tally.begun();
    let planned = match decide(shared, &request, moment) {
        Ok(planned) => planned,
        Err(error) => return Err(refused(shared, &request, admission.caller, stream, moment, error)),
    };
    let Planned { plan, task, input_tokens, size } = planned;
    let books = open_books(shared, &request, &mut admission, &plan, task, input_tokens, stream, moment);
    let mut books = books.sized(size);
    let plan = judged(shared, &request, plan, input_tokens, &mut books, moment).await;
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

fn deadline(shared: &Shared, request: &ChatRequest) -> Duration {
    let total = shared.setup.config.timeouts.total_ms;
    Duration::from_millis(request.route().deadline_ms.map_or(total, |own| own.min(total)))
}

fn wants_usage_chunk(request: &ChatRequest) -> bool {
    let options = request.get("stream_options");
    options.and_then(|o| o.get("include_usage")).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

/// The limits and budgets of a router, counted in this process.
fn quota(setup: &Setup) -> Option<Arc<Quota>> {
    if setup.subjects.is_empty() {
        return None;
    }
    let clock = Clock::new(Timestamp::now().as_millisecond(), Instant::now());
    Some(Arc::new(Quota::new(Arc::clone(&setup.state), clock, setup.subjects.clone(), setup.config.limits.queue_ms)))
}

impl Shared {
    pub(crate) fn new(setup: Setup) -> Self {
        let http = HttpTransport::new(Duration::from_millis(setup.config.timeouts.connect_ms));
        Self::carried_by(setup, Box::new(http), Draw::new())
    }

    /// With this transport and this source of chance.
    pub(crate) fn carried_by(setup: Setup, http: Box<dyn Transport>, draw: Draw) -> Self {
        let config = &setup.config;
        let mut sender = Sender::new(config, http, SandboxTransport::new(setup.sandboxes.clone()), draw);
        if config.state.is_some() {
            sender.hints = Some(Hints::new(Arc::clone(&setup.state), &sender.health));
        }
        Self {
            sender: Arc::new(sender),
            ledger: Arc::new(Ledger::new(config.ledger.max_entries)),
            shadow: Shadow::new(config.shadow.as_ref()),
            judge: config.judge.as_ref().map(Judge::new),
            tally: Arc::new(Tally::default()),
            quota: quota(&setup),
            pool: Mutex::new(None),
            setup,
        }
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
        match &self.quota {
            Some(quota) => quota.state(subject, None).await,
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
