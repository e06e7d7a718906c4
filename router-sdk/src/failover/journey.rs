//! One request's way over its candidates: a plan in, the first good answer out, every send recorded.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Limit, Manner, OpenStream};
use super::health::{Rest, Seat};
use super::prepare::Preparation;
use super::send::{Send, seated};
use super::sender::Sender;
use super::verdict::{self, Facts, Pause, Signal, Then};
use super::{aside, backoff, vigil};
use crate::account::{Books, Line};
use crate::error::{Error, ErrorKind};
use crate::provider::{Cause, Failure, Repeat, Target};
use crate::select::Candidate;
use crate::wire::{ChatRequest, ChatResponse, ParameterPolicy};

/// A good answer.
pub(crate) enum Answer {
    /// A whole reply and its line in the books.
    Whole(Box<ChatResponse>, Line),
    /// A stream at its first output, and its line.
    Stream(Box<OpenStream>, Line),
}

/// The state of one request on its way. A stream keeps it, for it may have to go on after its first output.
pub(crate) struct Journey {
    pub(super) sender: Arc<Sender>,
    pub(super) request: Arc<ChatRequest>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) stream: bool,
    pub(super) deadline: Instant,
    /// Estimated input tokens.
    pub(super) tokens: u64,
    pub(super) skip_malformed: bool,
    /// Sends of this request.
    pub(super) total: u32,
    /// Candidates must have a window larger than this, after one was too small.
    window_above: Option<u64>,
    /// Candidates that are not asked again: those that kept silent, and those asked ahead of their turn.
    pub(super) spent: Vec<usize>,
    /// Candidates whose streams broke off after output, the latest last.
    pub(super) broken: Vec<usize>,
    pub(super) last: Option<(Failure, Target)>,
    /// The refusal of a limit or a budget that kept a candidate from being asked, the one with room soonest.
    pub(super) denied: Option<Error>,
    rests: Option<Duration>,
    preparation: Preparation,
}

/// What a request starts its way with.
pub(crate) struct Departure {
    pub(crate) request: ChatRequest,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) stream: bool,
    pub(crate) deadline: Instant,
    pub(crate) tokens: u64,
    pub(crate) skip_malformed: bool,
    pub(crate) parameters: ParameterPolicy,
}

/// What is asked of a candidate: the caller's request, or the rest of an answer that broke.
#[derive(Clone)]
pub(super) struct Wording {
    pub(super) request: Arc<ChatRequest>,
    /// It asks for the rest of an answer.
    pub(super) rest: bool,
    /// The target is the one whose answer broke off.
    pub(super) same: bool,
}

impl Journey {
    pub(crate) fn new(sender: Arc<Sender>, from: Departure) -> Self {
        Self {
            sender,
            request: Arc::new(from.request),
            candidates: from.candidates,
            stream: from.stream,
            deadline: from.deadline,
            tokens: from.tokens,
            skip_malformed: from.skip_malformed,
            total: 0,
            window_above: None,
            spent: Vec::new(),
            broken: Vec::new(),
            last: None,
            denied: None,
            rests: None,
            preparation: Preparation::new(from.parameters, from.deadline),
        }
    }

    /// Tries the candidates in order until one answers.
    pub(crate) async fn answer(&mut self, books: &mut Books) -> Result<Answer, Error> {
        self.sender.hedges.earn();
        let wording = Wording { request: Arc::clone(&self.request), rest: false, same: false };
        for index in 0..self.candidates.len() {
            if !self.may_ask(index) {
                continue;
            }
            match self.ask(index, &wording, books).await {
                Ok(answer) => {
                    self.sender.budget.earn();
                    return Ok(answer);
                }
                Err(Then::Next) => {}
                Err(_) => break,
            }
        }
        Err(self.error())
    }

    /// Asks one candidate, again where the verdict says so.
    pub(super) async fn ask(&mut self, index: usize, wording: &Wording, books: &mut Books) -> Result<Answer, Then> {
        let Some(candidate) = self.candidates.get(index).cloned() else { return Err(Then::Next) };
        let mut seat = self.seat(index, &candidate.target).await?;
        if seat.may_hang() && self.another_after(index) {
            // The last thing it did was to keep silent. Somebody has to ask it, but no caller has to wait for it.
            aside::probe(Arc::clone(&self.sender), seat, candidate.target, Arc::clone(&wording.request), books);
            return Err(Then::Next);
        }
        for sends in 1.. {
            let patient = books.ticket().is_some() && !self.another_after(index);
            let limit = self.hold(&candidate, wording, patient, books).await?;
            if patient && !seat.stands(Instant::now()) {
                // Others have found out that it is down while this one waited for room.
                books.give_back();
                return Err(Then::Next);
            }
            let (failure, line) = match self.prepare(index, &candidate.target, wording, limit, books).await {
                // What cannot be said in the family's language is not sent and so is no attempt.
                Err(failure) => (failure, None),
                Ok(send) => {
                    let line = send.line.clone();
                    match self.first_of(index, send, wording, &mut seat, books).await {
                        Ok(Raced::Other(answer)) => return Ok(answer),
                        Ok(Raced::Own(answer)) => {
                            seat.success(line.sent(), line.seconds_to_first());
                            return Ok(seated(answer, seat));
                        }
                        Err(failure) => (failure, Some(line)),
                    }
                }
            };
            let failure =
                self.renewed(failure.without(&candidate.target.deployment), &candidate.target, sends, line.as_ref());
            let signal = self.hear(&failure, &candidate.target, &mut seat);
            let (then, wait, why) = self.judge(&failure, &candidate.target, index, sends, signal);
            self.file(&failure, &candidate.target, line.as_ref(), word(then), why, books);
            match then {
                Then::Same(_) => {
                    tokio::time::sleep(wait).await;
                    // Others may have found out in the meantime that it is down, or be probing it.
                    if !seat.again(self.tokens, Instant::now()) {
                        return Err(Then::Next);
                    }
                }
                then => return Err(then),
            }
        }
        Err(Then::Stop)
    }

