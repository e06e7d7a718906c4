//! What scores taught of one model: features and scores in, how much better or worse it does than expected out.
//!
//! Bayesian regression on the log odds of a good answer: the expectation that selection had is the fixed part, the
//! features' weights are learned with a normal prior around nothing. Each score is one step of Newton's method on the
//! weights and takes its information off their spread. Without scores the weights are nothing; with time they go back
//! there, so that the latest few thousand scores count. What all models share, because requests are easier or harder than
//! they look, is a level of its own, so that a model with few scores is compared fairly with one that has many.

use serde::{Deserialize, Serialize};

use super::features::{Features, SIZE, prior};

/// Scores after which one counts about a third as much as a new one.
const MEMORY: f64 = 2_000.0;
/// However sure an expectation is, a score says so much at least.
const LEAST_INFORMATION: f64 = 0.02;

/// Weights with their spread.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adapter {
    scores: u64,
    mean: [f64; SIZE],
    /// The covariance.
    spread: Box<[[f64; SIZE]; SIZE]>,
}

/// How much better than expected all models do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    pub(super) mean: f64,
    variance: f64,
}

/// One standard deviation of the common level, in log odds, before anything is known.
const LEVEL: f64 = 1.0;

impl Default for Level {
    fn default() -> Self {
        Self { mean: 0.0, variance: LEVEL * LEVEL }
    }
}

impl Level {
    fn fade(&mut self, kept: f64) {
        self.mean *= kept.sqrt();
        self.variance = kept * self.variance + (1.0 - kept) * LEVEL * LEVEL;
    }

    /// Whether scores can have led to it.
    pub(super) fn is_possible(&self) -> bool {
        self.mean.abs() < FARTHEST && self.variance > 0.0 && self.variance < FARTHEST
    }
}

/// What experience says of a model and a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lesson {
    /// So much better than expected, in log odds.
    pub(crate) better: f64,
    /// One standard deviation of what of it is the model's own.
    pub(crate) sigma: f64,
    /// Scores that were had of the model.
    pub(crate) scores: u64,
}

impl Default for Adapter {
    fn default() -> Self {
        let mut spread = Box::new([[0.0; SIZE]; SIZE]);
        for (at, (row, sigma)) in spread.iter_mut().zip(prior()).enumerate() {
            if let Some(own) = row.get_mut(at) {
                *own = sigma * sigma;
            }
        }
        Self { scores: 0, mean: [0.0; SIZE], spread }
    }
}

impl Adapter {
    /// What is expected of a request beyond what was expected before and what all models share.
    pub(crate) fn lesson(&self, features: &Features) -> Lesson {
        let better = features.iter().map(|(at, value)| value * self.mean.get(at).copied().unwrap_or_default()).sum();
        let mut variance = 0.0;
        for (at, value) in features.iter() {
            let Some(row) = self.spread.get(at) else { continue };
            let along: f64 = features.iter().map(|(to, other)| other * row.get(to).copied().unwrap_or_default()).sum();
            variance += value * along;
        }
        Lesson { better, sigma: variance.max(0.0).sqrt(), scores: self.scores }
    }

    /// Takes in how good an answer was, from 0 to 1. `expected` are the log odds of a good answer without experience,
    /// `level` is what all models share.
    pub(crate) fn learn(&mut self, level: &mut Level, features: &Features, expected: f64, score: f64) {
        let kept = 1.0 - 1.0 / MEMORY;
        level.fade(kept);
        self.fade(kept);
        let mut along = [0.0; SIZE];
        for (at, value) in features.iter() {
            let Some(row) = self.spread.get(at) else { continue };
            along.iter_mut().zip(row).for_each(|(sum, cell)| *sum += value * cell);
        }
        let own = self.lesson(features);
        let variance = own.sigma * own.sigma + level.variance;
        let likely = 1.0 / (1.0 + (-(expected + level.mean + own.better)).exp());
        let information = (likely * (1.0 - likely)).max(LEAST_INFORMATION);
        let share = 1.0 / (1.0 + information * variance);
        let step = share * (score - likely);
        let taken = information * share;
        level.mean += step * level.variance;
        level.variance -= taken * level.variance * level.variance;
        self.mean.iter_mut().zip(along).for_each(|(mean, along)| *mean += step * along);
        for (row, one) in self.spread.iter_mut().zip(along) {
            row.iter_mut().zip(along).for_each(|(cell, other)| *cell -= taken * one * other);
        }
        self.scores += 1;
    }

