//! What a provider says is left of its rate limits: response headers in, amounts and times to their reset out.

use std::time::Duration;

use http::HeaderMap;

use super::errors::reset_delay;

/// What is left of one limit, and when it is full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    amount: u64,
    reset: Duration,
}

/// What is left of a target's limits, as told with its last reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    requests: Option<Left>,
    tokens: Vec<Left>,
}

/// A limit that resets later than this is not believed: the clocks differ, or it is another limit than it seems.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Families of headers: what is left, and its reset.
const REQUESTS: [(&str, &str); 3] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
];
const TOKENS: [(&str, &str); 3] = [
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
];

impl Allowance {
    /// Reads the headers of a reply; absent when they say nothing of limits with a time of reset.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let left = |(remaining, reset): &(&str, &str)| {
            let amount = headers.get(*remaining)?.to_str().ok()?.trim().parse::<u64>().ok()?;
            let reset = reset_delay(headers, reset)?;
            Some(Left { amount, reset: reset.min(LONGEST) })
        };
        let requests = REQUESTS.iter().find_map(left);
        let tokens: Vec<Left> = TOKENS.iter().filter_map(left).collect();
        (requests.is_some() || !tokens.is_empty()).then_some(Self { requests, tokens })
    }

    /// How long it has too little left for a request of so many tokens, when it was told so long ago.
    pub(crate) fn empty_for(&self, tokens: u64, ago: Duration) -> Option<Duration> {
        let wait = |left: &Left, needed: u64| {
            (left.amount < needed).then(|| left.reset.checked_sub(ago)).flatten().filter(|d| !d.is_zero())
        };
        let requests = self.requests.as_ref().and_then(|left| wait(left, 1));
        // A request larger than all that was ever left may still be smaller than the limit: only an empty one counts.
        let tokens = self.tokens.iter().filter_map(|left| wait(left, tokens.clamp(1, 1_000))).max();
        requests.max(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Option<Allowance> {
        let headers = pairs.iter().map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap())).collect();
        Allowance::read(&headers)
    }

    #[test]
    fn an_empty_limit_rests_until_its_reset() {
        let told = read(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1m2s")]).unwrap();
        assert_eq!(told.empty_for(10, Duration::from_secs(2)), Some(Duration::from_secs(60)));
        assert_eq!(told.empty_for(10, Duration::from_secs(62)), None);
    }

    #[test]
    fn a_few_tokens_left_are_too_few_and_many_are_enough() {
        let told = read(&[("x-ratelimit-remaining-tokens", "40"), ("x-ratelimit-reset-tokens", "6s")]).unwrap();
        assert_eq!(told.empty_for(30, Duration::ZERO), None);
        assert_eq!(told.empty_for(50, Duration::ZERO), Some(Duration::from_secs(6)));
        let many = read(&[("x-ratelimit-remaining-tokens", "5000"), ("x-ratelimit-reset-tokens", "6s")]).unwrap();
        assert_eq!(many.empty_for(100_000, Duration::ZERO), None, "an estimate is no reason to give up a target");
    }

    #[test]
    fn without_a_reset_nothing_is_known() {
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "0")]), None);
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "many"), ("x-ratelimit-reset-requests", "1s")]), None);
        assert_eq!(read(&[]), None);
    }
}
