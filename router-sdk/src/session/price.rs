//! What staying and leaving cost: expected costs of a turn, rates and what a prompt cache holds in, nano-dollars over this
//! turn and the expected further ones out.

use crate::catalog::Rates;

/// Further turns are expected to be as many as there were, within these bounds: conversations that went on go on.
const FURTHER: (u32, u32) = (1, 8);

/// One model as its costs are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Side {
    /// Expected cost of the turn with nothing cached, in nano-dollars.
    pub(super) cost_nanos: u64,
    pub(super) rates: Rates,
    /// Input tokens that its cache holds.
    pub(super) warm: u64,
    /// Its cache can be expected to hold the prompt from the next turn on.
    pub(super) caches: bool,
    /// What is read for the first time is written to the cache at a price of its own.
    pub(super) writes: bool,
}

/// Costs in nano-dollars: of this turn, and of it with all further ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outlay {
    pub(super) turn: f64,
    pub(super) all: f64,
}

/// Turns expected after this one, of a conversation with so many answers.
pub(super) fn further(turns: u32) -> u32 {
    turns.clamp(FURTHER.0, FURTHER.1)
}

impl Side {
    /// Nano-dollars that one token saves which is read from the cache.
    fn discount(&self) -> f64 {
        let input = self.rates.input.unwrap_or(0);
        input.saturating_sub(self.rates.cached_input.unwrap_or(input)) as f64 / 1e3
    }

    /// Nano-dollars that one token costs more which is written to the cache.
    fn surcharge(&self) -> f64 {
        if !self.writes {
            return 0.0;
        }
        let input = self.rates.input.unwrap_or(0);
        self.rates.cache_write.unwrap_or(input).saturating_sub(input) as f64 / 1e3
    }

    /// What `tokens` of input cost with it.
    pub(super) fn outlay(&self, tokens: u64, further: u32) -> Outlay {
        let warm = self.warm.min(tokens);
        let cost = self.cost_nanos as f64;
        let turn = cost - warm as f64 * self.discount() + (tokens - warm) as f64 * self.surcharge();
        let next = if self.caches { cost - tokens as f64 * self.discount() } else { cost };
        let (turn, next) = (turn.max(0.0), next.max(0.0));
        Outlay { turn, all: turn + f64::from(further) * next }
    }

    /// What is lost when `tokens` that another cache held are read anew here: the price of a cold cache.
    pub(super) fn loss(&self, tokens: u64) -> u64 {
        if !self.caches {
            return 0;
        }
        (tokens as f64 * (self.discount() + self.surcharge())) as u64
    }
}
