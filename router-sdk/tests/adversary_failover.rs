//! Attacks on failover, health and the books: dead, hanging and half-dead providers, crowds and callers who walk away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A test may.

mod adversary_support;

use std::time::{Duration, Instant};

use adversary_support::{ask, asked, read, stage};
use clawrouters::{Config, ErrorKind, Router};
use serde_json::{Value, json};

const LONG_REST: &str = r#"{"cooldown_ms": 60000, "cooldown_max_ms": 60000}"#;

fn long_rest() -> Value {
    serde_json::from_str(LONG_REST).expect("JSON")
}

#[tokio::test]
async fn sixty_calls_ask_a_dead_first_target_three_times_at_most() {
    for status in [500, 503, 401] {
        let script = json!({"alpha": [{"status": status, "error": {}}], "beta": [{"say": "up"}]});
        let (fake, router) = stage(script, json!({"breaker": long_rest()})).await;
        for _ in 0..60 {
            let reply = router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
            assert_eq!(reply.model(), "beta/m");
        }
        assert!(asked(&fake, "alpha") <= 3, "{status}: asked {} times", asked(&fake, "alpha"));
    }
}

#[tokio::test]
async fn a_failed_probe_is_one_send() {
    let script = json!({"alpha": [{"status": 500, "error": {}}], "beta": [{"say": "up"}]});
    let settings = json!({"breaker": {"failures": 1, "cooldown_ms": 300, "cooldown_max_ms": 300}});
    let (fake, router) = stage(script, settings).await;
    router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    let before = asked(&fake, "alpha");
    tokio::time::sleep(Duration::from_millis(600)).await;
    router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    assert_eq!(asked(&fake, "alpha") - before, 1, "a probe is one request");
}

#[tokio::test]
async fn failures_of_one_crowd_open_the_breaker_once() {
    let script = json!({"alpha": [{"status": 503, "error": {}, "delay_ms": 300}], "beta": [{"say": "up"}]});
    let (_fake, router) = stage(script, json!({})).await;
    let calls = (0..30).map(|_| router.chat(ask(&["alpha/m", "beta/m"], json!({}))));
    for reply in futures_util::future::join_all(calls).await {
        reply.expect("beta answers");
    }
    let plan = router.explain(&ask(&["alpha/m", "beta/m"], json!({}))).expect("an explanation").plan;
    let left = plan.resting.iter().map(|(_, left)| *left).max().unwrap_or_default();
    assert!(left <= Duration::from_millis(2_000), "the first rest is 2 s, it rests {left:?}");
}

#[tokio::test]
async fn a_lone_target_rests_is_probed_once_and_heals() {
    let script = json!({"alpha": [{"status": 503, "error": {}, "times": 3}, {"say": "up"}]});
    let settings = json!({"retry": {"max_attempts": 1}, "breaker": {"cooldown_ms": 700, "cooldown_max_ms": 700}});
    let (fake, router) = stage(script, settings).await;
    for _ in 0..3 {
        let error = router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
        assert_eq!(error.kind(), ErrorKind::ProviderUnavailable);
    }
    let resting = router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it rests");
    assert_eq!(resting.kind(), ErrorKind::ProviderUnavailable);
    assert!(resting.retry_after().is_some_and(|w| w <= Duration::from_millis(700)), "{resting:?}");
    assert_eq!(asked(&fake, "alpha"), 3, "a resting target is not asked");
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    for _ in 0..2 {
        router.chat(ask(&["alpha/m"], json!({}))).await.expect("it is up again");
    }
}

#[tokio::test]
async fn a_request_makes_six_sends_at_most_and_one_attempt_each() {
    let down = json!([{"status": 500, "error": {}}]);
    let (fake, router) = stage(json!({"a": down, "b": down, "c": down, "d": down}), json!({})).await;
    let error = router.chat(ask(&["a/m", "b/m", "c/m", "d/m"], json!({}))).await.expect_err("all are down");
    let sends: usize = ["a", "b", "c", "d"].iter().map(|p| asked(&fake, p)).sum();
    assert_eq!((sends, error.attempts().len()), (6, 6));
    assert_eq!(error.status(), Some(500));
    assert_eq!(error.to_json()["status_code"], json!(500));
}

