//! What the cache did, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::kept::Kept;
use crate::account::usd;
use crate::wire::Cached;

/// How the cache of a router stands, since the router was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests answered by the answer to the same request.
    pub hits: u64,
    /// Requests answered by the answer to other words that ask the same.
    pub semantic_hits: u64,
    /// Hits that waited for the same request, which was under way.
    pub joined: u64,
    /// Requests for which nothing was kept.
    pub misses: u64,
    /// Requests that did not want to be answered from the cache, or whose temperature was too high.
    pub bypasses: u64,
    /// Answers kept.
    pub stored: u64,
    /// Answers to the same request that are there now.
    pub entries: u64,
    /// Their bytes, about.
    pub bytes: u64,
    /// Answers that other words may be given, there now.
    pub semantic_entries: u64,
    /// Their bytes, vectors included, about.
    pub semantic_bytes: u64,
    /// US dollars that the answers had cost which were given again.
    pub saved: f64,
}

/// The counters behind it.
#[derive(Debug, Default)]
pub(super) struct Counts {
    hits: AtomicU64,
    semantic_hits: AtomicU64,
    joined: AtomicU64,
    misses: AtomicU64,
    bypasses: AtomicU64,
    stored: AtomicU64,
    saved_nanos: AtomicU64,
}

impl Counts {
    pub(super) fn hit(&self, kept: &Kept, cached: Cached, waited: bool) {
        let counter = if cached == Cached::Semantic { &self.semantic_hits } else { &self.hits };
        add(counter, 1);
        add(&self.joined, u64::from(waited));
        add(&self.saved_nanos, kept.spared_nanos());
    }

    pub(super) fn missed(&self) {
        add(&self.misses, 1);
    }

    pub(super) fn bypassed(&self) {
        add(&self.bypasses, 1);
    }

    pub(super) fn stored(&self) {
        add(&self.stored, 1);
    }

    pub(super) fn told(
        &self,
        (entries, bytes): (u64, u64),
        (semantic_entries, semantic_bytes): (u64, u64),
    ) -> CacheStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStats {
            hits: get(&self.hits),
            semantic_hits: get(&self.semantic_hits),
            joined: get(&self.joined),
            misses: get(&self.misses),
            bypasses: get(&self.bypasses),
            stored: get(&self.stored),
            entries,
            bytes,
            semantic_entries,
            semantic_bytes,
            saved: usd(get(&self.saved_nanos)),
        }
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
