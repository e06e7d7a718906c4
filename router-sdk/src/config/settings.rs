//! Settings of time limits, retries, breakers, the ledger and the sandbox, with their defaults.

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
    /// Between two pieces of a stream.
    pub idle_ms: u64,
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
            whole_ms: 120_000,
            total_ms: 600_000,
        }
    }
}

impl Timeouts {
    /// The limit to the first output of a stream while another candidate remains.
    pub(crate) fn first_token(&self, reasons: bool) -> u64 {
        match (reasons, self.first_token_reasoning_ms) {
            (false, _) => self.first_token_ms,
            (true, Some(own)) => own,
            (true, None) => self.first_token_ms.saturating_mul(3),
        }
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
    /// Consecutive failures that open it.
    pub failures: u32,
    /// First cooldown in milliseconds; doubles with each reopening.
    pub cooldown_ms: u64,
    /// Longest cooldown in milliseconds.
    pub cooldown_max_ms: u64,
    /// Rest of a target whose quota or credit is spent, in milliseconds.
    pub quota_rest_ms: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 3, cooldown_ms: 2_000, cooldown_max_ms: 15_000, quota_rest_ms: 300_000 }
    }
}

/// The in-memory ledger.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LedgerConfig {
    /// Entries kept; the oldest go first.
    pub max_entries: usize,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { max_entries: 10_000 }
    }
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
