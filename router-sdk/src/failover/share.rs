//! A share of events, exactly: with a share of a quarter every fourth counts.

use std::sync::{Mutex, PoisonError};

/// Lets a share of what passes go through.
#[derive(Debug)]
pub(crate) struct Share {
    share: f64,
    owed: Mutex<f64>,
}

impl Share {
    /// A share from 0 to 1.
    pub(crate) fn new(share: f64) -> Self {
        Self { share, owed: Mutex::new(0.0) }
    }

    /// Something passed that counts towards the share.
    pub(crate) fn earn(&self) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        // What is not used is not saved up for a storm.
        *owed = (*owed + self.share).min(self.share.max(1.0) + 1.0);
    }

    /// Takes one if it is due.
    pub(crate) fn take(&self) -> bool {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        // Shares such as a tenth do not add up to one exactly.
        let due = *owed >= 1.0 - 1e-9;
        if due {
            *owed -= 1.0;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_every_fourth_and_nothing_is_nothing() {
        let count = |share: f64| {
            let share = Share::new(share);
            (0..100)
                .filter(|_| {
                    share.earn();
                    share.take()
                })
                .count()
        };
        assert_eq!([count(0.25), count(0.1), count(0.0), count(1.0)], [25, 10, 0, 100]);
    }

    #[test]
    fn what_is_not_used_is_not_saved_up() {
        let share = Share::new(0.5);
        (0..100).for_each(|_| share.earn());
        assert_eq!((0..10).filter(|_| share.take()).count(), 2);
    }
}
