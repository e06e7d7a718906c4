//! One attempt: an encoded request in; a whole reply, or a stream at its first output, or a failure out.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::prepare::Ready;
use super::sender::Sender;
use super::{Seat, fanout, fence};
use crate::account::Line;
use crate::provider::{
    Allowance, Cause, Failure, Framing, HttpRequest, Progress, StreamDecoder, Target, errors, family,
};
use crate::transport::{self, Events, HttpReply};
use crate::wire::{ChatChunk, ChatResponse, chunks_of};

/// An error body longer than this says nothing more.
pub(super) const ERROR_BODY: usize = 1024 * 1024;
/// How long an error's body may take once its head is there.
pub(super) const ERROR_BODY_TIME: Duration = Duration::from_secs(1);

/// A stream whose first output is there.
pub(crate) struct OpenStream {
    pub(crate) target: Target,
    pub(crate) events: Events,
    pub(crate) decoder: Box<dyn StreamDecoder>,
    /// Chunks read so far, in order.
    pub(crate) chunks: VecDeque<ChatChunk>,
    /// The protocol said its last word, or the connection ended.
    pub(crate) ended: bool,
    /// Chunks that are not valid JSON are left out.
    pub(crate) skip_malformed: bool,
    /// Its place among the requests in flight.
    pub(crate) seat: Option<Seat>,
}

/// How an attempt is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) limit: Limit,
    pub(crate) skip_malformed: bool,
    /// The rest of an answer may be nothing.
    pub(crate) may_be_empty: bool,
}

/// When an attempt is given up, and what that is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) at: Instant,
    pub(crate) cause: Cause,
}

impl Limit {
    pub(super) fn failure(self, what: &str) -> Failure {
        Failure::new(self.cause, format!("{what} within the time limit"))
    }
}

/// Asks for a whole reply.
pub(crate) async fn whole(
    sender: &Sender,
    target: &Target,
    ready: Ready,
    limit: Limit,
    line: &Line,
) -> Result<ChatResponse, Failure> {
    let asked = async {
        match ready.copies {
            1 => one_whole(sender, target, ready.http, Some(line)).await,
            copies => fanout::whole(sender, target, &ready.http, copies, line).await,
        }
    };
    let reply = timeout_at(limit.at, asked).await.unwrap_or_else(|_| Err(limit.failure("no complete reply")))?;
    line.portions(reply.portions.clone());
    Ok(if ready.in_words { fence::whole(reply) } else { reply })
}

/// One send for a whole reply; `line` is where its status is written down.
pub(super) async fn one_whole(
    sender: &Sender,
    target: &Target,
    http: HttpRequest,
    line: Option<&Line>,
) -> Result<ChatResponse, Failure> {
    let reply = opened(sender, target, http, line).await?;
    let headers = reply.headers.clone();
    let status = reply.status;
    let body = reply.bytes(crate::transport::MAX_BODY).await?;
    family(target.family()).decode(target, &body).map_err(|f| with_wire(f, status, errors::request_id(&headers)))
}

/// Asks for a stream and reads it up to its first output. What comes before (roles, pings, comments) is held back, so
/// that a failure up to here can go to another target without the caller noticing.
pub(crate) async fn stream(
    sender: &Sender,
    target: &Target,
    ready: Ready,
    manner: Manner,
    line: &Line,
) -> Result<OpenStream, Failure> {
    let asked = async {
        let mut open = match ready.copies {
            1 => one_stream(sender, target, ready.http, Some(line)).await?,
            copies => fanout::streams(sender, target, &ready.http, copies, line).await?,
        };
        open.skip_malformed = manner.skip_malformed;
        if ready.in_words {
            open.decoder = Box::new(fence::Unfenced::new(open.decoder));
        }
        let (status, request_id) = line.wire();
        let told = |f: Failure| with_wire(f, status.unwrap_or(200), request_id.clone());
        loop {
            match step(&mut open).await.map_err(told)? {
                Step::More if open.chunks.iter().any(|c| c.output) => return Ok(open),
                Step::More => {}
                Step::Ended => return committed(open, manner.may_be_empty).map_err(told),
            }
        }
    };
    let limit = manner.limit;
    let open = timeout_at(limit.at, asked).await.unwrap_or_else(|_| Err(limit.failure("no output")))?;
    open.chunks.iter().for_each(|chunk| line.progress(chunk));
    Ok(open)
}

