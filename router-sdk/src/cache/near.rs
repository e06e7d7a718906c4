//! Answers kept in this process: a bounded map with a time for each entry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache;

use super::canonical::Key;
use super::kept::Kept;
use crate::config::ExactCache;

/// Answers by key, bounded by number and by bytes. What is asked for seldom goes first.
#[derive(Debug)]
pub(super) struct Near {
    kept: Cache<Key, Arc<Kept>>,
}

/// Every entry has a time of its own.
struct OwnTime;

impl Expiry<Key, Arc<Kept>> for OwnTime {
    fn expire_after_create(&self, _: &Key, kept: &Arc<Kept>, _: Instant) -> Option<Duration> {
        Some(kept.ttl)
    }

    fn expire_after_update(&self, _: &Key, kept: &Arc<Kept>, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(kept.ttl)
    }
}

impl Near {
    pub(super) fn new(settings: &ExactCache) -> Self {
        // What an entry weighs at least, so that the bound on bytes bounds their number too.
        let least = (settings.max_bytes / settings.max_entries).max(1);
        let weigh =
            move |_: &Key, kept: &Arc<Kept>| u32::try_from((kept.weight() as u64).max(least)).unwrap_or(u32::MAX);
        let kept = Cache::builder().max_capacity(settings.max_bytes).weigher(weigh).expire_after(OwnTime).build();
        Self { kept }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        self.kept.get(key)
    }

    pub(super) fn put(&self, key: Key, kept: Arc<Kept>) {
        self.kept.insert(key, kept);
    }

    pub(super) fn clear(&self) {
        self.kept.invalidate_all();
    }

    /// Entries and the bytes they hold; those that ran out of time are taken away first.
    pub(super) fn size(&self) -> (u64, u64) {
        self.kept.run_pending_tasks();
        let entries = self.kept.entry_count();
        let bytes = self.kept.iter().map(|(_, kept)| kept.weight() as u64).sum();
        (entries, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Object, RouteInfo};

    fn kept(bytes: usize, ttl: Duration) -> Arc<Kept> {
        let body = Object::from_iter([("x".to_owned(), "y".repeat(bytes).into())]);
        Arc::new(Kept::of_chat(&body, None, &RouteInfo::default(), 0, ttl))
    }

    fn key(n: u64) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&n.to_le_bytes());
        key
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn number_and_bytes_are_bounded() {
        let few = Near::new(&ExactCache { max_entries: 5, ..ExactCache::default() });
        let small = Near::new(&ExactCache { max_bytes: 20_000, ..ExactCache::default() });
        for n in 0..100 {
            few.put(key(n), kept(10, LONG));
            small.put(key(n), kept(1_000, LONG));
        }
        assert!((1..=5).contains(&few.size().0), "{:?}", few.size());
        assert!(small.size().1 <= 20_000 && small.size().0 > 5, "{:?}", small.size());
        small.put(key(200), kept(30_000, LONG));
        small.size();
        assert!(small.get(&key(200)).is_none());
    }

    #[test]
    fn every_entry_has_its_own_time() {
        let near = Near::new(&ExactCache::default());
        near.put(key(1), kept(10, Duration::from_millis(30)));
        near.put(key(2), kept(10, LONG));
        assert!(near.get(&key(1)).is_some());
        std::thread::sleep(Duration::from_millis(60));
        assert!(near.get(&key(1)).is_none() && near.get(&key(2)).is_some());
        near.put(key(1), kept(10, LONG));
        assert!(near.get(&key(1)).is_some());
        near.clear();
        assert!(near.get(&key(1)).is_none());
    }
}
