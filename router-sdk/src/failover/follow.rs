//! A stream after its first output: events in, chunks with the route on the last one out. What breaks is completed by
//! another target where that can be done. Never a silent truncation.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::attempt::{OpenStream, Step, step};
use super::choices::Choices;
use super::journey::{Journey, error_of};
use super::pace::Pace;
use super::resume::{self, Delivered};
use super::splice::Splice;
use super::verdict::Signal;
use crate::account::{Books, Line};
use crate::error::{Error, ErrorKind};
use crate::hooks::Ending;
use crate::provider::{Cause, Failure, Target};
use crate::wire::{ChatChunk, Object, OnInterrupt, Resumption, date};

/// How long usage is waited for once a finish reason is there.
const USAGE_GRACE: Duration = Duration::from_millis(500);
/// How long the rest of a finished stream is read on in the background, so that its connection can be used again.
const DRAIN: Duration = Duration::from_secs(1);

/// How a stream is to be followed.
pub(crate) struct Terms {
    pub(crate) idle: Duration,
    pub(crate) deadline: Instant,
    /// The caller asked for a usage chunk of its own.
    pub(crate) usage_chunk: bool,
    /// Choices asked for.
    pub(crate) choices: u64,
    pub(crate) on_interrupt: OnInterrupt,
    pub(crate) min_tokens_per_second: Option<f64>,
    /// What is done with the whole answer before the books are closed.
    pub(crate) ending: Option<Box<Ending>>,
}

/// The state of a stream on its way to the caller.
struct Course {
    open: OpenStream,
    /// Its line in the books.
    line: Line,
    books: Books,
    journey: Journey,
    terms: Terms,
    /// Chunks that stood in the books before they were followed.
    counted: usize,
    choices: Choices,
    delivered: Delivered,
    /// The first chunk delivered, whose id the others share.
    first: Option<ChatChunk>,
    /// Chunks ready for the caller.
    out: VecDeque<ChatChunk>,
    /// The chunk that ends the answer, held until usage and route are known.
    last: Option<ChatChunk>,
    splice: Option<Splice>,
    /// What broke the answer first; nothing later hides it.
    cause: Option<(Failure, Target)>,
    /// The refusal of a budget that ends the answer.
    spent: Option<Error>,
    pace: Pace,
}

/// What follows a break.
enum Mended {
    /// Chunks go on.
    GoesOn,
    /// Chunks go on after this one, which says that the answer begins anew.
    Anew(Box<ChatChunk>),
}

/// The caller's view of a stream that has begun.
pub(crate) fn follow(
    open: OpenStream,
    line: Line,
    books: Books,
    journey: Journey,
    terms: Terms,
) -> impl Stream<Item = Result<ChatChunk, Error>> + Send {
    let mut course = Course::new(open, line, books, journey, terms);
    async_stream::stream! {
        loop {
            let broke = loop {
                match course.ready() {
                    Ok(Some(chunk)) => yield Ok(chunk),
                    Ok(None) if course.is_spent().await => {
                        yield Err(course.stopped());
                        return;
                    }
                    Ok(None) => match course.advance().await {
                        Ok(true) => {}
                        Ok(false) => break None,
                        Err(failure) => break Some(failure),
                    },
                    Err(failure) => break Some(failure),
                }
            };
            match broke {
                None => break,
                Some(failure) => match course.mend(failure).await {
                    Ok(Mended::GoesOn) => {}
                    Ok(Mended::Anew(chunk)) => yield Ok(*chunk),
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                },
            }
        }
        match course.closing().await {
            Ok(chunks) => for chunk in chunks {
                yield Ok(chunk);
            },
            Err(error) => yield Err(error),
        }
        drain(course.open);
    }
}

impl Course {
    fn new(open: OpenStream, line: Line, books: Books, journey: Journey, terms: Terms) -> Self {
        Self {
            counted: open.chunks.len(),
            pace: Pace::new(terms.idle, terms.min_tokens_per_second, Instant::now()),
            open,
            line,
            books,
            journey,
            terms,
            choices: Choices::default(),
            delivered: Delivered::default(),
            first: None,
            out: VecDeque::new(),
            last: None,
            splice: None,
            cause: None,
            spent: None,
        }
    }

    /// The next chunk that may be delivered of those that are there.
    fn ready(&mut self) -> Result<Option<ChatChunk>, Failure> {
        while self.out.is_empty() {
            let Some(chunk) = self.open.chunks.pop_front() else { return Ok(None) };
            // Chunks read before the first output are in the books already.
            if self.counted > 0 {
                self.counted -= 1
            } else {
                self.line.progress(&chunk)
            }
            self.pace.note(&chunk, Instant::now());
            if is_usage_only(&chunk) {
                continue;
            }
            self.choices.note(&chunk);
            let spliced = match &mut self.splice {
                Some(splice) => splice.chunk(chunk),
                None => Ok(Some(chunk)),
            };
            let spliced =
                spliced.map_err(|_| Failure::malformed("the rest of the answer does not fit its beginning"))?;
            if let Some(chunk) = spliced {
                self.pass(chunk);
            }
        }
        Ok(self.out.pop_front())
    }

