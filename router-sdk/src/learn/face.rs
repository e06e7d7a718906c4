//! What a router has learned as its owner handles it: exported, put back, forgotten.

use std::sync::Arc;

use serde_json::Value;

use super::Experience;
use crate::error::Error;
use crate::pipeline::Shared;

/// What scores taught a router, as JSON to be kept and given back. It holds no word of any request.
///
/// # Examples
/// ```
/// # async fn example(router: clawrouters::Router) -> Result<(), clawrouters::Error> {
/// let learned = router.learning().export().await?;
/// router.learning().reset().await?;
/// router.learning().load(&learned).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Learning {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Learning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learning").field("configured", &self.shared.learning.is_some()).finish()
    }
}

impl Learning {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn inner(&self) -> Result<&Arc<super::Learner>, Error> {
        let fix = "nothing is learned without it; set learning = {}";
        self.shared.learning.as_ref().ok_or_else(|| Error::invalid_config("learning", fix))
    }

    /// Takes in how good an answer was.
    pub(crate) async fn feedback(&self, request_id: &str, score: f64) -> Result<(), Error> {
        self.inner()?.feedback(request_id, score).await
    }

    /// All that was learned: `{version, all: {mean, variance}, models: {"provider/model": {scores, mean, spread}}}`, where
    /// `scores` is how many were taken in and `all` is what models have in common.
    ///
    /// # Errors
    /// `InvalidConfig` where nothing is learned, `ProviderUnavailable` while the shared state cannot be asked.
    pub async fn export(&self) -> Result<Value, Error> {
        self.inner()?.export().await
    }

    /// Puts what was exported in place of all that is known, for every process that shares the state.
    ///
    /// # Errors
    /// As [`Learning::export`]; `InvalidRequest` that names the part which cannot be read.
    pub async fn load(&self, state: &Value) -> Result<(), Error> {
        self.inner()?.load(Experience::from_json(state)?).await
    }

    /// Forgets everything. Answers that wait for a score go on waiting.
    ///
    /// # Errors
    /// As [`Learning::export`].
    pub async fn reset(&self) -> Result<(), Error> {
        self.inner()?.load(Experience::default()).await
    }
}
