//! A response body: bytes at once, or server-sent events as chunks come.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt};

/// More than a client reads at once gains nothing.
const BATCH: usize = 64 * 1024;

/// The body of a response of the door. It never fails: an error in mid-stream is an event of its own.
pub struct Body(Inner);

enum Inner {
    Once(Option<Bytes>),
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Inner::Once(_) => "Body(whole)",
            Inner::Events(_) => "Body(events)",
        })
    }
}

impl Body {
    pub(super) fn once(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Once(Some(bytes.into())))
    }

    pub(super) fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Inner::Events(Box::pin(events)))
    }

    /// Waits for bytes, then takes what else is ready. `None` at the end.
    pub async fn next_batch(&mut self) -> Option<Bytes> {
        let first = self.next().await?;
        let mut batch = BytesMut::new();
        while batch.len() + first.len() < BATCH {
            match self.next().now_or_never() {
                Some(Some(more)) => {
                    if batch.is_empty() {
                        batch.extend_from_slice(&first);
                    }
                    batch.extend_from_slice(&more);
                }
                Some(None) | None => break,
            }
        }
        Some(if batch.is_empty() { first } else { batch.freeze() })
    }
}

impl Stream for Body {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.0 {
            Inner::Once(bytes) => Poll::Ready(bytes.take()),
            Inner::Events(events) => events.poll_next_unpin(cx),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        self.poll_next(cx).map(|bytes| bytes.map(|b| Ok(http_body::Frame::data(b))))
    }
}
