//! What models do when they are asked to go on, after a break at every character: they go on, start again or repeat a tail.

use serde_json::{Value, json};

use crate::adversary_support::{ask, stage};
use crate::hear;

const TEXTS: [&str; 4] = [
    "Grüße aus Zürich, señor 👋🏽 — 東京は日本の首都です。 Ende.",
    "# A plan\n\n1. **Look** around\n2. *Think*\n   - deeply\n   - twice\n\n> Done.\n",
    "```rust\nfn main() {\n    let x = (1, 2);\n    if x.0 < x.1 {\n        println!(\"{}\", x.0);\n    }\n}\n```\nIt prints 1.",
    "{\"rows\": [{\"id\": 1, \"name\": \"a\"}, {\"id\": 2, \"name\": \"b\"}], \"more\": false}",
];

#[derive(Clone, Copy, Debug)]
enum Habit {
    GoesOn,
    StartsAgain,
    RepeatsWords(usize),
}

/// Where a repetition of so many words before `cut` begins; signs alone are no words.
fn words_back(text: &str, cut: usize, words: usize) -> usize {
    let told = text[..cut].trim_end();
    let starts = told
        .char_indices()
        .filter(|(at, c)| c.is_alphanumeric() && text[..*at].chars().next_back().is_none_or(char::is_whitespace));
    starts.map(|(at, _)| at).rev().nth(words - 1).unwrap_or(0)
}

async fn joined(prefill: bool, habit: Habit) {
    let mut alpha: Vec<Value> = Vec::new();
    let mut beta: Vec<Value> = Vec::new();
    let mut meant = Vec::new();
    for text in TEXTS {
        for (cut, _) in text.char_indices().skip(1) {
            let (told, rest) = text.split_at(cut);
            if rest.starts_with(told) {
                // Going on and starting again look the same after the first of several equal signs.
                continue;
            }
            let from = match habit {
                // What takes a message begun for it is not shown the white space at its end.
                Habit::GoesOn if prefill => &text[told.trim_end().len()..],
                Habit::GoesOn => rest,
                Habit::StartsAgain => text,
                Habit::RepeatsWords(words) => &text[words_back(text, cut, words)..],
            };
            alpha.push(json!({"chunks": [told, rest], "fault": {"kind": "cut", "after_pieces": 1}}));
            beta.push(json!({"say": from, "chunks": 1 + cut % 7}));
            meant.push((text, told));
        }
    }
    let mut settings = json!({"breaker": {"failures": 1_000_000, "window_calls": 1_000_000}});
    if prefill {
        let able = json!({"assistant_prefill": true});
        settings["models"] = json!([{"id": "alpha/m"}, {"id": "beta/m", "capabilities": able}]);
    }
    let (_fake, router) = stage(json!({"alpha": alpha, "beta": beta}), settings).await;
    for (text, told) in meant {
        let heard = hear(&router, ask(&["alpha/m", "beta/m"], json!({}))).await;
        assert!(heard.error.is_none(), "{habit:?} after {told:?}: {:?}", heard.error);
        assert_eq!(heard.text, text, "{habit:?} after {told:?}");
        let route = heard.route.expect("a route");
        assert_eq!(route.resumed.len(), 1);
        assert_eq!(route.resumed[0].form, if prefill { "prefill" } else { "instruction" });
        assert_eq!(route.resumed[0].after_chars, told.chars().count());
    }
}

#[tokio::test]
async fn a_model_that_goes_on_is_joined_after_every_character() {
    joined(false, Habit::GoesOn).await;
}

#[tokio::test]
async fn a_model_that_goes_on_with_its_own_message_is_joined_after_every_character() {
    joined(true, Habit::GoesOn).await;
}

#[tokio::test]
async fn a_model_that_starts_again_is_joined_after_every_character() {
    joined(false, Habit::StartsAgain).await;
}

#[tokio::test]
async fn a_model_that_repeats_its_last_words_is_joined_after_every_character() {
    joined(false, Habit::RepeatsWords(2)).await;
    joined(false, Habit::RepeatsWords(5)).await;
}
