//! Closed requests in, a bounded list of entries and batches for sinks out. Recording never waits; what does not fit is
//! counted.

mod callback;
mod content;
mod desk;
mod entry;
mod export;
mod import;
mod jsonl;
mod row;
mod sink;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::oneshot;

use crate::config::LedgerConfig;
use crate::error::{Error, ErrorKind};
use crate::redact::{self, Kinds};
use crate::telemetry::Metrics;
use crate::wire::ChatRequest;

pub use content::Content;
use content::Redact;
use desk::Desk;
pub use desk::SinkState;
pub use entry::Entry;
pub(crate) use export::{Rows, export, replace};
pub(crate) use import::import;
pub(crate) use row::{Row, Tokens};
pub use sink::{Fault, Sink};

/// How long the end of a router waits for its sinks.
const LAST_WRITE: Duration = Duration::from_secs(2);
/// How long `flush` waits for them.
const FLUSH: Duration = Duration::from_secs(30);

/// How the ledger stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LedgerState {
    /// Entries in memory.
    pub entries: u64,
    /// Entries in memory that made room for newer ones.
    pub dropped: u64,
    /// Every sink.
    pub sinks: Vec<SinkState>,
}

/// The entries in memory.
#[derive(Default)]
struct Memory {
    entries: VecDeque<Arc<Entry>>,
    dropped: u64,
}

/// The ledger of one router.
pub(crate) struct Ledger {
    memory: Mutex<Memory>,
    capacity: usize,
    desks: RwLock<Arc<[Desk]>>,
    settings: LedgerConfig,
    redact: Redact,
    /// Counts what is recorded, once it is wanted.
    metrics: OnceLock<Metrics>,
}

impl Ledger {
    /// In memory alone.
    pub(crate) fn new(settings: &LedgerConfig) -> Self {
        Self {
            memory: Mutex::default(),
            capacity: settings.max_entries,
            desks: RwLock::new(Arc::from(Vec::new())),
            settings: settings.clone(),
            metrics: OnceLock::new(),
            redact: content::redaction(),
        }
    }

    /// With the sinks that the settings name.
    ///
    /// # Errors
    /// `InvalidConfig` for a file that can never be written.
    pub(crate) fn open(settings: &LedgerConfig) -> Result<Self, Error> {
        let ledger = Self::new(settings);
        #[cfg(feature = "sqlite")]
        if let Some(path) = &settings.sqlite {
            ledger.add(Box::new(sqlite::Database::open(path, settings.retention_days)?))?;
        }
        if let Some(jsonl) = &settings.jsonl {
            ledger.add(Box::new(jsonl::Lines::open(jsonl)?))?;
        }
        Ok(ledger)
    }

    /// Takes these kinds out of the text that it keeps.
    pub(crate) fn redacting(mut self, kinds: Kinds) -> Self {
        if !kinds.is_empty() {
            self.redact = Arc::new(move |text| redact::text(text, kinds));
        }
        self
    }

    /// Hands entries to one more sink from now on.
    pub(crate) fn add(&self, sink: Box<dyn Sink>) -> Result<(), Error> {
        let pause = Duration::from_millis(self.settings.flush_ms);
        let desk = Desk::open(sink, self.settings.queue, pause)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("a thread for the ledger did not start: {e}")))?;
        let mut desks = self.desks.write().unwrap_or_else(PoisonError::into_inner);
        *desks = desks.iter().cloned().chain([desk]).collect();
        Ok(())
    }

    /// Hands entries to a function from now on.
    pub(crate) fn call(&self, callback: impl Fn(&Entry) + Send + 'static) -> Result<(), Error> {
        self.add(Box::new(callback::Callback::new(callback)))
    }

    /// Prompt and answer, where they are kept.
    pub(crate) fn content_of(&self, request: &ChatRequest) -> Option<Content> {
        self.settings.log_content.then(|| Content::of(request, &self.redact))
    }

    fn desks(&self) -> Arc<[Desk]> {
        Arc::clone(&self.desks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a closed request; the oldest entry in memory makes room.
    pub(crate) fn record(&self, entry: Entry) {
        if let Some(metrics) = self.metrics.get() {
            metrics.count(&entry);
        }
        let entry = Arc::new(entry);
        for desk in self.desks().iter() {
            desk.push(Arc::clone(&entry));
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if self.capacity == 0 {
            memory.dropped += 1;
            return;
        }
        // Dropped once the lock is free.
        let mut oldest = None;
        if memory.entries.len() >= self.capacity {
            oldest = memory.entries.pop_front();
            memory.dropped += 1;
        }
        memory.entries.push_back(entry);
        drop(memory);
        drop(oldest);
    }

    /// What is counted, from the first call on.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.metrics.get_or_init(Metrics::default)
    }

    /// The entries kept in memory, oldest first.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.entries.iter().cloned().collect()
    }

    /// Entries in memory that had to make room since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).dropped
    }

    pub(crate) fn state(&self) -> LedgerState {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (entries, dropped) = (memory.entries.len() as u64, memory.dropped);
        drop(memory);
        LedgerState { entries, dropped, sinks: self.desks().iter().map(Desk::state).collect() }
    }

    /// Where the database is, if there is one.
    #[cfg(feature = "sqlite")]
    pub(crate) fn database(&self) -> Option<&std::path::Path> {
        self.settings.sqlite.as_deref()
    }

    /// Waits until every sink has taken what was closed so far.
    ///
    /// # Errors
    /// `Internal` with the sink and why it cannot; `Timeout` when it does not come to an end.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let waits: Vec<_> = self
            .desks()
            .iter()
            .map(|desk| {
                let (tell, told) = oneshot::channel();
                desk.settle(Box::new(move |outcome| drop(tell.send(outcome))));
                (desk.state().name, told)
            })
            .collect();
        let until = tokio::time::Instant::now() + FLUSH;
        for (name, told) in waits {
            match tokio::time::timeout_at(until, told).await {
                Ok(Ok(outcome)) => outcome.map_err(|reason| stuck(&name, &reason))?,
                Ok(Err(_)) => return Err(stuck(&name, "its thread has ended")),
                Err(_) => {
                    let seconds = FLUSH.as_secs();
                    let message = format!("the ledger's {name} did not take all entries within {seconds} s");
                    return Err(Error::new(ErrorKind::Timeout, message));
                }
            }
        }
        Ok(())
    }

    /// The same where nothing can be awaited: at the end of a program. True when all was taken in time.
    pub(crate) fn flush_within(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let desks = self.desks();
        let (tell, told) = std::sync::mpsc::channel();
        for desk in desks.iter() {
            let tell = tell.clone();
            desk.settle(Box::new(move |outcome: Result<(), String>| {
                let _ = tell.send(outcome.is_ok());
            }));
        }
        let left = || until.saturating_duration_since(Instant::now());
        (0..desks.len()).all(|_| told.recv_timeout(left()).unwrap_or(false))
    }
}

fn stuck(name: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the ledger's {name} cannot be written: {reason}"))
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let desks = self.desks();
        let until = Instant::now() + LAST_WRITE;
        desks.iter().for_each(Desk::close);
        desks.iter().for_each(|desk| desk.join(until));
    }
}
