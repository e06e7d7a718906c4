//! Settings of learning from scores: how many answers wait for theirs, and how much is tried out.

use serde::Deserialize;

use crate::error::Error;

/// Learning from the scores that `feedback` is told of. Absent: nothing is kept and nothing learned.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LearningConfig {
    /// Answers that wait for a score at the most; the oldest make room. Default 10,000.
    pub remember: u64,
    /// How long an answer waits, in seconds. Default 604,800: a week.
    pub remember_s: u64,
    /// The share of requests to `auto` whose first model may be one that little is known of, from 0 to 0.5. Never one
    /// that is marked `critical` or of high priority. Default 0.
    pub explore: f64,
}

impl Default for LearningConfig {
    fn default() -> Self {
        Self { remember: 10_000, remember_s: 604_800, explore: 0.0 }
    }
}

impl LearningConfig {
    /// Values that types alone cannot check.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |field: &str, fix: &str| Err(Error::invalid_config(format!("learning.{field}"), fix));
        if !(1..=10_000_000).contains(&self.remember) {
            return fault("remember", "must be from 1 to 10000000 answers");
        }
        if !(1..=31_536_000).contains(&self.remember_s) {
            return fault("remember_s", "must be from 1 to 31536000 seconds");
        }
        if !(0.0..=0.5).contains(&self.explore) {
            return fault("explore", "must be from 0 to 0.5");
        }
        Ok(())
    }
}
