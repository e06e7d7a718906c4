//! How a caller's limits stand in; the `x-ratelimit-*` headers of OpenAI's form out.

use http::HeaderMap;

use super::respond::set;
use crate::admit::{Allowance, Allowances};

/// Writes the headers of requests and tokens, each where it is limited.
pub(super) fn limit_headers(headers: &mut HeaderMap, limits: Option<&Allowances>) {
    let Some(limits) = limits else { return };
    if let Some(Allowance { limit, remaining, reset_ms, .. }) = &limits.requests {
        set(headers, "x-ratelimit-limit-requests", &limit.to_string());
        set(headers, "x-ratelimit-remaining-requests", &remaining.to_string());
        set(headers, "x-ratelimit-reset-requests", &duration(*reset_ms));
    }
    if let Some(Allowance { limit, remaining, reset_ms, .. }) = &limits.tokens {
        set(headers, "x-ratelimit-limit-tokens", &limit.to_string());
        set(headers, "x-ratelimit-remaining-tokens", &remaining.to_string());
        set(headers, "x-ratelimit-reset-tokens", &duration(*reset_ms));
    }
}

/// A time as OpenAI writes it: `20ms`, `1.5s`, `6m0s`, `1h0m30s`.
fn duration(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = format!("{rest:03}");
    let fraction = fraction.trim_end_matches('0');
    let seconds = if fraction.is_empty() { format!("{seconds}s") } else { format!("{seconds}.{fraction}s") };
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_are_written_as_openai_writes_them() {
        let cases = [
            (0, "0ms"),
            (20, "20ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (1_020, "1.02s"),
            (360_000, "6m0s"),
            (3_630_000, "1h0m30s"),
            (86_400_000, "24h0m0s"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
    }
}
