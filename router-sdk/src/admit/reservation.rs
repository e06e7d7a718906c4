//! Money held before a send and settled after it: a worst case in, totals moved and always moved back.

use std::sync::Arc;

use super::{Tally, Ticket};
use crate::store::Amounts;

/// Money held for one request. Dropping it without settling gives everything back.
pub(crate) struct Reservation {
    tally: Arc<Tally>,
    held: u64,
    ticket: Option<Arc<Ticket>>,
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Reservation {
    pub(crate) fn open(tally: Arc<Tally>, ticket: Option<Arc<Ticket>>) -> Self {
        Self { tally, held: 0, ticket }
    }

    /// The standing of the request with its limits and budgets.
    pub(crate) fn ticket(&self) -> Option<&Arc<Ticket>> {
        self.ticket.as_ref()
    }

    /// An empty one for the same caller.
    pub(crate) fn another(&self) -> Self {
        Self::open(Arc::clone(&self.tally), self.ticket.as_ref().map(|ticket| ticket.aside()))
    }

    /// Raises what is held to `nanos`; a cheaper candidate leaves it as it is.
    pub(crate) fn raise(&mut self, nanos: u64) {
        if nanos > self.held {
            self.tally.hold(nanos - self.held);
            self.held = nanos;
        }
    }

    /// Replaces what is held by what was spent and used.
    pub(crate) fn settle(mut self, spent_nanos: u64, used: Amounts) {
        self.tally.release(std::mem::take(&mut self.held), spent_nanos);
        if let Some(ticket) = &self.ticket {
            ticket.settle(used);
        }
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
        let mut one = Reservation::open(Arc::clone(&tally), None);
        one.raise(100);
        one.raise(40);
        assert_eq!(stands(), (100, 0));
        one.settle(60, Amounts::default());
        assert_eq!(stands(), (0, 60));
        let mut two = Reservation::open(Arc::clone(&tally), None);
        two.raise(5);
        drop(two);
        assert_eq!(stands(), (0, 60));
    }
}
