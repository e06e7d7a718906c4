//! Patterns and forecast in, the [`Task`] out: difficulty, success by ability, confidence, evidence.

use std::borrow::Cow;

use super::features::Features;
use super::predictor::Forecast;
use super::reading::Reading;
use super::rules::Verdict;
use super::shape::Shape;
use super::{Evidence, Needs, Success, Task, TaskKind};
use crate::catalog::TaskClass;

const MOST_EVIDENCE: usize = 8;
// One standard deviation of success where nothing is known of an ask, and the most where something is.
const UNKNOWN: f64 = 0.25;
const KNOWN: f64 = 0.22;
// The level of an ask that says no kind, from so many letters on.
const UNSAID: f32 = 60.0;
const UNKNOWN_ASK: f64 = 0.46;
// Where the form is that of an examination, kind and words say little about what it takes.
const CHOICES: f64 = 0.40;
const STORY: f64 = 0.50;
// What words of depth add at the most, and how many it takes for two thirds of it. The first says most, since languages
// differ in how many of them a hard ask has.
const DEEP: f64 = 0.25;
const DEPTH: f64 = 1.2;
// What a word for something easy takes away.
const PLAIN: f64 = 0.13;

/// The difficulty that the kind and its words suggest; size comes with the rank.
pub(crate) fn prior(reading: &Reading<'_>, verdict: &Verdict, features: &Features) -> f64 {
    let parts = &reading.parts;
    let level = match features.shape() {
        _ if verdict.choices => return CHOICES,
        Shape::Choices => return CHOICES,
        Shape::Story if is_worked_out(verdict.said) => return STORY,
        // A few unknown words are mostly talk; from here on they may ask for anything.
        _ if verdict.none && features.surface()[0].exp() >= UNSAID => UNKNOWN_ASK,
        _ => verdict.level.unwrap_or_else(|| level_of(verdict.kind)),
    };
    // What an instruction works on makes it longer rather than harder.
    let given = reading.ask_chars.saturating_sub(verdict.asked) + parts.document_chars;
    let given = (given as f64 / 400.0 + 1.0).ln().min(4.0) * 0.03;
    let items = (parts.items as f64).min(8.0) * 0.02;
    let material = ((parts.code_chars + parts.log_chars) as f64 / 400.0 + 1.0).ln().min(4.0) * 0.03;
    (level + given + items + material + depth(verdict.cues)).clamp(0.02, 0.98)
}

/// An ask of this kind and of middling size.
pub(crate) const fn level_of(kind: TaskKind) -> f64 {
    match kind {
        TaskKind::Chat => 0.22,
        TaskKind::SimpleQuestion => 0.27,
        TaskKind::Translation | TaskKind::Classification => 0.22,
        TaskKind::Extraction => 0.25,
        TaskKind::Summarisation => 0.26,
        TaskKind::Creative => 0.34,
        TaskKind::Roleplay => 0.31,
        TaskKind::Vision => 0.35,
        TaskKind::LongContext => 0.48,
        TaskKind::Agentic => 0.35,
        TaskKind::Math => 0.50,
        TaskKind::Code => 0.53,
        TaskKind::Debug => 0.56,
        TaskKind::Reasoning => 0.57,
    }
}

fn depth(cues: f32) -> f64 {
    let cues = f64::from(cues);
    if cues > 0.0 { DEEP * (1.0 - (-cues / DEPTH).exp()) } else { PLAIN * cues.max(-1.0) }
}

// The answer is to be found by thinking: in a story with numbers it is a number, whatever the story is about.
const fn is_worked_out(kind: TaskKind) -> bool {
    matches!(
        kind,
        TaskKind::Math
            | TaskKind::Reasoning
            | TaskKind::SimpleQuestion
            | TaskKind::Code
            | TaskKind::Debug
            | TaskKind::Agentic
    )
}

