//! Callers who walk away at any moment, also in the middle of a continuation: nothing stays open, held or unrecorded.

use std::time::{Duration, Instant};

use clawrouters::ErrorKind;
use fake_provider::FakeProvider;
use serde_json::{Value, json};

use crate::adversary_support::{ID, ask, stage};

/// How long after the caller left the last provider connection was closed; `None` while one is open.
async fn closed_within(fake: &FakeProvider, most: Duration) -> Option<Duration> {
    let left = Instant::now();
    loop {
        if fake.requests(ID).iter().all(|r| r.ended_ms.is_some()) {
            return Some(left.elapsed());
        }
        if left.elapsed() > most {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Leaves after each of many times; the request is one of a slow target and its slow helpers.
async fn leaves(script: Value, settings: Value, stream: bool, models: &[&str]) {
    for ms in (0..400).step_by(23) {
        let (fake, router) = stage(script.clone(), settings.clone()).await;
        let request = ask(models, json!({}));
        let patience = Duration::from_millis(ms);
        let used = async {
            if !stream {
                return router.chat(request).await.is_ok();
            }
            let Ok(mut stream) = router.stream(request).await else { return false };
            while let Some(Ok(_)) = stream.next().await {}
            true
        };
        let ended = tokio::time::timeout(patience, used).await;
        assert!(ended.is_err(), "it was meant to take longer than {ms} ms: {:?}", router.entries());
        let closed = closed_within(&fake, Duration::from_secs(2)).await;
        let closed = closed.unwrap_or_else(|| panic!("open after {ms} ms: {:?}", fake.requests(ID).last()));
        assert!(closed < Duration::from_millis(300), "left after {ms} ms: closed after {closed:?}");
        assert_eq!(router.spending().held_nanos, 0, "left after {ms} ms");
        let entries: Vec<_> = router.entries().iter().map(|e| e.error).collect();
        // Whoever leaves before the first poll has asked nothing.
        let asked = !fake.requests(ID).is_empty();
        assert!(entries == [Some(ErrorKind::Cancelled)] || (!asked && entries.len() <= 1), "{ms} ms: {entries:?}");
        assert!(router.health().iter().all(|t| t.in_flight == 0), "left after {ms} ms: {:?}", router.health());
    }
}

fn slow_start() -> Value {
    json!([{"say": "too late", "first_token_ms": 5_000}])
}

#[tokio::test]
async fn leaving_a_whole_reply_closes_everything() {
    let script = json!({"a": [{"status": 503, "error": {}, "delay_ms": 80}], "b": [{"fault": {"kind": "reset_before_headers"}, "delay_ms": 60}], "c": slow_start()});
    leaves(script, json!({}), false, &["a/m", "b/m", "c/m"]).await;
}

#[tokio::test]
async fn leaving_a_stream_in_a_continuation_closes_everything() {
    let broken = |first: &str| json!({"chunks": [first, "x"], "chunk_ms": 40, "first_token_ms": 40, "fault": {"kind": "cut", "after_pieces": 1}});
    let script = json!({
        "a": [broken("One ")], "b": [broken("two ")], "c": [{"fault": {"kind": "hang_after_headers"}}],
        "d": [{"say": "three four five six seven eight nine", "chunks": 40, "chunk_ms": 60, "first_token_ms": 60}],
    });
    let settings = json!({"timeouts": {"first_token_ms": 200}});
    leaves(script, settings, true, &["a/m", "b/m", "c/m", "d/m"]).await;
}

#[tokio::test]
async fn leaving_a_race_closes_both() {
    let script = json!({"a": slow_start(), "b": slow_start()});
    leaves(script, json!({"hedge": {"share": 1.0, "after_ms": 50}}), true, &["a/m", "b/m"]).await;
}

#[tokio::test]
async fn leaving_while_waiting_for_a_place_or_a_repeat_closes_everything() {
    let hint = json!({"retry-after-ms": "3000"});
    let script = json!({"a": [{"status": 429, "error": {}, "headers": hint}]});
    leaves(script, json!({}), false, &["a/m"]).await;
}
