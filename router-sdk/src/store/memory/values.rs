//! Small values by space and key, with the moment at which they expire.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

/// Values of one space beyond which expired ones are looked for when another is put.
const SWEEP: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Values {
    spaces: HashMap<String, Space>,
}

#[derive(Debug, Default)]
struct Space {
    values: BTreeMap<String, Value>,
    sweep: usize,
}

#[derive(Debug)]
struct Value {
    bytes: Bytes,
    put_ms: i64,
    ttl_ms: Option<u64>,
}

impl Value {
    /// A value lives for its time from when it was put, and by a clock that was set back not longer than that again.
    fn lives(&self, at_ms: i64) -> bool {
        let Some(ttl) = self.ttl_ms else { return true };
        let age = at_ms.saturating_sub(self.put_ms);
        age.unsigned_abs() < ttl
    }
}

impl Values {
    pub(super) fn get(&self, space: &str, key: &str, at_ms: i64) -> Option<Bytes> {
        let value = self.spaces.get(space)?.values.get(key)?;
        value.lives(at_ms).then(|| value.bytes.clone())
    }

    pub(super) fn put(&mut self, space: &str, key: &str, bytes: Bytes, ttl_ms: Option<u64>, at_ms: i64) {
        let space = self.spaces.entry(space.to_owned()).or_default();
        if space.values.len() >= space.sweep.max(SWEEP) {
            space.values.retain(|_, value| value.lives(at_ms));
            space.sweep = space.values.len() * 2;
        }
        space.values.insert(key.to_owned(), Value { bytes, put_ms: at_ms, ttl_ms });
    }

    pub(super) fn remove(&mut self, space: &str, key: &str) -> bool {
        self.spaces.get_mut(space).is_some_and(|space| space.values.remove(key).is_some())
    }

    pub(super) fn list(&self, space: &str, at_ms: i64) -> Vec<(String, Bytes)> {
        let values = self.spaces.get(space).into_iter().flat_map(|space| &space.values);
        values.filter(|(_, v)| v.lives(at_ms)).map(|(key, v)| (key.clone(), v.bytes.clone())).collect()
    }
}
