//! Wire families: a request and a target in, an HTTP request out; a reply's bytes in, the OpenAI shape out. No I/O.

mod adapted;
mod allowance;
pub(crate) mod anthropic;
pub(crate) mod bedrock;
mod cloud;
pub(crate) mod cohere;
#[cfg(test)]
mod conversations;
pub(crate) mod embedding;
pub(crate) mod errors;
mod failure;
#[cfg(test)]
mod fuzz;
pub(crate) mod gemini;
mod media;
pub(crate) mod ollama;
pub(crate) mod openai;
mod own_key;
pub(crate) mod policy;
#[cfg(test)]
pub(crate) mod replay;
#[cfg(test)]
mod replies;
pub(crate) mod responses;
mod target;
pub(crate) mod turns;

use bytes::Bytes;
use http::HeaderMap;

pub(crate) use allowance::Allowance;
pub use cloud::{Azure, Cloud, Vertex};
pub use failure::{Cause, Failure, Repeat};
pub use media::MediaKind;
pub(crate) use own_key::owner_of;
pub use target::{Deployment, Family, Limits, Target};

use crate::wire::{ChatChunk, ChatRequest, ChatResponse, Usage};

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
    /// What was adapted or left out, in words, for RouteInfo. An entry begins with the field that it is about and a
    /// colon, and goes on with `left out` for what is not sent and with `sent as` for what says the same in other
    /// words; the policy for parameters is decided from that.
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

    /// What the provider has told of usage so far, for the books of a stream that breaks before its end.
    fn usage_so_far(&self) -> Option<Usage> {
        None
    }

    /// True while a finish reason has been read that [`StreamDecoder::end`] will tell: the answer is complete, whatever
    /// becomes of the connection.
    fn holds_finish(&self) -> bool {
        false
    }
}

/// How the pieces of a streamed reply are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON object a line.
    Ndjson,
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

    /// Whether one request can ask this target for several choices; where it cannot, as many requests are sent.
    fn takes_n(&self, _target: &Target) -> bool {
        false
    }

    /// Whether the provider fetches this http or https address itself; what it does not is fetched and sent inline.
    fn takes_url(&self, _kind: MediaKind, _url: &str, _target: &Target) -> bool {
        false
    }

    /// The largest file of this kind that the provider takes, in bytes, where it is known.
    fn media_limit(&self, _kind: MediaKind, _target: &Target) -> Option<u64> {
        None
    }

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
        Family::Cohere => &cohere::Cohere,
        Family::Ollama => &ollama::Ollama,
        Family::Responses => &responses::Responses,
        Family::Bedrock => &bedrock::Bedrock,
    }
}
