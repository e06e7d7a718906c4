//! Settings of sessions: how conversations are known and for how long, and what switching may cost; with their checks.

use serde::Deserialize;

use crate::error::Error;

/// Conversations of `auto` that stay with their model while that is right.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SessionsConfig {
    /// False: every request is chosen for by itself. Default true.
    pub enabled: bool,
    /// How long a conversation is known after its last answer, in seconds. Default 3,600.
    pub ttl_s: u64,
    /// Recognises conversations without `route.session` by their whole earlier history. Default true.
    pub match_history: bool,
    /// Conversations that this process knows at most, a branch of one counting as another; those unused longest go
    /// first. Default 10,000.
    pub max_entries: u64,
    /// How long a provider's prompt cache is expected to live after its last use, in seconds, where neither request nor
    /// usage says otherwise. Default 300.
    pub cache_life_s: u64,
    /// The share of a conversation's spend that may be lost to switches that are made for money, from 0 to 1. Default 0.1.
    pub switching_budget: f64,
    /// The environment variable with a secret of at least 16 characters under which histories are hashed. Absent: a
    /// secret of this process, or with a shared state one that follows from its prefix.
    pub secret_env: Option<String>,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            ttl_s: 3_600,
            match_history: true,
            max_entries: 10_000,
            cache_life_s: 300,
            switching_budget: 0.1,
            secret_env: None,
        }
    }
}

impl SessionsConfig {
    /// Values that types alone cannot check.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |field: &str, fix: &str| Err(Error::invalid_config(format!("sessions.{field}"), fix));
        if !(1..=31_536_000).contains(&self.ttl_s) {
            return fault("ttl_s", "must be from 1 to 31536000 seconds");
        }
        if !(1..=100_000_000).contains(&self.max_entries) {
            return fault("max_entries", "must be from 1 to 100000000; set enabled = false to keep none");
        }
        if !(1..=31_536_000).contains(&self.cache_life_s) {
            return fault("cache_life_s", "must be from 1 to 31536000 seconds");
        }
        if !(0.0..=1.0).contains(&self.switching_budget) {
            return fault("switching_budget", "must be from 0 to 1");
        }
        if self.secret_env.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return fault("secret_env", "must be the name of an environment variable");
        }
        Ok(())
    }
}
