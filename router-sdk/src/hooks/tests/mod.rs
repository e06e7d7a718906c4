//! What hooks may decide, how they fail, and the answer of a stream as they see it.

use serde_json::json;

use super::{Decision, HookRefusal, Stage};

#[test]
fn what_other_languages_return_is_read_strictly() {
    let read = |stage, value| Decision::from_json(stage, value);
    assert!(read(Stage::Before, json!(null)).unwrap().change.is_none());
    let request = json!({"model": "auto", "messages": []});
    assert_eq!(read(Stage::Before, request.clone()).unwrap().change.unwrap(), request);
    let table = json!({"request": request, "tags": {"a": "b"}, "refuse": null});
    let decision = read(Stage::Before, table).unwrap();
    assert_eq!((decision.change.unwrap(), decision.tags["a"].as_str()), (request, "b"));
    let refused = read(Stage::After, json!({"refuse": "no", "kind": "Forbidden"})).unwrap().refusal.unwrap();
    assert_eq!(refused, (HookRefusal::Forbidden, "no".to_owned()));
    assert_eq!(read(Stage::After, json!({"refuse": "no"})).unwrap().refusal.unwrap().0, HookRefusal::ContentRefused);
    for garbage in [
        json!(7),
        json!("a secret"),
        json!([]),
        json!({"reply": {}}),
        json!({"tags": {"a": 1}}),
        json!({"tags": []}),
        json!({"refuse": true}),
        json!({"kind": "Forbidden"}),
        json!({"refuse": "no", "kind": "Internal"}),
        json!({"choices": []}),
    ] {
        let failure = read(Stage::Before, garbage).unwrap_err();
        assert!(!failure.what().contains("secret"), "{failure}");
    }
}
