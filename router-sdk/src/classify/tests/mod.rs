//! Behaviour of the classifier.

mod everyday;
mod golden;
mod invariance;
mod kinds;
mod labelled;
mod odd_input;
mod turns;

use serde_json::{Map, Value, json};

use super::{Task, classify};

fn body(value: Value) -> Map<String, Value> {
    let Value::Object(body) = value else { panic!("a request is an object") };
    body
}

fn ask(text: &str) -> Task {
    classify(&body(json!({"messages": [{"role": "user", "content": text}]})))
}

fn talk(turns: &[(&str, &str)]) -> Task {
    let messages: Vec<_> = turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    classify(&body(json!({"messages": messages})))
}

#[test]
fn the_artefact_and_the_word_lists_are_sound() {
    let bytes = super::predictor::bytes().unwrap() + super::wording::bytes().unwrap();
    assert!(bytes <= 256 * 1024, "{bytes} bytes");
    let (rows, parts, nodes, unsound) = super::matcher::census();
    assert!((200..832).contains(&rows), "{rows} rows");
    assert!(parts < 4096, "{parts} parts");
    assert!(nodes < 160_000, "{nodes} nodes");
    assert!(unsound.is_empty(), "{unsound:#?}");
}
