//! What a failure means: its cause and plain facts in, one decision and what the breaker hears out. Unknown means stop.

use std::time::Duration;

use crate::config::{Breaker, Retry};
use crate::error::ErrorKind;
use crate::provider::{Cause, Failure, Repeat};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Ask the same target again after a pause of this kind.
    Same(Pause),
    /// Ask the next candidate now.
    Next,
    /// Give up and say why.
    Stop,
}

/// How long to pause before the same target is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// At most 25 ms.
    Quick,
    /// Full jitter over a growing interval.
    Backoff,
    /// What the provider asked for, as a floor.
    Hint(Duration),
}

/// What the breaker of the target hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Nothing,
    Failure,
    /// Empty until then.
    Throttled(Duration),
    /// Unusable for a long time.
    Rest(Duration),
    /// It kept silent: asking again may cost the whole time limit again.
    Silence,
    /// Its key is refused, for all models; the first rest.
    DeadKey(Duration),
}

/// The state of the request at a failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Another candidate that may be asked remains.
    pub(crate) another: bool,
    /// Sends to this target so far, this one included.
    pub(crate) sends: u32,
    /// Time left until the deadline.
    pub(crate) left: Duration,
}

/// A pause without a hint after 429 for the breaker, as long as the shortest per-minute windows refill noticeably.
const THROTTLED_WITHOUT_HINT: Duration = Duration::from_secs(1);

/// Decides what follows a failure.
pub(crate) fn decide(failure: &Failure, facts: Facts, retry: &Retry) -> Then {
    let again = facts.sends < retry.max_attempts && failure.repeat != Repeat::Never;
    let onward = if facts.another { Then::Next } else { Then::Stop };
    let repeat = |pause| if again { Then::Same(pause) } else { onward };
    match failure.cause {
        Cause::Server if in_stream(failure) => onward_or_backoff(failure, facts, again),
        Cause::Reset | Cause::Server | Cause::ModelFault => repeat(Pause::Quick),
        Cause::Connect | Cause::Overloaded | Cause::Malformed | Cause::Truncated | Cause::Empty => {
            onward_or_backoff(failure, facts, again)
        }
        Cause::RateLimited => rate_limited(failure.retry_after, facts, again, retry),
        Cause::Auth if failure.repeat == Repeat::NewCredentials => repeat(Pause::Quick),
        Cause::HeadersTimeout
        | Cause::FirstTokenTimeout
        | Cause::IdleTimeout
        | Cause::Quota
        | Cause::TooLarge
        | Cause::Auth
        | Cause::ModelMissing
        | Cause::Unsupported
        | Cause::ContextTooLong => onward,
        Cause::ContentRefused | Cause::Caller | Cause::Deadline | Cause::Unknown => Then::Stop,
    }
}

/// An error that came inside a 200 is a broken stream: the target has shown that it is up, and a repeat gains nothing.
fn in_stream(failure: &Failure) -> bool {
    failure.status.is_some_and(|status| status < 300)
}

/// The next candidate at once; alone the same one after the hint or a backoff.
fn onward_or_backoff(failure: &Failure, facts: Facts, again: bool) -> Then {
    match failure.retry_after {
        _ if facts.another => Then::Next,
        Some(hint) if again && hint < facts.left => Then::Same(Pause::Hint(hint)),
        None if again => Then::Same(Pause::Backoff),
        _ => Then::Stop,
    }
}

fn rate_limited(hint: Option<Duration>, facts: Facts, again: bool, retry: &Retry) -> Then {
    let patience = Duration::from_millis(retry.wait_for_hint_ms);
    match hint {
        Some(hint) if facts.another => {
            if again && hint <= patience && hint < facts.left {
                Then::Same(Pause::Hint(hint))
            } else {
                Then::Next
            }
        }
        None if facts.another => Then::Next,
        Some(hint) if again && hint < facts.left => Then::Same(Pause::Hint(hint)),
        None if again => Then::Same(Pause::Backoff),
        _ => Then::Stop,
    }
}

/// What the target's breaker hears of a failure.
pub(crate) fn signal(failure: &Failure, breaker: &Breaker) -> Signal {
    match failure.cause {
        Cause::Auth if failure.repeat == Repeat::NewCredentials => Signal::Nothing,
        Cause::RateLimited => Signal::Throttled(failure.retry_after.unwrap_or(THROTTLED_WITHOUT_HINT)),
        Cause::Quota => {
            let rest = failure.retry_after.unwrap_or_default().max(Duration::from_millis(breaker.quota_rest_ms));
            // 402 speaks of the account, a spent quota may be one model's.
            if failure.status == Some(402) { Signal::DeadKey(rest) } else { Signal::Rest(rest) }
        }
        Cause::Auth => {
            let rest = Duration::from_millis(breaker.key_rest_ms);
            // 403 may forbid one model, other refusals of a key hold for all.
            if failure.status == Some(403) { Signal::Rest(rest) } else { Signal::DeadKey(rest) }
        }
        Cause::HeadersTimeout | Cause::FirstTokenTimeout => Signal::Silence,
        Cause::TooLarge
        | Cause::ModelMissing
        | Cause::Unsupported
        | Cause::ContextTooLong
        | Cause::ContentRefused
        | Cause::ModelFault
        | Cause::Caller
        | Cause::Deadline => Signal::Nothing,
        _ => Signal::Failure,
    }
}

