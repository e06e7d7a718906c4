//! One attempt: an encoded request in; a whole reply, or a stream at its first output, or a failure out.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::run::Sender;
use crate::account::Books;
use crate::provider::{Cause, Failure, HttpRequest, Progress, StreamDecoder, Target, errors, family};
use crate::transport::{self, Events, HttpReply};
use crate::wire::{ChatChunk, ChatResponse, chunks_of};

/// An error body longer than this says nothing more.
const ERROR_BODY: usize = 1024 * 1024;
/// How long an error's body may take once its head is there.
const ERROR_BODY_TIME: Duration = Duration::from_secs(1);

/// A stream whose first output is there.
pub(crate) struct OpenStream {
    pub(crate) target: Target,
    pub(crate) events: Events,
    pub(crate) decoder: Box<dyn StreamDecoder>,
    /// Chunks read so far, in order.
    pub(crate) chunks: VecDeque<ChatChunk>,
    /// The protocol said its last word, or the connection ended.
    pub(crate) ended: bool,
}

/// When an attempt is given up, and what that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) at: Instant,
    pub(crate) cause: Cause,
}

impl Limit {
    fn failure(self, what: &str) -> Failure {
        Failure::new(self.cause, format!("{what} within the time limit"))
    }
}

/// Asks for a whole reply.
pub(crate) async fn whole(
    sender: &Sender,
    target: &Target,
    http: HttpRequest,
    limit: Limit,
    books: &mut Books,
) -> Result<ChatResponse, Failure> {
    let asked = async {
        let reply = opened(sender, target, http, books).await?;
        let headers = reply.headers.clone();
        let status = reply.status;
        let body = reply.bytes(crate::transport::MAX_BODY).await?;
        family(target.family()).decode(target, &body).map_err(|f| with_wire(f, status, errors::request_id(&headers)))
    };
    timeout_at(limit.at, asked).await.unwrap_or_else(|_| Err(limit.failure("no complete reply")))
}

/// Asks for a stream and reads it up to its first output. What comes before (roles, pings, comments) is held back, so
/// that a failure up to here can go to another target without the caller noticing.
pub(crate) async fn stream(
    sender: &Sender,
    target: &Target,
    http: HttpRequest,
    limit: Limit,
    books: &mut Books,
) -> Result<OpenStream, Failure> {
    let asked = async {
        let reply = opened(sender, target, http, books).await?;
        let request_id = errors::request_id(&reply.headers);
        let status = reply.status;
        let mut open = read_as_stream(reply, target).await?;
        loop {
            match step(&mut open).await.map_err(|f| with_wire(f, status, request_id.clone()))? {
                Step::More if open.chunks.iter().any(|c| c.output) => return Ok(open),
                Step::More => {}
                Step::Ended => return committed(open).map_err(|f| with_wire(f, status, request_id.clone())),
            }
        }
    };
    timeout_at(limit.at, asked).await.unwrap_or_else(|_| Err(limit.failure("no output")))
}

/// A stream that ended before any output: an answer only if it says why it is empty.
fn committed(open: OpenStream) -> Result<OpenStream, Failure> {
    let output = open.chunks.iter().any(|c| c.output);
    let finish = open.chunks.iter().filter_map(ChatChunk::finish_reason).next_back();
    let spent = open.chunks.iter().filter_map(|c| c.usage).any(|u| u.output > 0);
    match finish {
        None if open.chunks.is_empty() => Err(Failure::new(Cause::Empty, "the stream was empty")),
        None => Err(Failure::new(Cause::Truncated, "the stream ended without a finish reason")),
        Some("stop" | "tool_calls") if !output && !spent => Err(Failure::new(Cause::Empty, "the stream had no output")),
        Some(_) => Ok(open),
    }
}

/// Whether a stream goes on.
pub(crate) enum Step {
    More,
    Ended,
}

/// Reads one event and decodes it. `Ended` comes once, with everything that was left to say among the chunks.
pub(crate) async fn step(open: &mut OpenStream) -> Result<Step, Failure> {
    let event = open.events.next().await.transpose()?;
    let mut out = Vec::new();
    let progress = match event {
        Some(event) => open.decoder.event(&event.name, &event.data, &mut out)?,
        None => Progress::Done,
    };
    if progress == Progress::Done {
        open.decoder.end(&mut out);
        open.ended = true;
    }
    open.chunks.extend(out);
    Ok(if progress == Progress::Done { Step::Ended } else { Step::More })
}

