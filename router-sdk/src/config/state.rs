//! Settings of the state that processes share, and their check.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::Error;

/// What becomes of a concern while the shared state cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnFailure {
    /// Requests go on; each process counts for itself.
    Open,
    /// Requests are refused.
    Closed,
}

/// What becomes of each concern while the shared state cannot be asked. A cache misses in any case, and callers' keys go on
/// as they were last known for `keys.stale_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StateFailure {
    /// Limits of requests, tokens and concurrency; default `open`.
    pub limits: OnFailure,
    /// Budgets; default `closed`, for a budget is a promise.
    pub budgets: OnFailure,
}

impl Default for StateFailure {
    fn default() -> Self {
        Self { limits: OnFailure::Open, budgets: OnFailure::Closed }
    }
}

/// The state that processes share, in Redis or Valkey.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StateConfig {
    /// Where it is: `redis://HOST:PORT/DB`, `rediss://` for TLS, `redis+cluster://HOST:PORT,HOST:PORT` or
    /// `redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB`, each with `USER:PASSWORD@` before the hosts where that is needed.
    pub url: SecretString,
    /// What every key begins with; routers that share state share it. Default `clawrouters`.
    pub prefix: String,
    /// How long an answer is waited for, in milliseconds; default 50. Opening a connection may take ten times as long.
    pub timeout_ms: u64,
    /// What becomes of requests while it cannot be asked.
    pub on_failure: StateFailure,
}

impl Default for StateConfig {
    fn default() -> Self {
        Self {
            url: SecretString::default(),
            prefix: "clawrouters".to_owned(),
            timeout_ms: 50,
            on_failure: StateFailure::default(),
        }
    }
}

impl StateConfig {
    /// State at an address, with the defaults.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |key: &str, fix: &str| Err(Error::invalid_config(format!("state.{key}"), fix));
        if self.url.expose_secret().trim().is_empty() {
            return fault("url", "is needed, such as redis://127.0.0.1:6379");
        }
        let plain = |c: char| c.is_ascii_graphic() && c != '{' && c != '}';
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(plain) {
            return fault("prefix", "must be 1 to 64 visible ASCII characters without braces");
        }
        if !(1..=10_000).contains(&self.timeout_ms) {
            return fault("timeout_ms", "must be from 1 to 10000 milliseconds");
        }
        crate::store::check_address(&self.url)
    }
}
