//! Headers and body of a failed reply come in; how long the provider asks to wait goes out, at most a day.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::body::Told;

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait asked for in so many words: `retry-after-ms`, `retry-after`, a field of the body, its text.
pub(super) fn stated(headers: &HeaderMap, told: &Told, now: Timestamp) -> Option<Duration> {
    let millis = header(headers, "retry-after-ms").and_then(number).map(|ms| ms / 1000.0);
    millis
        .and_then(seconds)
        .or_else(|| retry_after(header(headers, "retry-after")?, clock(headers, now)))
        .or(told.wait)
        .or_else(|| in_text(told.message.as_deref()?))
        .map(|wait| wait.min(LONGEST))
}

/// The wait until the limit that is used up is reset.
pub(super) fn reset(headers: &HeaderMap, told: &Told, now: Timestamp) -> Option<Duration> {
    let now = clock(headers, now);
    let own = exhausted(|name| header(headers, name).map(str::to_owned), now);
    own.or_else(|| {
        let limits = told.limits.as_ref()?;
        exhausted(|name| passed_on(limits, name), now)
    })
    .map(|wait| wait.min(LONGEST))
}

/// The wait that a header of a limit's reset tells, whatever its form.
pub(super) fn until_reset(headers: &HeaderMap, name: &str, now: Timestamp) -> Option<Duration> {
    until(header(headers, name)?.trim(), clock(headers, now))
}

/// The provider's own clock where it tells it: resets are times on that one.
fn clock(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let date = header(headers, "date").and_then(|text| httpdate::parse_http_date(text).ok());
    date.and_then(|date| Timestamp::try_from(date).ok()).unwrap_or(now)
}

fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Some(given) = number(text) {
        return seconds(given);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(SystemTime::from(now)).ok().filter(|wait| !wait.is_zero())
}

/// The longest wait among the limits of which nothing remains.
fn exhausted(get: impl Fn(&str) -> Option<String>, now: Timestamp) -> Option<Duration> {
    const DIMENSIONS: [&str; 4] = ["requests", "tokens", "input-tokens", "output-tokens"];
    let mut waits = Vec::new();
    let mut look = |remaining: &str, reset: &str| {
        let left = get(remaining).as_deref().and_then(number);
        if left.is_none_or(|left| left <= 0.0) {
            waits.extend(get(reset).as_deref().and_then(|text| until(text, now)));
        }
    };
    for name in DIMENSIONS {
        look(&format!("anthropic-ratelimit-{name}-remaining"), &format!("anthropic-ratelimit-{name}-reset"));
        look(&format!("x-ratelimit-remaining-{name}"), &format!("x-ratelimit-reset-{name}"));
    }
    look("x-ratelimit-remaining", "x-ratelimit-reset");
    look("ratelimit-remaining", "ratelimit-reset");
    waits.into_iter().max()
}

/// A reset as a time, as a duration, as seconds, or as seconds or milliseconds since 1970.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let at = match number(text) {
        Some(millis) if millis > 1e11 => Timestamp::from_millisecond(millis as i64).ok(),
        Some(secs) if secs > 1e9 => Timestamp::from_second(secs as i64).ok(),
        Some(secs) => return seconds(secs),
        None => text.parse::<Timestamp>().ok(),
    };
    match at {
        Some(at) => Duration::try_from(at.duration_since(now)).ok().filter(|wait| !wait.is_zero()),
        None => duration(text),
    }
}

/// A duration such as `1h2m3.5s`, `12ms`, `26s` or `20 seconds`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut total = 0.0;
    let mut found = false;
    while let Some((count, after)) = leading_number(rest) {
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let Some(scale) = unit_seconds(unit) else { break };
        total += count * scale;
        found = true;
        rest = next.trim_start_matches([',', ' ']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    if found { seconds(total) } else { None }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

/// The wait named in a message, such as "Please try again in 1m0.36s."
fn in_text(message: &str) -> Option<Duration> {
    const PHRASES: [&str; 9] = [
        "try again in ",
        "retry in ",
        "retry after ",
        "try again after ",
        "please wait ",
        "wait for ",
        "retrying in ",
        "reset after ",
        "resets in ",
    ];
    let lower = message.to_ascii_lowercase();
    PHRASES.iter().find_map(|phrase| {
        let at = lower.find(phrase)? + phrase.len();
        let rest = lower.get(at..)?;
        duration(rest.strip_prefix("about ").unwrap_or(rest))
    })
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.trim_end_matches('.').parse().ok()?, rest))
}

/// A wait of more than nothing; some send 0 beside the real figure.
pub(super) fn seconds(count: f64) -> Option<Duration> {
    if count.is_nan() || count <= 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(count).map_or(LONGEST, |wait| wait.min(LONGEST)))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn passed_on(limits: &Map<String, Value>, name: &str) -> Option<String> {
    let value = limits.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
