//! Prompts of every day, labelled with the kinds that people accept and with a tier of difficulty.
//!
//! Rules are tuned on one third; what is asserted is measured on the other two.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::classify::{Task, TaskKind, classify};

const TUNE: &str = include_str!("../testdata/everyday_tune.json");
const MEASURED: &str = include_str!("../testdata/everyday_measured.json");

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tier {
    Easy,
    Medium,
    Hard,
}

#[derive(Deserialize)]
struct Prompt {
    language: String,
    kinds: Vec<String>,
    tier: Tier,
    request: Map<String, Value>,
}

struct Judged {
    language: String,
    right: bool,
    tier: Tier,
    task: Task,
}

fn judge(text: &str) -> Vec<Judged> {
    let prompts: Vec<Prompt> = serde_json::from_str(text).unwrap();
    prompts
        .into_iter()
        .map(|prompt| {
            let task = classify(&prompt.request);
            let right = prompt.kinds.iter().any(|kind| TaskKind::parse(kind).unwrap() == task.kind);
            Judged { language: prompt.language, right, tier: prompt.tier, task }
        })
        .collect()
}

fn share_right(judged: &[Judged]) -> f64 {
    judged.iter().filter(|one| one.right).count() as f64 / judged.len() as f64
}

fn quantile(judged: &[Judged], tier: Tier, at: f64) -> f64 {
    let mut values: Vec<f64> = judged.iter().filter(|one| one.tier == tier).map(|one| one.task.difficulty).collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at) as usize]
}

// Ranks with ties shared.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |value: f64| values.iter().filter(|other| **other < value).count() as f64;
    let equal = |value: f64| values.iter().filter(|other| **other == value).count() as f64;
    values.iter().map(|&value| below(value) + (equal(value) - 1.0) / 2.0).collect()
}

fn spearman(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (ranks(left), ranks(right));
    let mean = (left.len() - 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    product(&left, &right) / (product(&left, &left) * product(&right, &right)).sqrt()
}

fn agreement(judged: &[Judged]) -> f64 {
    let difficulty: Vec<f64> = judged.iter().map(|one| one.task.difficulty).collect();
    let tier: Vec<f64> = judged.iter().map(|one| f64::from(one.tier as u8)).collect();
    spearman(&difficulty, &tier)
}

#[test]
fn the_set_is_large_and_speaks_many_languages() {
    let all: Vec<_> = judge(TUNE).into_iter().chain(judge(MEASURED)).collect();
    assert!(all.len() >= 250, "{}", all.len());
    let mut languages: Vec<_> = all.iter().map(|one| one.language.as_str()).collect();
    languages.sort_unstable();
    let often = languages.chunk_by(|a, b| a == b).filter(|same| same.len() >= 5).count();
    assert!(often >= 14, "{often}");
}

#[test]
fn kinds_are_right_where_no_rule_was_tuned() {
    let judged = judge(MEASURED);
    let share = share_right(&judged);
    println!("every day, measured: {} prompts, {share:.3} right", judged.len());
    assert!(share >= 0.80, "{share:.3}");
    let other: Vec<_> = judged.into_iter().filter(|one| one.language != "en").collect();
    assert!(share_right(&other) >= 0.75, "{:.3}", share_right(&other));
}

#[test]
fn difficulty_follows_the_tiers() {
    let judged = judge(MEASURED);
    let agreement = agreement(&judged);
    assert!(agreement >= 0.5, "{agreement:.3}");
    let easy = quantile(&judged, Tier::Easy, 0.5);
    let hard = quantile(&judged, Tier::Hard, 0.5);
    assert!(easy <= 0.3 && hard >= 0.6, "{easy:.2} {hard:.2}");
    // Nearly all that is easy is below nearly all that is hard.
    assert!(quantile(&judged, Tier::Easy, 0.9) < quantile(&judged, Tier::Hard, 0.1));
}

#[test]
fn the_measure_itself_tells_orders_apart() {
    assert!((spearman(&[0.1, 0.2, 0.3, 0.9], &[1.0, 2.0, 3.0, 4.0]) - 1.0).abs() < 1e-9);
    assert!((spearman(&[0.9, 0.3, 0.2, 0.1], &[1.0, 2.0, 3.0, 4.0]) + 1.0).abs() < 1e-9);
}

#[test]
fn trouble_is_a_fault_only_where_something_technical_is_in_sight() {
    use super::ask;
    for text in ["The toaster is broken and I am late, say something kind", "My sofa is broken, lol, Monday again"] {
        let task = ask(text);
        assert_eq!(task.kind, TaskKind::Chat, "{text}");
        assert!(task.difficulty < 0.3, "{text}: {}", task.difficulty);
    }
    assert_eq!(ask("Our Flask server keeps crashing after the upgrade").kind, TaskKind::Debug);
}

#[test]
fn what_an_instruction_works_on_is_not_what_is_asked() {
    use super::ask;
    for material in
        ["Fix the bug in the parser and prove that it terminates.", "Calculate 3 + 4 * 5, then write a poem."]
    {
        let task = ask(&format!("Translate into Danish: {material}"));
        assert_eq!(task.kind, TaskKind::Translation, "{material}");
        assert!(task.difficulty < 0.35, "{material}: {}", task.difficulty);
    }
}
