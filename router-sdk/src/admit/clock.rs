//! The moment by which claims are counted: the wall clock and the time since the start in, one that never goes back out.

use jiff::Timestamp;
use tokio::time::Instant;

/// When a router was made, by both clocks.
#[derive(Debug)]
pub(crate) struct Clock {
    wall_ms: i64,
    started: Instant,
}

impl Clock {
    pub(crate) fn new(wall_ms: i64, started: Instant) -> Self {
        Self { wall_ms, started }
    }

    /// The later of what the wall says and what has passed since the start: a wall clock that is set back stops nothing,
    /// and one that was asleep with its machine is believed.
    fn at(&self, wall_ms: i64, now: Instant) -> i64 {
        let passed = i64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(i64::MAX);
        self.wall_ms.saturating_add(passed).max(wall_ms)
    }

    pub(crate) fn now(&self) -> Now {
        let wall_ms = Timestamp::now().as_millisecond();
        Now { wall_ms, at_ms: self.at(wall_ms, Instant::now()) }
    }
}

/// A moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// By the wall clock: windows of the calendar are cut by it.
    pub(crate) wall_ms: i64,
    /// By the clock that never goes back: sliding spans are counted by it.
    pub(crate) at_ms: i64,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_never_goes_back_and_believes_a_wall_that_is_ahead() {
        let started = Instant::now();
        let clock = Clock::new(1_000, started);
        let after = |ms| started + Duration::from_millis(ms);
        assert_eq!(clock.at(1_050, after(50)), 1_050);
        assert_eq!(clock.at(-9_000, after(60)), 1_060);
        assert_eq!(clock.at(90_000, after(70)), 90_000);
    }
}
