//! The loop over candidates: a plan in, the first good answer out, every send recorded.

use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{self, Limit, OpenStream};
use super::verdict::{self, Facts, Pause, Signal, Then};
use super::{Health, RetryBudget, backoff};
use crate::account::Books;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::provider::{Cause, Failure, HttpRequest, Target, family};
use crate::select::{Candidate, Plan};
use crate::transport::{HttpReply, HttpTransport, SandboxTransport};
use crate::wire::{ChatRequest, ChatResponse};

/// What sends, and what is remembered between requests.
pub(crate) struct Sender {
    pub(crate) http: HttpTransport,
    pub(crate) sandbox: SandboxTransport,
    pub(crate) health: Health,
    pub(crate) budget: RetryBudget,
    pub(crate) ids: crate::ids::Ids,
}

impl Sender {
    pub(crate) async fn send(&self, target: &Target, request: HttpRequest) -> Result<HttpReply, Failure> {
        if target.deployment.sandbox {
            return self.sandbox.send(target, request).await;
        }
        let credentials = &target.deployment.credentials;
        let kept = credentials.renewable().then(|| request.clone());
        let reply = self.http.send(credentials.apply(request).await?).await?;
        match kept {
            Some(request) if credentials.renewed(reply.status, &reply.headers) => {
                self.http.send(credentials.apply(request).await?).await
            }
            _ => Ok(reply),
        }
    }
}

/// A good answer.
pub(crate) enum Answer {
    /// A whole reply.
    Whole(Box<ChatResponse>),
    /// A stream at its first output.
    Stream(Box<OpenStream>),
}

/// The state of one request's loop.
struct Loop<'a> {
    sender: &'a Sender,
    config: &'a Config,
    request: &'a ChatRequest,
    plan: &'a Plan,
    stream: bool,
    deadline: Instant,
    /// Sends of this request.
    total: u32,
    /// Candidates must have a window larger than this, after one was too small.
    window_above: Option<u64>,
    last: Option<(Failure, Target)>,
    rests: Option<Duration>,
}

/// Gives the place of a probe back when an attempt is cancelled.
struct Claim<'a> {
    health: &'a Health,
    target: String,
    probe: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.health.release(&self.target);
        }
    }
}

/// Tries the plan's candidates until one answers.
pub(crate) async fn run(
    sender: &Sender,
    config: &Config,
    request: &ChatRequest,
    plan: &Plan,
    stream: bool,
    deadline: Instant,
    books: &mut Books,
) -> Result<Answer, Error> {
    let mut state =
        Loop { sender, config, request, plan, stream, deadline, total: 0, window_above: None, last: None, rests: None };
    for index in 0..plan.candidates.len() {
        let Some(candidate) = plan.candidates.get(index).filter(|c| state.may_ask(c)) else { continue };
        match state.ask(candidate, index, books).await {
            Ok(answer) => {
                sender.budget.earn();
                return Ok(answer);
            }
            Err(Then::Next) => {}
            Err(_) => break,
        }
    }
    Err(state.error())
}

