//! Many callers at once: places, repeats, races, shadows and balances under load.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::adversary_support::{ID, ask, asked, stage};
use crate::hear;

/// The most requests of a provider that were under way at one moment.
fn at_once(fake: &fake_provider::FakeProvider, provider: &str) -> usize {
    let requests: Vec<_> = fake.requests(ID).into_iter().filter(|r| r.provider == provider).collect();
    let under_way =
        |at: u64| requests.iter().filter(|r| r.at_ms <= at && r.ended_ms.is_none_or(|end| end > at)).count();
    requests.iter().map(|r| under_way(r.at_ms)).max().unwrap_or_default()
}

#[tokio::test]
async fn fifty_callers_share_four_places() {
    let slow = json!([{"say": "up", "delay_ms": 30}]);
    let capped = json!({"providers": {"a": {"max_concurrency": 4}}});
    for stream in [false, true] {
        // Alone they wait for one another.
        let (fake, router) = stage(json!({"a": slow}), capped.clone()).await;
        let calls = (0..50).map(|_| async {
            if stream {
                hear(&router, ask(&["a/m"], json!({}))).await.error
            } else {
                router.chat(ask(&["a/m"], json!({}))).await.err()
            }
        });
        let failed: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
        assert!(failed.is_empty(), "{failed:?}");
        assert!(at_once(&fake, "a") <= 5, "{} at once", at_once(&fake, "a"));
        assert_eq!(asked(&fake, "a"), 50);
        // With another they go there at once.
        let (fake, router) = stage(json!({"a": slow, "b": [{"say": "up"}]}), capped.clone()).await;
        let calls = (0..50).map(|_| router.chat(ask(&["a/m", "b/m"], json!({}))));
        let failed = join_all(calls).await.into_iter().filter_map(Result::err).count();
        assert_eq!((failed, asked(&fake, "a") + asked(&fake, "b")), (0, 50));
        assert!(asked(&fake, "b") >= 40 && at_once(&fake, "a") <= 4, "{} went on", asked(&fake, "b"));
    }
}

