//! Where closed requests go besides memory: the trait of whoever takes them.

use std::fmt;
use std::sync::Arc;

use super::Entry;

/// Takes closed requests in batches, on a thread of its own: it may block without slowing a request.
///
/// What waits for it is bounded by `ledger.queue`; entries that find no room are dropped and counted. A batch that it
/// could not take is offered again, with what came meanwhile behind it, until the router ends.
pub trait Sink: Send {
    /// Its name in [`LedgerState`](super::LedgerState) and in messages.
    fn name(&self) -> &str;

    /// Writes a batch, oldest first. When it returns, what it took is as durable as it gets.
    ///
    /// # Errors
    /// How many of the batch were taken nevertheless, and why not the rest.
    fn write(&mut self, batch: &[Arc<Entry>]) -> Result<(), Fault>;

    /// Called about once a minute, for housekeeping.
    ///
    /// # Errors
    /// Why it could not be done; it is tried again.
    fn tend(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Why a sink did not take a whole batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Entries at the head of the batch that were taken.
    pub taken: usize,
    /// Why not the rest; holds no content of entries.
    pub reason: String,
}

impl Fault {
    /// Nothing was taken.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { taken: 0, reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
