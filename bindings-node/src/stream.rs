//! The stream class: one crossing gives every chunk that is ready, as JSON text.

use std::fmt;
use std::sync::Arc;

use clawrouters::{ChatChunk, ChatStream, Error};
use futures_util::FutureExt;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use tokio::sync::{Mutex, Notify};

use crate::drop_on_worker;
use crate::errors::guarded;

/// The most chunks of one crossing: enough to catch up with a quick provider, few enough not to hold up the page.
const BATCH: usize = 64;

/// A streamed answer; dropping or closing it stops the provider's request.
#[napi]
pub struct NativeStream {
    chunks: Arc<Mutex<Option<ChatStream>>>,
    closed: Arc<Notify>,
}

impl fmt::Debug for NativeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeStream").finish_non_exhaustive()
    }
}

impl NativeStream {
    pub(crate) fn new(stream: ChatStream) -> Self {
        Self { chunks: Arc::new(Mutex::new(Some(stream))), closed: Arc::new(Notify::new()) }
    }
}

#[napi]
impl NativeStream {
    /// Waits for one chunk and takes all that are ready.
    ///
    /// Gives `{"chunks": [...], "done": bool, "error": {...} | absent}` as JSON text; after `done` nothing follows.
    #[napi]
    pub fn next_batch<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        let (chunks, closed) = (Arc::clone(&self.chunks), Arc::clone(&self.closed));
        env.spawn_future(guarded(async move {
            let mut held = chunks.lock().await;
            let Some(stream) = held.as_mut() else {
                return Ok(batch_json(&[], true));
            };
            let (batch, done) = tokio::select! {
                biased;
                () = closed.notified() => (Vec::new(), true),
                batch = ready(stream) => batch,
            };
            if done {
                *held = None;
            }
            Ok(batch_json(&batch, done))
        }))
    }

    /// Stops the stream and the provider's request; a waiting `next_batch` ends at once.
    #[napi]
    pub fn close(&self) {
        self.closed.notify_one();
        let chunks = Arc::clone(&self.chunks);
        napi::bindgen_prelude::spawn(async move {
            *chunks.lock().await = None;
        });
    }
}

impl Drop for NativeStream {
    fn drop(&mut self) {
        drop_on_worker(std::mem::take(&mut self.chunks));
    }
}

/// What is ready, and whether that was all: an end that is known already saves a crossing.
async fn ready(stream: &mut ChatStream) -> (Vec<Result<ChatChunk, Error>>, bool) {
    let mut batch = Vec::new();
    let mut item = stream.next().await;
    loop {
        match item {
            None => return (batch, true),
            Some(Err(error)) => {
                batch.push(Err(error));
                return (batch, true);
            }
            Some(chunk) => batch.push(chunk),
        }
        if batch.len() == BATCH {
            return (batch, false);
        }
        item = match at_once(|| stream.next().now_or_never()).await {
            Some(item) => item,
            None => return (batch, false),
        };
    }
}

/// What `poll` gives now, or once the connection's own task had its turn: it hands over one piece at a time.
pub(crate) async fn at_once<T>(mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    if let Some(found) = poll() {
        return Some(found);
    }
    tokio::task::yield_now().await;
    poll()
}

fn batch_json(batch: &[Result<ChatChunk, Error>], done: bool) -> String {
    let mut out = String::with_capacity(16 + batch.len() * 256);
    out.push_str("{\"chunks\":[");
    let mut failed = None;
    for (i, item) in batch.iter().enumerate() {
        match item {
            Ok(chunk) => {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&chunk_json(chunk));
            }
            Err(error) => failed = Some(error),
        }
    }
    out.push_str(if done { "],\"done\":true" } else { "],\"done\":false" });
    if let Some(error) = failed {
        out.push_str(",\"error\":");
        out.push_str(&error.to_json().to_string());
    }
    out.push('}');
    out
}

fn chunk_json(chunk: &ChatChunk) -> String {
    // Only few chunks carry more than their body, so only those are put together first.
    let more = chunk.route.is_some() || chunk.restart;
    let written = if more { serde_json::to_string(&chunk.to_json()) } else { serde_json::to_string(&chunk.body) };
    // Writing JSON values into memory cannot fail.
    written.unwrap_or_else(|_| "{}".into())
}
