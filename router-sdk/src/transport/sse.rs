//! Bytes of a reply in, server-sent events out, with a bound on what one event may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sse_stream::SseByteStream;

use super::{ByteStream, Event};
use crate::provider::{Cause, Failure};

/// The largest event taken; images come inside one.
const MAX_EVENT: usize = 32 * 1024 * 1024;

/// A failure as an error value of the parser's byte stream.
#[derive(Debug)]
struct Broken(Failure);
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}
impl std::error::Error for Broken {}

/// Splits a body into events. Blocks without data are dropped; an event that the end of the stream cuts is given as it is.
pub(crate) fn events(body: ByteStream) -> impl Stream<Item = Result<Event, Failure>> + Send {
    // Bytes taken since the last event was given.
    let taken = Arc::new(AtomicUsize::new(0));
    let given = Arc::clone(&taken);
    let bounded = body.map(move |piece| {
        let piece = piece.map_err(Broken)?;
        if taken.fetch_add(piece.len(), Ordering::Relaxed) > MAX_EVENT {
            return Err(Broken(Failure::malformed(format!("an event of the stream is larger than {MAX_EVENT} bytes"))));
        }
        Ok(piece)
    });
    // Some servers close right after the last line; the blank line that would end the event is supplied.
    let ended = bounded.chain(futures_util::stream::once(async { Ok(Bytes::from_static(b"\n\n")) }));
    SseByteStream::new(ended.boxed()).filter_map(move |event| {
        given.store(0, Ordering::Relaxed);
        std::future::ready(match event {
            Ok(event) => event.data.map(|data| Ok(Event { name: event.event.unwrap_or_default(), data })),
            Err(sse_stream::Error::Body(broken)) => Some(Err(match broken.downcast::<Broken>() {
                Ok(broken) => broken.0,
                Err(other) => Failure::new(Cause::Truncated, other.to_string()),
            })),
            Err(_) => Some(Err(Failure::malformed("the stream is not valid UTF-8"))),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: Vec<&'static [u8]>) -> Vec<Result<(String, String), Cause>> {
        let body = futures_util::stream::iter(pieces.into_iter().map(|p| Ok(Bytes::from_static(p))));
        let events = events(Box::pin(body)).map(|e| e.map(|e| (e.name, e.data)).map_err(|f| f.cause));
        events.collect().await
    }

    #[tokio::test]
    async fn events_survive_any_split_and_every_line_end() {
        let text = b": hello\r\n\r\nevent: a\r\ndata: {\"x\":\"\xc3\xa9\"}\r\n\r\ndata: [DONE]";
        let expected = vec![Ok(("a".into(), "{\"x\":\"é\"}".into())), Ok((String::new(), "[DONE]".into()))];
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(read(vec![one, two]).await, expected, "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn broken_utf8_is_a_malformed_stream() {
        assert_eq!(read(vec![b"data: \xff\xfe\n\n"]).await, vec![Err(Cause::Malformed)]);
    }
}
