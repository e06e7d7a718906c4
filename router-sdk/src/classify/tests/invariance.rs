//! What must not change the verdict: system prompts, tools, harness text, typos, the language.

use serde_json::json;

use super::{ask, body};
use crate::classify::{Task, TaskKind, classify};

// The same asks in nine languages, their kind first.
const PARALLEL: &str = include_str!("../testdata/parallel.tsv");
// More of them, written before the scale of the difficulty was set by the first ones.
const LATER: &str = include_str!("../testdata/parallel_later.tsv");
// Asks in sixteen languages that the word lists were widened with.
const TUNED: &str = include_str!("../testdata/parallel_tuned.tsv");
// Asks in fourteen languages by a hand that knew no rules.
const THIRD: &str = include_str!("../testdata/parallel_third.tsv");
// Asks in sixteen languages by a further hand, measured once, after everything else.
const UNSEEN: &str = include_str!("../testdata/parallel_unseen.tsv");
const AGENT: &str =
    "You are an expert software engineer. Think step by step, prove everything, use the tools, debug code. ";

const ASKS: [&str; 20] = [
    "What is the capital of Australia?",
    "Write a Python function that merges two sorted lists",
    "Translate this sentence into German: the train is late",
    "Summarize this article in three bullet points",
    "Hello, how are you today?",
    "Extract all email addresses from the text as JSON",
    "Classify this review as positive or negative: the food was cold",
    "Compare the advantages and disadvantages of remote work",
    "Write a short story about a lighthouse keeper",
    "My script crashes with KeyError, please debug it",
    "Calculate the integral of x^2 from 0 to 3",
    "Pretend you are a pirate and greet me",
    "Résume ce texte en deux phrases",
    "Schreibe ein Gedicht über den Herbst",
    "Напиши функцию на Python, которая сортирует список",
    "把这句话翻译成英文",
    "この記事を三文で要約してください",
    "이 문장을 영어로 번역해 줘",
    "¿Cuál es la capital de Perú?",
    "Send an email to Anna saying I will be late",
];

fn tier(task: &Task) -> u8 {
    (task.difficulty * 4.0) as u8
}

fn same(plain: &Task, dressed: &Task, what: &str) {
    assert_eq!(plain.kind, dressed.kind, "{what}");
    assert_eq!(tier(plain), tier(dressed), "{what}: {} {}", plain.difficulty, dressed.difficulty);
}

fn parallel(text: &'static str) -> Vec<Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect()
}

// easy, medium, hard
fn of_three(task: &Task) -> u8 {
    (task.difficulty * 3.0).min(2.0) as u8
}

