//! Leave to ask a place once: counted while it is held, told how it went, given back on drop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Health;
use crate::failover::verdict::Signal;
use crate::provider::Cause;

/// A place among the requests in flight to one target.
pub(crate) struct Seat {
    pub(super) health: Arc<Health>,
    pub(super) place: String,
    pub(super) label: String,
    /// This is the one request that may go to a place whose rest is over.
    pub(super) probe: bool,
    /// The same for its key.
    pub(super) key_probe: bool,
    /// The place rested because it kept silent.
    pub(super) hung: bool,
}

impl Seat {
    /// True when asking may cost a whole time limit again.
    pub(crate) fn may_hang(&self) -> bool {
        self.probe && self.hung
    }

    /// Leave to ask once more after a failure and a pause: not while the place or its key rests after failures or
    /// somebody probes it. A limit that the pause was for does not count.
    pub(crate) fn again(&mut self, tokens: u64, now: Instant) -> bool {
        self.health.with(|states| {
            let shut = |name: &str| states.get(name).is_some_and(|state| state.shut(now));
            if shut(&self.place) || shut(&self.label) {
                return false;
            }
            if let Some(state) = states.get_mut(&self.place) {
                state.count(1, tokens, now);
                self.probe = state.open_until.is_some();
                state.probing = self.probe;
            }
            if let Some(key) = states.get_mut(&self.label) {
                self.key_probe = key.open_until.is_some();
                key.probing = self.key_probe;
            }
            true
        })
    }

    /// Whether the place may still be asked, after a wait for leave of limits: not when it or its key has begun to rest.
    pub(crate) fn stands(&self, now: Instant) -> bool {
        self.probe
            || self.key_probe
            || self.health.with(|states| {
                let shut = |name: &str| states.get(name).is_some_and(|state| state.shut(now));
                !shut(&self.place) && !shut(&self.label)
            })
    }

    /// The place answered a request sent at `sent`, with its first output after so many seconds.
    pub(crate) fn success(&mut self, sent: Instant, seconds: f64) {
        (self.probe, self.key_probe) = (false, false);
        self.health.success(&self.place, &self.label, sent, seconds);
    }

    /// The place failed.
    pub(crate) fn failed(&mut self, cause: Cause, signal: Signal, now: Instant) {
        let probe = std::mem::take(&mut self.probe);
        if std::mem::take(&mut self.key_probe) && !matches!(signal, Signal::DeadKey(_)) {
            self.health.release_key(&self.label);
        }
        self.health.signal(&self.place, &self.label, cause, signal, now, probe);
    }

    /// What was used beyond the estimate.
    pub(crate) fn used(&self, tokens: u64, now: Instant) {
        self.health.with(|states| {
            if let Some(state) = states.get_mut(&self.place) {
                state.count(0, tokens, now);
            }
        });
    }

    /// The time within which 95 of 100 first tokens came lately.
    pub(crate) fn p95(&self) -> Option<Duration> {
        self.health.with(|states| states.get(&self.place).and_then(super::state::State::p95))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.health.leave(&self.place, self.probe);
        if self.key_probe {
            self.health.release_key(&self.label);
        }
    }
}
