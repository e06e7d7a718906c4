//! Replies of the shadow: what the core hands over on its worker in, a feed of JSON for a reader that may be slow out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::prelude::*;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::feed::{Feed, Item};

/// Replies that wait for a slow reader besides those in its feed; what comes then is counted and dropped.
const WAITING: usize = 256;

/// A feed of what the router's shadow replies from now on, each `{"reply": ...}`, or `{"lost": n}` after n were dropped.
pub(crate) fn feed(py: Python<'_>, router: &clawrouters::Router) -> PyResult<Feed> {
    handed(py, |hand| router.on_shadow(move |reply| hand(reply.to_json())))
}

/// What is handed over from now on to the function that `set` is given, as a feed of the same form.
pub(crate) fn handed(py: Python<'_>, set: impl FnOnce(Box<dyn Fn(Value) + Send + Sync>)) -> PyResult<Feed> {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&lost);
    // Runs on the worker, which never waits: neither for the interpreter nor for a reader.
    set(Box::new(move |reply| {
        let json = json!({"reply": reply}).to_string().into_bytes();
        if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(json) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    }));
    Feed::start(py, move |sink| async move {
        while let Some(reply) = receiver.recv().await {
            let gone = lost.swap(0, Ordering::Relaxed);
            let told = (gone > 0).then(|| Item::Json(json!({"lost": gone}).to_string().into_bytes()));
            sink.push(told.into_iter().chain([Item::Json(reply)]));
            sink.room().await;
        }
        sink.finish();
    })
}
