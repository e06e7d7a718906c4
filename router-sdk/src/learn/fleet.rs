//! What processes share of learning: traces and adapters in and out of the state that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;

use super::adapter::{Adapter, Level};
use super::experience::{self, Experience};
use super::trace::Trace;
use super::{Learner, now_ms};
use crate::store::{Claim, Denied, Hold, Measure, Span, StateStore, Unavailable};

const TRACES: &str = "traces";
const ADAPTERS: &str = "adapters";
/// Where the level of all models stands among the adapters: no model is named so.
const ALL: &str = "all";
/// How old what others learned may become, in milliseconds.
const FRESH_MS: i64 = 5_000;
/// How often leave to change an adapter is asked for while another process has it, and how long between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Fleet {
    store: Arc<dyn StateStore>,
    renewed_ms: AtomicI64,
}

impl Fleet {
    pub(super) fn new(store: Arc<dyn StateStore>) -> Self {
        Self { store, renewed_ms: AtomicI64::new(i64::MIN) }
    }

    /// Whether it is time to read what others learned.
    pub(super) fn is_due(&self) -> bool {
        now_ms().saturating_sub(self.renewed_ms.load(Ordering::Relaxed)) > FRESH_MS
    }

    /// Reads what others learned, in the background.
    pub(super) fn renew(&self, learner: &Arc<Learner>) {
        let Ok(runtime) = Handle::try_current() else { return };
        self.renewed_ms.store(now_ms(), Ordering::Relaxed);
        let learner = Arc::clone(learner);
        runtime.spawn(async move {
            let _turn = learner.turn.lock().await;
            // What cannot be read now is read the next time.
            if let Some(fleet) = &learner.fleet
                && let Ok(all) = fleet.all().await
            {
                learner.replace(all);
            }
        });
    }

    pub(super) async fn all(&self) -> Result<Experience, Unavailable> {
        let kept = self.store.list(ADAPTERS, now_ms()).await?;
        let level = kept.iter().find(|(name, _)| name == ALL).and_then(|(_, bytes)| experience::read_level(bytes));
        let read = kept.into_iter().filter_map(|(model, bytes)| Some((model, experience::read(&bytes)?)));
        Ok(Experience::from_adapters(read, level.unwrap_or_default()))
    }

    /// Leaves a trace where other processes find it, in the background.
    pub(super) fn leave(&self, request_id: &str, trace: Arc<Trace>, seconds: u64) {
        let Ok(runtime) = Handle::try_current() else { return };
        let Ok(bytes) = serde_json::to_vec(trace.as_ref()) else { return };
        let (store, id) = (Arc::clone(&self.store), request_id.to_owned());
        runtime.spawn(async move {
            let put = store.put(TRACES, &id, Bytes::from(bytes), Some(seconds.saturating_mul(1_000)), now_ms());
            if put.await.is_ok() {
                trace.land();
            }
        });
    }

    pub(super) async fn find(&self, request_id: &str) -> Result<Option<Arc<Trace>>, Unavailable> {
        let bytes = self.store.get(TRACES, request_id, now_ms()).await?;
        let trace: Option<Trace> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(trace.map(|trace| {
            trace.land();
            Arc::new(trace)
        }))
    }

    /// Takes the trace for oneself: false when another process was first.
    pub(super) async fn claim(&self, request_id: &str, trace: &Trace) -> Result<bool, Unavailable> {
        let there = self.store.remove(TRACES, request_id).await?;
        Ok(there || !trace.has_landed())
    }

    /// Leave to change what is learned: one process has it at a time.
    pub(super) async fn hold(&self) -> Result<Hold, Unavailable> {
        let claim =
            Claim { subject: "learning".into(), measure: Measure::Concurrency, span: Span::Held, cap: 1, amount: 1 };
        for _ in 0..TRIES {
            match self.store.reserve(std::slice::from_ref(&claim), now_ms()).await {
                Ok(hold) => return Ok(hold),
                Err(Denied::Unavailable(why)) => return Err(why),
                Err(Denied::Full { .. } | Denied::Elsewhen) => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(Unavailable("another process has been learning for too long".to_owned()))
    }

    /// What processes know of a model, and of all.
    pub(super) async fn known(&self, model: &str) -> Result<(Adapter, Level), Unavailable> {
        let adapter = self.store.get(ADAPTERS, model, now_ms()).await?;
        let level = self.store.get(ADAPTERS, ALL, now_ms()).await?;
        let adapter = adapter.and_then(|bytes| experience::read(&bytes));
        let level = level.and_then(|bytes| experience::read_level(&bytes));
        Ok((adapter.unwrap_or_default(), level.unwrap_or_default()))
    }

    pub(super) async fn put(&self, model: &str, adapter: &Adapter, level: Level) -> Result<(), Unavailable> {
        self.store.put(ADAPTERS, model, Bytes::from(experience::written(adapter)), None, now_ms()).await?;
        self.store.put(ADAPTERS, ALL, Bytes::from(experience::written_level(level)), None, now_ms()).await
    }

    /// Puts this experience in place of all that there is.
    pub(super) async fn put_all(&self, experience: &Experience) -> Result<(), Unavailable> {
        let held = self.hold().await?;
        for (model, _) in self.store.list(ADAPTERS, now_ms()).await? {
            if experience.adapter(&model).is_none() {
                self.store.remove(ADAPTERS, &model).await?;
            }
        }
        for (model, adapter) in experience.iter() {
            self.put(model, adapter, experience.level()).await?;
        }
        drop(held);
        Ok(())
    }
}
