//! The labelled set: asks of many users in many languages, one third open to whoever writes rules, two thirds held.
//!
//! Of the held part only totals are printed, by kind and by language, so that no rule is written for one of its prompts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::classify::{Task, TaskKind, classify};

const OPEN: &str = include_str!("../testdata/asks_open.jsonl");
const HELD: &str = include_str!("../testdata/asks_held.jsonl");
// Wording that people use and rules seldom foresee.
const FRESH: &str = include_str!("../testdata/asks_fresh.jsonl");
// By a hand that knew neither rules nor lists.
const STRANGERS: &str = include_str!("../testdata/asks_strangers.jsonl");
// By a further hand, measured once, after everything that this project has of rules and training.
const UNSEEN: &str = include_str!("../testdata/asks_unseen.jsonl");
const MATERIALS: &str = include_str!("../testdata/materials.json");

#[derive(Deserialize)]
struct Ask {
    language: String,
    kinds: Vec<String>,
    tier: String,
    // Written after most of the rules.
    #[serde(default)]
    later: bool,
    request: Map<String, Value>,
}

struct Judged {
    language: String,
    kinds: Vec<TaskKind>,
    tier: String,
    later: bool,
    text: String,
    task: Task,
}

impl Judged {
    fn right(&self) -> bool {
        self.kinds.contains(&self.task.kind)
    }
}

// `{{name}}` stands for a pasted material, `{{name*40}}` for forty numbered copies of it.
fn expand(text: &str, materials: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").unwrap();
        out.push_str(before);
        match inside.split_once('*') {
            None => out.push_str(&materials[inside]),
            Some((name, times)) => {
                for number in 1..=times.parse::<usize>().unwrap() {
                    out.push_str(&format!("{number}. {}\n\n", materials[name]));
                }
            }
        }
        rest = after;
    }
    out + rest
}

fn expand_all(value: &mut Value, materials: &BTreeMap<String, String>) {
    match value {
        Value::String(text) if text.contains("{{") => *text = expand(text, materials),
        Value::Array(items) => items.iter_mut().for_each(|item| expand_all(item, materials)),
        Value::Object(fields) => fields.values_mut().for_each(|field| expand_all(field, materials)),
        _ => {}
    }
}

fn said_by_the_user(request: &Map<String, Value>) -> String {
    let messages = request["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "user");
    let texts = messages.map(|message| match &message["content"] {
        Value::String(text) => text.clone(),
        parts => parts.as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned(),
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn asks(text: &str) -> Vec<Ask> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn judge(text: &str) -> Vec<Judged> {
    let materials: BTreeMap<String, String> = serde_json::from_str(MATERIALS).unwrap();
    let judge_one = |ask: Ask| {
        let said = said_by_the_user(&ask.request);
        let mut request = Value::Object(ask.request);
        expand_all(&mut request, &materials);
        let Value::Object(request) = request else { unreachable!() };
        let kinds = ask.kinds.iter().map(|kind| TaskKind::parse(kind).unwrap()).collect();
        Judged { language: ask.language, kinds, tier: ask.tier, later: ask.later, text: said, task: classify(&request) }
    };
    asks(text).into_iter().map(judge_one).collect()
}

fn share_right<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> f64 {
    let (mut right, mut all) = (0_usize, 0_usize);
    for one in judged {
        right += usize::from(one.right());
        all += 1;
    }
    right as f64 / all as f64
}

fn print_totals(name: &str, judged: &[Judged]) {
    println!("{name}: {} prompts, {:.3} right", judged.len(), share_right(judged));
    let later: Vec<_> = judged.iter().filter(|one| one.later).collect();
    println!("  of them written later: {} prompts, {:.3} right", later.len(), share_right(later.iter().copied()));
    let mut by_kind: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    let mut by_language: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for one in judged {
        by_kind.entry(one.kinds[0].as_str()).or_default().push(one);
        by_language.entry(&one.language).or_default().push(one);
    }
    for (what, group) in by_kind.iter().chain(&by_language) {
        println!("  {what:16} {:4} {:.3}", group.len(), share_right(group.iter().copied()));
    }
    for tier in ["easy", "medium", "hard"] {
        let of_tier = judged.iter().filter(|one| one.tier == tier);
        let mut values: Vec<f64> = of_tier.map(|one| one.task.difficulty).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
        println!("  {tier:8} difficulty {:.2} {:.2} {:.2} (at 10, 50 and 90 %)", at(0.1), at(0.5), at(0.9));
    }
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_hash_of_the_prompt_decides_who_is_held() {
    for (text, open) in [(OPEN, true), (HELD, false)] {
        for ask in asks(text) {
            assert_eq!((fnv(&said_by_the_user(&ask.request)) >> 20).is_multiple_of(3), open);
        }
    }
    assert!(asks(HELD).len() >= 900 && asks(OPEN).len() >= 450);
}

#[test]
fn open_prompts_get_their_kind() {
    let judged = judge(OPEN);
    print_totals("open", &judged);
    for one in judged.iter().filter(|one| !one.right()) {
        let signals: Vec<_> = one.task.evidence.iter().map(|e| format!("{} {:.1}", e.signal, e.weight)).collect();
        let said: String = one.text.chars().take(110).collect();
        println!("{} {:?} not {}: {said:?} [{}]", one.language, one.kinds, one.task.kind, signals.join(", "));
    }
    assert!(share_right(&judged) >= 0.94);
}

#[test]
fn held_prompts_get_their_kind() {
    let judged = judge(HELD);
    print_totals("held", &judged);
    let share = share_right(&judged);
    assert!(share >= 0.89, "{share:.3}");
    let later = share_right(judged.iter().filter(|one| one.later));
    assert!(later >= 0.75, "{later:.3}");
}

#[test]
fn prompts_of_unfamiliar_wording_get_their_kind_more_often_than_not() {
    let judged = judge(FRESH);
    print_totals("fresh", &judged);
    let languages: std::collections::BTreeSet<_> = judged.iter().map(|one| one.language.as_str()).collect();
    assert!(judged.len() >= 180 && languages.len() >= 25);
    let share = share_right(&judged);
    assert!(share >= 0.61, "{share:.3}");
}

#[test]
fn prompts_of_strangers_mostly_get_their_kind() {
    let judged = judge(STRANGERS);
    print_totals("strangers", &judged);
    assert_eq!(judged.len(), 220);
    let share = share_right(&judged);
    assert!(share >= 0.70, "{share:.3}");
}

#[test]
fn prompts_that_nothing_was_chosen_with_get_their_kind() {
    let judged = judge(UNSEEN);
    print_totals("unseen", &judged);
    let languages: std::collections::BTreeSet<_> = judged.iter().map(|one| one.language.as_str()).collect();
    assert!(judged.len() == 160 && languages.len() == 16);
    let share = share_right(&judged);
    assert!(share >= 0.92, "{share:.3}");
}
