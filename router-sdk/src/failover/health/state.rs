//! The health of one place: outcomes in, whether it may be asked and until when it rests out. Plain values, no clock.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Breaker;
use crate::provider::{Allowance, Cause};

/// Weight of the newest observation in moving averages.
const NEWEST: f64 = 0.2;
/// Outcomes kept for the rate of failures.
const OUTCOMES: usize = 100;
/// First tokens kept for the 95th percentile.
const SAMPLES: usize = 64;
/// Samples from which a percentile says something.
const ENOUGH: usize = 8;
/// How long others keep away while a probe is under way, when nothing else says so.
const PROBING: Duration = Duration::from_millis(250);
/// Requests at once from which a recovered place counts as fully back.
const RAMPED: u32 = 32;

/// What is remembered of one place, or of one key.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    pub(super) failures: u32,
    /// Reopenings since the last success; the cooldown doubles with each.
    pub(super) opened: u32,
    pub(super) open_until: Option<Instant>,
    pub(super) throttled_until: Option<Instant>,
    throttled_at: Option<Instant>,
    pub(super) probing: bool,
    /// It opened because the place kept silent, so a probe may cost the whole time limit.
    pub(super) hung: bool,
    /// Requests at once that a place just recovered is given.
    pub(super) ramp: Option<u32>,
    pub(super) in_flight: u32,
    /// Somebody asks it from time to time while it rests.
    pub(super) looked_after: bool,
    pub(super) last_cause: Option<Cause>,
    pub(super) seconds_to_first: Option<f64>,
    pub(super) peak_seconds: f64,
    samples: VecDeque<f32>,
    outcomes: VecDeque<(Instant, bool)>,
    /// Requests and tokens by the second in which they were sent.
    sent: VecDeque<Second>,
    allowance: Option<(Instant, Allowance)>,
}

