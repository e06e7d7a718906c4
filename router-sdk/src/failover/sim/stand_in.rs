//! The transport of a simulation: requests in, replies of made-up providers out, every send watched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::dice::Dice;
use super::fault::{Fault, Mood};
use super::meant::Meant;
use super::play::{self, End, Play};
use super::wire::{self, Told};
use crate::failover::Health;
use crate::provider::{Cause, Failure, Family, HttpRequest};
use crate::transport::{HttpReply, Transport};

/// A place as its providers know it, found by the key that is sent there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The name under which its health is kept, and that of its key.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) family: Family,
    pub(super) mood: Mood,
    /// Requests that it may have at once.
    pub(super) at_once: Option<u32>,
}

/// One send under way.
#[derive(Debug, Clone)]
struct Send {
    place: String,
    asked: u64,
    begun: Instant,
    /// It was made by the caller's own task, not by a probe or a shadow.
    own: bool,
}

/// What has been seen.
#[derive(Default)]
pub(super) struct Seen {
    dice: Option<Dice>,
    open: HashMap<u64, Send>,
    pub(super) sends: HashMap<u64, u64>,
    pub(super) total: u64,
    pub(super) meant: HashMap<u64, Meant>,
    pub(super) callers: HashMap<u64, tokio::task::Id>,
    pub(super) faults: Vec<String>,
    pub(super) trace: Vec<String>,
}

/// What the stand-in and the checks share.
pub(super) struct Stage {
    started: Instant,
    places: HashMap<String, Place>,
    health: OnceLock<Weak<Health>>,
    seen: Mutex<Seen>,
}

impl Stage {
    pub(super) fn new(places: HashMap<String, Place>, dice: Dice) -> Arc<Self> {
        let seen = Seen { dice: Some(dice), ..Seen::default() };
        Arc::new(Self { started: Instant::now(), places, health: OnceLock::new(), seen: Mutex::new(seen) })
    }

    pub(super) fn watch(&self, health: &Arc<Health>) {
        self.health.set(Arc::downgrade(health)).unwrap();
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Connections that are open: all, or those of one request's own sends.
    pub(super) fn open(&self, asked: Option<u64>) -> usize {
        let own = |send: &&Send| asked.is_none_or(|asked| send.asked == asked && send.own);
        self.seen().open.values().filter(own).count()
    }

    pub(super) fn note(&self, what: String) {
        let at = self.started.elapsed().as_millis();
        self.seen().trace.push(format!("{at:>7} ms  {what}"));
    }

    pub(super) fn fault(&self, what: String) {
        self.note(format!("FAULT {what}"));
        self.seen().faults.push(what);
    }

    /// No place is asked while it rests after failures, and only one request probes it after the rest.
    fn check_breaker(&self, place: &Place, asked: u64) {
        let Some(health) = self.health.get().and_then(Weak::upgrade) else { return };
        let now = Instant::now();
        for name in [&place.name, &place.label] {
            let Some(until) = health.open_until(name) else { continue };
            if until > now {
                self.fault(format!("#{asked} asks {name} though it rests for {:?} more", until - now));
            }
            let probes = self.seen().open.values().filter(|s| s.place == place.name && s.begun >= until).count();
            if probes > 0 {
                self.fault(format!("#{asked} asks {name} though it is being probed"));
            }
        }
        let most = place.at_once.unwrap_or(u32::MAX);
        let states = health.snapshot(now);
        if states.iter().any(|s| s.target == place.name && s.in_flight > most) {
            self.fault(format!("#{asked} is more than {} may have at once", place.name));
        }
    }

    /// Draws what becomes of a send.
    fn receive(self: &Arc<Self>, request: &HttpRequest) -> (Open, Option<Fault>, Duration, Play, HeaderMap) {
        let place = self.places[&key(&request.headers)].clone();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let asked = number(&request.body);
        self.check_breaker(&place, asked);
        let stream = body["stream"] == true || request.url.contains("streamGenerateContent");
        let partial = wire::partial(&body);
        let mut seen = self.seen();
        let mut dice = seen.dice.as_mut().unwrap().split();
        let mut fault = place.mood.fault(self.started.elapsed().as_millis(), &mut dice);
        let meant = seen.meant.get_mut(&asked).unwrap();
        let text = match &partial {
            None => meant.first().to_owned(),
            Some((_, true)) if place.mood.refuses_prefill => {
                fault = Some(Fault::Status(400, None));
                String::new()
            }
            Some((partial, _)) => meant.goes_on(partial, &mut dice),
        };
        let told = Told { input: dice.between(1, 3_000), output: dice.between(1, 800) };
        let play = play::lay_out(place.family, stream, &text, told, fault, place.mood.latency_ms, &mut dice);
        let headers = headers(fault, &mut dice);
        let wait = dice.ms(0, place.mood.latency_ms + 1);
        let id = seen.total;
        seen.total += 1;
        *seen.sends.entry(asked).or_default() += 1;
        let own = tokio::task::try_id().is_some_and(|task| seen.callers.get(&asked) == Some(&task));
        seen.open.insert(id, Send { place: place.name.clone(), asked, begun: Instant::now(), own });
        drop(seen);
        let shown = partial.map_or(String::new(), |(text, _)| format!(" after {} characters", text.chars().count()));
        self.note(format!("#{asked} to {}{shown}: {fault:?}", place.name));
        (Open { stage: Arc::clone(self), id }, fault, wait, play, headers)
    }
}

/// A connection; dropping it closes it.
struct Open {
    stage: Arc<Stage>,
    id: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stage.seen().open.remove(&self.id);
    }
}

