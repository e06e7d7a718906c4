//! Closed requests in, a bounded list of entries out. Recording never waits; what does not fit is counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use serde_json::{Value, json};

use crate::admit::Caller;
use crate::error::ErrorKind;
use crate::telemetry::{Facts, Metrics};
use crate::wire::RouteInfo;

/// One closed request: who asked, how it was answered, what it cost. Holds no prompt and no answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Unix time of the request's start in milliseconds.
    pub at_ms: i64,
    /// Who asked.
    pub caller: Caller,
    /// Labels that the request carried.
    pub tags: std::collections::BTreeMap<String, String>,
    /// True for a streamed reply.
    pub stream: bool,
    /// What it was for: `request`, or `probe` and `shadow` for those that this library sent on behalf of one.
    pub purpose: &'static str,
    /// How it was answered, with every attempt.
    pub route: Arc<RouteInfo>,
    /// The kind of error it ended in, if it did.
    pub error: Option<ErrorKind>,
    /// What spans tell of it besides.
    pub facts: Facts,
}

impl Entry {
    /// The entry as JSON; money in US dollars.
    pub fn to_json(&self) -> Value {
        let mut out = self.route.to_json();
        if let Value::Object(map) = &mut out {
            map.insert("at_ms".into(), self.at_ms.into());
            map.insert("caller".into(), self.caller.id().into());
            map.insert("tags".into(), json!(self.tags));
            map.insert("purpose".into(), self.purpose.into());
            map.insert("stream".into(), self.stream.into());
            map.insert("error".into(), json!(self.error.map(ErrorKind::as_str)));
        }
        out
    }
}

/// The in-memory ledger.
pub(crate) struct Ledger {
    entries: Mutex<VecDeque<Entry>>,
    capacity: usize,
    dropped: AtomicU64,
    /// Counts what is recorded, once it is wanted.
    metrics: OnceLock<Metrics>,
    /// Who is told of what is recorded.
    told: RwLock<Vec<Told>>,
}

/// Is called with every entry and never waits.
type Told = Box<dyn Fn(&Entry) + Send + Sync>;

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Ledger {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: Mutex::new(VecDeque::new()),
            capacity,
            dropped: AtomicU64::new(0),
            metrics: OnceLock::new(),
            told: RwLock::default(),
        }
    }

    /// Records a closed request; the oldest entry makes room.
    pub(crate) fn record(&self, entry: Entry) {
        if let Some(metrics) = self.metrics.get() {
            metrics.count(&entry);
        }
        for tell in self.told.read().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            tell(&entry);
        }
        if self.capacity == 0 {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if entries.len() >= self.capacity {
            entries.pop_front();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        entries.push_back(entry);
    }

    /// Tells somebody of everything that is recorded from now on.
    pub(crate) fn tell(&self, tell: Told) {
        self.told.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(tell);
    }

    /// What is counted, from the first call on.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.metrics.get_or_init(Metrics::default)
    }

    /// The entries kept, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        entries.iter().cloned().collect()
    }

    /// Entries that had to make room since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
