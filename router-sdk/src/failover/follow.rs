//! A stream after its first output: events in, chunks with the route on the last one out. Never a silent truncation.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::attempt::{OpenStream, Step, step};
use super::run::{Sender, error_of};
use super::verdict::Signal;
use crate::account::Books;
use crate::error::{Error, ErrorKind};
use crate::provider::{Cause, Failure};
use crate::wire::{ChatChunk, Object, date};

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
}

/// The caller's view of a stream that has begun.
pub(crate) fn follow(
    mut open: OpenStream,
    mut books: Books,
    sender: Arc<Sender>,
    terms: Terms,
) -> impl Stream<Item = Result<ChatChunk, Error>> + Send {
    async_stream::stream! {
        let model = open.target.key();
        let mut last: Option<ChatChunk> = None;
        let mut choices = Choices::default();
        let mut counted = open.chunks.len();
        loop {
            while let Some(mut chunk) = open.chunks.pop_front() {
                // Chunks read before the first output are in the books already.
                if counted > 0 { counted -= 1 } else { books.progress(&chunk) }
                if is_usage_only(&chunk) {
                    continue;
                }
                chunk.body.insert("model".into(), Value::String(model.clone()));
                date(&mut chunk.body, books.created());
                if let Some(earlier) = last.take() {
                    yield Ok(earlier);
                }
                choices.note(&chunk);
                if chunk.finished {
                    last = Some(chunk);
                } else {
                    yield Ok(chunk);
                }
            }
            let finished = choices.finished(terms.choices);
            if open.ended || (finished && books.usage_told().is_some()) {
                // A provider may give fewer choices than asked for; those that it began it has to finish.
                if choices.finished(1) {
                    break;
                }
                let failure = Failure::new(Cause::Truncated, "the stream ended without a finish reason");
                yield Err(broken(&failure, &open, &mut books, &sender));
                return;
            }
            let idle = Instant::now() + if finished { USAGE_GRACE } else { terms.idle };
            let limit = idle.min(terms.deadline);
            let failure = match timeout_at(limit, step(&mut open)).await {
                Ok(Ok(Step::More | Step::Ended)) => continue,
                // Whatever goes wrong after the finish reason is no harm to the answer.
                Ok(Err(_)) | Err(_) if finished => break,
                Ok(Err(failure)) => failure,
                Err(_) if limit == terms.deadline => Failure::new(Cause::Deadline, "the deadline passed in the middle of the stream"),
                Err(_) => Failure::new(Cause::IdleTimeout, "the stream stopped talking"),
            };
            yield Err(broken(&failure, &open, &mut books, &sender));
            return;
        }
        for chunk in closing(last, &mut books, terms.usage_chunk, &model) {
            yield Ok(chunk);
        }
        drain(open);
    }
}

/// Which choices have begun and which have finished.
#[derive(Default)]
struct Choices {
    begun: BTreeSet<u64>,
    finished: BTreeSet<u64>,
}

impl Choices {
    fn note(&mut self, chunk: &ChatChunk) {
        for choice in chunk.body.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            self.begun.insert(index);
            if choice.get("finish_reason").and_then(Value::as_str).is_some_and(|reason| !reason.is_empty()) {
                self.finished.insert(index);
            }
        }
    }

    /// True when at least so many choices have come and every one that began has finished.
    fn finished(&self, at_least: u64) -> bool {
        self.finished.len() as u64 >= at_least && self.begun.len() == self.finished.len()
    }
}

/// A chunk that says nothing but usage, which the closing chunk says.
fn is_usage_only(chunk: &ChatChunk) -> bool {
    chunk.usage.is_some() && chunk.body.get("choices").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// The finish chunk with usage and route; a usage chunk of its own where the caller asked for one.
fn closing(last: Option<ChatChunk>, books: &mut Books, usage_chunk: bool, model: &str) -> Vec<ChatChunk> {
    let mut last = last.unwrap_or_default();
    let usage = books.answer(None, "");
    let route = books.close(None);
    let usage_json = usage.to_openai();
    if !usage_chunk {
        last.body
            .entry("usage")
            .and_modify(|u| {
                if !u.is_object() {
                    *u = usage_json.clone()
                }
            })
            .or_insert(usage_json);
        last.usage = Some(usage);
        last.route = Some(route);
        return vec![last];
    }
    let mut body = Object::new();
    for field in ["id", "object", "created"] {
        body.insert(field.into(), last.body.get(field).cloned().unwrap_or(Value::Null));
    }
    body.insert("model".into(), model.into());
    body.insert("choices".into(), Value::Array(Vec::new()));
    let told = last.body.shift_remove("usage").filter(Value::is_object);
    body.insert("usage".into(), told.unwrap_or(usage_json));
    let mut end = ChatChunk::from_body(body, Some(usage));
    end.route = Some(route);
    vec![last, end]
}

/// The error of a stream that broke after output, with what had been delivered. The books are closed with it.
fn broken(failure: &Failure, open: &OpenStream, books: &mut Books, sender: &Sender) -> Error {
    let failure = &failure.clone().without(&open.target.deployment);
    let signal = if failure.cause == Cause::Deadline { Signal::Nothing } else { Signal::Failure };
    sender.health.signal(&open.target.key(), signal, Instant::now(), false);
    let partial = books.partial();
    books.failed(failure, "stop");
    let route = books.close(Some(ErrorKind::StreamInterrupted));
    error_of(ErrorKind::StreamInterrupted, failure, &open.target)
        .with_partial(partial)
        .with_route_id(&route.request_id)
        .with_attempts(route.attempts.clone())
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