#[tokio::test]
async fn who_waits_for_a_place_ends_by_the_deadline() {
    let script = json!({"a": [{"fault": {"kind": "hang_before_headers"}}]});
    let (fake, router) = stage(script, json!({"providers": {"a": {"max_concurrency": 1}}})).await;
    let within = |deadline_ms: u64| router.chat(ask(&["a/m"], json!({"route": {"deadline_ms": deadline_ms}})));
    let mut holder = std::pin::pin!(within(5_000));
    while asked(&fake, "a") == 0 {
        tokio::select! {
            early = &mut holder => panic!("nobody answers: {early:?}"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    // Those who wait are gone while the place is still taken, and were never sent.
    let waiting = join_all((0..10).map(|_| within(100)));
    let kinds: Vec<_> = tokio::select! {
        early = &mut holder => panic!("the place was left first: {early:?}"),
        ended = waiting => ended.into_iter().filter_map(|r| r.err().map(|e| e.kind().as_str())).collect(),
    };
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    assert!(kinds.iter().all(|k| k.eq_ignore_ascii_case("timeout")), "{kinds:?}");
    assert_eq!(asked(&fake, "a"), 1);
    // So is who holds it, at its own deadline.
    let kind = holder.await.map_err(|e| e.kind().as_str());
    assert!(kind.is_err_and(|k| k.eq_ignore_ascii_case("timeout")));
    assert_eq!(router.spending().held_nanos, 0);
}

#[tokio::test]
async fn a_storm_of_rate_limits_spends_the_purse_and_no_more() {
    let script = json!({"a": [{"status": 429, "error": {}, "headers": {"retry-after-ms": "1"}}]});
    let (fake, router) = stage(script, json!({"retry": {"backoff_ms": 1, "backoff_max_ms": 2}})).await;
    let calls = (0..200).map(|_| router.chat(ask(&["a/m"], json!({}))));
    assert!(join_all(calls).await.iter().all(Result::is_err));
    assert!(asked(&fake, "a") <= 210, "{} sends for 200 requests", asked(&fake, "a"));
}

#[tokio::test]
async fn both_sides_of_a_race_are_paid_and_their_share_is_kept() {
    let script = json!({"a": [{"say": "slow", "first_token_ms": 400}], "b": [{"say": "quick"}]});
    let (fake, router) = stage(script, json!({"hedge": {"share": 0.25, "after_ms": 20}})).await;
    let mut quick = 0;
    for n in 0..12 {
        let heard = hear(&router, ask(&["a/m", "b/m"], json!({}))).await;
        assert!(heard.error.is_none(), "{:?}", heard.error);
        let route = heard.route.expect("a route");
        if heard.text == "quick" {
            quick += 1;
            assert_eq!(route.attempts.len(), 2, "call {n}");
            let sum: u64 = route.attempts.iter().filter_map(|a| a.cost_nanos).sum();
            assert_eq!(route.cost_nanos, Some(sum), "call {n}: {:?}", route.attempts);
            assert!(route.attempts.iter().all(|a| a.cost_nanos.is_some()), "{:?}", route.attempts);
        }
    }
    assert_eq!((quick, asked(&fake, "a"), asked(&fake, "b")), (3, 12, 3));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let cancelled = fake.requests(ID).iter().filter(|r| r.provider == "a" && r.closed_early).count();
    assert_eq!(cancelled, 3, "the slower one is cancelled");
    assert_eq!(router.spending().held_nanos, 0);
    let entries = router.entries();
    let costs: u64 = entries.iter().filter_map(|e| e.route.cost_nanos).sum();
    assert_eq!((entries.len(), router.spending().spent_nanos), (12, i128::from(costs)));
}

#[tokio::test]
async fn a_hanging_shadow_costs_nobody_anything() {
    let script = json!({"a": [{"say": "up"}], "s": [{"fault": {"kind": "hang_before_headers"}}]});
    let settings = json!({"shadow": {"model": "s/m", "share": 1.0}, "timeouts": {"total_ms": 1_500}});
    let (fake, router) = stage(script, settings).await;
    let started = Instant::now();
    for n in 0..30 {
        let heard = hear(&router, ask(&["a/m"], json!({}))).await;
        assert_eq!((heard.text.as_str(), heard.error.is_none()), ("up", true), "call {n}");
    }
    assert!(started.elapsed() < Duration::from_millis(1_200), "{:?}", started.elapsed());
    assert!(asked(&fake, "s") <= 16, "{} copies", asked(&fake, "s"));
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    assert_eq!(router.spending().held_nanos, 0);
    assert!(fake.requests(ID).iter().all(|r| r.ended_ms.is_some()), "a shadow is still being waited for");
    assert!(router.entries().iter().filter(|e| e.purpose != "shadow").all(|e| e.error.is_none()));
}

fn pool(balance: &str) -> Value {
    let at = |name: &str| json!({"name": name, "base_url": format!("${{base}}/{name}/v1"), "api_key": format!("key-{name}")});
    json!({
        "providers": {"p": {"kind": "openai", "balance": balance, "deployments": [at("x"), at("y"), at("z")]}},
        "models": [{"id": "p/m"}],
    })
}

#[tokio::test]
async fn every_balance_serves_a_crowd_while_one_deployment_is_dead() {
    for balance in ["weighted", "round_robin", "least_busy", "lowest_latency", "lowest_usage", "cheapest", "hash"] {
        let slow = json!([{"say": "up", "first_token_ms": 5}]);
        let script = json!({"x": slow, "y": [{"status": 503, "error": {}}], "z": slow});
        let (fake, router) = stage(script, pool(balance)).await;
        for _ in 0..4 {
            let calls = (0..25).map(|n| router.chat(ask(&["p/m"], json!({"route": {"session": format!("s{n}")}}))));
            let failed: Vec<_> = join_all(calls).await.into_iter().filter_map(Result::err).collect();
            assert!(failed.is_empty(), "{balance}: {failed:?}");
        }
        let counts = ["x", "y", "z"].map(|p| asked(&fake, p));
        assert!(counts[1] <= 28 && counts[0] + counts[2] == 100, "{balance}: {counts:?}");
        if !["cheapest", "lowest_latency"].contains(&balance) {
            assert!(counts[0] >= 20 && counts[2] >= 20, "{balance}: {counts:?}");
        }
        assert!(router.health().iter().all(|t| t.in_flight == 0), "{balance}");
    }
}
