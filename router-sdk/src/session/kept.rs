//! Where conversations are kept: in this process, bounded, and where state is shared in that too. Asking the shared state
//! takes one question at most, and none for what this process answered last.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use super::following::Following;
use super::history::{HistoryKey, Mark, Thread};
use super::record::Record;
use super::said::{self, Said};
use crate::admit::{Caller, Clock};
use crate::config::SessionsConfig;
use crate::store::StateStore;
use crate::wire::{ChatRequest, Object, RouteInfo};

/// Where conversations stand within the state.
const SPACE: &str = "sessions";
/// Choices of one answer that a conversation may go on from.
const CHOICES: usize = 8;

/// The conversations of a router.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) settings: SessionsConfig,
    key: HistoryKey,
    near: Cache<Mark, Arc<Record>>,
    far: Option<Arc<dyn StateStore>>,
    clock: Clock,
}

impl Sessions {
    /// `far` is what the processes of a fleet share.
    pub(crate) fn new(settings: &SessionsConfig, key: HistoryKey, far: Option<Arc<dyn StateStore>>) -> Self {
        let near = Cache::builder()
            .max_capacity(settings.max_entries)
            .time_to_live(Duration::from_secs(settings.ttl_s))
            // A conversation that goes on is worth more than one that was long.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let clock = Clock::new(Timestamp::now().as_millisecond(), Instant::now());
        Self { settings: settings.clone(), key, near, far, clock }
    }

    /// What a request's conversation is known by; nothing where sessions have no part in it.
    pub(crate) fn thread(&self, caller: &Caller, request: &ChatRequest) -> Option<Thread> {
        self.thread_of(caller, request, true)
    }

    /// The same for a request that nothing is sent of.
    pub(crate) fn past(&self, caller: &Caller, request: &ChatRequest) -> Option<Thread> {
        self.thread_of(caller, request, false)
    }

    fn thread_of(&self, caller: &Caller, request: &ChatRequest, goes_on: bool) -> Option<Thread> {
        let auto = request.models().is_empty() && (request.model() == "auto" || request.model().starts_with("auto:"));
        if !auto || !self.settings.enabled {
            return None;
        }
        Thread::of(&self.key, caller.id(), request, self.settings.match_history, goes_on)
    }

    /// The moment, by the clock of the shared state where there is one.
    pub(crate) fn now_ms(&self) -> i64 {
        let own = self.clock.now().at_ms;
        self.far.as_ref().map_or(own, |state| state.clock(own))
    }

    /// What this process knows of a conversation, at once.
    pub(crate) fn here(&self, thread: &Thread) -> Option<Arc<Record>> {
        let record = self.near.get(&thread.mark()?)?;
        let age = self.now_ms().saturating_sub(record.at_ms);
        (age < i64::try_from(self.settings.ttl_s.saturating_mul(1_000)).unwrap_or(i64::MAX)).then_some(record)
    }

    /// What is known of a conversation.
    pub(crate) async fn find(&self, thread: &Thread) -> Option<Arc<Record>> {
        let mark = thread.mark()?;
        let near = self.here(thread);
        let Some(far) = &self.far else { return near };
        // What is kept by its history never changes, and a named one goes on from the answer that was given here.
        let current = |record: &Record| thread.earlier.is_some_and(|earlier| record.head == name(&earlier));
        if near.as_ref().is_some_and(|record| thread.named.is_none() || current(record)) {
            return near;
        }
        let told = far.get(SPACE, &name(&mark), self.clock.now().wall_ms).await.ok().flatten();
        let told = told.and_then(|bytes| Record::from_bytes(&bytes)).map(Arc::new);
        match (near, told) {
            (Some(near), Some(told)) => Some(if told.at_ms > near.at_ms { told } else { near }),
            (near, told) => near.or(told),
        }
    }

    /// Keeps a conversation with its answer.
    pub(super) fn remember(&self, following: &Following, said: &[Said], route: &RouteInfo) {
        let Following { thread, base, made, .. } = following;
        let now_ms = self.now_ms();
        if let Some((mark, _)) = &thread.named {
            let head = said.first().and_then(|said| thread.with(&self.key, said));
            let head = head.map(|head| name(&head)).unwrap_or_default();
            let kept = self.near.entry(*mark).and_upsert_with(|there| {
                // Another request of the conversation may have ended in the meantime, even in the same millisecond: of
                // equals the last is taken.
                let there = there.map(moka::Entry::into_value);
                let newest = base.iter().cloned().chain(there).max_by_key(|record| record.at_ms);
                Arc::new(Record::after(newest.as_deref(), route, made, head.clone(), now_ms))
            });
            return self.share(*mark, &kept.into_value());
        }
        for said in said.iter().take(CHOICES) {
            let Some(mark) = thread.with(&self.key, said) else { return };
            let record = Arc::new(Record::after(base.as_deref(), route, made, name(&mark), now_ms));
            self.near.insert(mark, Arc::clone(&record));
            self.share(mark, &record);
        }
    }

    /// An answer came without a model being asked: the conversation is known with it as it was without.
    pub(crate) fn carried(&self, thread: &Thread, body: &Object) {
        let Some(record) = self.here(thread).filter(|_| thread.named.is_none()) else { return };
        for said in said::choices(body).iter().take(CHOICES) {
            let Some(mark) = thread.with(&self.key, said) else { return };
            let record = Arc::new(record.with_head(name(&mark)));
            self.near.insert(mark, Arc::clone(&record));
            self.share(mark, &record);
        }
    }

    /// Tells the other processes, in the background.
    fn share(&self, mark: Mark, record: &Record) {
        let Some(far) = self.far.clone() else { return };
        let (Some(bytes), Ok(runtime)) = (record.to_bytes(), tokio::runtime::Handle::try_current()) else { return };
        let (ttl_ms, at_ms) = (self.settings.ttl_s.saturating_mul(1_000), self.clock.now().wall_ms);
        runtime.spawn(async move {
            // A conversation that cannot be told of goes on in this process alone.
            let _ = far.keep(SPACE, &name(&mark), bytes, ttl_ms, at_ms).await;
        });
    }

    /// Conversations kept here.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.near.run_pending_tasks();
        self.near.entry_count()
    }
}

fn name(mark: &Mark) -> String {
    use std::fmt::Write;
    mark.iter().fold(String::with_capacity(32), |mut name, byte| {
        // Writing into a String cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}
