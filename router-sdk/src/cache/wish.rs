//! What a request says of the cache and what is configured in, whether it may read and write and for how long out.

use std::time::Duration;

use crate::wire::{CacheMode, CacheOptions};

/// What one request may do with a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) read: bool,
    pub(super) write: bool,
    /// How long its answer is kept.
    pub(super) ttl: Duration,
}

impl Wish {
    /// `hottest` is the highest temperature whose answers are kept; a request that names none is not above it.
    pub(super) fn of(options: CacheOptions, ttl_s: f64, hottest: Option<f64>, temperature: Option<f64>) -> Self {
        let too_hot = matches!((hottest, temperature), (Some(most), Some(asked)) if asked > most);
        let (read, write) = match options.mode {
            _ if too_hot => (false, false),
            CacheMode::Use => (true, true),
            CacheMode::NoCache => (false, true),
            CacheMode::NoStore => (true, false),
            CacheMode::Off => (false, false),
        };
        // Both are checked to be above 0 and at most a year.
        let ttl = Duration::try_from_secs_f64(options.ttl_s.unwrap_or(ttl_s)).unwrap_or_default();
        Self { read, write, ttl }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_times_and_temperatures() {
        let wish = |options, hottest, temperature| {
            let wish = Wish::of(options, 60.0, hottest, temperature);
            (wish.read, wish.write, wish.ttl.as_secs())
        };
        let plain = CacheOptions::default();
        assert_eq!(wish(plain, None, Some(2.0)), (true, true, 60));
        assert_eq!(wish(plain, Some(0.5), Some(0.5)), (true, true, 60));
        assert_eq!(wish(plain, Some(0.5), Some(0.6)), (false, false, 60));
        assert_eq!(wish(plain, Some(0.5), None), (true, true, 60));
        assert_eq!(wish(CacheOptions::new(CacheMode::NoCache).with_ttl(5.0), None, None), (false, true, 5));
        assert_eq!(wish(CacheOptions::new(CacheMode::NoStore), None, None), (true, false, 60));
        assert_eq!(wish(CacheOptions::new(CacheMode::Off), None, None), (false, false, 60));
    }
}
