//! Requests of about one size: what a model charges any of them in, which of two charges less and by how much out.

use super::facts::Ask;
use super::pool::Entry;
use crate::classify::TaskKind;

/// Requests that are alike for their price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Span {
    /// The fewest and the most input tokens.
    input: (u64, u64),
    /// Output tokens of a model of ordinary verbosity, the fewest and the most.
    typical: (u64, u64),
    /// An output limit of unknown size is set.
    limited: bool,
}

/// Fewer input tokens than this count as alike.
const SMALL: u64 = 16;

impl Span {
    /// Sizes from one power of two to the next.
    pub(super) fn of(ask: &Ask<'_>) -> Self {
        let within = |tokens: u64, small: u64| {
            let most = tokens.max(small).checked_next_power_of_two().unwrap_or(u64::MAX);
            (if most == small { 1 } else { most / 2 + 1 }, most)
        };
        let said = ask.expected_output();
        // Only translations are as long as their text; other kinds have a length of their own.
        let stretches = ask.task.is_some_and(|task| task.kind == TaskKind::Translation);
        Self {
            input: within(ask.input_tokens, SMALL),
            typical: if stretches { within(said, 1) } else { (said, said) },
            limited: ask.needs.max_output_tokens.is_some(),
        }
    }

    /// The most tokens in and out.
    pub(super) fn ends(self) -> (u64, u64) {
        (self.input.1, self.typical.1)
    }

    /// The limits of output between which costs of these two go in straight lines.
    fn limits(self, one: &Tariff, other: &Tariff) -> [u64; 6] {
        if !self.limited {
            return [u64::MAX; 6];
        }
        let (short, long) = self.typical;
        [0, one.said(short), other.said(short), one.said(long), other.said(long), u64::MAX]
    }
}

/// What a model charges requests of a span: the same rates for all of them.
pub(super) struct Tariff {
    input: f64,
    output: f64,
    verbosity: f64,
}

impl Tariff {
    /// Nothing where the price changes with the hour, or with the size within the span.
    pub(super) fn of(entry: &Entry, span: Span) -> Option<Self> {
        let price = entry.price.as_ref().filter(|price| price.off_peak.is_none())?;
        let (least, most) = span.input;
        if price.tiers.iter().any(|tier| (least..most).contains(&tier.above_input_tokens)) {
            return None;
        }
        let rates = price.rates_for(most, None);
        Some(Self { input: rates.input? as f64, output: rates.output? as f64, verbosity: entry.verbosity })
    }

    fn said(&self, typical: u64) -> u64 {
        (typical as f64 * self.verbosity) as u64
    }

    /// Nano-dollars, not rounded.
    fn nanos(&self, input: u64, typical: u64, limit: u64) -> f64 {
        (input as f64 * self.input + self.said(typical).min(limit) as f64 * self.output) / 1e3
    }

    /// What the largest request of the span costs, in nano-dollars.
    pub(super) fn largest(&self, span: Span) -> f64 {
        self.nanos(span.input.1, span.typical.1, u64::MAX)
    }

    /// The most that this one's cost can be of the other's, over all requests of the span; rounding to whole
    /// nano-dollars included. Above 1 where it may be the dearer one.
    pub(super) fn most_of(&self, other: &Self, span: Span) -> f64 {
        let limits = span.limits(self, other);
        let mut most = 0.0f64;
        for input in [span.input.0, span.input.1] {
            for typical in [span.typical.0, span.typical.1] {
                for limit in limits.iter().take(if span.limited { limits.len() } else { 1 }) {
                    let (own, others) = (self.nanos(input, typical, *limit), other.nanos(input, typical, *limit));
                    most = most.max(own.max(1.0) / (others - 1.0).max(1.0));
                }
            }
        }
        most
    }
}
