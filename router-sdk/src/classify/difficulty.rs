//! Patterns and forecast in, the [`Task`] out: difficulty, success by ability, confidence, evidence.

use super::features::Features;
use super::predictor::Forecast;
use super::reading::Reading;
use super::rules::{Signal, Verdict};
use super::{Evidence, Needs, Success, Task, TaskKind};

const MOST_EVIDENCE: usize = 8;
// The forecast is trained on examination questions in English: at most half of the word is its.
const TRUST: f64 = 0.5;

/// The difficulty that kind, words and size suggest without training data.
pub(crate) fn prior(reading: &Reading<'_>, verdict: &Verdict) -> f64 {
    let base = base(verdict.kind);
    let parts = &reading.parts;
    let size = ((reading.ask_chars as f64 / 60.0).max(1.0).ln() / 4.0).min(0.9) * 0.22;
    let items = (parts.items as f64).min(8.0) * 0.02;
    let material = ((parts.code_chars + parts.log_chars) as f64 / 400.0 + 1.0).ln().min(4.0) * 0.03;
    let cues = f64::from(verdict.cues).clamp(-2.0, 3.0) * 0.11;
    (base - 0.06 + size + items + material + cues).clamp(0.02, 0.98)
}

const fn base(kind: TaskKind) -> f64 {
    match kind {
        TaskKind::Chat => 0.15,
        TaskKind::SimpleQuestion => 0.22,
        TaskKind::Translation => 0.27,
        TaskKind::Classification => 0.27,
        TaskKind::Summarisation => 0.30,
        TaskKind::Extraction => 0.30,
        TaskKind::Creative => 0.34,
        TaskKind::Roleplay => 0.32,
        TaskKind::Vision => 0.45,
        TaskKind::LongContext => 0.50,
        TaskKind::Code => 0.50,
        TaskKind::Agentic => 0.50,
        TaskKind::Reasoning => 0.52,
        TaskKind::Math => 0.54,
        TaskKind::Debug => 0.58,
    }
}

// How much the trained forecast counts beside the prior: nothing where it does not know the words.
fn trust(known: f64) -> f64 {
    TRUST * ((known - 0.3) / 0.5).clamp(0.0, 1.0)
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
    let difficulty = if no_evidence { 0.5 } else { trust * forecast.gain + (1.0 - trust) * prior };
    let success = success(difficulty, trust, forecast, no_evidence);
    let evidence = verdict
        .evidence
        .iter()
        .take(MOST_EVIDENCE)
        .map(|(signal, weight)| Evidence { signal: Signal::name(*signal), weight: round(*weight) })
        .chain((!no_evidence && trust > 0.0).then(|| Evidence {
            signal: "trained predictor".to_owned(),
            weight: (trust * forecast.gain * 1000.0).round() / 1000.0,
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
    let trust = trust * 0.5;
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
