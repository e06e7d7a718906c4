//! What was last read of values that must outlive the server's absence: values in, the last known out for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Values kept at most; when there are more, all are forgotten and learned again.
const MOST: usize = 10_000;

type Read = (Option<Bytes>, Instant);

#[derive(Debug, Default)]
pub(super) struct Known {
    values: Mutex<HashMap<String, Read>>,
}

impl Known {
    fn values(&self) -> MutexGuard<'_, HashMap<String, Read>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn(&self, key: &str, value: Option<Bytes>, now: Instant) {
        let mut values = self.values();
        if values.len() >= MOST {
            values.clear();
        }
        values.insert(key.to_owned(), (value, now));
    }

    pub(super) fn forget(&self, key: &str) {
        self.values().remove(key);
    }

    /// What was read of a key at most so long ago; nothing where it never was.
    pub(super) fn recall(&self, key: &str, within: Duration, now: Instant) -> Option<Option<Bytes>> {
        let values = self.values();
        let (value, at) = values.get(key)?;
        (now.saturating_duration_since(*at) <= within).then(|| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_known_for_a_while_and_what_was_not_is_not() {
        let (known, now) = (Known::default(), Instant::now());
        known.learn("a", Some(Bytes::from_static(b"1")), now);
        known.learn("b", None, now);
        let minute = Duration::from_secs(60);
        assert_eq!(known.recall("a", minute, now + minute), Some(Some(Bytes::from_static(b"1"))));
        assert_eq!(known.recall("a", minute, now + minute * 2), None);
        assert_eq!(known.recall("b", minute, now), Some(None));
        assert_eq!(known.recall("c", minute, now), None);
        known.forget("a");
        assert_eq!(known.recall("a", minute, now), None);
    }
}
