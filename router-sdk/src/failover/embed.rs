//! Places of one embedding model in, the vectors of all inputs out: batches beside each other, all from one place.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::attempt::{ERROR_BODY, ERROR_BODY_TIME, Limit, plain, with_wire};
use super::health::{Rest, Seat as Leave};
use super::journey::{error_of, tell, word};
use super::sender::Sender;
use super::verdict::{self, Facts, Pause, Signal, Then};
use super::{backoff, batches};
use crate::account::{Books, Sent};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::provider::embedding::{Batch, Decoded, Place, embedder};
use crate::provider::{Cause, Failure, HttpRequest, Target, errors};
use crate::select::Seat;
use crate::transport::MAX_BODY;
use crate::wire::{EmbeddingInput, EmbeddingRequest, Usage};

/// Batches of one request under way at a time.
const BESIDE: usize = 4;

/// The state of one request.
struct Run<'a> {
    sender: &'a Sender,
    config: &'a Config,
    request: &'a EmbeddingRequest,
    seats: &'a [Seat],
    deadline: Instant,
    /// Estimated tokens of all inputs.
    tokens: u64,
    books: Mutex<&'a mut Books>,
    /// Failed calls of this request.
    failures: AtomicU32,
}

/// One turn to one place.
struct Turn<'a> {
    index: usize,
    place: &'a Place,
    /// Leave to ask it.
    leave: &'a Mutex<Leave>,
    /// How often the place's breaker has heard of a failure: batches that fail of one cause count once.
    told: AtomicU32,
}

/// A batch that is given up.
struct Lost {
    failure: Failure,
    then: Then,
}

/// Tries the places in order until one answers for all inputs.
pub(crate) async fn embed(
    sender: &Sender,
    config: &Config,
    request: &EmbeddingRequest,
    seats: &[Seat],
    deadline: Instant,
    books: &mut Books,
) -> Result<Decoded, Error> {
    let tokens = request.input().iter().map(EmbeddingInput::tokens).fold(0u64, u64::saturating_add);
    let books = Mutex::new(books);
    let run = Run { sender, config, request, seats, deadline, tokens, books, failures: AtomicU32::new(0) };
    let (mut last, mut rests): (Option<(Failure, &Target)>, Option<Duration>) = (None, None);
    let mut denied: Option<Error> = None;
    for (index, seat) in seats.iter().enumerate() {
        let target = &seat.place.target;
        let alone = !run.another_after(index);
        let claimed = match sender.health.claim(target, run.tokens, Instant::now()) {
            Err(Rest::Full) if alone => sender.health.seat_when_free(target, run.tokens, deadline).await,
            claimed => claimed,
        };
        let leave = match claimed {
            Ok(leave) => leave,
            Err(Rest::For(left)) => {
                rests = Some(rests.map_or(left, |r| r.min(left)));
                continue;
            }
            Err(Rest::Full) => continue,
        };
        if let Err(error) = run.hold(target, alone).await {
            denied.get_or_insert(error);
            continue;
        }
        run.books().expect(seat.worst_nanos);
        let sent = Instant::now();
        let leave = Mutex::new(leave);
        let turned = run.turn(index, &seat.place, &leave).await;
        run.books().settle_calls();
        match turned {
            Ok(decoded) => {
                let mut leave = leave.into_inner().unwrap_or_else(PoisonError::into_inner);
                leave.success(sent, sent.elapsed().as_secs_f64());
                sender.budget.earn();
                return Ok(decoded);
            }
            Err(lost) => {
                let onward = lost.then == Then::Next;
                last = Some((lost.failure, target));
                if !onward {
                    break;
                }
            }
        }
    }
    Err(match (last, denied) {
        (Some((failure, target)), _) => error_of(verdict::error_kind(&failure), &failure, target),
        (None, Some(denied)) => denied,
        (None, None) => {
            let message = "every deployment of this model is resting after failures";
            Error::new(ErrorKind::ProviderUnavailable, message).with_retry_after(rests)
        }
    })
}

impl<'a> Run<'a> {
    fn books(&self) -> MutexGuard<'_, &'a mut Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds what all batches at one place may use of limits and budgets.
    async fn hold(&self, target: &Target, alone: bool) -> Result<(), Error> {
        let Some(ticket) = self.books().ticket().map(Arc::clone) else { return Ok(()) };
        let want = self.books().want_embeddings(target, self.tokens);
        let leave = ticket.send(want, 0, alone).await.map_err(|refused| refused.error())?;
        self.books().keep(leave.hold);
        Ok(())
    }

