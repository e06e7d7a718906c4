//! What is known of keys in this process: digests in, how fresh the answer is out. The hot path ends here, without I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::secret::Digest;
use crate::admit::Caller;

/// Digests kept at once; each takes about 200 bytes beside the key that it shares with the key's other digests.
const KEPT: usize = 65_536;

/// A key as the hot path needs it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) caller: Caller,
    /// Its secrets, and until when those go on that were replaced.
    pub(crate) digests: Vec<(Digest, Option<i64>)>,
    pub(crate) expires_ms: Option<i64>,
    pub(crate) disabled: bool,
    /// A provider whose credentials could not be opened.
    pub(crate) sealed_shut: Option<String>,
}

/// What a look-up finds. No key at all is an answer too.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) key: Option<Arc<Known>>,
    pub(crate) freshness: Freshness,
    pub(crate) age: Duration,
}

/// Whether an answer may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As it is.
    Fresh,
    /// As it is, and whoever is told so looks it up anew in the background.
    Aging,
    /// Only where the store cannot be asked.
    Stale,
}

#[derive(Debug)]
struct Slot {
    key: Option<Arc<Known>>,
    since: Instant,
    looked_after: bool,
}

/// Answers of the store, for a short time.
#[derive(Debug)]
pub(crate) struct Cache {
    slots: Mutex<Slots>,
    /// From then on an answer is stale.
    refresh: Duration,
}

#[derive(Debug, Default)]
struct Slots {
    all: HashMap<Digest, Slot>,
    /// Counts changes made by this process, so that a look-up begun before one cannot hide it.
    changes: u64,
}

impl Cache {
    pub(crate) fn new(refresh: Duration) -> Self {
        Self { slots: Mutex::default(), refresh }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Slots) -> T) -> T {
        f(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known of a digest.
    pub(crate) fn look(&self, digest: Digest, now: Instant) -> Option<Found> {
        self.with(|slots| {
            let slot = slots.all.get_mut(&digest)?;
            let age = now.saturating_duration_since(slot.since);
            let freshness = if age >= self.refresh {
                Freshness::Stale
            } else if age >= self.refresh / 2 && !std::mem::replace(&mut slot.looked_after, true) {
                Freshness::Aging
            } else {
                Freshness::Fresh
            };
            Some(Found { key: slot.key.clone(), freshness, age })
        })
    }

    /// The number of changes so far, to be shown with what is looked up from now on.
    pub(crate) fn changes(&self) -> u64 {
        self.with(|slots| slots.changes)
    }

    /// Keeps what the store answered to a look-up that was begun at `now`, unless something was changed since.
    pub(crate) fn keep(&self, digest: Digest, key: Option<Arc<Known>>, changes: u64, now: Instant) {
        self.with(|slots| {
            if slots.changes != changes {
                slots.all.remove(&digest);
                return;
            }
            if slots.all.len() >= KEPT && !slots.all.contains_key(&digest) {
                // Whoever tries keys that do not exist must not push out those that do.
                slots.all.retain(|_, slot| slot.key.is_some() && now.duration_since(slot.since) < self.refresh);
                if slots.all.len() >= KEPT {
                    slots.all.clear();
                }
            }
            slots.all.insert(digest, Slot { key, since: now, looked_after: false });
        });
    }

    /// A look-up failed: somebody else may try.
    pub(crate) fn release(&self, digest: Digest) {
        self.with(|slots| {
            if let Some(slot) = slots.all.get_mut(&digest) {
                slot.looked_after = false;
            }
        });
    }

    /// Forgets a key that this process has changed, and everything that was looked up in vain.
    pub(crate) fn forget(&self, id: &str) {
        self.with(|slots| {
            slots.changes += 1;
            slots.all.retain(|_, slot| slot.key.as_ref().is_some_and(|key| key.caller.id() != id));
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.with(|slots| slots.all.len())
    }
}
