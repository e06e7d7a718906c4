//! Labelled prompts in many languages: the kind is right nearly always, in each language mostly.

use std::collections::BTreeMap;

use super::ask;
use crate::classify::{Script, TaskKind};

const PROMPTS: &str = include_str!("../testdata/kinds.tsv");
const HELD_OUT: &str = include_str!("../testdata/kinds_held_out.tsv");

fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, TaskKind, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
        let mut cells = line.splitn(3, '\t');
        let (language, kind, prompt) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        (language, TaskKind::parse(kind).unwrap_or_else(|| panic!("no kind {kind}")), prompt)
    })
}

fn accuracy(text: &'static str) -> (f64, BTreeMap<&'static str, (usize, usize)>, Vec<String>) {
    let mut by_language: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (language, kind, prompt) in rows(text) {
        let task = ask(prompt);
        let count = by_language.entry(language).or_default();
        count.1 += 1;
        if task.kind == kind {
            count.0 += 1;
        } else {
            wrong.push(format!("{language} {kind} not {}: {prompt}", task.kind));
        }
    }
    let (right, all) = by_language.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    (right as f64 / all as f64, by_language, wrong)
}

#[test]
fn written_prompts_in_many_languages_get_their_kind() {
    let (share, by_language, wrong) = accuracy(PROMPTS);
    assert!(by_language.len() >= 20, "{by_language:?}");
    assert!(share >= 0.97, "{share:.3}\n{}", wrong.join("\n"));
    for (language, (right, all)) in by_language {
        assert!(right * 10 >= all * 8, "{language}: {right} of {all}");
    }
}

#[test]
fn prompts_that_no_pattern_was_written_for_get_their_kind() {
    let (share, by_language, wrong) = accuracy(HELD_OUT);
    println!("kinds, held out: {share:.3} right");
    assert!(by_language.len() >= 14, "{by_language:?}");
    assert!(share >= 0.80, "{share:.3}\n{}", wrong.join("\n"));
}

#[test]
fn a_language_is_not_a_kind() {
    for (language, kind, prompt) in rows(PROMPTS) {
        if kind == TaskKind::Translation || !["zh", "ja", "ko", "ar", "hi", "ru"].contains(&language) {
            continue;
        }
        assert_ne!(ask(prompt).kind, TaskKind::Translation, "{prompt}");
    }
}

#[test]
fn scripts_are_told_apart() {
    for (text, script) in [
        ("Write a poem", Script::Latin),
        ("Напиши стих", Script::Cyrillic),
        ("写一首诗", Script::Chinese),
        ("日本の首都はどこですか", Script::Japanese),
        ("東京都の人口は？", Script::Japanese),
        ("カタカナ", Script::Japanese),
        ("서울의 인구는?", Script::Korean),
        ("اكتب قصيدة", Script::Arabic),
        ("कविता लिखो", Script::Devanagari),
        ("γράψε ένα ποίημα", Script::Greek),
        ("כתוב שיר", Script::Hebrew),
        ("แต่งกลอน", Script::SoutheastAsian),
        ("用 Python 写一个函数", Script::Chinese),
    ] {
        assert_eq!(ask(text).script, Some(script), "{text}");
    }
    assert_eq!(ask("12 + 30").script, None);
}

#[test]
fn a_word_of_letters_outside_ascii_ends_where_it_ends() {
    assert_eq!(ask("пока").kind, TaskKind::Chat);
    assert_eq!(ask("Покажи, что сумма двух чётных чисел чётна").kind, TaskKind::Math);
}

#[test]
fn evidence_names_signals_and_never_quotes() {
    let task = ask("Please translate my zebracorn memo into German");
    assert!(task.evidence.iter().any(|e| e.signal == "en: translate" && e.weight > 0.0), "{:?}", task.evidence);
    assert!(!serde_json::to_string(&task).unwrap().contains("zebracorn"));
}

#[test]
fn harder_asks_of_a_kind_are_harder() {
    for (easy, hard) in [
        (
            "Write a hello world program in Python",
            "Implement a lock-free concurrent hash map in C++ with resizing, and prove that it is linearizable",
        ),
        (
            "What is 2 + 2?",
            "Prove that there are infinitely many primes congruent to 3 modulo 4, and derive an asymptotic bound for their density",
        ),
        (
            "Hi!",
            "Design a fault-tolerant distributed ledger, and analyze the trade-offs between consistency and availability",
        ),
        ("你好", "请设计一个高可用的分布式缓存架构，并详细分析一致性与可用性的权衡"),
        (
            "Hola",
            "Demuestra paso a paso que la raíz cuadrada de 2 es irracional y analiza la complejidad del argumento",
        ),
    ] {
        let (easy, hard) = (ask(easy).difficulty, ask(hard).difficulty);
        assert!(hard > easy + 0.15, "{easy:.2} {hard:.2}");
    }
}
