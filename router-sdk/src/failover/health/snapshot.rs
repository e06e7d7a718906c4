//! The health of all targets as plain values for people and programs.

use serde::Serialize;
use tokio::time::Instant;

use super::Health;

/// How one target stands, or one key after it was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TargetHealth {
    /// `provider/model`, with `#deployment` where the provider has several; of a key `provider` or `provider#deployment`.
    pub target: String,
    /// `closed` (may be asked), `open` (rests after failures), `half_open` (a probe may go or is under way),
    /// `recovering` (gets few requests at once), `throttled` (empty until a time).
    pub state: &'static str,
    /// Seconds until it may be asked; 0 when it may.
    pub retry_after: f64,
    /// Failures since the last success.
    pub failures: u32,
    /// The cause of the last failure since the last success, such as `server_error`.
    pub last_failure: Option<&'static str>,
    /// Requests under way.
    pub in_flight: u32,
    /// Milliseconds to the first output, averaged with the newest weighing a fifth.
    pub first_token_ms: Option<f64>,
    /// Milliseconds within which 95 of the last 64 first outputs in 100 came, once eight were seen.
    pub first_token_p95_ms: Option<f64>,
    /// Requests of the last minute.
    pub requests_minute: u64,
    /// Tokens of the last minute.
    pub tokens_minute: u64,
}

impl Health {
    /// Every target that was asked, by name.
    pub(crate) fn snapshot(&self, now: Instant) -> Vec<TargetHealth> {
        let mut all: Vec<TargetHealth> = self.with(|states| {
            let one = |(name, state): (&String, &mut super::State)| {
                let rest = state.rest(0, now);
                let (requests_minute, tokens_minute) = state.minute(now);
                let word = match (state.open_until, rest) {
                    (Some(until), _) if until > now => "open",
                    (Some(_), _) => "half_open",
                    (None, Some(_)) => "throttled",
                    (None, None) if state.ramp.is_some() => "recovering",
                    (None, None) => "closed",
                };
                TargetHealth {
                    target: name.clone(),
                    state: word,
                    retry_after: rest.unwrap_or_default().as_secs_f64(),
                    failures: state.failures,
                    last_failure: state.last_cause.map(crate::provider::Cause::as_str),
                    in_flight: state.in_flight,
                    first_token_ms: state.seconds_to_first.map(|s| s * 1e3),
                    first_token_p95_ms: state.p95().map(|d| d.as_secs_f64() * 1e3),
                    requests_minute,
                    tokens_minute,
                }
            };
            states.iter_mut().map(one).collect()
        });
        all.sort_by(|a, b| a.target.cmp(&b.target));
        all
    }
}
