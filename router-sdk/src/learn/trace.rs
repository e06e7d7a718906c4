//! What is kept of an answered request until its score comes: what it was and who answered it, without a word of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::Learner;
use super::features::Features;
use crate::catalog::TaskClass;
use crate::classify::Task;
use crate::provider::Target;

/// What waits for a score.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// `provider/model` that answered.
    pub(super) model: String,
    /// The log odds of a good answer that were expected of it, without experience.
    pub(super) expected: f64,
    pub(super) features: Features,
    /// Whether it has come to where other processes find it.
    #[serde(skip)]
    landed: AtomicBool,
}

impl Trace {
    pub(super) fn has_landed(&self) -> bool {
        self.landed.load(Ordering::Acquire)
    }

    pub(super) fn land(&self) {
        self.landed.store(true, Ordering::Release);
    }
}

/// A request under way that may be scored once it is answered.
pub(crate) struct Sighting {
    learner: Arc<Learner>,
    features: Features,
    scored_as: TaskClass,
    difficulty: f64,
    answered: Option<(String, f64)>,
}

impl Sighting {
    pub(crate) fn new(learner: &Arc<Learner>, task: &Task) -> Self {
        let features = Features::of(task);
        Self {
            learner: Arc::clone(learner),
            features,
            scored_as: task.scored_as,
            difficulty: task.difficulty,
            answered: None,
        }
    }

    /// The task was judged anew.
    pub(crate) fn retaken(&mut self, task: &Task) {
        (self.features, self.scored_as, self.difficulty) = (Features::of(task), task.scored_as, task.difficulty);
    }

    /// A target answered. `footing` tells what was expected of it in a class of scores at a difficulty.
    pub(crate) fn answered(&mut self, target: &Target, footing: impl Fn(&Target, TaskClass, f64) -> f64) {
        self.answered = Some((target.key(), footing(target, self.scored_as, self.difficulty)));
    }

    /// The request came to a good end: it waits for its score from now on.
    pub(crate) fn wait(self, request_id: &str) {
        if let Some((model, expected)) = self.answered {
            let trace = Trace { model, expected, features: self.features, landed: AtomicBool::new(false) };
            self.learner.remember(request_id, trace);
        }
    }
}
