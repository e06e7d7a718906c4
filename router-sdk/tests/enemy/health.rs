//! Dead, hanging, flapping and recovering targets over many calls: who is asked how often, and who pays for it.

use std::time::{Duration, Instant};

use clawrouters::{ErrorKind, Router};
use serde_json::json;

use crate::adversary_support::{ID, ask, asked, stage};
use crate::hear;

async fn one(router: &Router, models: &[&str], stream: bool) -> (Duration, String) {
    let started = Instant::now();
    let text = if stream {
        let heard = hear(router, ask(models, json!({}))).await;
        assert!(heard.error.is_none(), "{:?}", heard.error);
        heard.text
    } else {
        router.chat(ask(models, json!({}))).await.expect("an answer").text().to_owned()
    };
    (started.elapsed(), text)
}

#[tokio::test]
async fn a_dead_first_target_is_asked_three_times_in_sixty_calls() {
    let faults = [
        json!({"status": 500, "error": {}}),
        json!({"fault": {"kind": "reset_before_headers"}}),
        json!({"fault": {"kind": "html"}}),
        json!({"fault": {"kind": "empty"}}),
        json!({"fault": {"kind": "cut", "after_bytes": 10}, "say": "up"}),
        json!({"status": 401, "error": {}}),
        json!({"status": 403, "error": {}}),
    ];
    for fault in faults {
        for stream in [false, true] {
            let (fake, router) = stage(json!({"a": [fault], "b": [{"say": "up"}]}), json!({})).await;
            for _ in 0..60 {
                assert_eq!(one(&router, &["a/m", "b/m"], stream).await.1, "up");
            }
            assert!(asked(&fake, "a") <= 3, "{fault}: asked {} times", asked(&fake, "a"));
        }
    }
}

#[tokio::test]
async fn only_the_first_of_sixty_calls_pays_for_a_hang() {
    for stream in [false, true] {
        let settings = json!({
            "timeouts": {"first_token_ms": 1_000, "whole_ms": 1_000},
            "breaker": {"cooldown_ms": 300, "cooldown_max_ms": 600},
        });
        let script = json!({"a": [{"fault": {"kind": "hang_before_headers"}}], "b": [{"say": "up"}]});
        let (fake, router) = stage(script, settings).await;
        let mut slow = 0;
        // The calls are spread over several cooldowns.
        for _ in 0..60 {
            let (time, text) = one(&router, &["a/m", "b/m"], stream).await;
            assert_eq!(text, "up");
            slow += usize::from(time > Duration::from_millis(600));
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(slow, 1, "stream: {stream}");
        assert!(asked(&fake, "a") >= 2, "it is probed aside");
        assert_eq!(
            router.entries().iter().filter(|e| e.purpose == "probe").count() + 1,
            asked(&fake, "a") - unfinished(&fake)
        );
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(router.spending().held_nanos, 0);
    }
}

/// Probes that are still under way have no entry yet.
fn unfinished(fake: &fake_provider::FakeProvider) -> usize {
    fake.requests(ID).iter().filter(|r| r.provider == "a" && r.ended_ms.is_none()).count()
}

#[tokio::test]
async fn a_recovered_primary_is_back_within_seconds() {
    for fault in
        [json!({"status": 503, "error": {}, "times": 4}), json!({"fault": {"kind": "hang_before_headers"}, "times": 2})]
    {
        let settings = json!({"timeouts": {"first_token_ms": 300, "whole_ms": 300}});
        let (_fake, router) = stage(json!({"a": [fault, {"say": "back"}], "b": [{"say": "up"}]}), settings).await;
        let started = Instant::now();
        loop {
            if one(&router, &["a/m", "b/m"], false).await.1 == "back" {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(12), "{fault}: it never came back: {:?}", router.health());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for _ in 0..5 {
            assert_eq!(one(&router, &["a/m", "b/m"], true).await.1, "back", "{fault}");
        }
    }
}

#[tokio::test]
async fn a_flapping_target_never_reaches_the_caller() {
    let flaps = json!({"cycle": true, "replies": [{"status": 500, "error": {}, "times": 4}, {"say": "up", "times": 3},
        {"fault": {"kind": "reset_before_headers"}, "times": 2}, {"say": "up", "fault": {"kind": "cut", "after_pieces": 1}}]});
    let settings = json!({"breaker": {"cooldown_ms": 30, "cooldown_max_ms": 120}});
    let (_fake, router) = stage(json!({"a": flaps, "b": [{"say": "up"}]}), settings).await;
    for n in 0..80 {
        assert_eq!(one(&router, &["a/m", "b/m"], n % 2 == 0).await.1, "up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_refused_key_rests_alone() {
    let script = json!({"a": [{"status": 401, "error": {}}], "b": [{"say": "up"}]});
    let settings = json!({"models": [{"id": "a/m"}, {"id": "a/n"}, {"id": "b/m"}]});
    let (fake, router) = stage(script, settings).await;
    assert_eq!(one(&router, &["a/m", "b/m"], false).await.1, "up");
    assert_eq!(one(&router, &["a/n", "b/m"], false).await.1, "up");
    assert_eq!(asked(&fake, "a"), 1, "the key is refused for all models");
    let error = router.chat(ask(&["a/n"], json!({}))).await.expect_err("it rests");
    assert_eq!(error.kind(), ErrorKind::ProviderUnavailable);
    assert_eq!(asked(&fake, "a"), 1, "nor is it asked alone");
    assert_eq!(router.health().iter().filter(|t| t.state != "closed").count(), 1, "{:?}", router.health());
}

#[tokio::test]
async fn a_resting_target_that_answers_at_its_door_need_not_rest_on() {
    let down = json!({"status": 503, "error": {}, "times": 4});
    let settings = json!({
        "breaker": {"cooldown_ms": 60_000, "cooldown_max_ms": 60_000, "probe_interval_ms": 50},
    });
    let script = json!({"a": [down, {"say": "back"}], "b": [{"say": "up"}]});
    let (fake, router) = stage(script, settings).await;
    for _ in 0..3 {
        assert_eq!(one(&router, &["a/m", "b/m"], false).await.1, "up");
    }
    assert_eq!(asked(&fake, "a"), 3, "it rests for a minute");
    let started = Instant::now();
    while one(&router, &["a/m", "b/m"], false).await.1 != "back" {
        assert!(started.elapsed() < Duration::from_secs(5), "nobody looked: {:?}", router.health());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let looks = fake.requests(ID).iter().filter(|r| r.provider == "a" && r.method == "GET").count();
    assert!(looks >= 2, "the first look still found it down: {looks}");
    // Nobody looks after a target that is well.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = fake.requests(ID).iter().filter(|r| r.method == "GET").count();
    assert_eq!(after, looks);
}

#[tokio::test]
async fn a_stream_that_crawls_is_completed_by_another() {
    let words: Vec<String> = (0..60).map(|n| format!("w{n} ")).collect();
    let slow = json!({"chunks": words, "chunk_ms": 400});
    let rest: String = (0..60).map(|n| format!("w{n} ")).collect();
    let script = json!({"a": [slow], "b": [{"chunks": [rest]}]});
    let settings = json!({"timeouts": {"min_tokens_per_second": 20.0}});
    let (_fake, router) = stage(script, settings).await;
    let started = Instant::now();
    let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
    assert!(heard.error.is_none(), "{:?}", heard.error);
    assert_eq!(heard.text, words.concat());
    let taken = started.elapsed();
    // The pace is taken over ten seconds; at its own the stream would have needed twenty-four.
    assert!((9..16).contains(&taken.as_secs()), "{taken:?}");
}
