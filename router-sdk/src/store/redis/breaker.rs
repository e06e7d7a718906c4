//! Whether the server is asked at all: its answers and silences in, open or closed out.

use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 3;
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Closed until the server fails; open until a probe in the background, never a caller's request, has found it well.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    rest: Duration,
    probe_at: Instant,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// True when it was open until now.
    pub(super) fn well(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// A failure; one that says that nobody is there opens at once. True when it opens by this one.
    pub(super) fn failed(&mut self, gone: bool, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        match &mut self.open {
            Some(open) if now >= open.probe_at => {
                open.rest = (open.rest * 2).min(LONGEST_REST);
                open.probe_at = now + open.rest;
                false
            }
            Some(_) => false,
            None if gone || self.failures >= FAILURES => {
                self.open = Some(Open { rest: FIRST_REST, probe_at: now + FIRST_REST });
                true
            }
            None => false,
        }
    }

    /// When the next probe is due; nothing while it is closed.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        self.open.map(|open| open.probe_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_opens_it_on_the_third_time_and_absence_at_once() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert!(!breaker.failed(false, now) && !breaker.failed(false, now) && !breaker.is_open());
        assert!(breaker.failed(false, now) && breaker.is_open());
        assert!(breaker.well() && !breaker.is_open());
        assert!(breaker.failed(true, now) && breaker.is_open());
    }

    #[test]
    fn rests_double_with_each_probe_that_fails_and_no_other_failure() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(true, now);
        let mut rests = Vec::new();
        for _ in 0..6 {
            let due = breaker.probe_at().unwrap();
            rests.push((due - now).as_millis());
            breaker.failed(false, now);
            assert_eq!(breaker.probe_at(), Some(due));
            now = due;
            breaker.failed(false, now);
        }
        assert_eq!(rests, [100, 200, 400, 800, 1600, 2000]);
    }
}