fn system_and_tools(text: &str, system: Option<&str>, tools: usize) -> Task {
    let tools: Vec<_> = (0..tools)
        .map(|n| {
            json!({"type": "function", "function": {"name": format!("run_{n}"),
            "description": "Execute a shell command, debug and deploy the repository",
            "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}})
        })
        .collect();
    let mut messages = vec![json!({"role": "user", "content": text})];
    messages.splice(0..0, system.map(|system| json!({"role": "system", "content": system})));
    let request =
        if tools.is_empty() { json!({"messages": messages}) } else { json!({"messages": messages, "tools": tools}) };
    classify(&body(request))
}

// Two letters change places, one is left out, one is doubled: each in another word of four letters and more.
fn misspelt(text: &str, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut words: Vec<Vec<char>> = text.split(' ').map(|word| word.chars().collect()).collect();
    let mut long: Vec<usize> = (0..words.len()).filter(|at| words[*at].len() >= 4).collect();
    for slip in 0..3 {
        if long.is_empty() {
            break;
        }
        let word = &mut words[long.swap_remove(draw(long.len()))];
        let at = 1 + draw(word.len() - 2);
        match slip {
            0 => word.swap(at, at + 1),
            1 => drop(word.remove(at)),
            _ => word.insert(at, word[at]),
        }
    }
    words.into_iter().map(String::from_iter).collect::<Vec<String>>().join(" ")
}

#[derive(Default)]
struct Changed {
    tier: usize,
    quarter: usize,
    kind: usize,
    all: usize,
}

impl Changed {
    fn note(&mut self, plain: &Task, dressed: &Task) {
        self.all += 1;
        self.tier += usize::from(of_three(plain) != of_three(dressed));
        self.quarter += usize::from(tier(plain) != tier(dressed));
        self.kind += usize::from(plain.kind != dressed.kind);
    }

    fn share(&self) -> f64 {
        self.tier as f64 / self.all as f64
    }
}

#[test]
fn dressing_and_translating_an_ask_rarely_changes_its_tier() {
    let reminder = "<system-reminder>\nThe TODO list is empty. Run the tests, fix the bug.\n</system-reminder>";
    let system = AGENT.repeat(50);
    let mut rates: Vec<(&str, Changed)> = Vec::new();
    let mut note = |what: &'static str, plain: &Task, dressed: &Task| {
        if rates.iter().all(|(known, _)| *known != what) {
            rates.push((what, Changed::default()));
        }
        rates.iter_mut().find(|(known, _)| *known == what).unwrap().1.note(plain, dressed);
    };
    for row in parallel(PARALLEL) {
        for text in &row[1..] {
            let plain = ask(text);
            note("5 kB of system prompt", &plain, &system_and_tools(text, Some(&system), 0));
            note("32 tool schemas", &plain, &system_and_tools(text, None, 32));
            note("harness reminder", &plain, &ask(&format!("{reminder}\n{text}")));
        }
        let english = ask(row[1]);
        for seed in 1..=8 {
            note("three typos", &english, &ask(&misspelt(row[1], seed)));
        }
        for text in &row[2..] {
            note("translation", &english, &ask(text));
        }
    }
    for (what, changed) in &rates {
        println!(
            "{what}: tier changed in {} of {} ({:.1} %), kind in {}, quarter of difficulty in {}",
            changed.tier,
            changed.all,
            changed.share() * 100.0,
            changed.kind,
            changed.quarter
        );
    }
    for (what, changed) in &rates {
        assert!(changed.all >= 300 && changed.share() <= 0.05, "{what}: {:.3}", changed.share());
    }
}

#[test]
fn translations_that_no_rule_was_written_for_mostly_keep_their_tier() {
    let mut translated = Changed::default();
    for row in parallel(LATER) {
        for text in &row[2..] {
            translated.note(&ask(row[1]), &ask(text));
        }
    }
    println!("later translations: tier changed in {:.3}, kind in {}", translated.share(), translated.kind);
    // Most of it is kinds that are known in one language and not in another.
    assert!(translated.all >= 200 && translated.share() <= 0.13, "{:.3}", translated.share());
}

#[test]
fn translations_that_the_lists_were_widened_with_keep_their_tier() {
    let mut translated = Changed::default();
    for row in parallel(TUNED) {
        assert_eq!(row.len(), 17, "{}", row[1]);
        for text in &row[2..] {
            translated.note(&ask(row[1]), &ask(text));
        }
    }
    println!("tuned translations: tier changed in {:.3}, kind in {}", translated.share(), translated.kind);
    assert!(translated.all >= 700 && translated.share() <= 0.045, "{:.3}", translated.share());
}

#[test]
fn translations_by_a_hand_that_knew_no_rules_mostly_keep_their_tier() {
    let mut translated = Changed::default();
    for row in parallel(THIRD) {
        assert_eq!(row.len(), 15, "{}", row[1]);
        for text in &row[2..] {
            translated.note(&ask(row[1]), &ask(text));
        }
    }
    println!("third translations: tier changed in {:.3}, kind in {}", translated.share(), translated.kind);
    assert!(translated.all == 520 && translated.share() <= 0.17, "{:.3}", translated.share());
}

#[test]
fn translations_that_nothing_was_chosen_with_keep_their_tier() {
    let mut translated = Changed::default();
    for row in parallel(UNSEEN) {
        for text in &row[2..] {
            translated.note(&ask(row[1]), &ask(text));
        }
    }
    println!("unseen translations: tier changed in {:.3}, kind in {}", translated.share(), translated.kind);
    assert!(translated.all == 390 && translated.share() <= 0.05, "{:.3}", translated.share());
}

#[test]
fn a_long_system_prompt_changes_nothing() {
    let system = AGENT.repeat(50);
    for text in ASKS {
        let dressed = classify(&body(json!({"messages": [
            {"role": "system", "content": system}, {"role": "user", "content": text}]})));
        same(&ask(text), &dressed, text);
        assert!(dressed.context_chars > 5_000 && dressed.ask_chars < 120);
    }
}

#[test]
fn many_tools_change_nothing() {
    let tools: Vec<_> = (0..32)
        .map(|n| {
            json!({"type": "function", "function": {"name": format!("run_{n}"),
            "description": "Execute a shell command, debug and deploy the repository",
            "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}})
        })
        .collect();
    for text in ASKS {
        let dressed = classify(&body(json!({"tools": tools, "messages": [{"role": "user", "content": text}]})));
        same(&ask(text), &dressed, text);
        assert!(dressed.needs.tools);
    }
}

#[test]
fn harness_text_changes_nothing() {
    for reminder in [
        "<system-reminder>\nThe TODO list is empty. Run the tests, fix the bug, refactor the code.\n</system-reminder>",
        "<environment_context>\n<cwd>/srv/app</cwd>\nfn main() { panic!() }\n</environment_context>",
        "<ide_opened_file>src/main.rs: implement the parser and prove it</ide_opened_file>",
    ] {
        for text in ASKS {
            for content in [format!("{reminder}\n{text}"), format!("{text}\n\n{reminder}")] {
                let dressed = classify(&body(json!({"messages": [{"role": "user", "content": content}]})));
                same(&ask(text), &dressed, &content);
            }
            let parts = json!([{"type": "text", "text": reminder}, {"type": "text", "text": text}]);
            let dressed = classify(&body(json!({"messages": [{"role": "user", "content": parts}]})));
            same(&ask(text), &dressed, text);
        }
    }
    assert_eq!(ask("<task>\nTranslate 'cat' into French\n</task>").kind, TaskKind::Translation);
}

#[test]
fn typos_keep_the_kind() {
    for (typed, kind) in [
        ("Tranlsate this sentence into German: the train is late", TaskKind::Translation),
        ("Please tranzlate this letter", TaskKind::Translation),
        ("Summerize this artcle for me", TaskKind::Summarisation),
        ("Sumarise the folowing text", TaskKind::Summarisation),
        ("Clasify this reveiw as good or bad", TaskKind::Classification),
        ("Extarct all names from the text", TaskKind::Extraction),
        ("Wirte a pyhton fucntion that sorts a list", TaskKind::Code),
        ("Write a javscript fuction to sort a list", TaskKind::Code),
        ("Calcualte the intergal of x", TaskKind::Math),
        ("Anaylze the causes of inflation", TaskKind::Reasoning),
        ("Traducr esta frase", TaskKind::Translation),
        ("Übersezte diesen Satz", TaskKind::Translation),
        ("Переведт это предложение", TaskKind::Translation),
    ] {
        assert_eq!(ask(typed).kind, kind, "{typed}");
    }
}

#[test]
fn pasted_material_is_sized_not_scored() {
    let code = "def broken(x):\n    return x +\n\nfor i in range(10):\n    print(broken(i))\n";
    let task = ask(&format!("What is the capital of Peru?\n```python\n{code}```"));
    assert!(task.context_chars >= code.len() - 10 && task.ask_chars < 40, "{task:?}");
    let log = "2026-11-22T10:00:00 ERROR worker failed\n".repeat(30);
    let task = ask(&format!("Summarize this for me\n{log}"));
    assert!(task.ask_chars < 40, "{}", task.ask_chars);
    let article = "The council met and talked about roads, debug flags, proofs and poems.\n\n".repeat(60);
    let task = ask(&format!("Translate the following text into French:\n\n{article}"));
    assert_eq!(task.kind, TaskKind::Translation);
    assert!(task.ask_chars < 1_600 && task.context_chars > 2_500);
}

#[test]
fn the_same_request_gives_the_same_task() {
    for text in ASKS {
        assert_eq!(ask(text), ask(text));
    }
}
