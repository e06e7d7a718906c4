//! Request ids: a clock and a counter in, ids that are unique to a process out.

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes request ids.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    count: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        // The hasher is seeded from the system's randomness for each instance.
        use std::hash::{BuildHasher, Hasher};
        Self { seed: std::collections::hash_map::RandomState::new().build_hasher().finish(), count: AtomicU64::new(0) }
    }

    /// The next id, which sorts by time.
    pub(crate) fn next(&self, at_ms: i64) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mixed = (self.seed ^ count).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.seed.rotate_left(32);
        format!("cr-{at_ms:012x}-{mixed:016x}")
    }
}
