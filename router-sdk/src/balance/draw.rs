//! Chance and turns for balancing: a seed in, uniform numbers and a running count out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A source of uniform numbers (SplitMix64) and of turns, shared by all requests.
#[derive(Debug)]
pub(crate) struct Draw {
    state: AtomicU64,
    turns: Mutex<HashMap<String, u64>>,
}

impl Draw {
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, Hasher};
        // The hasher is seeded from the system's randomness for each instance.
        Self::seeded(std::collections::hash_map::RandomState::new().build_hasher().finish())
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), turns: Mutex::default() }
    }

    /// Above 0 and below 1.
    pub(crate) fn uniform(&self) -> f64 {
        let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// The number of earlier turns of a group.
    pub(crate) fn turn(&self, group: &str) -> u64 {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        match turns.get_mut(group) {
            Some(turn) => {
                *turn += 1;
                *turn
            }
            None => {
                turns.insert(group.to_owned(), 0);
                0
            }
        }
    }
}
