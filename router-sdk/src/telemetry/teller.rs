//! Closed entries in batches from the ledger in, records for whoever makes spans of them out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use super::Record;
use crate::account::{Entry, Fault, Sink};

/// Tells a function of every entry, on the ledger's thread for it.
pub(crate) struct Teller {
    tell: Box<dyn Fn(&Record) + Send>,
    content: bool,
}

impl Teller {
    pub(crate) fn new(tell: impl Fn(&Record) + Send + 'static, content: bool) -> Self {
        Self { tell: Box::new(tell), content }
    }
}

impl Sink for Teller {
    fn name(&self) -> &str {
        "telemetry"
    }

    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault> {
        for entry in batch {
            let tell = || (self.tell)(&Record::of(entry, self.content));
            // An entry whose telling panicked has been told: it is not offered again.
            if std::panic::catch_unwind(AssertUnwindSafe(tell)).is_err() {
                tracing::warn!(request = %entry.route.request_id, "telemetry could not be passed on");
            }
        }
        Ok(())
    }
}
