//! Learning as the walk and its owner use it: scores once each, bounds, files, and processes that share.

use serde_json::json;

use super::*;
use crate::classify::{Task, classify};
use crate::store::MemoryStore;
use crate::wire::ChatRequest;

const CODE: &str = "Write a quicksort in Rust.";

fn task(text: &str) -> Task {
    classify(ChatRequest::new("auto", text).body())
}

fn learner(store: Option<&Arc<dyn StateStore>>) -> Arc<Learner> {
    Learner::new(&LearningConfig::default(), store)
}

/// An answer of a model to code, which was expected to be good half of the time.
fn answered(learner: &Arc<Learner>, request_id: &str, model: &str) {
    let trace = json!({"model": model, "expected": 0.0, "features": Features::of(&task(CODE))});
    learner.remember(request_id, serde_json::from_value(trace).unwrap());
}

fn better(learner: &Arc<Learner>, model: &str) -> f64 {
    learner.current().lesson(model, &Features::of(&task(CODE))).map_or(0.0, |lesson| lesson.better)
}

async fn settled() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_score_counts_once() {
    let one = learner(None);
    answered(&one, "cr-1", "a/m");
    one.feedback("cr-1", 1.0).await.unwrap();
    assert!(better(&one, "a/m") > 0.1);
    for (id, score, param) in [("cr-1", 1.0, "request_id"), ("cr-2", 0.5, "request_id"), ("cr-1", 1.01, "score")] {
        let error = one.feedback(id, score).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(param)));
    }
    let error = one.feedback("cr-1", f64::NAN).await.unwrap_err();
    assert_eq!(error.param(), Some("score"));
}

#[tokio::test]
async fn answers_that_wait_are_bounded() {
    let settings = LearningConfig { remember: 10, ..LearningConfig::default() };
    let one = Learner::new(&settings, None);
    (0..500).for_each(|i| answered(&one, &format!("cr-{i}"), "a/m"));
    one.traces.run_pending_tasks();
    assert!(one.traces.entry_count() <= 10);
}

#[tokio::test]
async fn what_is_exported_comes_back_and_nothing_of_a_request_is_in_it() {
    let one = learner(None);
    for i in 0..20 {
        answered(&one, &format!("cr-{i}"), "a/m");
        one.feedback(&format!("cr-{i}"), 0.1).await.unwrap();
    }
    let state = one.export().await.unwrap();
    assert_eq!(state["models"]["a/m"]["scores"], 20);
    assert!(!state.to_string().contains("quicksort"));
    let other = learner(None);
    other.load(Experience::from_json(&state).unwrap()).await.unwrap();
    assert!((better(&other, "a/m") - better(&one, "a/m")).abs() < 1e-9 && better(&one, "a/m") < -0.5);
    one.load(Experience::default()).await.unwrap();
    assert!(one.current().is_empty() && better(&one, "a/m") == 0.0);
}

#[test]
fn what_is_no_export_is_refused_by_its_part() {
    let good = Experience::default().with("a/m", adapter::Adapter::default(), adapter::Level::default()).to_json();
    assert!(Experience::from_json(&good).is_ok());
    let refused = |change: fn(&mut Value)| {
        let mut state = good.clone();
        change(&mut state);
        Experience::from_json(&state).unwrap_err().param().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(|s| *s = json!(3)), "state.version");
    assert_eq!(refused(|s| s["version"] = json!(2)), "state.version");
    assert_eq!(refused(|s| s["more"] = json!(2)), "state");
    assert_eq!(refused(|s| s["all"]["variance"] = json!(-1.0)), "state.all");
    assert_eq!(refused(|s| s["models"]["a/m"]["mean"] = json!([1.0])), "state.models.a/m");
    assert_eq!(
        refused(|s| {
            let own = s["models"]["a/m"].clone();
            s["models"]["nameless"] = own;
        }),
        "state.models.nameless"
    );
}

#[tokio::test]
async fn processes_learn_of_each_other_and_one_score_counts_for_all() {
    let store: Arc<dyn StateStore> = Arc::new(MemoryStore::default());
    let (one, other) = (learner(Some(&store)), learner(Some(&store)));
    answered(&one, "cr-1", "a/m");
    settled().await;
    // The other process is told of an answer that this one gave.
    other.feedback("cr-1", 0.0).await.unwrap();
    let error = one.feedback("cr-1", 0.0).await.unwrap_err();
    assert_eq!(error.param(), Some("request_id"), "it was scored elsewhere");
    one.experience();
    settled().await;
    assert!(better(&one, "a/m") < -0.1 && (better(&one, "a/m") - better(&other, "a/m")).abs() < 1e-9);
    // None of many scores at once is lost.
    for i in 0..40 {
        answered(if i % 2 == 0 { &one } else { &other }, &format!("cr-many-{i}"), "a/m");
    }
    settled().await;
    let all = (0..40).map(|i| (if i % 3 == 0 { &one } else { &other }, format!("cr-many-{i}")));
    let told = all.map(|(who, id)| async move { who.feedback(&id, 1.0).await });
    assert!(futures_util::future::join_all(told).await.iter().all(Result::is_ok));
    let fresh = learner(Some(&store));
    assert_eq!(fresh.export().await.unwrap()["models"]["a/m"]["scores"], 41, "what is shared outlives a process");
    one.load(Experience::default()).await.unwrap();
    assert_eq!(fresh.export().await.unwrap()["models"], json!({}));
}
