//! A call's handle: made in JavaScript before a call, it stops the call's future from any thread.

use std::future::Future;
use std::sync::Arc;

use clawrouters::Error;
use napi_derive::napi;
use tokio::sync::Notify;

use crate::errors::cancelled;

/// Stops the call that it was passed to.
#[napi]
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<Notify>);

#[napi]
impl Canceller {
    /// A handle for one call.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the call; one that has not begun yet will not begin.
    #[napi]
    pub fn cancel(&self) {
        self.0.notify_one();
    }
}

/// Runs a call until it ends or is cancelled; a cancelled call's future is dropped at once.
pub(crate) async fn until_cancelled<T>(
    canceller: Option<Canceller>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(Canceller(cancel)) = canceller else {
        return work.await;
    };
    tokio::select! {
        biased;
        () = cancel.notified() => Err(cancelled()),
        result = work => result,
    }
}