    /// A refusal of credentials that can be renewed is worth one more try; when the new ones are refused too, it stands.
    fn renewed(&self, mut failure: Failure, target: &Target, sends: u32, line: Option<&Line>) -> Failure {
        let sent = line.map(Line::sent).filter(|_| sends == 1 && failure.cause == Cause::Auth);
        if sent.is_some_and(|sent| target.deployment.credentials.rejected(&failure, sent)) {
            failure.repeat = Repeat::NewCredentials;
        }
        failure
    }

    /// Leave to ask the candidate; where all its places are taken and there is nobody else, as soon as one is free.
    async fn seat(&mut self, index: usize, target: &Target) -> Result<Seat, Then> {
        let health = Arc::clone(&self.sender.health);
        let claimed = match health.claim(target, self.tokens, Instant::now()) {
            Err(Rest::Full) if !self.another_after(index) => {
                health.seat_when_free(target, self.tokens, self.deadline).await
            }
            claimed => claimed,
        };
        claimed.map_err(|rest| {
            match rest {
                Rest::For(left) => self.rests = Some(self.rests.map_or(left, |r| r.min(left))),
                Rest::Full if Instant::now() >= self.deadline => {
                    let failure = Failure::new(Cause::Deadline, "no place became free before the deadline");
                    self.last = Some((failure, target.clone()));
                }
                Rest::Full => {}
            }
            Then::Next
        })
    }

    /// A request in the candidate's language, with its line in the books. `limit` is the output limit that budgets leave.
    pub(super) async fn prepare(
        &mut self,
        index: usize,
        target: &Target,
        wording: &Wording,
        limit: Option<(u64, String)>,
        books: &mut Books,
    ) -> Result<Send, Failure> {
        let sender = Arc::clone(&self.sender);
        let cut = limit.as_ref().map(|(most, _)| wording.request.limited_to(*most));
        let request = cut.as_ref().unwrap_or(&wording.request);
        let ready = self.preparation.ready(&sender.media, request, target, self.stream).await;
        // Nothing is held for what cannot be sent.
        let mut ready = ready.inspect_err(|_| books.give_back())?;
        self.total += 1;
        let line = books.begin(target, ready.copies);
        books.route.adapted = std::mem::take(&mut ready.adapted);
        books.route.adapted.extend(limit.map(|(most, why)| format!("max_tokens: set to {most}, {why}")));
        let manner = Manner {
            limit: self.limit(target, index, wording),
            skip_malformed: self.skip_malformed,
            may_be_empty: wording.rest,
        };
        Ok(Send::new(sender, target.clone(), ready, self.stream, manner, line))
    }

    /// Tells the target's health of a failure.
    pub(super) fn hear(&mut self, failure: &Failure, target: &Target, seat: &mut Seat) -> Signal {
        let signal = verdict::signal(failure, &self.sender.settings.breaker);
        seat.failed(failure.cause, signal, Instant::now());
        vigil::watch(&self.sender, target);
        signal
    }

    /// Writes a failed attempt down.
    pub(super) fn file(
        &mut self,
        failure: &Failure,
        target: &Target,
        line: Option<&Line>,
        then: &'static str,
        why: &'static str,
        books: &mut Books,
    ) {
        tell(&target.place(), failure, then);
        if let Some(line) = line {
            books.failed(line, failure, then, why);
        }
        self.last = Some((failure.clone(), target.clone()));
    }

