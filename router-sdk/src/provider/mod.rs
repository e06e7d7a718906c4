//! Wire families: a request and a target in, an HTTP request out; a reply's bytes in, the OpenAI shape out. No I/O.

pub(crate) mod anthropic;
mod bedrock;
pub(crate) mod errors;
mod failure;
pub(crate) mod gemini;
pub(crate) mod openai;
mod target;
pub(crate) mod turns;

use bytes::Bytes;
use http::HeaderMap;

pub use failure::{Cause, Failure};
pub use target::{Deployment, Family, Target};

use crate::wire::{ChatChunk, ChatRequest, ChatResponse};

/// An HTTP POST ready to be sent.
#[derive(Clone)]
pub struct HttpRequest {
    /// Where it goes. May hold no key.
    pub url: String,
    /// Headers; those that carry keys are marked sensitive.
    pub headers: HeaderMap,
    /// The JSON body.
    pub body: Bytes,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest").field("url", &self.url).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A request in a provider's language, and what had to be changed for it.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The request to send.
    pub http: HttpRequest,
    /// Parameters adapted or left out, in words, for RouteInfo.
    pub adapted: Vec<String>,
}

/// Whether a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More events may follow.
    More,
    /// The protocol said that this was the last event.
    Done,
}

/// Translates the events of one stream into chunks of the OpenAI shape.
pub trait StreamDecoder: Send {
    /// Takes one server-sent event and appends the chunks it makes to `out`.
    ///
    /// Unknown events are ignored. An error event, or data that is not valid JSON, is a [`Failure`].
    ///
    /// # Errors
    /// The failure that the event tells of.
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure>;

    /// The stream ended: append what is left to say (a finish reason that waited, usage).
    ///
    /// A stream that never gave a finish reason adds nothing here; the caller sees that none came.
    fn end(&mut self, out: &mut Vec<ChatChunk>);
}

/// How the pieces of a streamed reply are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// AWS's binary frames. An exception is an event whose name starts with `exception:`.
    AwsEventStream,
}

/// What the names of exceptions in an AWS event stream start with.
pub(crate) const EXCEPTION: &str = "exception:";

/// One wire family. Implementations hold no state and do no I/O.
pub trait Provider: Send + Sync {
    /// Writes the request in the family's language.
    ///
    /// # Errors
    /// [`Cause::Unsupported`] when the request cannot be said in this language, naming the field.
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure>;

    /// Reads a whole 200 reply.
    ///
    /// # Errors
    /// A failure when the body is an error, HTML, truncated, or has no answer in it.
    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure>;

    /// A decoder for one stream.
    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder>;

    /// How the stream of this family is cut into events.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Reads a reply that is not a 200, or a 200 that holds an error instead of a stream.
    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure;
}

/// The implementation of a family.
pub(crate) fn family(family: Family) -> &'static dyn Provider {
    match family {
        Family::OpenAi => &openai::OpenAi,
        Family::Anthropic => &anthropic::Anthropic,
        Family::Gemini => &gemini::Gemini,
        Family::Bedrock => &bedrock::Bedrock,
    }
}