    /// All batches at one place. The first that is given up takes the others with it.
    async fn turn(&self, index: usize, place: &Place, leave: &Mutex<Leave>) -> Result<Decoded, Lost> {
        let input = self.request.input();
        let length = self.request.dimensions().or(place.target.model.embedding_dim);
        let ranges = batches::split(input, &place.rules, length);
        let turn = Turn { index, place, leave, told: AtomicU32::new(0) };
        self.books().turn_to(&place.target);
        let mut done: Vec<Option<Decoded>> = ranges.iter().map(|_| None).collect();
        let mut waiting = ranges.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < BESIDE {
                let Some((at, range)) = waiting.next() else { break };
                let part = input.get(range).unwrap_or_default();
                running.push(self.batch(&turn, at, part));
            }
            let Some((at, answered)) = running.next().await else { break };
            if let Some(slot) = done.get_mut(at) {
                *slot = Some(answered?);
            }
        }
        let merged = merged(done.into_iter().flatten());
        let merged = merged.map_err(|failure| Lost { failure, then: Then::Stop })?;
        self.books().embedded(merged.usage.unwrap_or_default());
        Ok(merged)
    }

    /// One batch at one place, sent again as the verdicts say.
    async fn batch(&self, turn: &Turn<'_>, at: usize, input: &[EmbeddingInput]) -> (usize, Result<Decoded, Lost>) {
        for sends in 1.. {
            let failure = match self.once(turn, input).await {
                Ok(decoded) => return (at, Ok(decoded)),
                Err((failure, call)) => {
                    let failure = failure.without(&turn.place.target.deployment);
                    let (then, wait) = self.judge(turn, &failure, sends);
                    tell(&turn.place.target.place(), &failure, word(then));
                    if let Some(call) = call {
                        call.failed(&failure, word(then));
                    }
                    if let Then::Same(_) = then {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    Lost { failure, then }
                }
            };
            return (at, Err(failure));
        }
        (at, Err(Lost { failure: Failure::new(Cause::Unknown, "no call was made"), then: Then::Stop }))
    }

    /// One call. What cannot be said in the place's language is not sent and so is no attempt.
    async fn once(
        &self,
        turn: &Turn<'_>,
        input: &[EmbeddingInput],
    ) -> Result<Decoded, (Failure, Option<Call<'_, 'a>>)> {
        let place = turn.place;
        let spoken = embedder(place.rules.kind);
        let encoded = spoken
            .encode_embeddings(Batch { request: self.request, input }, place)
            .map_err(|failure| (failure, None))?;
        self.books().route.adapted = encoded.adapted;
        let mut call = Call::begin(&self.books, &place.target);
        let asked = async {
            let body = self.send(place, encoded.http, &mut call).await?;
            let decoded = spoken.decode_embeddings(input.len(), &body);
            let (status, id) = call.wire();
            decoded.map_err(|failure| with_wire(failure, status, id))
        };
        let limit = self.limit(turn.index);
        match timeout_at(limit.at, asked).await {
            Ok(Ok(mut decoded)) => {
                let usage = decoded.usage.unwrap_or_else(|| estimated(input));
                decoded.usage = Some(usage);
                call.answered(usage);
                Ok(decoded)
            }
            Ok(Err(failure)) => Err((failure, Some(call))),
            Err(_) => Err((limit.failure("no complete reply"), Some(call))),
        }
    }

    /// Sends, and turns every status but success into a failure.
    async fn send(&self, place: &Place, http: HttpRequest, call: &mut Call<'_, 'a>) -> Result<bytes::Bytes, Failure> {
        let reply = self.sender.send(&place.target, http).await?;
        let request_id = errors::request_id(&reply.headers);
        call.heard(reply.status, request_id.clone());
        if (200..300).contains(&reply.status) {
            return plain(reply)?.bytes(MAX_BODY).await;
        }
        let (status, headers) = (reply.status, reply.headers.clone());
        let body = tokio::time::timeout(ERROR_BODY_TIME, reply.bytes(ERROR_BODY)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let failure = with_wire(errors::explain(status, &headers, &body), status, request_id);
        let quirks = &place.target.deployment.quirks;
        Err(if quirks.client_errors_as_500 { errors::client_errors_as_500(failure) } else { failure })
    }

    /// What follows a failure, and the pause before the same batch is sent again.
    fn judge(&self, turn: &Turn<'_>, failure: &Failure, sends: u32) -> (Then, Duration) {
        let now = Instant::now();
        let signal = verdict::signal(failure, &self.config.breaker);
        if turn.told.fetch_max(sends, Ordering::Relaxed) < sends {
            let mut leave = turn.leave.lock().unwrap_or_else(PoisonError::into_inner);
            leave.failed(failure.cause, signal, now);
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let left = self.deadline.saturating_duration_since(now);
        if left.is_zero() || failures >= self.config.retry.max_total_attempts {
            return (Then::Stop, Duration::ZERO);
        }
        let another = self.another_after(turn.index);
        let onward = (if another { Then::Next } else { Then::Stop }, Duration::ZERO);
        let then = verdict::decide(failure, Facts { another, sends, left }, &self.config.retry);
        let Then::Same(pause) = then else { return (then, Duration::ZERO) };
        let rests = || self.sender.health.rests(&turn.place.target, 0, now).is_some();
        let opened = !matches!(signal, Signal::Nothing | Signal::Throttled(_)) && rests();
        let wait = match pause {
            Pause::Quick => backoff::quick(),
            Pause::Backoff => backoff::full_jitter(&self.config.retry, sends - 1),
            Pause::Hint(hint) => Some(backoff::after_hint(hint)).filter(|wait| *wait < left).unwrap_or(hint),
        };
        if opened || wait >= left || !self.sender.budget.spend() { onward } else { (then, wait) }
    }

    fn another_after(&self, index: usize) -> bool {
        let now = Instant::now();
        let rest = self.seats.iter().skip(index + 1);
        rest.map(|seat| &seat.place.target).any(|target| self.sender.health.rests(target, self.tokens, now).is_none())
    }

    /// The limit of one call applies in full only while another place remains.
    fn limit(&self, index: usize) -> Limit {
        let whole = Limit { at: self.deadline, cause: Cause::Deadline };
        if !self.another_after(index) {
            return whole;
        }
        let at = Instant::now() + Duration::from_millis(self.config.timeouts.whole_ms);
        if at < self.deadline { Limit { at, cause: Cause::HeadersTimeout } } else { whole }
    }
}

/// A call under way; dropping it enters it as cancelled.
struct Call<'b, 'a> {
    books: &'b Mutex<&'a mut Books>,
    sent: Option<Sent>,
}

impl<'b, 'a> Call<'b, 'a> {
    fn begin(books: &'b Mutex<&'a mut Books>, target: &Target) -> Self {
        let sent = Sent { target: target.clone(), started: Instant::now(), status: None, request_id: None };
        Self { books, sent: Some(sent) }
    }

    fn heard(&mut self, status: u16, request_id: Option<String>) {
        if let Some(sent) = &mut self.sent {
            (sent.status, sent.request_id) = (Some(status), request_id);
        }
    }

    fn wire(&self) -> (u16, Option<String>) {
        self.sent.as_ref().map_or((200, None), |s| (s.status.unwrap_or(200), s.request_id.clone()))
    }

    fn answered(mut self, usage: Usage) {
        self.enter("ok", "done", Some(usage));
    }

    fn failed(mut self, failure: &Failure, then: &'static str) {
        if let Some(sent) = &mut self.sent {
            sent.status = failure.status.or(sent.status);
            sent.request_id = failure.request_id.clone().or(sent.request_id.take());
        }
        self.enter(failure.cause.as_str(), then, None);
    }

    fn enter(&mut self, verdict: &str, then: &'static str, usage: Option<Usage>) {
        if let Some(sent) = self.sent.take() {
            self.books.lock().unwrap_or_else(PoisonError::into_inner).note(sent, verdict, then, usage);
        }
    }
}

impl Drop for Call<'_, '_> {
    fn drop(&mut self) {
        self.enter("cancelled", "stop", None);
    }
}

fn estimated(input: &[EmbeddingInput]) -> Usage {
    let tokens = input.iter().map(EmbeddingInput::tokens).fold(0u64, u64::saturating_add);
    Usage { input: tokens, estimated: true, ..Usage::default() }
}

/// The vectors of all batches in order, and their tokens together.
fn merged(parts: impl Iterator<Item = Decoded>) -> Result<Decoded, Failure> {
    let mut all = Decoded { vectors: Vec::new(), usage: None };
    let mut total = Usage::default();
    for part in parts {
        if let (Some(one), Some(other)) = (all.vectors.first(), part.vectors.first())
            && one.len() != other.len()
        {
            return Err(Failure::malformed("the provider answered batches with vectors of different lengths"));
        }
        all.vectors.extend(part.vectors);
        let usage = part.usage.unwrap_or_default();
        total.input = total.input.saturating_add(usage.input);
        total.estimated |= usage.estimated;
        if let Some(stated) = usage.reported_cost_nanos {
            total.reported_cost_nanos = Some(total.reported_cost_nanos.unwrap_or(0).saturating_add(stated));
        }
    }
    all.usage = Some(total);
    Ok(all)
}
