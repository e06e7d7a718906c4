//! The five sources of a wait, in their order, and their units.

use std::time::Duration;

use super::{explain, headers, now};
use crate::provider::errors::{body, delay};

fn wait(pairs: &[(&'static str, &str)], body: &str) -> Option<Duration> {
    let (headers, told) = (headers(pairs), body::read(body.as_bytes()));
    delay::stated(&headers, &told, now()).or_else(|| delay::reset(&headers, &told, now()))
}

fn secs(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

fn message(text: &str) -> String {
    serde_json::json!({"error": {"message": text}}).to_string()
}

#[test]
fn headers_come_first() {
    assert_eq!(wait(&[("retry-after-ms", "250.5"), ("retry-after", "9")], ""), secs(0.2505));
    assert_eq!(wait(&[("retry-after-ms", "0"), ("retry-after", "1")], ""), secs(1.0));
    assert_eq!(wait(&[("retry-after", "1.5")], &message("try again in 7s")), secs(1.5));
    assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], ""), secs(10.0));
    assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:17 GMT")], ""), None);
    assert_eq!(wait(&[("retry-after", "soon")], ""), None);
    assert_eq!(wait(&[("retry-after", "-3")], ""), None);
}

#[test]
fn a_wait_is_a_day_at_most() {
    assert_eq!(wait(&[("retry-after", "999999999")], ""), secs(86_400.0));
    assert_eq!(wait(&[("retry-after", "1e300")], ""), secs(86_400.0));
    assert_eq!(wait(&[], &message("Please try again in 90h")), secs(86_400.0));
}

#[test]
fn bodies_tell_it_in_a_field_or_in_words() {
    let info =
        r#"{"error":{"code":429,"message":"m","details":[{"@type":"t/google.rpc.RetryInfo","retryDelay":"20.5s"}]}}"#;
    assert_eq!(wait(&[], info), secs(20.5));
    let texts = [
        ("Please try again in 1.574s. Visit", 1.574),
        ("Please try again in 644ms.", 0.644),
        ("Please try again in 1m0.36s.", 60.36),
        ("please retry after 30 seconds", 30.0),
        ("Try again in 2 seconds.", 2.0),
        ("Please retry in 26.25s.", 26.25),
        ("try again in about 20 minutes", 1200.0),
        ("Try again in 1 hour and 5 minutes", 3900.0),
    ];
    for (text, wanted) in texts {
        assert_eq!(wait(&[], &message(text)), secs(wanted), "{text}");
    }
    assert_eq!(wait(&[], &message("please try again in a while")), None);
}

#[test]
fn resets_count_where_nothing_remains() {
    let openai = [
        ("x-ratelimit-remaining-requests", "99"),
        ("x-ratelimit-reset-requests", "1h2m3.5s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    assert_eq!(wait(&openai, ""), secs(360.0));
    let anthropic = [
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:50:37Z"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "1994-11-06T08:49:47Z"),
    ];
    assert_eq!(wait(&anthropic, ""), secs(60.0));
    let azure = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "17")];
    assert_eq!(wait(&azure, ""), secs(17.0));
    let epoch = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111787000")];
    assert_eq!(wait(&epoch, ""), secs(10.0));
    let broker = r#"{"error":{"code":429,"message":"m","metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":"784111782000"}}}}"#;
    assert_eq!(wait(&[], broker), secs(5.0));
}

#[test]
fn the_providers_own_clock_is_used() {
    let pairs = [
        ("date", "Tue, 26 Mar 2024 19:59:59 GMT"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2024-03-26T20:00:00Z"),
    ];
    assert_eq!(wait(&pairs, ""), secs(1.0));
}

#[test]
fn resets_say_nothing_of_other_failures() {
    let pairs = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")];
    assert_eq!(explain(500, &pairs, "").retry_after, None);
    assert_eq!(explain(429, &pairs, "").retry_after, secs(360.0));
}