#[tokio::test]
async fn the_retry_budget_bounds_repeats_over_all_calls() {
    let settings = json!({"breaker": {"failures": 1000}, "retry": {"backoff_ms": 1, "backoff_max_ms": 1}});
    let (fake, router) = stage(json!({"alpha": [{"status": 500, "error": {}}]}), settings).await;
    for _ in 0..30 {
        router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
    }
    assert_eq!(asked(&fake, "alpha"), 30 + 10, "ten repeats are in the purse");
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let settings = json!({"retry": {"backoff_ms": 100_000_000_000u64, "backoff_max_ms": 100_000_000_000u64}});
    let (fake, router) = stage(json!({"alpha": [{"status": 503, "error": {}}]}), settings).await;
    let error = router.chat(ask(&["alpha/m"], json!({"route": {"deadline_ms": 400}}))).await.expect_err("it is down");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(error.attempts().len(), 1, "{error:?}");
    assert_eq!(asked(&fake, "alpha"), 1);
    assert_eq!(error.status(), Some(503), "the cause is told, not the wait: {error:?}");
}

#[tokio::test]
async fn a_silent_first_target_costs_its_limit_only_while_another_is_there() {
    let hang = json!([{"fault": {"kind": "hang_before_headers"}}]);
    let settings =
        json!({"timeouts": {"first_token_ms": 400, "whole_ms": 400, "total_ms": 1500}, "breaker": long_rest()});
    let (fake, router) = stage(json!({"alpha": hang, "beta": [{"say": "up"}]}), settings).await;
    for _ in 0..8 {
        let (chunks, error) = read(&router, ask(&["alpha/m", "beta/m"], json!({"stream": true}))).await;
        assert!(error.is_none() && !chunks.is_empty(), "{error:?}");
    }
    assert!(asked(&fake, "alpha") <= 3);
    // Alone the limit is the total.
    let (_fake, router) =
        stage(json!({"alpha": hang}), json!({"timeouts": {"first_token_ms": 100, "whole_ms": 100, "total_ms": 1200}}))
            .await;
    let started = Instant::now();
    let error = router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it hangs");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() >= Duration::from_millis(1_150), "{:?}", started.elapsed());
    let (_, error) = read(&router, ask(&["alpha/m"], json!({"stream": true}))).await;
    assert_eq!(error.expect("it hangs").kind(), ErrorKind::Timeout);
}

