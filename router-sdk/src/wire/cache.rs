//! What a caller says of the cache in, and what the cache did for a reply out.

use serde::{Deserialize, Serialize};

/// How far one request may use the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CacheMode {
    /// It may be answered from the cache, and its answer is kept.
    #[default]
    Use,
    /// It is not answered from the cache; its answer is kept in place of an older one.
    NoCache,
    /// It may be answered from the cache; its answer is not kept.
    NoStore,
    /// Neither.
    Off,
}

/// Options of the cache for one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CacheOptions {
    /// How far the cache may be used.
    pub mode: CacheMode,
    /// How long the answer is kept, in seconds, in place of the configured time.
    pub ttl_s: Option<f64>,
}

impl CacheOptions {
    /// Options with this mode.
    #[must_use]
    pub fn new(mode: CacheMode) -> Self {
        Self { mode, ttl_s: None }
    }

    /// With answers kept for so many seconds.
    #[must_use]
    pub fn with_ttl(mut self, seconds: f64) -> Self {
        self.ttl_s = Some(seconds);
        self
    }

    /// The same with one more thing that the caller does not want.
    pub(crate) fn forbid(&mut self, mode: CacheMode) {
        self.mode = match (self.mode, mode) {
            (CacheMode::Use, other) => other,
            (own, CacheMode::Use) => own,
            (own, other) if own == other => own,
            _ => CacheMode::Off,
        };
    }
}

/// What the cache did for a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cached {
    /// It was not asked: none is configured, or the request, its options or its temperature rule it out.
    #[default]
    Bypass,
    /// It was asked and had no answer.
    Miss,
    /// The answer to the same request was kept.
    Hit,
    /// The answer to a request that asks the same in other words was kept.
    Semantic,
}

impl Cached {
    /// The word in `X-ClawRouters-Cache` and in the route's JSON: `hit`, `miss`, `semantic` or `bypass`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Miss => "miss",
            Self::Hit => "hit",
            Self::Semantic => "semantic",
        }
    }

    /// True when no provider was asked.
    pub fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::Semantic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_wishes_add_up() {
        let mut options = CacheOptions::default();
        options.forbid(CacheMode::NoCache);
        assert_eq!(options.mode, CacheMode::NoCache);
        options.forbid(CacheMode::Use);
        assert_eq!(options.mode, CacheMode::NoCache);
        options.forbid(CacheMode::NoStore);
        assert_eq!(options.mode, CacheMode::Off);
    }
}
