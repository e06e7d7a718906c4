//! Core errors and panics in, JavaScript errors whose message is the error's JSON out. `ts/errors.ts` rebuilds them.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use clawrouters::{Error, ErrorKind};
use futures_util::FutureExt;

/// The JavaScript error that carries a core error.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    napi::Error::from_reason(error.to_json().to_string())
}

/// The error of a call that its caller aborted.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the caller aborted the call")
}

/// Runs a future to its end; a panic in it becomes an `Internal` error.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> napi::Result<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(result) => result.map_err(|e| thrown(&e)),
        Err(payload) => Err(thrown(&internal(&*payload))),
    }
}

/// Runs a function to its end; a panic in it becomes an `Internal` error.
pub(crate) fn guarded_now<T>(work: impl FnOnce() -> Result<T, Error>) -> napi::Result<T> {
    match std::panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|e| thrown(&e)),
        Err(payload) => Err(thrown(&internal(&*payload))),
    }
}

fn internal(payload: &(dyn Any + Send)) -> Error {
    // Only fixed texts are passed on: a formatted panic message may quote a prompt.
    let what = payload.downcast_ref::<&'static str>().copied().unwrap_or("a panic");
    Error::new(ErrorKind::Internal, format!("the router failed: {what}"))
}