// Most of such an ask is its material.
const fn works_on_text(kind: TaskKind) -> bool {
    matches!(
        kind,
        TaskKind::Translation
            | TaskKind::Summarisation
            | TaskKind::Classification
            | TaskKind::Extraction
            | TaskKind::Vision
            | TaskKind::LongContext
    )
}

/// The scores that tell models apart on this ask: those of examinations where it has their form and asks for an answer,
/// whatever it is about, and those of everything where it is a story with numbers, which scores in mathematics, being
/// those of competitions, say little about. Where something is made of a text or done, those of its kind.
pub(crate) fn scored_as(verdict: &Verdict, features: &Features) -> TaskClass {
    use TaskKind::{Chat, Classification, Math, Reasoning, SimpleQuestion, Vision};
    let choices = verdict.choices || features.shape() == Shape::Choices;
    match verdict.kind {
        Reasoning | SimpleQuestion | Math | Classification | Chat | Vision if choices => TaskClass::Reasoning,
        Reasoning | SimpleQuestion | Math if features.shape() == Shape::Story => TaskClass::General,
        kind => kind.class(),
    }
}

/// How far the trained rank may move the difficulty, up or down, from what the kind suggests.
pub(crate) fn reach(verdict: &Verdict, features: &Features) -> f64 {
    match features.shape() {
        Shape::Choices => 0.35,
        _ if verdict.choices => 0.35,
        _ if works_on_text(verdict.kind) => 0.06,
        Shape::Story => 0.30,
        Shape::Other => 0.16,
    }
}

/// Puts the task together.
pub(crate) fn assemble(
    reading: &Reading<'_>,
    needs: Needs,
    verdict: Verdict,
    features: &Features,
    forecast: &Forecast,
) -> Task {
    let words = features.words().len();
    let no_evidence = verdict.none && (words < 4 || forecast.known < 0.5);
    let prior = prior(reading, &verdict, features);
    let moved = reach(&verdict, features) * (2.0 * forecast.gain - 1.0);
    let difficulty = if no_evidence { 0.5 } else { prior + moved };
    let success = success(difficulty, forecast, no_evidence);
    let evidence = verdict
        .evidence
        .iter()
        .take(MOST_EVIDENCE)
        .map(|(signal, weight)| Evidence { signal: Cow::Borrowed(signal.name()), weight: round(*weight) })
        .chain((!no_evidence).then(|| Evidence {
            signal: Cow::Borrowed("trained predictor"),
            weight: (moved * 1000.0).round() / 1000.0,
        }))
        .collect();
    Task {
        kind: verdict.kind,
        scored_as: scored_as(&verdict, features),
        difficulty: difficulty.clamp(0.0, 1.0),
        confidence: if no_evidence { 0.0 } else { verdict.confidence * if reading.inherited { 0.9 } else { 1.0 } },
        evidence,
        no_evidence,
        success,
        needs,
        script: verdict.script,
        ask_chars: reading.ask_chars,
        context_chars: reading.context_chars,
        inherited: reading.inherited,
    }
}

fn round(weight: f32) -> f64 {
    (f64::from(weight) * 1000.0).round() / 1000.0
}

// Success by ability: log odds on the difficulty, as fitted on benchmarks of this shape.
fn success(difficulty: f64, forecast: &Forecast, no_evidence: bool) -> Success {
    let mut by_ability = forecast.success.map(|[level, slope]| {
        let odds = f64::from(level) + f64::from(slope) * difficulty;
        1.0 / (1.0 + (-odds).exp())
    });
    // A stronger model is never expected to do worse.
    by_ability[1] = by_ability[1].max(by_ability[0]);
    by_ability[2] = by_ability[2].max(by_ability[1]);
    let uncertainty = if no_evidence { UNKNOWN } else { f64::from(forecast.stray).min(KNOWN) };
    Success { weak: by_ability[0], mid: by_ability[1], strong: by_ability[2], uncertainty }
}