/// Sends, and turns every status but success into a failure.
async fn opened(sender: &Sender, target: &Target, http: HttpRequest, books: &mut Books) -> Result<HttpReply, Failure> {
    let reply = sender.send(target, http).await?;
    books.answered(reply.status, errors::request_id(&reply.headers));
    if (200..300).contains(&reply.status) {
        return plain(reply);
    }
    let (status, headers) = (reply.status, reply.headers.clone());
    let body = tokio::time::timeout(ERROR_BODY_TIME, reply.bytes(ERROR_BODY)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    let failure = family(target.family()).explain_error(status, &headers, &body);
    let failure = with_wire(failure, status, errors::request_id(&headers));
    Err(if target.deployment.quirks.client_errors_as_500 { errors::client_errors_as_500(failure) } else { failure })
}

/// None is asked for, so a body in some encoding is a fault of the provider or of a proxy before it.
fn plain(reply: HttpReply) -> Result<HttpReply, Failure> {
    let encoding = reply.headers.get(http::header::CONTENT_ENCODING).map(|e| e.as_bytes().to_ascii_lowercase());
    match encoding.as_deref() {
        None | Some(b"" | b"identity") => Ok(reply),
        Some(_) => Err(with_wire(
            Failure::malformed("the reply is compressed though no encoding was asked for"),
            reply.status,
            errors::request_id(&reply.headers),
        )),
    }
}

/// A 200 that holds JSON or a page in place of events is read whole: an answer becomes chunks, all else is explained.
async fn read_as_stream(mut reply: HttpReply, target: &Target) -> Result<OpenStream, Failure> {
    let first = loop {
        match reply.body.next().await.transpose()? {
            Some(piece) if piece.iter().all(u8::is_ascii_whitespace) => {}
            other => break other,
        }
    };
    let opens_with = first.as_ref().and_then(|p| p.iter().find(|b| !b.is_ascii_whitespace()).copied());
    let head = futures_util::stream::iter(first.map(Ok));
    let body = Box::pin(head.chain(reply.body));
    if matches!(opens_with, Some(b'{' | b'[' | b'<')) {
        let whole = HttpReply { status: reply.status, headers: reply.headers.clone(), body };
        let bytes = whole.bytes(transport::MAX_BODY).await?;
        if let Some(open) = answered_whole(target, &bytes) {
            return Ok(open);
        }
        let explained = match serde_json::from_slice::<serde_json::Value>(&bytes) {
            Ok(_) => family(target.family()).explain_error(reply.status, &reply.headers, &bytes),
            Err(_) => Failure::malformed("the reply is a page or broken JSON where a stream was promised"),
        };
        let id = errors::request_id(&reply.headers);
        return Err(with_wire(unless_unknown(explained), reply.status, id));
    }
    let spoken = family(target.family());
    Ok(OpenStream {
        target: target.clone(),
        events: transport::events(spoken.framing(), body),
        decoder: spoken.decoder(target),
        chunks: VecDeque::new(),
        ended: false,
    })
}

/// Some servers answer whole though a stream was asked for.
fn answered_whole(target: &Target, bytes: &[u8]) -> Option<OpenStream> {
    let spoken = family(target.family());
    let reply = spoken.decode(target, bytes).ok()?;
    Some(OpenStream {
        target: target.clone(),
        events: Box::pin(futures_util::stream::empty()),
        decoder: spoken.decoder(target),
        chunks: chunks_of(reply).into(),
        ended: false,
    })
}

/// JSON in place of a stream that tells of no known error is a reply of another shape.
fn unless_unknown(failure: Failure) -> Failure {
    if failure.cause == Cause::Unknown { Failure { cause: Cause::Malformed, ..failure } } else { failure }
}

fn with_wire(mut failure: Failure, status: u16, request_id: Option<String>) -> Failure {
    failure.status.get_or_insert(status);
    failure.request_id = failure.request_id.or(request_id);
    failure
}