    /// What follows a failure, the pause before it where the same target is asked again, and why.
    fn judge(
        &mut self,
        failure: &Failure,
        target: &Target,
        index: usize,
        sends: u32,
        signal: Signal,
    ) -> (Then, Duration, &'static str) {
        if failure.cause == Cause::ContextTooLong {
            self.window_above = self.window_above.max(target.model.context_window);
        }
        if signal == Signal::Silence {
            self.spent.push(index);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let retry = self.sender.settings.retry;
        if left.is_zero() {
            return (Then::Stop, Duration::ZERO, "no time is left");
        }
        if self.total >= retry.max_total_attempts {
            return (Then::Stop, Duration::ZERO, "no attempts are left");
        }
        let another = self.another_after(index);
        let onward = if another { Then::Next } else { Then::Stop };
        let then = verdict::decide(failure, Facts { another, sends, left }, &retry);
        let Then::Same(pause) = then else { return (then, Duration::ZERO, verdict::why(failure, then, another)) };
        // A target whose breaker has just opened, or whose probe has failed, is not asked again.
        let loud = matches!(signal, Signal::Failure | Signal::Silence | Signal::DeadKey(_));
        if loud && self.sender.health.rests(target, self.tokens, Instant::now()).is_some() {
            return (onward, Duration::ZERO, "the target rests now");
        }
        let wait = self.wait(pause, sends - 1, left);
        if wait >= left {
            return (onward, Duration::ZERO, "no time is left for a repeat");
        }
        if !self.sender.budget.spend() {
            return (onward, Duration::ZERO, "the retry budget is spent");
        }
        (then, wait, verdict::why(failure, then, another))
    }

    /// True when the candidate has not been spent and its window may be large enough.
    pub(super) fn may_ask(&self, index: usize) -> bool {
        let Some(candidate) = self.candidates.get(index) else { return false };
        let window = candidate.target.model.context_window;
        // An unknown window counts as possibly larger.
        let small = matches!((self.window_above, window), (Some(above), Some(window)) if window <= above);
        !small && !self.spent.contains(&index)
    }

    /// True when a candidate that does not rest remains after this one.
    pub(super) fn another_after(&self, index: usize) -> bool {
        self.standing_after(index).next().is_some()
    }

    /// Candidates after this one that may be asked and do not rest.
    pub(super) fn standing_after(&self, index: usize) -> impl Iterator<Item = usize> {
        let now = Instant::now();
        let well = move |at: &usize| {
            let target = self.candidates.get(*at).map(|c| &c.target);
            target.is_some_and(|t| self.sender.health.rests(t, self.tokens, now).is_none())
        };
        (index + 1..self.candidates.len()).filter(|at| self.may_ask(*at)).filter(well)
    }

    /// The limits of one attempt apply in full only while another candidate remains, and always to the rest of an answer.
    fn limit(&self, target: &Target, index: usize, wording: &Wording) -> Limit {
        let whole = Limit { at: self.deadline, cause: Cause::Deadline };
        let settings = &self.sender.settings;
        let last = !self.another_after(index) || self.total >= settings.retry.max_total_attempts;
        if last && !wording.rest {
            return whole;
        }
        let t = &settings.timeouts;
        let (ms, cause) = match self.stream {
            false => (t.whole_ms, Cause::HeadersTimeout),
            // Who has broken off once is not given longer than its next piece would have had.
            true if wording.same => (t.first_token_ms.min(t.idle_ms), Cause::FirstTokenTimeout),
            true => (t.first_token(target.model.reasons(), self.tokens), Cause::FirstTokenTimeout),
        };
        let at = Instant::now() + Duration::from_millis(ms);
        if at < self.deadline { Limit { at, cause } } else { whole }
    }

    fn wait(&self, pause: Pause, repeat: u32, left: Duration) -> Duration {
        match pause {
            Pause::Quick => backoff::quick(),
            Pause::Backoff => backoff::full_jitter(&self.sender.settings.retry, repeat),
            // The hint is a floor; its jitter gives way to the deadline.
            Pause::Hint(hint) => Some(backoff::after_hint(hint)).filter(|wait| *wait < left).unwrap_or(hint),
        }
    }

    /// The error when no candidate answered.
    fn error(&self) -> Error {
        let Some((failure, target)) = &self.last else {
            if let Some(denied) = &self.denied {
                return denied.clone();
            }
            let message = "every candidate is resting after failures";
            return Error::new(ErrorKind::ProviderUnavailable, message).with_retry_after(self.rests);
        };
        error_of(verdict::error_kind(failure), failure, target)
    }
}

/// Who answered: the target that was asked first, or the one that was asked when it was slow.
pub(super) enum Raced {
    Own(Answer),
    Other(Answer),
}

/// The typed error of a failure.
pub(crate) fn error_of(kind: ErrorKind, failure: &Failure, target: &Target) -> Error {
    let message = format!("{}: {}", target.key(), failure.message);
    let error = Error::new(kind, message);
    let error = match &failure.param {
        Some(param) => error.with_param(param),
        None => error,
    };
    error
        .with_target(&target.deployment.provider, target.key())
        .with_status(failure.status)
        .with_code(failure.code.clone())
        .with_retry_after(failure.retry_after)
        .with_request_id(failure.request_id.clone())
}

/// One event a failed attempt; a key that a provider refuses is a matter for people and told as a warning.
pub(super) fn tell(target: &str, failure: &Failure, then: &'static str) {
    let (cause, status) = (failure.cause.as_str(), failure.status);
    match failure.cause {
        Cause::Auth | Cause::Quota => tracing::warn!(target, cause, status, then, "attempt failed"),
        _ => tracing::debug!(target, cause, status, then, "attempt failed"),
    }
}

pub(super) fn word(then: Then) -> &'static str {
    match then {
        Then::Same(_) => "same_again",
        Then::Next => "next",
        Then::Stop => "stop",
    }
}
