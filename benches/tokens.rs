//! Times the estimate of tokens: what 100 characters take, in several kinds of text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

use clawrouters::estimate_tokens;

fn main() {
    divan::main();
}

const TEXTS: [(&str, &str); 7] = [
    ("english", include_str!("../router-sdk/tests/tokens/english_1.txt")),
    ("code", include_str!("../router-sdk/tests/tokens/code_1.txt")),
    ("json", include_str!("../router-sdk/tests/tokens/json_3.txt")),
    ("chinese", include_str!("../router-sdk/tests/tokens/chinese_1.txt")),
    ("japanese", include_str!("../router-sdk/tests/tokens/japanese_1.txt")),
    ("russian", include_str!("../router-sdk/tests/tokens/russian_1.txt")),
    ("arabic", include_str!("../router-sdk/tests/tokens/arabic_1.txt")),
];

/// Ten thousand characters of each: a hundredth of the time is what 100 characters take.
#[divan::bench(args = TEXTS.map(|(name, _)| name))]
fn ten_thousand_characters(bencher: divan::Bencher<'_, '_>, name: &str) {
    let (_, text) = TEXTS.iter().find(|(n, _)| *n == name).expect("a text");
    let text: String = text.chars().cycle().take(10_000).collect();
    bencher.bench_local(|| estimate_tokens(divan::black_box(&text)));
}

/// Above 64k characters a sample is enough.
#[divan::bench(args = [60_000, 1_000_000])]
fn long_english(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let text: String = TEXTS[0].1.chars().cycle().take(characters).collect();
    bencher.bench_local(|| estimate_tokens(divan::black_box(&text)));
}
