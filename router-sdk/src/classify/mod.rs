//! The parsed chat request in, a [`Task`] out: what is asked, how hard it is, what it needs. Pure and offline.

mod alike;
mod automaton;
mod difficulty;
mod features;
mod fold;
mod followup;
mod instruction;
mod matcher;
mod needs;
mod patterns;
mod predictor;
mod question;
mod reading;
mod rules;
mod script;
mod segment;
mod shape;
mod stems;
mod task;
mod typos;
mod wording;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::catalog::TaskClass;

pub(crate) use alike::as_matched;
pub(crate) use followup::is_follow_up;
pub(crate) use needs::PARAMS;
pub use needs::{Needs, needs};
pub use script::Script;
pub use task::{Evidence, Success, Task, TaskKind};

use reading::Reading;

/// Classifies one OpenAI-shaped chat request by what its user asks for.
///
/// System prompts, tool schemas, harness text, pasted documents, logs and code
/// are sized and never scored as the ask. Deterministic; accepts any JSON.
pub fn classify(body: &Map<String, Value>) -> Task {
    let needs = needs(body);
    let mut reading = Reading::of(body);
    let mut verdict = rules::judge(&reading, &needs);
    // A few words that say nothing by themselves continue what came before.
    while verdict.none && reading.may_inherit {
        let Some(earlier) = reading.back() else { break };
        reading = earlier;
        verdict = rules::judge(&reading, &needs);
    }
    wording::hear(&reading.folded, &mut verdict);
    let text = features::extract(&reading, &verdict);
    let forecast = predictor::forecast(&text);
    difficulty::assemble(&reading, needs, verdict, &text, &forecast)
}

/// The text that is scored as the ask: the last user turn that asks something, without what is pasted into it.
pub(crate) fn ask(body: &Map<String, Value>) -> String {
    Reading::of(body).parts.ask
}

/// What one user message asks, without what is pasted into it, folded as patterns see it.
pub(crate) fn asked_in(message: &Map<String, Value>) -> String {
    let mut folded = String::new();
    fold::fold_into(reading::read_turn(message).ask.trim(), &mut folded);
    folded
}

/// The feature vector that the predictor sees for a bare prompt: `(hashed buckets, surface values)`.
///
/// Training calls this, so that Python never re-implements it.
#[doc(hidden)]
pub fn training_features(body: &Map<String, Value>) -> TrainingRow {
    let needs = needs(body);
    let reading = Reading::of(body);
    let mut verdict = rules::judge(&reading, &needs);
    wording::hear(&reading.folded, &mut verdict);
    let text = features::extract_all(&reading, &verdict);
    TrainingRow {
        kind: verdict.kind,
        said: verdict.said,
        scored_as: difficulty::scored_as(&verdict, &text),
        scores: verdict.scores.to_vec(),
        wording: wording::words(verdict.repaired.as_deref().unwrap_or(&reading.folded)),
        shape: text.shape().index(),
        prior: difficulty::prior(&reading, &verdict, &text),
        reach: difficulty::reach(&verdict, &text),
        words: text.word_hashes(),
        buckets: text.buckets().to_vec(),
        surface: text.surface().to_vec(),
    }
}

/// One row of training input, as [`training_features`] makes it.
#[doc(hidden)]
#[derive(Debug, Clone, serde::Serialize)]
pub struct TrainingRow {
    /// The kind that patterns and words chose.
    pub kind: TaskKind,
    /// The kind that the patterns chose.
    pub said: TaskKind,
    /// The class of capability scores that models are compared by.
    pub scored_as: TaskClass,
    /// The score that the patterns give every kind.
    pub scores: Vec<f32>,
    /// Hashes of the words that the kind is told by.
    pub wording: Vec<u32>,
    /// What the ask looks like: 0 answers to choose from, 1 a story with numbers, 2 everything else.
    pub shape: usize,
    /// The difficulty that the kind and the size of the request suggest alone.
    pub prior: f64,
    /// How far the trained rank may move the difficulty from there.
    pub reach: f64,
    /// Hashes of the distinct words, for the vocabulary filter.
    pub words: Vec<u32>,
    /// Hashed word and word-pair buckets that are present.
    pub buckets: Vec<u32>,
    /// Surface values, unscaled.
    pub surface: Vec<f32>,
}
