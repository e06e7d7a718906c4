//! The health of targets: signals in, who rests and for how long out. One probe at a time after a rest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::verdict::Signal;
use crate::config::Breaker;
use crate::select::HealthFacts;

/// How long others keep away while a probe is under way, when nothing else says so.
const PROBING: Duration = Duration::from_millis(250);
/// Weight of the newest observation in the moving average of latency.
const NEWEST: f64 = 0.2;

/// Health of every target that was ever asked.
#[derive(Debug)]
pub(crate) struct Health {
    settings: Breaker,
    targets: Mutex<HashMap<String, State>>,
}

#[derive(Debug, Default, Clone)]
struct State {
    failures: u32,
    /// Reopenings since the last success; the cooldown doubles with each.
    opened: u32,
    open_until: Option<Instant>,
    throttled_until: Option<Instant>,
    throttled_at: Option<Instant>,
    probing: bool,
    seconds_to_first: Option<f64>,
}

impl Health {
    pub(crate) fn new(settings: Breaker) -> Self {
        Self { settings, targets: Mutex::new(HashMap::new()) }
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<String, State>) -> T) -> T {
        f(&mut self.targets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who rests at this moment, and on request how quick targets have been.
    pub(crate) fn facts(&self, now: Instant, with_latency: bool) -> HealthFacts {
        self.with(|targets| {
            let mut facts = HealthFacts::default();
            for (name, state) in targets.iter() {
                if let Some(left) = state.rest(now) {
                    facts.resting.insert(name.clone(), left);
                }
                if let Some(seconds) = state.seconds_to_first.filter(|_| with_latency) {
                    facts.latency.insert(name.clone(), seconds);
                }
            }
            facts
        })
    }

    /// Asks to send to a target; true when the send is the probe after a rest. One caller may probe at a time; the others
    /// are told how long to keep away.
    ///
    /// # Errors
    /// The time left of the rest.
    pub(crate) fn claim(&self, target: &str, now: Instant) -> Result<bool, Duration> {
        self.with(|targets| {
            let Some(state) = targets.get_mut(target) else { return Ok(false) };
            if let Some(left) = state.rest(now) {
                return Err(left);
            }
            state.probing = state.open_until.is_some();
            Ok(state.probing)
        })
    }

    /// True while the target may not be asked.
    pub(crate) fn rests(&self, target: &str, now: Instant) -> bool {
        self.with(|targets| targets.get(target).is_some_and(|state| state.rest(now).is_some()))
    }

    /// A probe ended without a word about the target's health, or was cancelled.
    pub(crate) fn release(&self, target: &str) {
        self.with(|targets| {
            if let Some(state) = targets.get_mut(target) {
                state.probing = false;
            }
        });
    }

    /// The target answered a request sent at `sent`, with its first output after so many seconds.
    pub(crate) fn success(&self, target: &str, sent: Instant, seconds_to_first: f64) {
        self.with(|targets| {
            if !targets.contains_key(target) {
                targets.insert(target.to_owned(), State::default());
            }
            if let Some(state) = targets.get_mut(target) {
                let average =
                    state.seconds_to_first.map_or(seconds_to_first, |old| old + NEWEST * (seconds_to_first - old));
                // An answer to a request that is older than the rest does not refill the limit; a newer one shows it has.
                let (throttled_until, throttled_at) = match state.throttled_at {
                    Some(at) if at > sent => (state.throttled_until, state.throttled_at),
                    _ => (None, None),
                };
                *state = State { seconds_to_first: Some(average), throttled_until, throttled_at, ..State::default() };
            }
        });
    }

    /// The target failed, on a probe or on an ordinary send.
    pub(crate) fn signal(&self, target: &str, signal: Signal, now: Instant, probe: bool) {
        if probe {
            self.release(target);
        }
        if signal == Signal::Nothing {
            return;
        }
        self.with(|targets| {
            let state = targets.entry(target.to_owned()).or_default();
            match signal {
                Signal::Failure => {
                    state.failures = state.failures.saturating_add(1);
                    // Requests that were under way when it opened all fail of the same cause, which counts once; from then
                    // on only a probe speaks for the target.
                    let open = state.open_until.is_some();
                    if probe || (!open && state.failures >= self.settings.failures) {
                        state.open_until = now.checked_add(self.cooldown(state.opened));
                        state.opened = state.opened.saturating_add(1);
                    }
                }
                Signal::Throttled(wait) | Signal::Rest(wait) => {
                    state.throttled_until = state.throttled_until.max(now.checked_add(wait));
                    state.throttled_at = Some(now);
                }
                Signal::Nothing => {}
            }
        });
    }

    fn cooldown(&self, opened: u32) -> Duration {
        let doubled = self.settings.cooldown_ms.saturating_mul(1u64 << opened.min(20));
        Duration::from_millis(doubled.min(self.settings.cooldown_max_ms))
    }
}

impl State {
    /// Time left until the target may be asked.
    fn rest(&self, now: Instant) -> Option<Duration> {
        let until = |end: Option<Instant>| end.and_then(|end| end.checked_duration_since(now)).filter(|d| !d.is_zero());
        let probing = self.probing.then_some(PROBING);
        until(self.open_until).max(until(self.throttled_until)).max(probing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn opens_after_three_failures_probes_once_and_doubles() {
        let health = Health::new(Breaker::default());
        let start = Instant::now();
        for _ in 0..3 {
            assert!(health.claim("a", start).is_ok());
            health.signal("a", Signal::Failure, start, false);
        }
        assert_eq!(health.claim("a", at(start, 10)), Err(Duration::from_millis(1_990)));
        assert_eq!(health.claim("a", at(start, 2_000)), Ok(true), "the probe");
        health.signal("a", Signal::Failure, at(start, 2_000), false);
        assert!(health.claim("a", at(start, 2_000)).is_err(), "only one probe");
        health.signal("a", Signal::Failure, at(start, 2_000), true);
        assert_eq!(health.claim("a", at(start, 2_000)), Err(Duration::from_millis(4_000)));
        assert!(health.claim("a", at(start, 6_000)).is_ok());
        health.success("a", at(start, 6_000), 0.1);
        assert!(health.claim("a", at(start, 6_000)).is_ok());
        health.signal("a", Signal::Failure, at(start, 6_000), false);
        assert!(health.claim("a", at(start, 6_000)).is_ok(), "one failure after recovery does not open");
    }

    #[test]
    fn the_cooldown_is_capped_and_a_cancelled_probe_frees_the_place() {
        let health = Health::new(Breaker { failures: 1, ..Breaker::default() });
        let mut now = Instant::now();
        for _ in 0..8 {
            let probe = health.claim("a", now).expect("the rest is over");
            health.signal("a", Signal::Failure, now, probe);
            now += Duration::from_secs(15);
        }
        assert!(health.claim("a", now).is_ok());
        health.release("a");
        assert!(health.claim("a", now).is_ok());
    }

    #[test]
    fn throttling_rests_until_the_hint_and_is_no_failure() {
        let health = Health::new(Breaker { failures: 1, ..Breaker::default() });
        let now = Instant::now();
        health.signal("a", Signal::Throttled(Duration::from_secs(3)), now, false);
        assert_eq!(health.facts(now, false).resting.get("a"), Some(&Duration::from_secs(3)));
        assert!(health.claim("a", now + Duration::from_secs(3)).is_ok());
        assert!(health.claim("a", now + Duration::from_secs(3)).is_ok(), "no probe is needed");
    }
}
