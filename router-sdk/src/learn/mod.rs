//! Scores of answers in, what they say of models for requests to come out. Off where it is not configured.
//!
//! An answered request leaves a trace: what it was in numbers, who answered and what was expected. A score for it moves
//! the adapter of the model that answered; selection reads all adapters as one experience.

mod adapter;
mod call;
mod experience;
mod face;
mod features;
mod fleet;
mod trace;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;
use serde_json::Value;

use crate::config::LearningConfig;
use crate::error::{Error, ErrorKind};
use crate::store::{StateStore, Unavailable};

pub(crate) use experience::Experience;
pub use face::Learning;
pub(crate) use features::Features;
use fleet::Fleet;
pub(crate) use trace::Sighting;
use trace::Trace;

/// What a router learns.
pub(crate) struct Learner {
    pub(crate) settings: LearningConfig,
    traces: Cache<String, Arc<Trace>>,
    experience: RwLock<Arc<Experience>>,
    /// Scores are taken in one after the other.
    turn: tokio::sync::Mutex<()>,
    /// What processes share, where they share anything.
    fleet: Option<Fleet>,
}

impl Learner {
    pub(crate) fn new(settings: &LearningConfig, shared: Option<&Arc<dyn StateStore>>) -> Arc<Self> {
        let traces = Cache::builder()
            .max_capacity(settings.remember)
            .time_to_live(Duration::from_secs(settings.remember_s))
            .build();
        Arc::new(Self {
            settings: settings.clone(),
            traces,
            experience: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            fleet: shared.map(|store| Fleet::new(Arc::clone(store))),
        })
    }

    /// What is known now. In a fleet it is renewed in the background.
    pub(crate) fn experience(self: &Arc<Self>) -> Arc<Experience> {
        if let Some(fleet) = self.fleet.as_ref().filter(|fleet| fleet.is_due()) {
            fleet.renew(self);
        }
        self.current()
    }

    fn current(&self) -> Arc<Experience> {
        Arc::clone(&self.experience.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, experience: Experience) {
        *self.experience.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(experience);
    }

    /// Keeps the trace of an answered request.
    fn remember(&self, request_id: &str, trace: Trace) {
        let trace = Arc::new(trace);
        self.traces.insert(request_id.to_owned(), Arc::clone(&trace));
        if let Some(fleet) = &self.fleet {
            fleet.leave(request_id, trace, self.settings.remember_s);
        }
    }

    /// Takes in how good an answer was, once for each.
    ///
    /// # Errors
    /// `InvalidRequest` for a score that is none and for a request that is not known; `ProviderUnavailable` while the
    /// shared state cannot be asked.
    pub(crate) async fn feedback(&self, request_id: &str, score: f64) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&score) {
            return Err(Error::invalid_request("score", "must be from 0 (useless) to 1 (just right)"));
        }
        let _turn = self.turn.lock().await;
        let Some(fleet) = &self.fleet else {
            let trace = self.traces.remove(request_id).ok_or_else(unknown)?;
            self.learn(&trace, score);
            return Ok(());
        };
        let trace = match self.traces.get(request_id) {
            Some(near) => near,
            None => fleet.find(request_id).await.map_err(silent)?.ok_or_else(unknown)?,
        };
        let held = fleet.hold().await.map_err(silent)?;
        self.traces.invalidate(request_id);
        if !fleet.claim(request_id, &trace).await.map_err(silent)? {
            return Err(unknown());
        }
        let (mut adapter, mut level) = fleet.known(&trace.model).await.map_err(silent)?;
        adapter.learn(&mut level, &trace.features, trace.expected, score);
        fleet.put(&trace.model, &adapter, level).await.map_err(silent)?;
        drop(held);
        self.replace(self.current().with(&trace.model, adapter, level));
        Ok(())
    }

    /// Moves the adapter of the model that answered.
    fn learn(&self, trace: &Trace, score: f64) {
        let now = self.current();
        let (mut adapter, mut level) = (now.adapter(&trace.model).cloned().unwrap_or_default(), now.level());
        Arc::make_mut(&mut adapter).learn(&mut level, &trace.features, trace.expected, score);
        self.replace(now.with(&trace.model, Arc::unwrap_or_clone(adapter), level));
    }

    async fn export(&self) -> Result<Value, Error> {
        if let Some(fleet) = &self.fleet {
            self.replace(fleet.all().await.map_err(silent)?);
        }
        Ok(self.current().to_json())
    }

    async fn load(&self, experience: Experience) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        if let Some(fleet) = &self.fleet {
            fleet.put_all(&experience).await.map_err(silent)?;
        }
        self.replace(experience);
        Ok(())
    }
}

fn unknown() -> Error {
    let fix = "is not waiting for a score: it must be the request_id of an answer that this router gave, that did not \
               come from the cache and was not scored before; learning.remember and learning.remember_s say how many \
               wait how long";
    Error::invalid_request("request_id", fix)
}

fn silent(why: Unavailable) -> Error {
    Error::new(ErrorKind::ProviderUnavailable, format!("the shared state cannot be asked: {}", why.0))
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod measured;
#[cfg(test)]
mod tests;
