//! How a caller's limits stand: levels of claims in, the tightest of requests and of tokens out.

use serde::Serialize;

use super::rules::{About, Asked};
use crate::store::{Level, Measure};

/// How far one limit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Allowance {
    /// Whose limit it is, such as `global` or `tag:team=x`.
    pub subject: String,
    /// Its name, such as `requests_per_minute`.
    pub limit_name: &'static str,
    /// The limit.
    pub limit: u64,
    /// What is left of it, what requests under way hold taken off.
    pub remaining: u64,
    /// Milliseconds until all of it is there again, if nothing more is asked for.
    pub reset_ms: u64,
}

/// The tightest of the limits that a request stands under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Allowances {
    /// Of requests over time.
    pub requests: Option<Allowance>,
    /// Of tokens over time.
    pub tokens: Option<Allowance>,
}

impl Allowances {
    /// From the levels of claims, in their order.
    pub(crate) fn of(asked: &Asked, levels: impl Iterator<Item = Level>) -> Option<Box<Self>> {
        let mut out = Self::default();
        for ((claim, about), level) in asked.claims.iter().zip(&asked.about).zip(levels) {
            let About::Figure(name) = about else { continue };
            let slot = match claim.measure {
                Measure::Requests => &mut out.requests,
                Measure::InputTokens | Measure::OutputTokens | Measure::Tokens => &mut out.tokens,
                Measure::Nanos | Measure::Concurrency => continue,
            };
            let one = Allowance {
                subject: claim.subject.to_string(),
                limit_name: name,
                limit: claim.cap,
                remaining: claim.cap.saturating_sub(level.used),
                reset_ms: level.reset_ms.unwrap_or(0),
            };
            let tighter = |other: &Allowance| (one.remaining, other.reset_ms) < (other.remaining, one.reset_ms);
            if slot.as_ref().is_none_or(tighter) {
                *slot = Some(one);
            }
        }
        (out != Self::default()).then(|| Box::new(out))
    }
}
