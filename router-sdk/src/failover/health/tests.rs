use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Health, Rest, Seat};
use crate::catalog::{Model, Quirks};
use crate::config::Breaker;
use crate::failover::verdict::Signal;
use crate::provider::{Cause, Deployment, Family, Limits, Target};

fn target(name: Option<&str>, limits: Limits) -> Target {
    let deployment = Deployment {
        provider: "p".into(),
        name: name.map(str::to_owned),
        weight: 1.0,
        priority: 0,
        limits,
        family: Family::OpenAi,
        base_url: String::new(),
        chat_path: String::new(),
        key: None,
        credentials: crate::credential::Credentials::default(),
        key_header: None,
        headers: http::HeaderMap::new(),
        quirks: Quirks::default(),
        sandbox: false,
        local: false,
        zdr: false,
        cloud: crate::provider::Cloud::Plain,
        owner: None,
    };
    let model = Model { provider: "p".into(), id: "m".into(), ..Model::default() };
    Target { deployment: Arc::new(deployment), model: Arc::new(model), known: true, catalogued: false, effort: None }
}

fn plain() -> Target {
    target(None, Limits::default())
}

fn fail(mut seat: Seat, signal: Signal, now: Instant) {
    seat.failed(Cause::Server, signal, now);
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn opens_after_three_failures_probes_once_and_doubles() {
    let (health, t, start) = (Health::new(Breaker::default()), plain(), Instant::now());
    for _ in 0..3 {
        fail(health.claim(&t, 0, start).ok().unwrap(), Signal::Failure, start);
    }
    let rest = |at: u64| health.claim(&t, 0, start + ms(at)).err();
    assert_eq!(rest(10), Some(Rest::For(ms(1_990))));
    let probe = health.claim(&t, 0, start + ms(2_000)).ok().unwrap();
    assert!(probe.probe);
    assert!(rest(2_000).is_some(), "only one probe");
    fail(probe, Signal::Failure, start + ms(2_000));
    assert_eq!(rest(2_000), Some(Rest::For(ms(4_000))));
    let mut well = health.claim(&t, 0, start + ms(6_000)).ok().unwrap();
    well.success(start + ms(6_000), 0.1);
    drop(well);
    fail(health.claim(&t, 0, start + ms(6_000)).ok().unwrap(), Signal::Failure, start + ms(6_000));
    assert!(rest(6_000).is_none(), "one failure after recovery does not open");
}

#[test]
fn a_repeat_waits_for_no_rest_that_others_brought_about_and_is_the_only_probe() {
    let (health, t, start) = (Health::new(Breaker::default()), plain(), Instant::now());
    let mut mine = health.claim(&t, 0, start).ok().unwrap();
    mine.failed(Cause::RateLimited, Signal::Throttled(ms(500)), start);
    assert!(mine.again(0, start + ms(100)), "its own limit is what it has waited for");
    health.broke(&t, Cause::Server, Signal::Silence, start + ms(100));
    assert!(!mine.again(0, start + ms(200)), "it rests after failures of others");
    assert!(mine.again(0, start + ms(2_100)));
    assert!(health.claim(&t, 0, start + ms(2_100)).is_err(), "the repeat is the probe");
    mine.success(start + ms(2_100), 0.1);
    assert!(health.claim(&t, 0, start + ms(2_200)).is_ok());
    drop(mine);
    assert!(health.claim(&t, 0, start + ms(2_200)).is_ok());
}

#[test]
fn the_cooldown_is_capped_and_a_cancelled_probe_frees_the_place() {
    let health = Health::new(Breaker { failures: 1, ..Breaker::default() });
    let (t, mut now) = (plain(), Instant::now());
    for _ in 0..8 {
        fail(health.claim(&t, 0, now).ok().unwrap(), Signal::Failure, now);
        now += Duration::from_secs(15);
    }
    drop(health.claim(&t, 0, now).ok().unwrap());
    assert!(health.claim(&t, 0, now).is_ok());
}

#[test]
fn throttling_rests_until_the_hint_and_is_no_failure() {
    let (health, t, now) = (Health::new(Breaker { failures: 1, ..Breaker::default() }), plain(), Instant::now());
    fail(health.claim(&t, 0, now).ok().unwrap(), Signal::Throttled(ms(3_000)), now);
    let facts = health.facts(0, now, false, &HashMap::new());
    assert_eq!(facts.resting.get("p/m"), Some(&ms(3_000)));
    let one = health.claim(&t, 0, now + ms(3_000));
    assert!(one.is_ok() && health.claim(&t, 0, now + ms(3_000)).is_ok(), "no probe is needed");
}

#[test]
fn silence_opens_at_once_and_is_remembered() {
    let (health, t, now) = (Health::new(Breaker::default()), plain(), Instant::now());
    fail(health.claim(&t, 0, now).ok().unwrap(), Signal::Silence, now);
    assert!(health.claim(&t, 0, now).is_err());
    let probe = health.claim(&t, 0, now + ms(2_000)).ok().unwrap();
    assert!(probe.may_hang());
}

#[test]
fn half_of_many_failing_opens_though_never_three_in_a_row() {
    let (health, t, now) = (Health::new(Breaker::default()), plain(), Instant::now());
    let mut opened = None;
    for call in 0..40 {
        let Ok(mut seat) = health.claim(&t, 0, now) else {
            opened = Some(call);
            break;
        };
        if call % 2 == 0 { seat.failed(Cause::Server, Signal::Failure, now) } else { seat.success(now, 0.1) }
    }
    assert_eq!(opened, Some(21), "twenty calls are needed, and the last must be a failure");
}

#[test]
fn a_dead_key_rests_for_every_model_and_comes_back_with_one_probe() {
    let (health, t, now) = (Health::new(Breaker::default()), plain(), Instant::now());
    let other = Target { model: Arc::new(Model { id: "n".into(), ..Model::clone(&t.model) }), ..t.clone() };
    fail(health.claim(&t, 0, now).ok().unwrap(), Signal::DeadKey(ms(30_000)), now);
    assert_eq!(health.claim(&other, 0, now).err(), Some(Rest::For(ms(30_000))));
    assert_eq!(health.facts(0, now, false, &HashMap::new()).resting.get("p"), Some(&ms(30_000)));
    let later = now + ms(30_000);
    let mut probe = health.claim(&t, 0, later).ok().unwrap();
    assert!(health.claim(&other, 0, later).is_err(), "one asks for all");
    probe.failed(Cause::Auth, Signal::DeadKey(ms(30_000)), later);
    drop(probe);
    assert_eq!(health.claim(&other, 0, later).err(), Some(Rest::For(ms(60_000))));
    let last = later + ms(60_000);
    health.claim(&t, 0, last).ok().unwrap().success(last, 0.1);
    assert!(health.claim(&other, 0, last).is_ok());
}

#[test]
fn a_recovered_place_is_given_more_with_each_success() {
    let health = Health::new(Breaker { failures: 1, ..Breaker::default() });
    let (t, now) = (plain(), Instant::now());
    fail(health.claim(&t, 0, now).ok().unwrap(), Signal::Failure, now);
    let later = now + ms(2_000);
    health.claim(&t, 0, later).ok().unwrap().success(later, 0.1);
    let many =
        |health: &Arc<Health>| std::iter::from_fn(|| health.claim(&t, 0, later).ok()).take(100).collect::<Vec<_>>();
    let mut first = many(&health);
    assert_eq!(first.len(), 2);
    first.iter_mut().for_each(|seat| seat.success(later, 0.1));
    drop(first);
    assert_eq!(many(&health).len(), 8);
}

#[test]
fn limits_of_a_deployment_hold_and_a_request_larger_than_all_passes_alone() {
    let limits = Limits { concurrency: Some(2), requests_per_minute: Some(3), tokens_per_minute: Some(100) };
    let (health, t, now) = (Health::new(Breaker::default()), target(None, limits), Instant::now());
    let big = health.claim(&t, 500, now);
    assert!(big.is_ok());
    assert!(matches!(health.claim(&t, 1, now + ms(10)), Err(Rest::For(left)) if left == ms(59_990)));
    let (health, now) = (Health::new(Breaker::default()), Instant::now());
    let (one, two) = (health.claim(&t, 1, now), health.claim(&t, 1, now));
    assert_eq!(health.claim(&t, 1, now).err(), Some(Rest::Full));
    drop((one, two));
    drop(health.claim(&t, 1, now).ok().unwrap());
    assert!(matches!(health.claim(&t, 1, now), Err(Rest::For(_))), "the fourth of the minute");
    assert!(health.claim(&t, 1, now + ms(60_000)).is_ok());
}

#[test]
fn a_model_rests_when_it_rests_at_all_deployments() {
    let (health, now) = (Health::new(Breaker { failures: 1, ..Breaker::default() }), Instant::now());
    let (eu, us) = (target(Some("eu"), Limits::default()), target(Some("us"), Limits::default()));
    let pools = HashMap::from([("p".to_owned(), 2)]);
    fail(health.claim(&eu, 0, now).ok().unwrap(), Signal::Failure, now);
    assert!(!health.facts(0, now, false, &pools).resting.contains_key("p/m"));
    fail(health.claim(&us, 0, now).ok().unwrap(), Signal::DeadKey(ms(500)), now);
    assert_eq!(health.facts(0, now, false, &pools).resting.get("p/m"), Some(&ms(500)));
    assert!(!health.facts(0, now + ms(600), false, &pools).resting.contains_key("p/m"));
}

#[test]
fn a_snapshot_tells_how_everybody_stands() {
    let (health, t, now) = (Health::new(Breaker::default()), plain(), Instant::now());
    let mut seat = health.claim(&t, 7, now).ok().unwrap();
    seat.success(now, 0.25);
    let shot = health.snapshot(now);
    assert_eq!((shot[0].target.as_str(), shot[0].state, shot[0].in_flight), ("p/m", "closed", 1));
    assert_eq!((shot[0].first_token_ms, shot[0].requests_minute, shot[0].tokens_minute), (Some(250.0), 1, 7));
    drop(seat);
    fail(health.claim(&t, 0, now).ok().unwrap(), Signal::Silence, now);
    let shot = health.snapshot(now);
    assert_eq!((shot[0].state, shot[0].retry_after, shot[0].last_failure), ("open", 2.0, Some("server_error")));
    assert_eq!(health.snapshot(now + ms(2_000))[0].state, "half_open");
}

#[test]
fn names_that_callers_make_up_are_forgotten() {
    let (health, t, now) = (Health::new(Breaker::default()), plain(), Instant::now());
    let named = |i: usize| {
        let model = Model { id: format!("made-up-{i}"), ..Model::clone(&t.model) };
        Target { model: Arc::new(model), ..t.clone() }
    };
    fail(health.claim(&named(0), 0, now).ok().unwrap(), Signal::Silence, now);
    for i in 1..super::KEPT {
        drop(health.claim(&named(i), 0, now));
    }
    let later = now + ms(61_000);
    drop(health.claim(&t, 0, later));
    let left: Vec<_> = health.snapshot(later).into_iter().map(|h| h.target).collect();
    assert_eq!(left, ["p/m", "p/made-up-0"]);
}
