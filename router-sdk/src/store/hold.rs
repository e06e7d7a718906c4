//! Claims that were granted in; the real amounts, or nothing at all, in their place out.

use std::sync::Arc;

use super::{Claim, Level, Measure};

/// What one request has really used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) requests: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) nanos: u64,
}

impl Amounts {
    /// What of it a measure counts. Nobody is there any more once the amounts are known.
    pub(crate) fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Requests => self.requests,
            Measure::InputTokens => self.input_tokens,
            Measure::OutputTokens => self.output_tokens,
            Measure::Tokens => self.input_tokens.saturating_add(self.output_tokens),
            Measure::Nanos => self.nanos,
            Measure::Concurrency => 0,
        }
    }
}

/// A claim that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) claim: Claim,
    /// Where the store counts it: a mark of its own.
    pub(crate) mark: i64,
    /// How far the cap was used just after it was granted.
    pub(crate) level: Level,
}

/// Takes back what was granted. One for all holds or one a hold, as the store likes.
pub(crate) trait Keeper: Send + Sync {
    /// Counts the real amounts in place of those granted, at the moment for which these were granted. Never waits.
    fn settle(&self, parts: &[Part], real: Amounts);
}

/// Claims that are held. Dropping them unsettled gives everything back.
#[must_use]
pub(crate) struct Hold {
    keeper: Arc<dyn Keeper>,
    parts: Vec<Part>,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Hold {
    pub(crate) fn new(keeper: Arc<dyn Keeper>, parts: Vec<Part>) -> Self {
        Self { keeper, parts }
    }

    /// What is held, in the order of the claims.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Puts the real amounts in place of those held.
    pub(crate) fn settle(mut self, real: Amounts) {
        self.keeper.settle(&std::mem::take(&mut self.parts), real);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.parts.is_empty() {
            self.keeper.settle(&self.parts, Amounts::default());
        }
    }
}
