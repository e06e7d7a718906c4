//! The state of this process alone: claims and values in, answered at once.

mod counter;
mod sliding;
#[cfg(test)]
mod tests;
mod values;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, ready};

use super::{Amounts, Claim, Denied, Hold, Keeper, Level, Part, StateStore, Unavailable};
use counter::Subject;
use values::Values;

/// Subjects from which on those that count nothing any more are looked for.
const SWEEP: usize = 1_024;

/// Counters and values of this process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    counters: Arc<Counters>,
    values: Mutex<Values>,
}

/// Counters by subject, all behind one lock, because claims are granted together.
#[derive(Debug, Default)]
struct Counters {
    subjects: Mutex<Subjects>,
}

#[derive(Debug, Default)]
struct Subjects {
    map: HashMap<Arc<str>, Subject>,
    sweep: usize,
}

impl Counters {
    fn subjects(&self) -> MutexGuard<'_, Subjects> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(&self, claims: &[Claim], at_ms: i64) -> Result<Vec<Part>, Denied> {
        let mut subjects = self.subjects();
        let mut parts: Vec<Part> = Vec::with_capacity(claims.len());
        for (index, claim) in claims.iter().enumerate() {
            match subjects.of(claim, at_ms).take(claim, at_ms) {
                Ok((mark, level)) => parts.push(Part { claim: claim.clone(), mark, level }),
                Err((retry_after_ms, left)) => {
                    // All or none: what was counted in this call is taken back.
                    subjects.settle(&parts, Amounts::default());
                    return Err(Denied::Full { claim: index, retry_after_ms, left });
                }
            }
        }
        Ok(parts)
    }
}

impl Subjects {
    fn of(&mut self, claim: &Claim, at_ms: i64) -> &mut Subject {
        if !self.map.contains_key(&claim.subject) && self.map.len() >= self.sweep.max(SWEEP) {
            self.map.retain(|_, subject| !subject.is_idle(at_ms));
            self.sweep = self.map.len() * 2;
        }
        self.map.entry(Arc::clone(&claim.subject)).or_default()
    }

    fn settle(&mut self, parts: &[Part], real: Amounts) {
        for Part { claim, mark, .. } in parts {
            if let Some(subject) = self.map.get_mut(&claim.subject) {
                subject.settle(claim, *mark, real.of(claim.measure));
            }
        }
    }
}

impl Keeper for Counters {
    fn settle(&self, parts: &[Part], real: Amounts) {
        self.subjects().settle(parts, real);
    }
}

impl MemoryStore {
    fn values(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for MemoryStore {
    fn reserve<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Hold, Denied>> {
        let granted = self.counters.reserve(claims, at_ms);
        ready(granted.map(|parts| Hold::new(Arc::clone(&self.counters) as Arc<dyn Keeper>, parts))).boxed()
    }

    fn levels<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Vec<Level>, Unavailable>> {
        let mut subjects = self.counters.subjects();
        let level = |claim: &Claim| subjects.map.get_mut(&claim.subject).map(|subject| subject.level(claim, at_ms));
        ready(Ok(claims.iter().map(level).map(Option::unwrap_or_default).collect())).boxed()
    }

    fn get<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Bytes>, Unavailable>> {
        ready(Ok(self.values().get(space, key, at_ms))).boxed()
    }

    fn put<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: Option<u64>,
        at_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.values().put(space, key, value, ttl_ms, at_ms);
        ready(Ok(())).boxed()
    }

    fn remove<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<bool, Unavailable>> {
        ready(Ok(self.values().remove(space, key))).boxed()
    }

    fn list<'a>(&'a self, space: &'a str, at_ms: i64) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, Unavailable>> {
        ready(Ok(self.values().list(space, at_ms))).boxed()
    }
}