/// What was sent from one moment on, for a second.
#[derive(Debug, Clone, Copy)]
struct Second {
    from: Instant,
    requests: u64,
    tokens: u64,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl State {
    /// Time left until it may be asked for so many tokens.
    pub(super) fn rest(&self, tokens: u64, now: Instant) -> Option<Duration> {
        let until = |end: Option<Instant>| end.and_then(|end| end.checked_duration_since(now)).filter(|d| !d.is_zero());
        let probing = self.probing.then_some(PROBING);
        let empty = self.allowance.as_ref().and_then(|(at, a)| a.empty_for(tokens, now.duration_since(*at)));
        until(self.open_until).max(until(self.throttled_until)).max(probing).max(empty)
    }

    /// True while forgetting it would change what is decided.
    pub(super) fn matters(&self, now: Instant) -> bool {
        let resting = self.open_until.is_some() || self.throttled_until.is_some_and(|until| until > now);
        let lately = self.sent.back().is_some_and(|s| now.duration_since(s.from) < MINUTE);
        self.in_flight > 0 || resting || lately
    }

    /// Requests and tokens of the last minute.
    pub(super) fn minute(&mut self, now: Instant) -> (u64, u64) {
        while self.sent.front().is_some_and(|s| now.duration_since(s.from) >= MINUTE) {
            self.sent.pop_front();
        }
        self.sent.iter().fold((0, 0), |(r, t), s| (r + s.requests, t + s.tokens))
    }

    /// Time until the oldest requests of the last minute no longer count.
    pub(super) fn minute_ends(&self, now: Instant) -> Duration {
        self.sent.front().map_or(Duration::ZERO, |s| MINUTE.saturating_sub(now.duration_since(s.from)))
    }

    /// Counts requests and tokens of this moment.
    pub(super) fn count(&mut self, requests: u64, tokens: u64, now: Instant) {
        match self.sent.back_mut().filter(|s| now.duration_since(s.from) < SECOND) {
            Some(second) => {
                second.requests += requests;
                second.tokens = second.tokens.saturating_add(tokens);
            }
            None => self.sent.push_back(Second { from: now, requests, tokens }),
        }
    }

    pub(super) fn allow(&mut self, allowance: Allowance, now: Instant) {
        self.allowance = Some((now, allowance));
    }

    /// It answered a request sent at `sent`, with its first output after so many seconds.
    pub(super) fn success(&mut self, sent: Instant, seconds: f64, now: Instant) {
        let average = self.seconds_to_first.map_or(seconds, |old| old + NEWEST * (seconds - old));
        self.seconds_to_first = Some(average);
        // A peak is believed at once and forgotten slowly.
        let decayed = self.peak_seconds + NEWEST * (seconds - self.peak_seconds);
        self.peak_seconds = if seconds > self.peak_seconds { seconds } else { decayed };
        push(&mut self.samples, seconds as f32, SAMPLES);
        push(&mut self.outcomes, (now, true), OUTCOMES);
        if self.throttled_at.is_none_or(|at| at <= sent) {
            // An answer to a request that is older than the rest does not refill the limit; a newer one shows it has.
            (self.throttled_until, self.throttled_at) = (None, None);
        }
        self.ramp = match self.ramp {
            _ if self.open_until.is_some() => Some(2),
            Some(at_once) if at_once < RAMPED => Some(at_once.saturating_mul(2)),
            _ => None,
        };
        if self.open_until.is_some() {
            self.outcomes.clear();
        }
        (self.failures, self.opened, self.open_until) = (0, 0, None);
        (self.probing, self.hung, self.last_cause) = (false, false, None);
    }

    /// It failed; a failure that counts for several, such as a long silence, has a weight above 1.
    pub(super) fn failure(&mut self, settings: &Breaker, probe: bool, weight: u32, now: Instant) {
        self.failures = self.failures.saturating_add(weight);
        push(&mut self.outcomes, (now, false), OUTCOMES);
        // Requests that were under way when it opened all fail of the same cause, which counts once; from then on only a
        // probe speaks for the place.
        let open = self.open_until.is_some();
        let enough = self.failures >= settings.failures || self.mostly_failing(settings, now);
        if probe || (!open && enough) {
            self.rest_for(cooldown(settings.cooldown_ms, settings.cooldown_max_ms, self.opened), now);
        }
    }

    /// Opens it for so long.
    pub(super) fn rest_for(&mut self, time: Duration, now: Instant) {
        self.open_until = now.checked_add(time);
        self.opened = self.opened.saturating_add(1);
        self.ramp = None;
    }

    pub(super) fn throttle(&mut self, wait: Duration, now: Instant) {
        self.throttled_until = self.throttled_until.max(now.checked_add(wait));
        self.throttled_at = Some(now);
    }

    /// More of the lately seen outcomes are failures than the settings bear.
    fn mostly_failing(&mut self, settings: &Breaker, now: Instant) -> bool {
        let window = Duration::from_millis(settings.window_ms);
        while self.outcomes.front().is_some_and(|(at, _)| now.duration_since(*at) > window) {
            self.outcomes.pop_front();
        }
        let failed = self.outcomes.iter().filter(|(_, well)| !well).count();
        let seen = self.outcomes.len();
        seen >= settings.window_calls.max(settings.failures) as usize
            && failed as f64 >= settings.window_rate * seen as f64
    }

    /// The time within which 95 of 100 first tokens came lately; absent before enough were seen.
    pub(super) fn p95(&self) -> Option<Duration> {
        if self.samples.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<f32> = self.samples.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let at = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
        sorted.get(at).map(|seconds| Duration::from_secs_f32(seconds.max(0.0)))
    }
}

/// A rest that doubles with each reopening up to its cap.
pub(super) fn cooldown(first_ms: u64, most_ms: u64, opened: u32) -> Duration {
    let doubled = first_ms.saturating_mul(1u64 << opened.min(20));
    Duration::from_millis(doubled.min(most_ms))
}

fn push<T>(kept: &mut VecDeque<T>, value: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(value);
}
