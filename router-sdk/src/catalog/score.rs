//! How well a model does by kind of task, with how that is known and how sure it is.

use serde::{Deserialize, Serialize};

use super::TaskClass;

/// A figure from 0 to 100 on the scale of a published intelligence index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    /// The figure.
    pub value: f32,
    /// One standard deviation of what the figure may be off by.
    pub sigma: f32,
    /// Where it comes from.
    pub basis: Basis,
}

impl Score {
    /// The spread given to a model of which nothing is known.
    pub const UNKNOWN_SIGMA: f32 = 30.0;
}

impl Default for Score {
    fn default() -> Self {
        Score { value: 0.0, sigma: Self::UNKNOWN_SIGMA, basis: Basis::None }
    }
}

/// Where a score comes from, the most trustworthy first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Benchmarks of this model in this class.
    Measured,
    /// The model's general score stands in for the class.
    GeneralProxy,
    /// An estimate from its maker's other models, its price and its age.
    FamilyPrior,
    /// Nothing is known.
    #[default]
    None,
}

/// One score a class; a class without one reads as [`Basis::None`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scores([Score; TaskClass::ALL.len()]);

impl Scores {
    /// The score of a class.
    pub fn get(&self, class: TaskClass) -> Score {
        self.0.get(class as usize).copied().unwrap_or_default()
    }

    /// Puts the score of a class.
    pub fn set(&mut self, class: TaskClass, score: Score) {
        if let Some(slot) = self.0.get_mut(class as usize) {
            *slot = score;
        }
    }

    /// Whether no class has a score.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|score| score.basis == Basis::None)
    }

    /// Every class with its score.
    pub fn iter(&self) -> impl Iterator<Item = (TaskClass, Score)> + '_ {
        TaskClass::ALL.into_iter().zip(self.0.iter().copied())
    }
}
