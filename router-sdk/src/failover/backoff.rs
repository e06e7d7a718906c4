//! How long to wait before the same target is asked again: counts and settings in, jittered durations out.

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff;

use crate::config::Retry;

/// The longest pause before an immediate repeat on the same target.
const QUICK: Duration = Duration::from_millis(25);

/// Full jitter: anything from nothing to the interval, which doubles with each repeat up to its cap.
pub(crate) fn full_jitter(settings: &Retry, repeat: u32) -> Duration {
    let doubled = settings.backoff_ms.saturating_mul(1u64 << repeat.min(16));
    uniform(Duration::from_millis(doubled.min(settings.backoff_max_ms)))
}

/// A pause of at most 25 ms.
pub(crate) fn quick() -> Duration {
    uniform(QUICK)
}

/// A hint is a floor; up to a tenth, at most a second, is added so that callers do not return in step.
pub(crate) fn after_hint(hint: Duration) -> Duration {
    hint + uniform((hint / 10).min(Duration::from_secs(1)))
}

#[cfg(test)]
thread_local! {
    static SEEDED: std::cell::Cell<Option<u64>> = const { std::cell::Cell::new(None) };
}

/// Makes the pauses of this thread repeatable.
#[cfg(test)]
pub(crate) fn seed(seed: u64) {
    SEEDED.set(Some(seed));
}

/// Anything from nothing to `most`: an interval of half of it, randomised by all of itself.
fn uniform(most: Duration) -> Duration {
    #[cfg(test)]
    if let Some(seed) = SEEDED.get() {
        SEEDED.set(Some(seed.wrapping_add(1)));
        return most.mul_f64(crate::balance::Draw::seeded(seed).uniform());
    }
    let mut backoff = ExponentialBackoffBuilder::new()
        .with_initial_interval(most / 2)
        .with_randomization_factor(1.0)
        .with_max_elapsed_time(None)
        .build();
    backoff.next_backoff().unwrap_or_default().min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_spans_the_interval_and_never_leaves_it() {
        let settings = Retry { backoff_ms: 100, backoff_max_ms: 350, ..Retry::default() };
        for (repeat, most) in [(0, 100), (1, 200), (2, 350), (40, 350)] {
            let drawn: Vec<_> = (0..200).map(|_| full_jitter(&settings, repeat).as_millis()).collect();
            assert!(drawn.iter().all(|d| *d <= most), "{repeat}");
            assert!(drawn.iter().any(|d| *d > most / 2) && drawn.iter().any(|d| *d < most / 2), "{repeat}");
        }
    }

    #[test]
    fn a_hint_is_a_floor() {
        let hint = Duration::from_millis(700);
        for _ in 0..100 {
            let wait = after_hint(hint);
            assert!(wait >= hint && wait <= hint + hint / 10);
        }
    }
}
