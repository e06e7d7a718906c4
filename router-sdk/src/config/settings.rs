//! Settings of time limits, retries, breakers and the sandbox, with their defaults.

use serde::Deserialize;

/// Time limits in milliseconds. All are on by default.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Timeouts {
    /// To open a connection.
    pub connect_ms: u64,
    /// To the first output of a stream while another candidate remains.
    pub first_token_ms: u64,
    /// The same for models that are known to reason before they answer; three times `first_token_ms` when absent.
    pub first_token_reasoning_ms: Option<u64>,
    /// Between two pieces of a stream; pings between pieces of output keep it going for four times as long.
    pub idle_ms: u64,
    /// Breaks off a stream that gave fewer tokens a second than this over the last ten seconds, so that another target
    /// goes on. Absent: any pace will do.
    pub min_tokens_per_second: Option<f64>,
    /// One attempt at a whole reply while another candidate remains.
    pub whole_ms: u64,
    /// The whole request, all attempts included.
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: 3_000,
            first_token_ms: 10_000,
            first_token_reasoning_ms: None,
            idle_ms: 15_000,
            min_tokens_per_second: None,
            whole_ms: 120_000,
            total_ms: 600_000,
        }
    }
}

impl Timeouts {
    /// The limit to the first output of a stream while another candidate remains. Long prompts are given a millisecond
    /// more for every five tokens: a slow provider reads five thousand a second.
    pub(crate) fn first_token(&self, reasons: bool, tokens: u64) -> u64 {
        let base = match (reasons, self.first_token_reasoning_ms) {
            (false, _) => self.first_token_ms,
            (true, Some(own)) => own,
            (true, None) => self.first_token_ms.saturating_mul(3),
        };
        base.saturating_add(tokens / 5)
    }
}

/// How often the same request is sent again. Moving to another candidate is free of the retry budget.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Retry {
    /// Sends to one target.
    pub max_attempts: u32,
    /// Sends for one request.
    pub max_total_attempts: u32,
    /// A Retry-After up to this long is waited for even though another candidate is there.
    pub wait_for_hint_ms: u64,
    /// Retries that may be spent before successes earn more.
    pub budget_tokens: u32,
    /// What each success earns, in retries.
    pub budget_earn: f64,
    /// First backoff interval in milliseconds, for when no other candidate is left.
    pub backoff_ms: u64,
    /// Longest backoff interval in milliseconds.
    pub backoff_max_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 2,
            max_total_attempts: 6,
            wait_for_hint_ms: 0,
            budget_tokens: 10,
            budget_earn: 0.1,
            backoff_ms: 500,
            backoff_max_ms: 8_000,
        }
    }
}

/// When a failing target is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Breaker {
    /// Consecutive failures that open it; a target that kept silent for a whole time limit has failed three times.
    pub failures: u32,
    /// First cooldown in milliseconds; doubles with each reopening.
    pub cooldown_ms: u64,
    /// Longest cooldown in milliseconds.
    pub cooldown_max_ms: u64,
    /// Rest of a target whose quota or credit is spent, in milliseconds.
    pub quota_rest_ms: u64,
    /// First rest of a key that was refused, in milliseconds; doubles up to `quota_rest_ms`.
    pub key_rest_ms: u64,
    /// The time over which the rate of failures is taken, in milliseconds.
    pub window_ms: u64,
    /// Calls within the window from which the rate counts; never fewer than `failures`.
    pub window_calls: u32,
    /// The share of failures within the window that opens it, from above 0 to 1.
    pub window_rate: f64,
    /// Asks a resting target for its list of models so often, in milliseconds, and ends the rest when it answers. Absent:
    /// only requests tell.
    pub probe_interval_ms: Option<u64>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 3,
            cooldown_ms: 2_000,
            cooldown_max_ms: 15_000,
            quota_rest_ms: 300_000,
            key_rest_ms: 30_000,
            window_ms: 30_000,
            window_calls: 20,
            window_rate: 0.5,
            probe_interval_ms: None,
        }
    }
}

/// Asking a second target when the first is slower to start than it usually is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Hedge {
    /// The share of requests that may be sent twice, from 0 to 1; 0 switches hedging off.
    pub share: f64,
    /// How long to wait for the first output; absent: the time within which 95 of 100 lately came from this target.
    pub after_ms: Option<u64>,
}

impl Default for Hedge {
    fn default() -> Self {
        Self { share: 0.0, after_ms: None }
    }
}

/// Sending a copy of some requests to another model, whose replies reach no caller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Shadow {
    /// `provider/model` that gets the copies.
    pub model: String,
    /// The share of requests that are copied, from above 0 to 1.
    pub share: f64,
}

/// How requests are spread over deployments that can answer alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// At random, in proportion to the weights.
    #[default]
    Weighted,
    /// In turn.
    RoundRobin,
    /// The one with the fewest requests in flight for its weight.
    LeastBusy,
    /// The quicker of two drawn at random: time to the first output, weighed by the requests in flight.
    LowestLatency,
    /// The one that has used least of its limits in the last minute.
    LowestUsage,
    /// The one of the lowest price.
    Cheapest,
    /// The same one for the same `route.session`, or without one for the same beginning of the conversation.
    Hash,
}

/// How tokens are counted before a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TokensConfig {
    /// Counts them for OpenAI's models with their own tokenizers in place of estimating them. Needs a build with the
    /// feature `exact-tokens`; for other models they are estimated as before.
    pub exact: bool,
}

/// How the sandbox behaves.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SandboxConfig {
    /// Scales its latencies; 0 answers at once. Default 1.
    pub latency: Option<f64>,
    /// Makes it fail.
    pub fail: Option<SandboxFailure>,
}

/// A fault of the sandbox.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SandboxFailure {
    /// Good replies before the first failure.
    pub after: u64,
    /// Failures before it is well again; absent means for ever.
    pub count: Option<u64>,
    /// The status it fails with.
    pub status: u16,
    /// Breaks a stream after this many pieces in place of failing at once.
    pub cut_after: Option<u64>,
}

impl Default for SandboxFailure {
    fn default() -> Self {
        Self { after: 0, count: None, status: 503, cut_after: None }
    }
}
