//! Money held before a send and settled after it: a worst case in, counters moved and always moved back.

use std::sync::Arc;

use crate::store::{Counter, StateStore};

/// Money held for one request. Dropping it without settling gives everything back.
pub(crate) struct Reservation {
    store: Arc<dyn StateStore>,
    caller: String,
    held: u64,
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation").field("caller", &self.caller).field("held", &self.held).finish_non_exhaustive()
    }
}

impl Reservation {
    pub(crate) fn open(store: Arc<dyn StateStore>, caller: &str) -> Self {
        Self { store, caller: caller.to_owned(), held: 0 }
    }

    /// An empty one for the same caller.
    pub(crate) fn another(&self) -> Self {
        Self::open(Arc::clone(&self.store), &self.caller)
    }

    /// Raises what is held to `nanos`; a cheaper candidate leaves it as it is.
    pub(crate) fn raise(&mut self, nanos: u64) {
        if nanos > self.held {
            self.store.add(&self.caller, Counter::HeldNanos, i128::from(nanos - self.held));
            self.held = nanos;
        }
    }

    /// Replaces what is held by what was spent.
    pub(crate) fn settle(mut self, spent_nanos: u64) {
        self.store.add(&self.caller, Counter::SpentNanos, i128::from(spent_nanos));
        self.release();
    }

    fn release(&mut self) {
        if self.held > 0 {
            self.store.add(&self.caller, Counter::HeldNanos, -i128::from(self.held));
            self.held = 0;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn settling_moves_the_hold_to_spent_and_dropping_gives_it_back() {
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::default());
        let mut one = Reservation::open(Arc::clone(&store), "a");
        one.raise(100);
        one.raise(40);
        assert_eq!(store.get("a", Counter::HeldNanos), 100);
        one.settle(60);
        assert_eq!((store.get("a", Counter::HeldNanos), store.get("a", Counter::SpentNanos)), (0, 60));
        let mut two = Reservation::open(Arc::clone(&store), "a");
        two.raise(5);
        drop(two);
        assert_eq!(store.get("a", Counter::HeldNanos), 0);
    }
}