fn key(headers: &HeaderMap) -> String {
    let of = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let key = of("x-api-key").or_else(|| of("x-goog-api-key")).or_else(|| of("authorization")).unwrap();
    key.trim_start_matches("Bearer ").to_owned()
}

/// The number of a request, which its prompt holds between two `#`.
fn number(body: &[u8]) -> u64 {
    let text = std::str::from_utf8(body).unwrap();
    text.split('#').nth(1).unwrap().parse().unwrap()
}

fn headers(fault: Option<Fault>, dice: &mut Dice) -> HeaderMap {
    let mut out = HeaderMap::new();
    out.insert("x-request-id", format!("req-{}", dice.between(0, 1 << 40)).parse().unwrap());
    if let Some(Fault::Status(_, Some(hint))) = fault {
        out.insert("retry-after-ms", hint.to_string().parse().unwrap());
    }
    if dice.percent(4) {
        let left = dice.one_of(&["0", "1", "50"]);
        out.insert("x-ratelimit-remaining-requests", left.parse().unwrap());
        out.insert("x-ratelimit-reset-requests", dice.one_of(&["200ms", "2s", "15s"]).parse().unwrap());
    }
    out
}

/// The stand-in.
pub(super) struct StandIn(pub(super) Arc<Stage>);

impl Transport for StandIn {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpReply, Failure>> {
        let stage = Arc::clone(&self.0);
        Box::pin(async move {
            let (open, fault, wait, play, headers) = stage.receive(&request);
            tokio::time::sleep(wait).await;
            if let Some(failure) = play::before_head(fault) {
                return Err(failure);
            }
            if fault == Some(Fault::HangBeforeHead) {
                std::future::pending::<()>().await;
            }
            let status = play.status;
            Ok(HttpReply { status, headers, body: Box::pin(body(play, open)) })
        })
    }

    fn alive<'a>(&'a self, _url: &'a str, _headers: HeaderMap) -> BoxFuture<'a, bool> {
        let alive = self.0.seen().dice.as_mut().unwrap().percent(50);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            alive
        })
    }
}

fn body(play: Play, open: Open) -> impl futures_util::Stream<Item = Result<bytes::Bytes, Failure>> + std::marker::Send {
    async_stream::stream! {
        let _open = open;
        for (wait, piece) in play.pieces {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            yield Ok(piece);
        }
        while let Some((wait, piece)) = play.for_ever.clone() {
            tokio::time::sleep(wait).await;
            yield Ok(piece);
        }
        match play.end {
            End::Proper => {}
            End::Lost => yield Err(Failure::new(Cause::Truncated, "connection lost")),
            End::Never => std::future::pending::<()>().await,
        }
    }
}