    /// Queues a chunk for the caller; one with a finish reason waits for the end or for what comes after it.
    fn pass(&mut self, mut chunk: ChatChunk) {
        chunk.body.insert("model".into(), Value::String(self.open.target.key()));
        date(&mut chunk.body, self.books.created());
        self.delivered.note(&chunk);
        if let Some(ending) = &mut self.terms.ending {
            ending.note(&chunk);
        }
        self.out.extend(self.last.take());
        if chunk.finished {
            self.books.facts.finished(&chunk.body);
            self.last = Some(chunk);
            return;
        }
        if self.first.is_none() {
            self.first = Some(chunk.clone());
        }
        self.out.push_back(chunk);
    }

    /// Reads on; false when the answer is complete.
    async fn advance(&mut self) -> Result<bool, Failure> {
        let finished = self.choices.finished(self.terms.choices);
        if self.open.ended || (finished && self.line.usage_told().is_some()) {
            // A provider may give fewer choices than asked for; those that it began it has to finish.
            if self.choices.finished(1) {
                return Ok(false);
            }
            return Err(Failure::new(Cause::Truncated, "the stream ended without a finish reason"));
        }
        // Some families tell the finish reason only with their last word.
        let held = self.open.decoder.holds_finish();
        let now = Instant::now();
        let quiet = if finished || held { now + USAGE_GRACE } else { self.pace.until(now) };
        match timeout_at(quiet.min(self.terms.deadline), step(&mut self.open)).await {
            Ok(Ok(Step::More | Step::Ended)) => Ok(true),
            // Whatever goes wrong after the finish reason is no harm to the answer.
            Ok(Err(_)) | Err(_) if finished => Ok(false),
            Ok(Err(_)) | Err(_) if held => {
                let mut told = Vec::new();
                self.open.decoder.end(&mut told);
                self.open.chunks.extend(told);
                self.open.ended = true;
                Ok(true)
            }
            Ok(Err(failure)) => Err(failure),
            Err(_) if Instant::now() >= self.terms.deadline => {
                Err(Failure::new(Cause::Deadline, "the deadline passed in the middle of the stream"))
            }
            Err(_) => match self.pace.too_slow(Instant::now()) {
                Some(why) => Err(Failure::new(Cause::IdleTimeout, why)),
                None => Ok(true),
            },
        }
    }

    /// True when a budget that is to stop answers carries no more of this one.
    async fn is_spent(&mut self) -> bool {
        if self.books.ticket().is_none() || self.choices.finished(self.terms.choices) {
            return false;
        }
        let Some(extension) = self.line.extension() else { return false };
        match extension.hold().await {
            Ok((hold, output)) => {
                self.line.extended(hold, output);
                false
            }
            Err(refused) => {
                self.spent = Some(refused.error());
                true
            }
        }
    }

    /// The error of a stream that a budget ended, with what had been delivered. The books are closed with it.
    fn stopped(&mut self) -> Error {
        self.line.told(self.open.decoder.usage_so_far());
        self.books.stopped(&self.line);
        self.open.seat = None;
        let partial = self.books.partial(&self.delivered.text);
        let error = self.spent.take();
        let error = error.unwrap_or_else(|| Error::new(ErrorKind::BudgetExceeded, "a budget ended the answer"));
        let route = self.books.close(Some(error.kind()));
        let (provider, model) = (self.open.target.deployment.provider.clone(), self.open.target.key());
        let error = error.with_target(&provider, model).with_partial(partial);
        error.with_route_id(&route.request_id).with_attempts(route.attempts.clone())
    }

    /// Completes a broken answer, or says with an error how far it got.
    async fn mend(&mut self, failure: Failure) -> Result<Mended, Error> {
        let target = self.open.target.clone();
        let failure = failure.without(&target.deployment);
        let signal = if failure.cause == Cause::Deadline { Signal::Nothing } else { Signal::Failure };
        self.journey.sender.health.broke(&target, failure.cause, signal, Instant::now());
        self.open.seat = None;
        self.line.told(self.open.decoder.usage_so_far());
        let (then, why) = self.remedy(&failure);
        self.books.failed(&self.line, &failure, then, why);
        let cause = failure.cause.as_str();
        self.cause.get_or_insert_with(|| (failure, target.clone()));
        self.last = None;
        let (form, anew) = match then {
            "resume" => match self.resumed(&target).await {
                Some(form) => (form, None),
                None => return Err(self.broken()),
            },
            "restart" => match self.journey.anew(&target, &mut self.books).await {
                Some(opened) => ("restart", Some(opened)),
                None => return Err(self.broken()),
            },
            _ => return Err(self.broken()),
        };
        let after_chars = self.delivered.text.chars().count();
        let restarted = anew.is_some();
        if let Some((open, line)) = anew {
            (self.delivered, self.splice, self.first) = (Delivered::default(), None, None);
            self.books.facts.anew();
            if let Some(ending) = &mut self.terms.ending {
                ending.anew();
            }
            self.take(open, line);
        }
        let to = self.open.target.key();
        self.books.route.resumed.push(Resumption { from: target.key(), to: to.clone(), after_chars, cause, form });
        Ok(if restarted { Mended::Anew(Box::new(ChatChunk::restart(&to))) } else { Mended::GoesOn })
    }

