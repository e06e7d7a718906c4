//! Keys of this process alone, gone with it: for tests, and for keys that are made anew at every start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;

use super::{Answer, KeyStore};
use crate::error::Error;
use crate::keys::record::{Record, written};
use crate::keys::secret::Digest;

/// Keys by id.
#[derive(Debug, Default)]
pub(crate) struct MemoryKeys {
    records: Mutex<BTreeMap<String, Record>>,
}

impl MemoryKeys {
    fn with<T: Send + 'static>(&self, f: impl FnOnce(&mut BTreeMap<String, Record>) -> T) -> Answer<'_, T> {
        let out = f(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner));
        std::future::ready(Ok(out)).boxed()
    }
}

fn holder(records: &BTreeMap<String, Record>, digest: Digest) -> Option<Record> {
    let wanted = written(&digest);
    records.values().find(|record| record.secrets.iter().any(|held| held.digest == wanted)).cloned()
}

impl KeyStore for MemoryKeys {
    fn find<'a>(&'a self, digest: Digest, _: Option<&'a str>) -> Answer<'a, Option<Record>> {
        self.with(|records| holder(records, digest))
    }

    fn find_now(&self, digest: Digest) -> Option<Result<Option<Record>, Error>> {
        Some(Ok(holder(&self.records.lock().unwrap_or_else(PoisonError::into_inner), digest)))
    }

    fn get<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Record>> {
        self.with(|records| records.get(id).cloned())
    }

    fn list(&self) -> Answer<'_, Vec<Record>> {
        self.with(|records| {
            let mut all: Vec<Record> = records.values().cloned().collect();
            all.sort_by_key(|record| record.created_ms);
            all
        })
    }

    fn insert(&self, record: Record) -> Answer<'_, ()> {
        self.with(|records| {
            records.insert(record.id.clone(), record);
        })
    }

    fn replace(&self, record: Record) -> Answer<'_, bool> {
        self.with(|records| match records.get_mut(&record.id) {
            Some(there) if there.version + 1 == record.version => {
                *there = record;
                true
            }
            _ => false,
        })
    }

    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        self.with(|records| records.remove(id).is_some())
    }
}