/// One send for a stream, up to its first bytes.
pub(super) async fn one_stream(
    sender: &Sender,
    target: &Target,
    http: HttpRequest,
    line: Option<&Line>,
) -> Result<OpenStream, Failure> {
    let reply = opened(sender, target, http, line).await?;
    read_as_stream(reply, target).await
}

/// A stream that ended before any output: an answer only if it says why it is empty.
fn committed(open: OpenStream, may_be_empty: bool) -> Result<OpenStream, Failure> {
    let output = open.chunks.iter().any(|c| c.output);
    let finish = open.chunks.iter().filter_map(ChatChunk::finish_reason).next_back();
    let spent = open.chunks.iter().filter_map(|c| c.usage).any(|u| u.output > 0);
    match finish {
        None if open.chunks.is_empty() => Err(Failure::new(Cause::Empty, "the stream was empty")),
        None => Err(Failure::new(Cause::Truncated, "the stream ended without a finish reason")),
        Some("stop" | "tool_calls") if !output && !spent && !may_be_empty => {
            Err(Failure::new(Cause::Empty, "the stream had no output"))
        }
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
        Some(event) => match open.decoder.event(&event.name, &event.data, &mut out) {
            Err(failure) if failure.cause == Cause::Malformed && open.skip_malformed => Progress::More,
            other => other?,
        },
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
async fn opened(
    sender: &Sender,
    target: &Target,
    http: HttpRequest,
    line: Option<&Line>,
) -> Result<HttpReply, Failure> {
    let reply = sender.send(target, http).await?;
    if let Some(line) = line {
        line.answered(reply.status, errors::request_id(&reply.headers));
    }
    if let Some(allowance) = Allowance::read(&reply.headers) {
        sender.health.allow(target, allowance, Instant::now());
    }
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
pub(super) fn plain(reply: HttpReply) -> Result<HttpReply, Failure> {
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
    let spoken = family(target.family());
    // A line of JSON opens like a reply in one piece, and may be an error as well.
    let lines = spoken.framing() == Framing::Ndjson && opens_with == Some(b'{');
    if !lines && matches!(opens_with, Some(b'{' | b'[' | b'<')) {
        let whole = HttpReply { status: reply.status, headers: reply.headers.clone(), body };
        let bytes = whole.bytes(transport::MAX_BODY).await?;
        if let Some(open) = answered_whole(target, &bytes) {
            return Ok(open);
        }
        let explained = match serde_json::from_slice::<serde_json::Value>(&bytes) {
            Ok(_) => spoken.explain_error(reply.status, &reply.headers, &bytes),
            Err(_) => Failure::malformed("the reply is a page or broken JSON where a stream was promised"),
        };
        let id = errors::request_id(&reply.headers);
        return Err(with_wire(unless_unknown(explained), reply.status, id));
    }
    Ok(OpenStream {
        target: target.clone(),
        events: transport::events(spoken.framing(), body),
        decoder: spoken.decoder(target),
        chunks: VecDeque::new(),
        ended: false,
        skip_malformed: false,
        seat: None,
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
        skip_malformed: false,
        seat: None,
    })
}

/// JSON in place of a stream that tells of no known error is a reply of another shape.
fn unless_unknown(failure: Failure) -> Failure {
    if failure.cause == Cause::Unknown { Failure { cause: Cause::Malformed, ..failure } } else { failure }
}

pub(super) fn with_wire(mut failure: Failure, status: u16, request_id: Option<String>) -> Failure {
    failure.status.get_or_insert(status);
    failure.request_id = failure.request_id.or(request_id);
    failure
}
