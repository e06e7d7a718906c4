//! A reply as it comes: chunks in the OpenAI shape, one by one or in batches. Dropping it cancels the provider's request.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{FutureExt, Stream, StreamExt};

use crate::error::Error;
use crate::wire::{ChatChunk, RouteInfo};

/// A streamed reply.
///
/// The last chunk carries the route with cost and usage. An error ends the stream.
pub struct ChatStream {
    head: Box<RouteInfo>,
    chunks: Pin<Box<dyn Stream<Item = Result<ChatChunk, Error>> + Send>>,
    ended: bool,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatStream")
            .field("model", &self.head.model)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(crate) fn new(head: RouteInfo, chunks: Pin<Box<dyn Stream<Item = Result<ChatChunk, Error>> + Send>>) -> Self {
        Self { head: Box::new(head), chunks, ended: false }
    }

    /// What is known of the route while the answer is still coming: model, provider, task, attempts so far.
    pub fn route(&self) -> &RouteInfo {
        &self.head
    }

    /// The next chunk; `None` after the last one or after an error.
    pub async fn next(&mut self) -> Option<Result<ChatChunk, Error>> {
        StreamExt::next(self).await
    }

    /// Waits for a chunk, then takes what else is ready, at most `max` in all. Empty at the end.
    pub async fn next_batch(&mut self, max: usize) -> Vec<Result<ChatChunk, Error>> {
        let mut batch = Vec::new();
        match self.next().await {
            Some(item) => batch.push(item),
            None => return batch,
        }
        while batch.len() < max {
            match self.next().now_or_never() {
                Some(Some(item)) => batch.push(item),
                Some(None) | None => break,
            }
        }
        batch
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatChunk, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.chunks.poll_next_unpin(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.ended = true;
            // Nothing more comes: the connection is let go at once.
            self.chunks = Box::pin(futures_util::stream::empty());
        }
        polled
    }
}
