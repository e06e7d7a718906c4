//! Conversations: follow-ups inherit, tool loops keep their task, no evidence is not easy.

use serde_json::json;

use super::{ask, body, talk};
use crate::classify::{TaskKind, classify};

const HARD: &str = "Design a fault-tolerant distributed consensus protocol in Rust and prove its safety";

#[test]
fn short_follow_ups_inherit() {
    let alone = ask(HARD);
    for follow in [
        "looks good, commit it",
        "continue",
        "yes",
        "ok",
        "thanks",
        "try again",
        "why?",
        "and in French?",
        "make it shorter",
        "go on",
        "do it",
        "still fails",
        "sí",
        "continúa",
        "¿y en francés?",
        "oui",
        "continue",
        "et en anglais ?",
        "weiter",
        "ja",
        "und auf Englisch?",
        "sim",
        "continue",
        "e em inglês?",
        "va bene",
        "continua",
        "ga verder",
        "tak",
        "dalej",
        "devam et",
        "evet",
        "продолжай",
        "да",
        "استمر",
        "نعم",
        "जारी रखें",
        "हाँ",
        "继续",
        "好的",
        "続けて",
        "はい",
        "계속",
        "네",
    ] {
        let task = talk(&[("user", HARD), ("assistant", "Here is a first version."), ("user", follow)]);
        assert!(task.inherited, "{follow}");
        assert_eq!(task.kind, alone.kind, "{follow}");
        assert!((task.difficulty - alone.difficulty).abs() < 1e-9, "{follow}");
    }
}

#[test]
fn a_chain_of_follow_ups_reaches_back() {
    let task = talk(&[
        ("user", HARD),
        ("assistant", "a"),
        ("user", "continue"),
        ("assistant", "b"),
        ("user", "yes"),
        ("assistant", "c"),
        ("user", "go on"),
    ]);
    assert!(task.inherited);
    assert_eq!(task.kind, ask(HARD).kind);
}

#[test]
fn a_new_ask_does_not_inherit() {
    let task = talk(&[("user", HARD), ("assistant", "Done."), ("user", "What is the capital of Peru?")]);
    assert!(!task.inherited);
    assert_eq!(task.kind, TaskKind::SimpleQuestion);
}

#[test]
fn a_tool_result_keeps_the_users_task() {
    let task = classify(&body(json!({"messages": [
        {"role": "user", "content": "Translate the readme into German"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "Traceback (most recent call last): error, bug, crash, prove, integral"}
    ]})));
    assert_eq!(task.kind, TaskKind::Translation);
    assert!(task.needs.tools && !task.inherited);
}

#[test]
fn no_evidence_is_in_the_middle() {
    for text in ["", "hm", "qwxz plmk", "...", "🙂", "xyzzy"] {
        let task = ask(text);
        assert!(task.no_evidence, "{text}: {task:?}");
        assert!((task.difficulty - 0.5).abs() < 1e-9 && task.confidence == 0.0, "{text}");
        assert!(task.success.uncertainty >= 0.2);
    }
    assert!(!ask("Translate this").no_evidence);
    assert!(classify(&body(json!({}))).no_evidence);
}

#[test]
fn images_and_very_long_texts_have_their_kinds() {
    let image = classify(&body(json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is shown here?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]})));
    assert_eq!(image.kind, TaskKind::Vision);
    assert!(image.needs.vision);
    let chapter = "It was the third winter of the long march, and nobody spoke of home any more.\n\n".repeat(600);
    let long = ask(&format!("{chapter}\n\nWho leads the march in the end, according to the last chapter?"));
    assert_eq!(long.kind, TaskKind::LongContext);
}

#[test]
fn stronger_models_never_succeed_less() {
    for text in ["hi", HARD, "What is 2+2?", "写一首诗", "asdf"] {
        let success = ask(text).success;
        assert!(success.weak <= success.mid && success.mid <= success.strong, "{success:?}");
        assert!(success.at(0.0) == success.weak && success.at(1.0) == success.strong);
        assert!(success.at(f64::NAN).is_finite());
    }
}
