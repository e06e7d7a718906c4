//! State that callers of one or many processes share: counters in, totals out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counter {
    /// Requests begun.
    Requests,
    /// Nano-dollars held for requests in flight.
    HeldNanos,
    /// Nano-dollars spent.
    SpentNanos,
}

/// Counters by subject. Every call is atomic.
pub(crate) trait StateStore: Send + Sync + std::fmt::Debug {
    /// Moves a counter and returns its new value.
    fn add(&self, subject: &str, counter: Counter, by: i128) -> i128;
    /// The value of a counter; 0 when it was never moved.
    fn get(&self, subject: &str, counter: Counter) -> i128;
}

/// Counters of this process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    counters: Mutex<HashMap<Counter, HashMap<String, i128>>>,
}

impl StateStore for MemoryStore {
    fn add(&self, subject: &str, counter: Counter, by: i128) -> i128 {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let subjects = counters.entry(counter).or_default();
        if let Some(value) = subjects.get_mut(subject) {
            *value = value.saturating_add(by);
            return *value;
        }
        subjects.insert(subject.to_owned(), by);
        by
    }

    fn get(&self, subject: &str, counter: Counter) -> i128 {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.get(&counter).and_then(|s| s.get(subject)).copied().unwrap_or(0)
    }
}
