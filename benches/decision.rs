//! Times one decision, from parsed request to plan, over the whole catalogue: classify, gate, rank.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use clawrouters::{ChatRequest, Config, Router};
use serde_json::json;

fn main() {
    divan::main();
}

/// A router that may choose among every chat model of the catalogue.
fn router() -> Router {
    let providers: serde_json::Map<_, _> = clawrouters::Catalog::builtin()
        .vendors()
        .iter()
        .map(|v| (v.name.clone(), json!({"kind": "sandbox"})))
        .collect();
    let config = Config::from_value(json!({"providers": providers})).expect("a config");
    Router::new(config).expect("a router")
}

/// English prose of so many characters that ends in a question.
fn prompt(characters: usize) -> String {
    let prose = "The committee met on Tuesday to discuss the budget for the harbour, which had grown by a third since the \
                 last report. Several members asked for figures on dredging, wages and insurance. ";
    let question = "Summarise the text above in three bullet points and name the largest cost.";
    let body: String = prose.chars().cycle().take(characters.saturating_sub(question.len())).collect();
    format!("{body}{question}")
}

#[divan::bench(args = [200, 4_000, 32_000, 1_000_000])]
fn plan_auto(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let router = router();
    let request = ChatRequest::new("auto", prompt(characters));
    router.plan(&request).expect("a plan");
    bencher.bench_local(|| router.plan(divan::black_box(&request)).expect("a plan"));
}

#[divan::bench(args = [200, 4_000, 32_000, 1_000_000])]
fn classify_only(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let router = router();
    let request = ChatRequest::new("auto", prompt(characters));
    bencher.bench_local(|| router.classify(divan::black_box(&request)));
}

/// Short prompts of several kinds and languages.
const SHORT: [&str; 6] = [
    "Name three rivers in Europe and the seas that they reach.",
    "Write a Python function that merges overlapping intervals.",
    "Was ist die Hauptstadt von Peru, und seit wann?",
    "この文章を英語に翻訳してください。今日はとても寒いです。",
    "hmm, and what about the other one then",
    "Translate 'good morning' into French, Spanish and Polish.",
];

#[divan::bench(args = 0..SHORT.len())]
fn classify_short(bencher: divan::Bencher<'_, '_>, which: usize) {
    let router = router();
    let request = ChatRequest::new("auto", SHORT[which]);
    bencher.bench_local(|| router.classify(divan::black_box(&request)));
}

#[divan::bench(args = 0..SHORT.len())]
fn plan_short(bencher: divan::Bencher<'_, '_>, which: usize) {
    let router = router();
    let request = ChatRequest::new("auto", SHORT[which]);
    router.plan(&request).expect("a plan");
    bencher.bench_local(|| router.plan(divan::black_box(&request)).expect("a plan"));
}

/// The first, second and third request of a kind: what is found for a kind is found by its second request.
#[divan::bench(args = [1, 2, 3])]
fn plan_cold(bencher: divan::Bencher<'_, '_>, nth: usize) {
    let request = ChatRequest::new("auto", prompt(200));
    let other = ChatRequest::new("auto", "Hi!");
    let ready = || {
        let router = router();
        // What belongs to the process, and to every kind of the day, is there.
        router.plan(&other).expect("a plan");
        (1..nth).for_each(|_| drop(router.plan(&request).expect("a plan")));
        router
    };
    bencher.with_inputs(ready).bench_local_refs(|router| router.plan(divan::black_box(&request)).expect("a plan"));
}

#[divan::bench]
fn plan_explicit(bencher: divan::Bencher<'_, '_>) {
    let router = router();
    let request = ChatRequest::new("openai/gpt-5.4", prompt(200));
    bencher.bench_local(|| router.plan(divan::black_box(&request)).expect("a plan"));
}

#[divan::bench]
fn construct(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(router);
}