/// Events of a stream of two choices; the second goes on long after the first has finished.
fn two_choices(finish_second: bool) -> String {
    let event = |index: u64, delta: Value, finish: Option<&str>| {
        let choice = json!({"index": index, "delta": delta, "finish_reason": finish});
        format!(
            "data: {}\n\n",
            json!({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
        )
    };
    let mut out = event(0, json!({"role": "assistant", "content": "one"}), None);
    out += &event(0, json!({}), Some("stop"));
    out += &event(1, json!({"role": "assistant", "content": "two-a "}), None);
    out += &event(1, json!({"content": "two-b"}), None);
    if finish_second {
        out += &event(1, json!({}), Some("stop"));
    }
    out + "data: [DONE]\n\n"
}

fn second_choice(chunks: &[Value]) -> String {
    let choices = chunks.iter().flat_map(|c| c["choices"].as_array().cloned().unwrap_or_default());
    choices
        .filter(|c| c["index"] == json!(1))
        .filter_map(|c| c["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn the_second_choice_of_a_stream_is_never_cut_silently() {
    let headers = json!({"content-type": "text/event-stream"});
    let slow = json!([{"headers": headers, "body": two_choices(true), "chunk_ms": 900}]);
    let (_fake, router) = stage(json!({"alpha": slow}), json!({})).await;
    let (chunks, error) = read(&router, ask(&["alpha/m"], json!({"n": 2, "stream": true}))).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(second_choice(&chunks), "two-a two-b");
}

#[tokio::test]
async fn a_choice_without_finish_reason_is_a_broken_stream() {
    let headers = json!({"content-type": "text/event-stream"});
    let cut = json!([{"headers": headers, "body": two_choices(false)}]);
    let (_fake, router) = stage(json!({"alpha": cut}), json!({})).await;
    let (_, error) = read(&router, ask(&["alpha/m"], json!({"n": 2, "stream": true}))).await;
    assert_eq!(error.map(|e| e.kind()), Some(ErrorKind::StreamInterrupted));
}

#[tokio::test]
async fn a_sandbox_stream_that_is_dropped_spends_nothing_and_says_who_answered() {
    let config = json!({"providers": {"openai": {"kind": "sandbox", "sandbox": {"latency": 1.0}}}});
    let router = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    let mut stream = router.stream(ask(&["openai/gpt-5.4"], json!({"stream": true}))).await.expect("a stream");
    for _ in 0..3 {
        stream.next().await.expect("a chunk").expect("a good chunk");
    }
    drop(stream);
    let spending = router.spending();
    assert_eq!((spending.held_nanos, spending.spent_nanos), (0, 0), "the sandbox spends nobody's money");
    let entry = router.entries().pop().expect("an entry");
    assert_eq!(entry.error, Some(ErrorKind::Cancelled));
    assert!(entry.route.sandbox, "the entry is labelled");
}

#[tokio::test]
async fn every_request_has_an_entry_also_those_that_send_nothing() {
    let settings = json!({"retry": {"max_attempts": 1}, "breaker": {"failures": 1, "cooldown_ms": 60000, "cooldown_max_ms": 60000}});
    let (_fake, router) = stage(json!({"alpha": [{"status": 503, "error": {}}]}), settings).await;
    router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
    router.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it rests");
    router.chat(ask(&["alpha/m"], json!({"route": {"max_cost": 0.0}}))).await.expect_err("no candidate");
    let kinds: Vec<_> = router.entries().iter().map(|e| e.error).collect();
    assert_eq!(
        kinds,
        [Some(ErrorKind::ProviderUnavailable), Some(ErrorKind::ProviderUnavailable), Some(ErrorKind::NoCandidate)]
    );
    assert_eq!(router.spending().requests, 3);
}

/// A repeatable sequence of small numbers.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_balance_whenever_callers_walk_away() {
    let script = json!({
        "alpha": {"cycle": true, "replies": [
            {"say": "one two three four", "chunks": 8, "chunk_ms": 10, "first_token_ms": 20},
            {"status": 500, "error": {}, "delay_ms": 10},
            {"fault": {"kind": "hang_after_headers"}},
            {"status": 503, "error": {}},
            {"say": "x", "fault": {"kind": "cut", "after_pieces": 1}},
        ]},
        "beta": {"cycle": true, "replies": [
            {"say": "a b c d e f", "chunks": 6, "chunk_ms": 8},
            {"fault": {"kind": "reset_before_headers"}},
        ]},
    });
    let settings = json!({"breaker": {"failures": 4, "cooldown_ms": 20, "cooldown_max_ms": 40}, "timeouts": {"first_token_ms": 80, "whole_ms": 80}});
    let (_fake, router) = stage(script, settings).await;
    let mut seed = 7;
    let mut calls = tokio::task::JoinSet::new();
    for i in 0..160u64 {
        let (router, patience) = (router.clone(), Duration::from_micros(draw(&mut seed) % 150_000));
        calls.spawn(async move {
            let request = ask(&["alpha/m", "beta/m"], json!({"stream": i % 2 == 0}));
            let call = async {
                if i % 2 == 0 {
                    read(&router, request).await;
                } else {
                    let _ = router.chat(request).await;
                }
            };
            let _ = tokio::time::timeout(patience, call).await;
        });
        if i % 8 == 0 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
    while let Some(done) = calls.join_next().await {
        done.expect("no call panics");
    }
    let spending = router.spending();
    assert_eq!(spending.held_nanos, 0);
    let entries = router.entries();
    assert!(entries.len() as i128 <= spending.requests, "no request has two entries");
    let spent: i128 = entries.iter().map(|e| i128::from(e.route.cost_nanos.unwrap_or(0))).sum();
    assert_eq!(spent, spending.spent_nanos);
    // No place of a probe was lost on the way.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let plan = router.explain(&ask(&["alpha/m", "beta/m"], json!({}))).expect("an explanation").plan;
    assert_eq!(plan.resting, [], "all rests are over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_callers_at_once_are_answered_and_accounted() {
    let script = json!({"alpha": [{"say": "a", "usage": {"input": 100, "output": 10}}], "beta": [{"say": "b"}]});
    let (fake, router) = stage(script, json!({})).await;
    let calls = (0..200u64).map(|i| {
        let router = router.clone();
        async move {
            let request = ask(&["alpha/m", "beta/m"], json!({"stream": i % 2 == 0}));
            if i % 2 == 0 {
                let (chunks, error) = read(&router, request).await;
                assert!(error.is_none(), "{error:?}");
                assert_eq!(chunks.last().expect("a chunk")["clawrouters"]["model"], json!("alpha/m"));
            } else {
                assert_eq!(router.chat(request).await.expect("a reply").model(), "alpha/m");
            }
        }
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(asked(&fake, "alpha"), 200);
    let spending = router.spending();
    // 100 * 1 USD + 10 * 2 USD per 1M are 120,000 nano-dollars.
    assert_eq!((spending.requests, spending.held_nanos, spending.spent_nanos), (200, 0, 200 * 120_000));
    assert_eq!(router.entries().len(), 200);
}

#[tokio::test]
async fn two_routers_of_one_process_know_nothing_of_each_other() {
    let script = json!({"alpha": [{"status": 503, "error": {}}]});
    let settings = json!({"retry": {"max_attempts": 1}, "breaker": {"failures": 1, "cooldown_ms": 60000, "cooldown_max_ms": 60000}});
    let (fake, one) = stage(script, settings).await;
    let config =
        json!({"providers": {"alpha": {"base_url": format!("{}/alpha/v1", fake.base(adversary_support::ID))}}});
    let two = Router::new(Config::from_value(config).expect("a config")).expect("a router");
    one.chat(ask(&["alpha/m"], json!({}))).await.expect_err("it is down");
    let (resting_one, resting_two) = (
        one.explain(&ask(&["alpha/m"], json!({}))).expect("one").plan.resting,
        two.explain(&ask(&["alpha/m"], json!({}))).expect("two").plan.resting,
    );
    assert_eq!((resting_one.len(), resting_two.len()), (1, 0));
    assert_eq!((two.entries().len(), two.spending().requests), (0, 0));
}

#[tokio::test]
async fn redirects_are_not_followed_and_no_key_travels() {
    for (kind, path) in [("openai", "/v1"), ("anthropic", ""), ("gemini", "/v1beta")] {
        for stream in [false, true] {
            let script = json!({
                "alpha": [{"status": 307, "headers": {"location": "{base}/thief/x"}, "body": ""}],
                "thief": [{"say": "mine"}],
            });
            let settings = json!({"retry": {"backoff_ms": 1, "backoff_max_ms": 1}, "providers": {"alpha": {"kind": kind, "base_url": format!("${{base}}/alpha{path}")}}});
            let (fake, router) = stage(script, settings).await;
            let request = ask(&["alpha/m"], json!({"stream": stream}));
            let error = if stream { read(&router, request).await.1 } else { router.chat(request).await.err() };
            assert_eq!(error.expect("an error").kind(), ErrorKind::ProviderUnavailable, "{kind}");
            assert!(asked(&fake, "alpha") >= 1);
            assert_eq!(asked(&fake, "thief"), 0, "{kind}: the redirect was followed");
        }
    }
}

#[tokio::test]
async fn one_caller_of_a_crowd_probes() {
    let script = json!({"alpha": [{"status": 503, "error": {}, "delay_ms": 400}], "beta": [{"say": "up"}]});
    let settings = json!({"breaker": {"failures": 1, "cooldown_ms": 300, "cooldown_max_ms": 300}});
    let (fake, router) = stage(script, settings).await;
    router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let calls = (0..20).map(|_| router.chat(ask(&["alpha/m", "beta/m"], json!({}))));
    for reply in futures_util::future::join_all(calls).await {
        reply.expect("beta answers");
    }
    assert_eq!(asked(&fake, "alpha"), 2, "one call and one probe");
}

#[tokio::test]
async fn an_error_whose_body_never_comes_is_left_at_once() {
    let stalled = json!({"status": 503, "body": "overloaded", "fault": {"kind": "stall", "after_bytes": 3}});
    let (_fake, router) = stage(json!({"alpha": [stalled], "beta": [{"say": "up"}]}), json!({})).await;
    let started = Instant::now();
    let reply = router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    assert_eq!(reply.model(), "beta/m");
    assert!(started.elapsed() < Duration::from_secs(3), "503 goes on at once, it took {:?}", started.elapsed());
}

#[tokio::test]
async fn an_older_answer_does_not_end_the_rest_that_a_hint_asks_for() {
    let script = json!({
        "alpha": [{"say": "slow", "delay_ms": 800}, {"status": 429, "error": {}, "headers": {"retry-after": "60"}}],
        "beta": [{"say": "up"}],
    });
    let (_fake, router) = stage(script, json!({})).await;
    let slow = tokio::spawn({
        let router = router.clone();
        async move { router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("alpha answers").model().to_owned() }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    assert_eq!(second.model(), "beta/m");
    assert_eq!(slow.await.expect("no panic"), "alpha/m");
    let third = router.chat(ask(&["alpha/m", "beta/m"], json!({}))).await.expect("beta answers");
    assert_eq!((third.model(), third.route.attempts.len()), ("beta/m", 1), "alpha asked for a minute");
}
