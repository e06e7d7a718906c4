//! Settings of the judge: who is asked for a second opinion on a difficulty, and within which bounds.

use serde::Deserialize;

use crate::error::Error;

/// A model that is asked how hard a request is, where the offline classifier's doubt would change the choice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JudgeConfig {
    /// `provider/model` that judges.
    pub model: String,
    /// How long a judgement may take, in milliseconds. Without one in time the classifier's word stands. Default 800.
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
    /// The most characters of a request that the judge is shown. Default 4,000.
    #[serde(default = "max_chars")]
    pub max_chars: usize,
    /// Judgements that are remembered; 0 remembers none. Default 10,000.
    #[serde(default = "cache_entries")]
    pub cache_entries: u64,
    /// How long one is remembered, in seconds. Default 3,600.
    #[serde(default = "cache_ttl_s")]
    pub cache_ttl_s: u64,
}

fn deadline_ms() -> u64 {
    800
}

fn max_chars() -> usize {
    4_000
}

fn cache_entries() -> u64 {
    10_000
}

fn cache_ttl_s() -> u64 {
    3_600
}

impl JudgeConfig {
    /// Values that types alone cannot check.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |field: &str, fix: &str| Err(Error::invalid_config(format!("judge.{field}"), fix));
        if self.model.split_once('/').is_none_or(|(p, m)| p.is_empty() || m.is_empty()) {
            return fault("model", "must be \"provider/model\"");
        }
        if !(1..=60_000).contains(&self.deadline_ms) {
            return fault("deadline_ms", "must be from 1 to 60000 milliseconds");
        }
        if !(100..=100_000).contains(&self.max_chars) {
            return fault("max_chars", "must be from 100 to 100000");
        }
        if !(1..=31_536_000).contains(&self.cache_ttl_s) {
            return fault("cache_ttl_s", "must be from 1 to 31536000 seconds");
        }
        Ok(())
    }
}
