//! One send: an HTTP request in, status, headers and a stream of bytes out. A reply that is not a 200 is a reply.

mod event_stream;
mod http_client;
mod ndjson;
pub(crate) mod sandbox;
mod sse;

#[cfg(test)]
pub(crate) use event_stream::tests as frames;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use http::HeaderMap;

pub(crate) use http_client::{HttpTransport, tls};
pub(crate) use sandbox::SandboxTransport;

use crate::provider::{Failure, Framing, HttpRequest};

/// One event of a streamed reply.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// The events of a streamed reply.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<Event, Failure>> + Send>>;

/// Cuts a body into events.
pub(crate) fn events(framing: Framing, body: ByteStream) -> Events {
    match framing {
        Framing::Sse => Box::pin(sse::events(body)),
        Framing::Ndjson => Box::pin(ndjson::events(body)),
        Framing::AwsEventStream => Box::pin(event_stream::events(body)),
    }
}

/// The body of a reply as it comes.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// A reply whose body has yet to be read.
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ByteStream,
}

/// More than any chat reply has; beyond it a body is a fault or an attack.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;

/// What carries requests to providers: the network, or a stand-in in tests.
pub(crate) trait Transport: Send + Sync {
    /// Sends a request; any status is a reply.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpReply, Failure>>;

    /// True when a GET of this address brings any answer that is no server error.
    fn alive<'a>(&'a self, url: &'a str, headers: HeaderMap) -> BoxFuture<'a, bool>;
}

impl HttpReply {
    /// Reads the whole body, up to `limit` bytes.
    pub(crate) async fn bytes(mut self, limit: usize) -> Result<Bytes, Failure> {
        use futures_util::StreamExt;
        let mut whole: Vec<u8> = Vec::new();
        let mut first: Option<Bytes> = None;
        while let Some(piece) = self.body.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > limit {
                return Err(Failure::malformed(format!("the reply is larger than {limit} bytes")));
            }
            // Most replies come in one piece, which is not copied.
            match first.take() {
                None if whole.is_empty() => first = Some(piece),
                Some(earlier) => {
                    whole.extend_from_slice(&earlier);
                    whole.extend_from_slice(&piece);
                }
                None => whole.extend_from_slice(&piece),
            }
        }
        Ok(first.unwrap_or_else(|| Bytes::from(whole)))
    }
}