    /// What is done about a failure, and why.
    fn remedy(&self, failure: &Failure) -> (&'static str, &'static str) {
        match self.terms.on_interrupt {
            _ if !resume::mendable(failure) => ("stop", "going on would not help"),
            OnInterrupt::Resume | OnInterrupt::Restart if self.journey.over() => {
                ("stop", "no attempts or no time are left")
            }
            OnInterrupt::Error => ("stop", "on_interrupt is error"),
            _ if self.journey.over() => ("stop", "no attempts or no time are left"),
            OnInterrupt::Restart => ("restart", "output had begun"),
            OnInterrupt::Resume if self.delivered.calls => ("stop", "a tool call had begun, which cannot be joined"),
            OnInterrupt::Resume if !self.delivered.resumable() => ("stop", "more than one text cannot be joined"),
            OnInterrupt::Resume => ("resume", "output had begun"),
        }
    }

    /// Goes on with the rest of the answer from another target; the form in which it was asked.
    async fn resumed(&mut self, broken: &Target) -> Option<&'static str> {
        let going = self.journey.rest_of(broken, &self.delivered.text, &mut self.books).await?;
        self.splice = Some(Splice::new(&self.delivered.text, &going.unseen, self.first.as_ref()));
        self.take(going.open, going.line);
        Some(going.form.as_str())
    }

    fn take(&mut self, open: OpenStream, line: Line) {
        self.counted = open.chunks.len();
        (self.open, self.line) = (open, line);
        self.choices = Choices::default();
        self.pace = Pace::new(self.terms.idle, self.terms.min_tokens_per_second, Instant::now());
    }

    /// The error of a stream that broke after output, with what had been delivered. The books are closed with it.
    fn broken(&mut self) -> Error {
        let partial = self.books.partial(&self.delivered.text);
        let route = self.books.close(Some(ErrorKind::StreamInterrupted));
        let error = match &self.cause {
            Some((failure, target)) => error_of(ErrorKind::StreamInterrupted, failure, target),
            None => Error::new(ErrorKind::StreamInterrupted, "the stream broke off"),
        };
        error.with_partial(partial).with_route_id(&route.request_id).with_attempts(route.attempts.clone())
    }

    /// The finish chunk with usage and route; a usage chunk of its own where the caller asked for one. In their place the
    /// refusal of who saw the whole answer.
    async fn closing(&mut self) -> Result<Vec<ChatChunk>, Error> {
        let mut last = self.last.take().unwrap_or_default();
        let line = self.line.clone();
        if let Some(mut seat) = self.open.seat.take() {
            seat.success(line.sent(), line.seconds_to_first());
            let output = line.usage_told().map_or(0, |u| u.output);
            seat.used(output, Instant::now());
        }
        let usage = self.books.answer(&line, None, "");
        let resumed = !self.books.route.resumed.is_empty();
        if let Some(ending) = self.terms.ending.take() {
            match ending.ask(&self.books.route).await {
                Ok(tags) => self.books.tag(tags),
                Err(error) => return Err(self.held_back(error)),
            }
        }
        let route = self.books.close(None);
        let usage_json = usage.to_openai();
        if !self.terms.usage_chunk {
            let told = last.body.get("usage").is_some_and(Value::is_object) && !resumed;
            if !told {
                last.body.insert("usage".into(), usage_json);
            }
            last.usage = Some(usage);
            last.route = Some(route);
            return Ok(vec![last]);
        }
        let mut body = Object::new();
        for field in ["id", "object", "created", "model"] {
            body.insert(field.into(), last.body.get(field).cloned().unwrap_or(Value::Null));
        }
        body.insert("choices".into(), Value::Array(Vec::new()));
        let told = last.body.shift_remove("usage").filter(|told| told.is_object() && !resumed);
        body.insert("usage".into(), told.unwrap_or(usage_json));
        let mut end = ChatChunk::from_body(body, Some(usage));
        end.route = Some(route);
        Ok(vec![last, end])
    }

    /// The error of an answer that was refused once it was there, with what had been delivered of it.
    fn held_back(&mut self, error: Error) -> Error {
        let partial = self.books.partial(&self.delivered.text);
        let route = self.books.close(Some(error.kind()));
        error.with_partial(partial).with_route_id(&route.request_id).with_attempts(route.attempts.clone())
    }
}

/// A chunk that says nothing but usage, which the closing chunk says.
fn is_usage_only(chunk: &ChatChunk) -> bool {
    chunk.usage.is_some() && chunk.body.get("choices").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// Reads the few bytes after the finish so that the connection returns to the pool.
fn drain(mut open: OpenStream) {
    while !open.ended {
        match open.events.next().now_or_never() {
            Some(None) => return,
            Some(Some(Ok(_))) => {}
            Some(Some(Err(_))) => return,
            None => break,
        }
    }
    // Also after `[DONE]` the end of the body has to be read.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(tokio::time::timeout(DRAIN, async move { while let Some(Ok(_)) = open.events.next().await {} }));
    }
}