    /// Lets a little of what was learned go.
    fn fade(&mut self, kept: f64) {
        self.mean.iter_mut().for_each(|mean| *mean *= kept.sqrt());
        for (at, (row, sigma)) in self.spread.iter_mut().zip(prior()).enumerate() {
            row.iter_mut().for_each(|cell| *cell *= kept);
            if let Some(own) = row.get_mut(at) {
                *own += (1.0 - kept) * sigma * sigma;
            }
        }
    }

    /// As it is written down.
    pub(super) fn to_record(&self) -> Record {
        let upper = self.spread.iter().enumerate().flat_map(|(at, row)| row.iter().skip(at).copied());
        Record { scores: self.scores, mean: self.mean.to_vec(), spread: upper.collect() }
    }
}

/// An adapter as it is kept and exported: the weights, and the upper half of their covariance row by row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) scores: u64,
    mean: Vec<f64>,
    spread: Vec<f64>,
}

/// Beyond this no weight and no variance can have come of scores.
const FARTHEST: f64 = 1_000.0;

impl Record {
    /// The adapter; nothing where the numbers cannot be those of one.
    pub(super) fn adapter(&self) -> Option<Adapter> {
        let sane = |number: &f64| number.is_finite() && number.abs() < FARTHEST;
        if self.spread.len() != SIZE * (SIZE + 1) / 2 || !self.mean.iter().chain(&self.spread).all(sane) {
            return None;
        }
        let mut adapter =
            Adapter { scores: self.scores, mean: self.mean.clone().try_into().ok()?, ..Adapter::default() };
        let mut numbers = self.spread.iter();
        for at in 0..SIZE {
            for to in at..SIZE {
                let number = *numbers.next()?;
                *adapter.spread.get_mut(at)?.get_mut(to)? = number;
                *adapter.spread.get_mut(to)?.get_mut(at)? = number;
            }
        }
        adapter.is_possible().then_some(adapter)
    }
}

