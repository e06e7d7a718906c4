//! Patterns and forecast in, the [`Task`] out: difficulty, success by ability, confidence, evidence.

use super::features::Features;
use super::predictor::Forecast;
use super::reading::Reading;
use super::rules::{Signal, Verdict};
use super::{Evidence, Needs, Success, Task, TaskKind};

const MOST_EVIDENCE: usize = 8;
/// The difficulty that kind, words and size suggest without training data.
pub(crate) fn prior(reading: &Reading<'_>, verdict: &Verdict) -> f64 {
    let parts = &reading.parts;
    let step = steps(verdict);
    let asked = (verdict.asked as f64 / 60.0).max(0.5).ln().min(3.4);
    // What an instruction works on makes it longer rather than harder.
    let given = reading.ask_chars.saturating_sub(verdict.asked) + parts.document_chars;
    let given = (given as f64 / 400.0 + 1.0).ln().min(4.0) * 0.03;
    let items = (parts.items as f64).min(8.0) * 0.02;
    let material = ((parts.code_chars + parts.log_chars) as f64 / 400.0 + 1.0).ln().min(4.0) * 0.03;
    let cues = f64::from(verdict.cues).clamp(-2.0, 4.0) * step.cue;
    let all = step.base + asked * step.size + given + items + material + cues;
    // Where answers are given the shape is that of an examination, and says little about what it takes.
    let all = if verdict.choices { 0.375 + 0.25 * all } else { all };
    all.clamp(0.02, 0.98)
}

// What a kind starts from, what each e-fold of words adds, what each word of depth adds.
struct Steps {
    base: f64,
    size: f64,
    cue: f64,
}

const fn steps(verdict: &Verdict) -> Steps {
    let (base, size, cue) = match verdict.kind {
        // Words that are known and yet say no kind may be anything.
        TaskKind::Chat if verdict.none => (0.26, 0.07, 0.07),
        TaskKind::Chat => (0.12, 0.05, 0.06),
        TaskKind::SimpleQuestion => (0.16, 0.05, 0.07),
        TaskKind::Translation => (0.21, 0.03, 0.09),
        TaskKind::Classification => (0.20, 0.03, 0.07),
        TaskKind::Summarisation => (0.25, 0.03, 0.07),
        TaskKind::Extraction => (0.24, 0.03, 0.07),
        TaskKind::Creative => (0.26, 0.05, 0.09),
        TaskKind::Roleplay => (0.30, 0.03, 0.07),
        TaskKind::Vision => (0.36, 0.03, 0.07),
        TaskKind::LongContext => (0.44, 0.03, 0.06),
        TaskKind::Code => (0.36, 0.07, 0.08),
        TaskKind::Agentic => (0.33, 0.07, 0.08),
        TaskKind::Reasoning => (0.40, 0.07, 0.08),
        TaskKind::Math => (0.38, 0.06, 0.11),
        TaskKind::Debug => (0.44, 0.07, 0.09),
    };
    Steps { base, size, cue }
}

/// How far the trained rank may move the difficulty, up or down, from what kind and shape suggest.
///
/// It is trained on examination questions, mostly with answers to choose from: there it leads.
pub(crate) fn reach(verdict: &Verdict) -> f64 {
    match verdict.kind {
        _ if verdict.choices => 0.35,
        TaskKind::Math => 0.16,
        TaskKind::Reasoning => 0.14,
        TaskKind::Code | TaskKind::Debug | TaskKind::Agentic => 0.12,
        TaskKind::SimpleQuestion => 0.10,
        TaskKind::Chat if verdict.none => 0.12,
        _ => 0.06,
    }
}

// The share of the reach that the rank has: nothing where it does not know the words.
fn trust(known: f64) -> f64 {
    ((known - 0.3) / 0.5).clamp(0.0, 1.0)
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
    let prior = prior(reading, &verdict);
    let trust = trust(forecast.known);
    let moved = trust * reach(&verdict) * (2.0 * forecast.gain - 1.0);
    let difficulty = if no_evidence { 0.5 } else { prior + moved };
    let success = success(difficulty, trust, forecast, no_evidence);
    let evidence =
        verdict
            .evidence
            .iter()
            .take(MOST_EVIDENCE)
            .map(|(signal, weight)| Evidence { signal: Signal::name(*signal), weight: round(*weight) })
            .chain((!no_evidence && trust > 0.0).then(|| Evidence {
                signal: "trained predictor".to_owned(),
                weight: (moved * 1000.0).round() / 1000.0,
            }))
            .collect();
    Task {
        kind: verdict.kind,
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

// Success by ability from the difficulty alone, blended with the forecast where it is trusted.
fn success(difficulty: f64, trust: f64, forecast: &Forecast, no_evidence: bool) -> Success {
    let alone = [0.92 - 0.62 * difficulty, 0.95 - 0.42 * difficulty, 0.97 - 0.24 * difficulty];
    // Training prompts are harder than most traffic, so its word on success counts less than on rank.
    let trust = trust * 0.25;
    let mut by_ability = [0.0; 3];
    for (at, value) in by_ability.iter_mut().enumerate() {
        *value = trust * forecast.success[at] + (1.0 - trust) * alone[at];
    }
    // A stronger model is never expected to do worse.
    by_ability[1] = by_ability[1].max(by_ability[0]);
    by_ability[2] = by_ability[2].max(by_ability[1]);
    let uncertainty = if no_evidence { 0.25 } else { 0.10 + 0.12 * (1.0 - 2.0 * trust) };
    Success { weak: by_ability[0], mid: by_ability[1], strong: by_ability[2], uncertainty }
}
