//! The health of targets and keys: outcomes in, who rests and for how long out. One probe at a time after a rest.

mod news;
mod seat;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use seat::Seat;
pub use snapshot::TargetHealth;
use state::{State, cooldown};

use super::verdict::Signal;
use crate::balance::Load;
use crate::config::Breaker;
use crate::provider::{Allowance, Cause, Target};
use crate::select::HealthFacts;

/// Health of every target that was ever asked, by place, and of every key that was ever refused, by label.
#[derive(Debug)]
pub(crate) struct Health {
    settings: Breaker,
    states: Mutex<HashMap<String, State>>,
    /// Somebody left a place.
    left: Notify,
    news: news::News,
}

/// Why a place may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It rests for so long.
    For(Duration),
    /// As many requests are under way as it may have at once.
    Full,
}

/// Places kept before those without a story make room.
const KEPT: usize = 4_096;

/// A silence counts for as many failures as open a breaker by default: it has cost somebody a whole time limit.
const SILENCE: u32 = 3;

impl Health {
    pub(crate) fn new(settings: Breaker) -> Arc<Self> {
        Arc::new(Self {
            settings,
            states: Mutex::new(HashMap::new()),
            left: Notify::new(),
            news: news::News::default(),
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut HashMap<String, State>) -> T) -> T {
        f(&mut self.states.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who rests at this moment, and on request how quick targets have been. `pools` tells how many deployments the
    /// providers with several have: their model rests when it rests at all of them.
    pub(crate) fn facts(
        &self,
        tokens: u64,
        now: Instant,
        latency: bool,
        pools: &HashMap<String, usize>,
    ) -> HealthFacts {
        self.with(|states| {
            let mut facts = HealthFacts::default();
            for (name, state) in states.iter() {
                if let Some(left) = state.rest(tokens, now) {
                    facts.resting.insert(name.clone(), left);
                }
                if let Some(seconds) = state.seconds_to_first.filter(|_| latency) {
                    facts.latency.insert(name.split('#').next().unwrap_or(name).to_owned(), seconds);
                }
            }
            if !pools.is_empty() {
                rest_of_pools(&mut facts, pools);
            }
            facts
        })
    }

    /// Asks for leave to send so many tokens to a target.
    ///
    /// # Errors
    /// Why not now. One caller may probe a place whose rest is over; the others are told how long to keep away.
    pub(crate) fn claim(self: &Arc<Self>, target: &Target, tokens: u64, now: Instant) -> Result<Seat, Rest> {
        let (place, label) = (target.place(), target.deployment.label());
        self.with(|states| {
            let key = states.get(&label);
            if let Some(left) = key.and_then(|key| key.rest(0, now)) {
                return Err(Rest::For(left));
            }
            let key_probe = key.is_some_and(|key| key.open_until.is_some());
            if !states.contains_key(&place) {
                // Callers may make names up; what nothing is remembered of need not be kept.
                if states.len() >= KEPT {
                    states.retain(|_, state| state.matters(now));
                }
                states.insert(place.clone(), State::default());
            }
            let Some(state) = states.get_mut(&place) else { return Err(Rest::Full) };
            if let Some(left) = state.rest(tokens, now) {
                return Err(Rest::For(left));
            }
            let limits = &target.deployment.limits;
            let at_once = limits.concurrency.into_iter().chain(state.ramp).min();
            if at_once.is_some_and(|most| state.in_flight >= most) {
                return Err(Rest::Full);
            }
            let (requests, used) = state.minute(now);
            let over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used > limit);
            // A request larger than the whole limit is let through by itself: the provider decides.
            let over_tokens = used > 0 && over(limits.tokens_per_minute, used.saturating_add(tokens));
            if over(limits.requests_per_minute, requests + 1) || over_tokens {
                return Err(Rest::For(state.minute_ends(now).max(Duration::from_millis(1))));
            }
            state.count(1, tokens, now);
            state.in_flight += 1;
            let (probe, hung) = (state.open_until.is_some(), state.hung);
            state.probing = probe;
            if key_probe && let Some(key) = states.get_mut(&label) {
                key.probing = true;
            }
            Ok(Seat { health: Arc::clone(self), place, label, probe, key_probe, hung })
        })
    }

    /// How long a target rests, if it does.
    pub(crate) fn rests(&self, target: &Target, tokens: u64, now: Instant) -> Option<Duration> {
        let (place, label) = (target.place(), target.deployment.label());
        self.with(|states| {
            let of = |name: &str, tokens| states.get(name).and_then(|state: &State| state.rest(tokens, now));
            of(&place, tokens).max(of(&label, 0))
        })
    }

    /// What the provider said is left of a target's limits.
    pub(crate) fn allow(&self, target: &Target, allowance: Allowance, now: Instant) {
        self.with(|states| states.entry(target.place()).or_default().allow(allowance, now));
    }

    /// Waits until the target has a place free, at most until `until`.
    ///
    /// # Errors
    /// That it rests, or that none became free.
    pub(crate) async fn seat_when_free(
        self: &Arc<Self>,
        target: &Target,
        tokens: u64,
        until: Instant,
    ) -> Result<Seat, Rest> {
        loop {
            // Whoever leaves between the look and the wait is heard.
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            match self.claim(target, tokens, Instant::now()) {
                Err(Rest::Full) if tokio::time::timeout_at(until, left).await.is_ok() => {}
                claimed => return claimed,
            }
        }
    }

    /// How busy, how quick and how used places are, in the order of the targets.
    pub(crate) fn loads(&self, targets: &[Target], tokens: u64, now: Instant) -> Vec<Load> {
        self.with(|states| {
            let mut load = |target: &Target| {
                let key_rests = states.get(&target.deployment.label()).is_some_and(|k| k.rest(0, now).is_some());
                let Some(state) = states.get_mut(&target.place()) else {
                    return Load { resting: key_rests, ..Load::default() };
                };
                let (requests, used) = state.minute(now);
                let limits = &target.deployment.limits;
                let share = |used: u64, limit: Option<u64>| limit.map(|limit| used as f64 / limit.max(1) as f64);
                let of_limit = share(requests, limits.requests_per_minute).into_iter();
                let of_limit = of_limit.chain(share(used, limits.tokens_per_minute)).reduce(f64::max);
                Load {
                    in_flight: state.in_flight,
                    seconds: state.peak_seconds,
                    // Without limits the one with the fewest tokens is the least used.
                    usage: of_limit.unwrap_or(used as f64 / 1e12),
                    resting: key_rests || state.rest(tokens, now).is_some(),
                }
            };
            targets.iter().map(&mut load).collect()
        })
    }

    fn leave(&self, place: &str, probe: bool) {
        self.with(|states| {
            if let Some(state) = states.get_mut(place) {
                state.in_flight = state.in_flight.saturating_sub(1);
                state.probing &= !probe;
            }
        });
        self.left.notify_waiters();
    }

    fn release_key(&self, label: &str) {
        self.with(|states| {
            if let Some(key) = states.get_mut(label) {
                key.probing = false;
            }
        });
    }

    fn success(&self, place: &str, label: &str, sent: Instant, seconds: f64) {
        let now = Instant::now();
        self.with(|states| {
            if let Some(state) = states.get_mut(place) {
                state.success(sent, seconds, now);
            }
            // A key that answers is a good key.
            states.remove(label);
        });
    }

    fn signal(&self, place: &str, label: &str, cause: Cause, signal: Signal, now: Instant, probe: bool) {
        self.with(|states| {
            let state = states.entry(place.to_owned()).or_default();
            state.probing &= !probe;
            if signal != Signal::Nothing {
                state.last_cause = Some(cause);
            }
            match signal {
                Signal::Nothing => {}
                Signal::Failure => state.failure(&self.settings, probe, 1, now),
                Signal::Silence => {
                    state.hung = true;
                    state.failure(&self.settings, probe, SILENCE, now);
                }
                Signal::Throttled(wait) | Signal::Rest(wait) => state.throttle(wait, now),
                Signal::DeadKey(first) => {
                    let first = u64::try_from(first.as_millis()).unwrap_or(u64::MAX);
                    let key = states.entry(label.to_owned()).or_default();
                    key.last_cause = Some(cause);
                    key.probing = false;
                    key.rest_for(cooldown(first, self.settings.quota_rest_ms.max(first), key.opened), now);
                }
            }
            // The rest of a key is its process's own: others may have another.
            if !matches!(signal, Signal::Nothing | Signal::DeadKey(_)) {
                self.news.note(place, states.get(place), now);
            }
        });
    }

    /// A failure of a stream that had begun, which holds no seat's word any more.
    pub(crate) fn broke(&self, target: &Target, cause: Cause, signal: Signal, now: Instant) {
        self.signal(&target.place(), &target.deployment.label(), cause, signal, now, false);
    }

    /// True once for a place that rests after failures: somebody looks after it from now on.
    pub(crate) fn look_after(&self, place: &str) -> bool {
        self.with(|states| {
            let open = states.get_mut(place).filter(|s| s.open_until.is_some());
            open.is_some_and(|state| !std::mem::replace(&mut state.looked_after, true))
        })
    }

    /// Nobody looks after the place any more.
    pub(crate) fn looked_after(&self, place: &str) {
        self.with(|states| {
            if let Some(state) = states.get_mut(place) {
                state.looked_after = false;
            }
        });
    }

    /// True while the place rests after failures.
    pub(crate) fn is_open(&self, place: &str, now: Instant) -> bool {
        self.with(|states| states.get(place).and_then(|s| s.open_until).is_some_and(|until| until > now))
    }

    /// Until when a place or a key rests, or rested before it was last probed.
    #[cfg(test)]
    pub(crate) fn open_until(&self, name: &str) -> Option<Instant> {
        self.with(|states| states.get(name).and_then(|s| s.open_until))
    }

    /// A place was seen to answer: the next request may probe it now.
    pub(crate) fn seen_alive(&self, place: &str, now: Instant) {
        self.with(|states| {
            if let Some(state) = states.get_mut(place) {
                state.open_until = state.open_until.map(|until| until.min(now));
                state.hung = false;
            }
        });
    }
}

/// A model that rests at every deployment of its provider rests as a whole, until the first of them is back.
fn rest_of_pools(facts: &mut HealthFacts, pools: &HashMap<String, usize>) {
    let mut models: HashMap<String, HashMap<String, Duration>> = HashMap::new();
    let labels: HashMap<String, Duration> =
        facts.resting.iter().filter(|(name, _)| !name.contains('/')).map(|(n, d)| (n.clone(), *d)).collect();
    for (name, left) in &facts.resting {
        if let (Some((model, deployment)), true) = (name.rsplit_once('#'), name.contains('/')) {
            models.entry(model.to_owned()).or_default().insert(deployment.to_owned(), *left);
        }
    }
    for (provider, size) in pools {
        // Keys that rest do so for all models of their provider.
        let keys: HashMap<&str, Duration> = labels
            .iter()
            .filter_map(|(l, d)| l.split_once('#').filter(|(p, _)| p == provider).map(|(_, k)| (k, *d)))
            .collect();
        if keys.len() == *size {
            facts.resting.insert(provider.clone(), keys.values().min().copied().unwrap_or_default());
        }
        for (model, at) in models.iter().filter(|(m, _)| m.split('/').next() == Some(provider)) {
            let mut all: HashMap<&str, Duration> = at.iter().map(|(k, d)| (k.as_str(), *d)).collect();
            for (key, left) in &keys {
                let known = all.entry(key).or_default();
                *known = (*known).max(*left);
            }
            if all.len() == *size {
                facts.resting.insert(model.clone(), all.values().min().copied().unwrap_or_default());
            }
        }
    }
}