impl Loop<'_> {
    /// Sends to one candidate, again where the verdict says so.
    async fn ask(&mut self, candidate: &Candidate, index: usize, books: &mut Books) -> Result<Answer, Then> {
        let target = &candidate.target;
        let key = target.key();
        let probe = match self.sender.health.claim(&key, Instant::now()) {
            Ok(probe) => probe,
            Err(left) => {
                self.rests = Some(self.rests.map_or(left, |r| r.min(left)));
                return Err(Then::Next);
            }
        };
        let mut claim = Claim { health: &self.sender.health, target: key, probe };
        books.hold(candidate.worst_nanos);
        for sends in 1.. {
            let sent = Instant::now();
            let failure = match self.once(target, index, books).await {
                Ok(answer) => {
                    claim.probe = false;
                    self.sender.health.success(&claim.target, sent, books.seconds_to_first());
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let failure = failure.without(&target.deployment);
            let signal = verdict::signal(&failure, &self.config.breaker);
            let probe = std::mem::take(&mut claim.probe);
            self.sender.health.signal(&claim.target, signal, Instant::now(), probe);
            let (then, wait) = self.judge(&failure, candidate, index, sends, signal);
            tell(&claim.target, &failure, word(then));
            books.failed(&failure, word(then));
            self.last = Some((failure, target.clone()));
            match then {
                Then::Same(_) => tokio::time::sleep(wait).await,
                then => return Err(then),
            }
        }
        Err(Then::Stop)
    }

    /// One send.
    async fn once(&mut self, target: &Target, index: usize, books: &mut Books) -> Result<Answer, Failure> {
        // What cannot be said in the family's language is not sent and so is no attempt.
        let encoded = family(target.family()).encode(self.request, target, self.stream)?;
        self.total += 1;
        books.begin(target);
        books.route.adapted = encoded.adapted;
        let limit = self.limit(target, index);
        if self.stream {
            let open = attempt::stream(self.sender, target, encoded.http, limit, books).await?;
            for chunk in &open.chunks {
                books.progress(chunk);
            }
            return Ok(Answer::Stream(Box::new(open)));
        }
        attempt::whole(self.sender, target, encoded.http, limit, books).await.map(|r| Answer::Whole(Box::new(r)))
    }

    /// What follows a failure, and the pause before it where the same target is asked again.
    fn judge(
        &mut self,
        failure: &Failure,
        candidate: &Candidate,
        index: usize,
        sends: u32,
        signal: Signal,
    ) -> (Then, Duration) {
        if failure.cause == Cause::ContextTooLong {
            self.window_above = self.window_above.max(candidate.target.model.context_window);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || self.total >= self.config.retry.max_total_attempts {
            return (Then::Stop, Duration::ZERO);
        }
        let another = self.another_after(index);
        let onward = (if another { Then::Next } else { Then::Stop }, Duration::ZERO);
        let then = verdict::decide(failure, Facts { another, sends, left }, &self.config.retry);
        let Then::Same(pause) = then else { return (then, Duration::ZERO) };
        // A target whose breaker has just opened, or whose probe has failed, is not asked again.
        let opened = signal == Signal::Failure && self.sender.health.rests(&candidate.target.key(), Instant::now());
        let wait = self.wait(pause, sends - 1, left);
        if opened || wait >= left || !self.sender.budget.spend() { onward } else { (then, wait) }
    }

    fn may_ask(&self, candidate: &Candidate) -> bool {
        let window = candidate.target.model.context_window;
        // An unknown window counts as possibly larger.
        !matches!((self.window_above, window), (Some(above), Some(window)) if window <= above)
    }

    fn another_after(&self, index: usize) -> bool {
        let now = Instant::now();
        let rest = self.plan.candidates.iter().skip(index + 1);
        rest.filter(|c| self.may_ask(c)).any(|c| !self.sender.health.rests(&c.target.key(), now))
    }

    /// The limits of one attempt apply in full only while another candidate remains.
    fn limit(&self, target: &Target, index: usize) -> Limit {
        let whole = Limit { at: self.deadline, cause: Cause::Deadline };
        if !self.another_after(index) || self.total >= self.config.retry.max_total_attempts {
            return whole;
        }
        let t = &self.config.timeouts;
        let (ms, cause) = match self.stream {
            false => (t.whole_ms, Cause::HeadersTimeout),
            true => (t.first_token(target.model.reasons()), Cause::FirstTokenTimeout),
        };
        let at = Instant::now() + Duration::from_millis(ms);
        if at < self.deadline { Limit { at, cause } } else { whole }
    }

    fn wait(&self, pause: Pause, repeat: u32, left: Duration) -> Duration {
        match pause {
            Pause::Quick => backoff::quick(),
            Pause::Backoff => backoff::full_jitter(&self.config.retry, repeat),
            // The hint is a floor; its jitter gives way to the deadline.
            Pause::Hint(hint) => Some(backoff::after_hint(hint)).filter(|wait| *wait < left).unwrap_or(hint),
        }
    }

    /// The error when no candidate answered.
    fn error(self) -> Error {
        let Some((failure, target)) = self.last else {
            let message = "every candidate is resting after failures";
            return Error::new(ErrorKind::ProviderUnavailable, message).with_retry_after(self.rests);
        };
        let kind = verdict::error_kind(&failure);
        error_of(kind, &failure, &target)
    }
}

/// The typed error of a failure.
pub(crate) fn error_of(kind: ErrorKind, failure: &Failure, target: &Target) -> Error {
    let message = format!("{}: {}", target.key(), failure.message);
    Error::new(kind, message)
        .with_target(&target.deployment.provider, target.key())
        .with_status(failure.status)
        .with_code(failure.code.clone())
        .with_retry_after(failure.retry_after)
        .with_request_id(failure.request_id.clone())
}

/// One event a failed attempt; a key that a provider refuses is a matter for people and told as a warning.
fn tell(target: &str, failure: &Failure, then: &'static str) {
    let (cause, status) = (failure.cause.as_str(), failure.status);
    match failure.cause {
        Cause::Auth | Cause::Quota => tracing::warn!(target, cause, status, then, "attempt failed"),
        _ => tracing::debug!(target, cause, status, then, "attempt failed"),
    }
}

fn word(then: Then) -> &'static str {
    match then {
        Then::Same(_) => "same_again",
        Then::Next => "next",
        Then::Stop => "stop",
    }
}
