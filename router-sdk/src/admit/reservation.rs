//! Money held before a send and settled after it: a worst case in, totals moved and always moved back.

use std::sync::Arc;

use super::Tally;

/// Money held for one request. Dropping it without settling gives everything back.
pub(crate) struct Reservation {
    tally: Arc<Tally>,
    held: u64,
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Reservation {
    pub(crate) fn open(tally: Arc<Tally>) -> Self {
        Self { tally, held: 0 }
    }

    /// An empty one for the same caller.
    pub(crate) fn another(&self) -> Self {
        Self::open(Arc::clone(&self.tally))
    }

    /// Raises what is held to `nanos`; a cheaper candidate leaves it as it is.
    pub(crate) fn raise(&mut self, nanos: u64) {
        if nanos > self.held {
            self.tally.hold(nanos - self.held);
            self.held = nanos;
        }
    }

    /// Replaces what is held by what was spent.
    pub(crate) fn settle(mut self, spent_nanos: u64) {
        self.tally.release(std::mem::take(&mut self.held), spent_nanos);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.held > 0 {
            self.tally.release(self.held, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settling_moves_the_hold_to_spent_and_dropping_gives_it_back() {
        let tally = Arc::new(Tally::default());
        let stands = || (tally.spending().held_nanos, tally.spending().spent_nanos);
        let mut one = Reservation::open(Arc::clone(&tally));
        one.raise(100);
        one.raise(40);
        assert_eq!(stands(), (100, 0));
        one.settle(60);
        assert_eq!(stands(), (0, 60));
        let mut two = Reservation::open(Arc::clone(&tally));
        two.raise(5);
        drop(two);
        assert_eq!(stands(), (0, 60));
    }
}
