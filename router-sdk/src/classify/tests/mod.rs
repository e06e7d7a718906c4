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
fn examinations_are_compared_by_scores_of_examinations() {
    use super::TaskKind::{Code, Creative, Extraction, Math, Reasoning, SimpleQuestion};
    use crate::catalog::TaskClass;
    let options = "\nA) iron\nB) copper\nC) tin\nD) lead";
    let row =
        "Five people sit in a row. Anna, who is 12, sits 2 places left of Ben, who is 14. Who sits in the middle?";
    let apples = "Tom has 12 apples and gives 5 of them to Ann, who already had 3. How many apples does Ann have now?";
    let cases = [
        ("What is the capital of Peru?", SimpleQuestion, TaskClass::General),
        ("Solve 3x + 5 = 20 for x.", Math, TaskClass::Math),
        ("Solve 3x + 5 = 20 for x.\nA) 3\nB) 4\nC) 5\nD) 6", Math, TaskClass::Reasoning),
        (row, Reasoning, TaskClass::General),
        (apples, Math, TaskClass::General),
        (&format!("Write a Python function that prints one of these:{options}"), Code, TaskClass::Code),
        (&format!("Write a poem about one of these:{options}"), Creative, TaskClass::Creative),
        (&format!("Extract the name from: John Smith, 14 Elm Street{options}"), Extraction, TaskClass::Extraction),
    ];
    for (text, kind, scored_as) in cases {
        let task = ask(text);
        assert_eq!((task.kind, task.scored_as), (kind, scored_as), "{text}");
    }
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
