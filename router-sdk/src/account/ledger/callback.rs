//! A function that is called with every entry, on the sink's thread.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use super::{Entry, Fault, Sink};

/// Calls a function.
pub(super) struct Callback(Box<dyn Fn(&Entry) + Send>);

impl Callback {
    pub(super) fn new(call: impl Fn(&Entry) + Send + 'static) -> Self {
        Self(Box::new(call))
    }
}

impl Sink for Callback {
    fn name(&self) -> &str {
        "callback"
    }

    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault> {
        for entry in batch {
            // An entry whose call panicked has been called: it is not offered again.
            if std::panic::catch_unwind(AssertUnwindSafe(|| (self.0)(entry))).is_err() {
                tracing::warn!(request = %entry.route.request_id, "the callback of the ledger panicked");
            }
        }
        Ok(())
    }
}
