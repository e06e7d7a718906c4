//! Replies of the shadow: what the core hands over on its worker in, calls of a JavaScript function out.

use std::sync::atomic::{AtomicU64, Ordering};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use serde_json::{Value, json};

/// Replies that wait for a JavaScript thread that is busy; what comes then is counted and dropped.
const WAITING: usize = 256;

/// A function that is called from the worker and keeps no process alive.
type Callback = ThreadsafeFunction<String, (), String, Status, false, true, WAITING>;

/// Calls `callback` with `{"reply": {...}, "lost": n}` as JSON text for each reply of the router's shadow.
pub(crate) fn hand_over(router: &clawrouters::Router, callback: &Function<'_, String, ()>) -> Result<()> {
    handed(callback, |hand| router.on_shadow(move |reply| hand(reply.to_json())))
}

/// Hands over to `callback` what the function that `set` is given is called with.
pub(crate) fn handed(
    callback: &Function<'_, String, ()>,
    set: impl FnOnce(Box<dyn Fn(Value) + Send + Sync>),
) -> Result<()> {
    let callback: Callback = callback.build_threadsafe_function().weak::<true>().max_queue_size::<WAITING>().build()?;
    let lost = AtomicU64::new(0);
    set(Box::new(move |reply| {
        let before = lost.swap(0, Ordering::Relaxed);
        let text = json!({"reply": reply, "lost": before}).to_string();
        if callback.call(text, ThreadsafeFunctionCallMode::NonBlocking) == Status::QueueFull {
            lost.fetch_add(before + 1, Ordering::Relaxed);
        }
    }));
    Ok(())
}
