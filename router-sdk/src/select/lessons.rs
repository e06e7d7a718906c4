//! What experience says of models for one request: an entry of the pool in, points of ability more or less out.

use std::sync::Arc;

use super::pool::{DOUBT, Entry, level};
use super::rank::{K, demand_of};
use crate::catalog::TaskClass;
use crate::classify::Task;
use crate::learn::{Experience, Features};
use crate::provider::Target;

/// Experience, as one request sees it.
#[derive(Debug)]
pub(crate) struct Lessons {
    experience: Arc<Experience>,
    features: Features,
    /// Points by which models without scores differ.
    common: f64,
    /// Standard normal numbers by which what is known little of is tried out; absent where nothing is.
    pub(super) trial: Option<Vec<f64>>,
}

impl Lessons {
    pub(crate) fn new(experience: Arc<Experience>, task: &Task, trial: Option<Vec<f64>>) -> Self {
        let features = Features::of(task);
        let common = K * experience.common();
        Self { experience, features, common, trial }
    }

    /// A number for the models that have scores; the same number is the same models.
    pub(super) fn taught(&self) -> u64 {
        self.experience.taught()
    }

    pub(super) fn knows(&self, entry: &Entry) -> bool {
        self.experience.knows(&entry.key)
    }

    /// Points by which the ability differs from the scores' own: what was better or worse, and the doubt that scores took
    /// away. Models without scores share what all have in common.
    pub(super) fn points(&self, entry: &Entry, class: usize) -> f64 {
        let Some(lesson) = self.experience.lesson(&entry.key, &self.features) else { return self.common };
        let doubt = f64::from(entry.doubts.get(class).copied().unwrap_or_default());
        K * lesson.better + doubt - doubt.min(f64::from(DOUBT) * K * lesson.sigma)
    }

    /// An ability that the model may have, `chance` standard deviations from the likeliest.
    pub(super) fn drawn(&self, entry: &Entry, class: usize, chance: f64) -> f64 {
        let blank = || self.experience.blank(&self.features);
        let lesson = self.experience.lesson(&entry.key, &self.features).unwrap_or_else(blank);
        let of = |list: &[f32]| f64::from(list.get(class).copied().unwrap_or_default());
        of(&entry.abilities) + of(&entry.doubts) + K * (lesson.better + chance * lesson.sigma)
    }

    /// Scores that were had of a model.
    pub(super) fn scores(&self, entry: &Entry) -> u64 {
        self.experience.lesson(&entry.key, &self.features).map_or(0, |lesson| lesson.scores)
    }
}

/// The log odds of a good answer by a model's scores alone, nothing doubted.
pub(crate) fn footing(target: &Target, class: TaskClass, difficulty: f64) -> f64 {
    let scores = target.model.scores_at(target.effort.as_deref());
    let (value, _) = level(scores.get(class), scores.is_empty(), target.catalogued);
    (f64::from(value) - demand_of(difficulty)) / K
}