/// Why that follows, in words for the attempt's record.
pub(crate) fn why(failure: &Failure, then: Then, another: bool) -> &'static str {
    match then {
        Then::Next => "another candidate is ready",
        Then::Same(Pause::Quick) => "a repeat often helps",
        Then::Same(Pause::Backoff) => "no other candidate; a repeat after a pause",
        Then::Same(Pause::Hint(_)) => "the provider named the time to come back",
        Then::Stop => match failure.cause {
            Cause::ContentRefused | Cause::Caller => "it lies with the request",
            Cause::Deadline => "no time is left",
            Cause::Unknown => "nobody knows what it means",
            _ if another => "a repeat would not help",
            _ => "no other candidate",
        },
    }
}

/// The kind of error that a failure becomes when nothing else is left.
pub(crate) fn error_kind(failure: &Failure) -> ErrorKind {
    match failure.cause {
        Cause::HeadersTimeout | Cause::FirstTokenTimeout | Cause::IdleTimeout | Cause::Deadline => ErrorKind::Timeout,
        Cause::RateLimited => ErrorKind::RateLimited,
        Cause::Quota => ErrorKind::BudgetExceeded,
        Cause::TooLarge if failure.status == Some(429) => ErrorKind::RateLimited,
        Cause::Auth if failure.status == Some(403) => ErrorKind::Forbidden,
        Cause::Auth => ErrorKind::Unauthenticated,
        Cause::ContextTooLong => ErrorKind::ContextTooLong,
        Cause::ContentRefused => ErrorKind::ContentRefused,
        Cause::Caller | Cause::Unsupported | Cause::ModelMissing | Cause::TooLarge => ErrorKind::InvalidRequest,
        _ => ErrorKind::ProviderUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(60);

    fn decided(cause: Cause, another: bool, sends: u32, hint: Option<u64>) -> Then {
        let failure = Failure { retry_after: hint.map(Duration::from_millis), ..Failure::new(cause, "") };
        decide(&failure, Facts { another, sends, left: LEFT }, &Retry::default())
    }

    #[test]
    fn overload_and_refusal_move_on_at_once_and_wait_only_alone() {
        for cause in [Cause::Connect, Cause::Overloaded, Cause::Empty, Cause::Truncated, Cause::Malformed] {
            assert_eq!(decided(cause, true, 1, None), Then::Next);
            assert_eq!(decided(cause, false, 1, None), Then::Same(Pause::Backoff));
            assert_eq!(decided(cause, false, 2, None), Then::Stop);
        }
    }

    #[test]
    fn server_errors_are_repeated_once_quickly() {
        assert_eq!(decided(Cause::Server, true, 1, None), Then::Same(Pause::Quick));
        assert_eq!(decided(Cause::Server, true, 2, None), Then::Next);
        assert_eq!(decided(Cause::Server, false, 2, None), Then::Stop);
    }

    #[test]
    fn rate_limits_move_on_and_wait_for_the_hint_alone() {
        assert_eq!(decided(Cause::RateLimited, true, 1, Some(500)), Then::Next);
        assert_eq!(
            decided(Cause::RateLimited, false, 1, Some(500)),
            Then::Same(Pause::Hint(Duration::from_millis(500)))
        );
        assert_eq!(decided(Cause::RateLimited, false, 1, Some(90_000)), Then::Stop);
        let patient = Retry { wait_for_hint_ms: 600, ..Retry::default() };
        let failure = Failure { retry_after: Some(Duration::from_millis(500)), ..Failure::new(Cause::RateLimited, "") };
        let facts = Facts { another: true, sends: 1, left: LEFT };
        assert_eq!(decide(&failure, facts, &patient), Then::Same(Pause::Hint(Duration::from_millis(500))));
    }

    #[test]
    fn the_provider_can_forbid_repeats() {
        for cause in [Cause::Server, Cause::Reset, Cause::Overloaded, Cause::RateLimited, Cause::ModelFault] {
            let failure = Failure::new(cause, "").with_repeat(Repeat::Never);
            let then = |another| decide(&failure, Facts { another, sends: 1, left: LEFT }, &Retry::default());
            assert_eq!((then(true), then(false)), (Then::Next, Then::Stop), "{cause:?}");
        }
    }

    #[test]
    fn new_credentials_are_tried_at_once_and_the_breaker_hears_nothing() {
        let failure = Failure::new(Cause::Auth, "").with_repeat(Repeat::NewCredentials);
        let then = |another, sends| decide(&failure, Facts { another, sends, left: LEFT }, &Retry::default());
        assert_eq!(then(true, 1), Then::Same(Pause::Quick));
        assert_eq!((then(true, 2), then(false, 2)), (Then::Next, Then::Stop));
        assert_eq!(signal(&failure, &Breaker::default()), Signal::Nothing);
        let rest = Duration::from_secs(30);
        assert_eq!(signal(&Failure::new(Cause::Auth, ""), &Breaker::default()), Signal::DeadKey(rest));
    }

    #[test]
    fn timeouts_and_keys_move_on_and_callers_mistakes_stop() {
        for cause in [Cause::HeadersTimeout, Cause::Auth, Cause::Quota, Cause::ModelMissing, Cause::ContextTooLong] {
            assert_eq!(decided(cause, true, 1, None), Then::Next);
            assert_eq!(decided(cause, false, 1, None), Then::Stop);
        }
        for cause in [Cause::Caller, Cause::ContentRefused, Cause::Unknown, Cause::Deadline] {
            assert_eq!(decided(cause, true, 1, None), Then::Stop);
        }
    }
}
