//! Behaviour of the classifier.

use super::*;

#[test]
fn the_artefact_and_the_word_lists_are_sound() {
    assert!(predictor::loads());
    let (rows, parts, nodes, unsound) = matcher::census();
    assert!((200..512).contains(&rows), "{rows} rows");
    assert!(parts < 1536, "{parts} parts");
    assert!(nodes < 120_000, "{nodes} nodes");
    assert!(unsound.is_empty(), "{unsound:#?}");
    eprintln!("{rows} {parts} {nodes}");
}