impl Adapter {
    /// Whether the spread can be one: every variance above nothing, none of two further together than their own allow.
    fn is_possible(&self) -> bool {
        let own = |at: usize| self.spread.get(at).and_then(|row| row.get(at)).copied().unwrap_or_default();
        self.spread.iter().enumerate().all(|(at, row)| {
            own(at) > 0.0 && row.iter().enumerate().all(|(to, cell)| cell * cell <= own(at) * own(to) * 1.000_001)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify;
    use crate::wire::ChatRequest;

    fn features(text: &str) -> Features {
        Features::of(&classify(ChatRequest::new("auto", text).body()))
    }

    fn odds(likely: f64) -> f64 {
        (likely / (1.0 - likely)).ln()
    }

    /// An adapter and the level beside it.
    #[derive(Default)]
    struct Both(Adapter, Level);

    impl Both {
        fn learn(&mut self, features: &Features, expected: f64, score: f64) {
            self.0.learn(&mut self.1, features, expected, score);
        }

        fn better(&self, features: &Features) -> f64 {
            self.1.mean + self.0.lesson(features).better
        }
    }

    #[test]
    fn without_scores_nothing_is_better_or_worse() {
        let lesson = Adapter::default().lesson(&features("Write a quicksort in Rust."));
        assert_eq!((lesson.better, lesson.scores), (0.0, 0));
        assert!(lesson.sigma > 0.5 && lesson.sigma < 1.0, "{lesson:?}");
    }

    #[test]
    fn it_comes_to_expect_what_it_is_told() {
        let (code, chat) = (features("Write a quicksort in Rust."), features("Hello, how are you today?"));
        let (mut both, expected) = (Both::default(), odds(0.5));
        let before = both.0.lesson(&code).sigma;
        // Good at code nine times of ten, bad at conversation.
        for i in 0..400 {
            both.learn(&code, expected, f64::from(u8::from(i % 10 != 0)));
            both.learn(&chat, expected, 0.2);
        }
        let likely = |f: &Features| 1.0 / (1.0 + (-(expected + both.better(f))).exp());
        assert!((likely(&code) - 0.9).abs() < 0.06, "{}", likely(&code));
        assert!((likely(&chat) - 0.2).abs() < 0.06, "{}", likely(&chat));
        assert!(both.0.lesson(&code).sigma < before);
        assert_eq!(both.0.lesson(&code).scores, 800);
    }

    #[test]
    fn as_many_good_as_expected_teach_nothing() {
        let (code, mut both) = (features("Write a quicksort in Rust."), Both::default());
        for i in 0..400 {
            both.learn(&code, odds(0.75), f64::from(u8::from(i % 4 != 0)));
        }
        assert!(both.better(&code).abs() < 0.15, "{}", both.better(&code));
    }

    #[test]
    fn what_all_models_share_is_learned_for_those_without_scores() {
        let (code, mut level) = (features("Write a quicksort in Rust."), Level::default());
        for _ in 0..8 {
            let mut one = Adapter::default();
            (0..10).for_each(|_| one.learn(&mut level, &code, odds(0.9), 0.2));
        }
        assert!(level.mean < -1.0, "{level:?}");
    }

    #[test]
    fn a_surprise_moves_it_by_no_more_than_the_prior_allows() {
        let (code, mut both) = (features("Write a quicksort in Rust."), Both::default());
        (0..3).for_each(|_| both.learn(&code, odds(0.999), 0.0));
        assert!(both.better(&code) < -1.0 && both.better(&code) > -8.0, "{}", both.better(&code));
        (0..100_000).for_each(|_| both.learn(&code, odds(1e-9), 1.0));
        let lesson = both.0.lesson(&code);
        assert!(both.better(&code).is_finite() && lesson.sigma.is_finite() && both.better(&code) < 60.0, "{lesson:?}");
        assert!(both.0.to_record().adapter().is_some() && both.1.is_possible());
    }

    #[test]
    fn what_was_learned_long_ago_fades() {
        let (code, mut both) = (features("Write a quicksort in Rust."), Both::default());
        (0..300).for_each(|_| both.learn(&code, 0.0, 1.0));
        let then = both.better(&code);
        (0..12_000).for_each(|i| both.learn(&code, 0.0, f64::from(i % 2)));
        assert!(both.better(&code) < then / 4.0, "{then} {}", both.better(&code));
    }

    #[test]
    fn a_record_is_the_adapter_again_and_nonsense_is_none() {
        let (code, mut both) = (features("Write a quicksort in Rust."), Both::default());
        (0..30).for_each(|_| both.learn(&code, 0.0, 0.9));
        let record = both.0.to_record();
        let (again, was) = (record.adapter().unwrap().lesson(&code), both.0.lesson(&code));
        assert!((again.better - was.better).abs() < 1e-9 && (again.sigma - was.sigma).abs() < 1e-9);
        assert_eq!(again.scores, 30);
        let broken = |change: fn(&mut Record)| {
            let mut record = record.clone();
            change(&mut record);
            record.adapter().is_none()
        };
        assert!(broken(|r| r.mean.truncate(3)) && broken(|r| r.spread.push(1.0)));
        assert!(broken(|r| r.mean[0] = f64::NAN) && broken(|r| r.mean[1] = 1e12));
        assert!(broken(|r| r.spread[0] = -1.0) && broken(|r| r.spread[1] = 50.0));
    }
}
