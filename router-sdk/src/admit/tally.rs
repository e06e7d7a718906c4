//! What a router has begun, holds and has spent: movements in, totals out. Counts always; refuses nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::pipeline::Spending;

/// Totals of one router.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Spending>);

impl Tally {
    fn open(&self) -> MutexGuard<'_, Spending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begun(&self) {
        self.open().requests += 1;
    }

    pub(super) fn hold(&self, nanos: u64) {
        self.open().held_nanos += i128::from(nanos);
    }

    pub(super) fn release(&self, held: u64, spent: u64) {
        let mut spending = self.open();
        spending.held_nanos -= i128::from(held);
        spending.spent_nanos += i128::from(spent);
    }

    pub(crate) fn spending(&self) -> Spending {
        *self.open()
    }
}
