//! The decision: a conversation, a turn of it, how its model stands and what the plan offers in; whether it stays or where
//! it goes, and why, out. No I/O, no clock.
//!
//! What is refused, resting or gone is left. The middle of a tool loop is never left. A turn that asks for more than the
//! held model meets, by the measure of the strategy, moves up. What only costs less has to pay for the cold cache and fit
//! into the budget of switching; a weaker model may answer a simple turn that stands by itself, and no other.

use std::time::Duration;

use super::price::{Outlay, Side, further};
use super::record::Record;
use super::turn::Turn;
use crate::catalog::Rates;
use crate::select::DOUBLING;
use crate::wire::{SessionDecision, Strategy};

/// Prompts shorter than this are not cached where the catalogue does not know better.
const LEAST_CACHED: u64 = 1_024;
/// A prompt of less than this share of the last one is another prompt, of which nothing is cached. Estimates and
/// tokenizers differ by less.
const SAME_PROMPT: f64 = 0.8;
/// So far below the bar of `cheapest` and `fastest` is a clear lack.
const SHORT_OF_BAR: f64 = 0.1;
/// `best` moves for so much more probability of a good answer; what is twice as much is a clear lack.
const BETTER: f64 = 0.02;
/// Qualities that differ by less are the same.
const SAME: f64 = 1e-9;
/// `fastest` leaves a model that has been more than so many times as slow as its choice, and so many seconds slower.
const SLOWER: (f64, f64) = (2.0, 1.0);

/// A model that may answer, and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prospect {
    /// `provider/model`.
    pub(crate) key: String,
    /// Expected probability of a good answer.
    pub(crate) quality: Option<f64>,
    /// Expected cost of the turn with nothing cached, in nano-dollars.
    pub(crate) cost_nanos: Option<u64>,
    pub(crate) rates: Option<Rates>,
    /// Seconds to its first output as lately observed.
    pub(crate) seconds: Option<f64>,
    /// Prompts shorter than this are not cached.
    pub(crate) least_cached: Option<u64>,
}

/// How the model that a conversation is with stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Held {
    Able(Prospect),
    /// It could, but rests after failures.
    Resting(Prospect, Duration),
    /// A gate refuses it for this request.
    Refused(&'static str),
    /// It is not among the models that `auto` may choose.
    Gone,
}

/// Everything the decision is made from.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) record: &'a Record,
    pub(crate) turn: &'a Turn,
    pub(crate) strategy: Strategy,
    /// The least quality that `cheapest` and `fastest` are satisfied with.
    pub(crate) bar: f64,
    pub(crate) input_tokens: u64,
    pub(crate) held: Held,
    /// The plan's candidates, in its order; at least one.
    pub(crate) offers: &'a [Prospect],
    /// The request orders the models itself.
    pub(crate) ordered: bool,
    pub(crate) now_ms: i64,
    pub(crate) cache_life_s: u64,
    pub(crate) switching_budget: f64,
}

/// Who is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    Held,
    /// The candidate at this place of the plan.
    Offer(usize),
}

/// What is decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) word: SessionDecision,
    pub(crate) pick: Pick,
    pub(crate) reason: String,
    /// Input tokens that the held model's cache is expected to have.
    pub(crate) warm: u64,
    /// Nano-dollars that the switch loses.
    pub(crate) loss_nanos: u64,
}

/// How much a model falls short of what a turn asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    None,
    Slight,
    Clear,
}

/// Decides.
pub(crate) fn decide(facts: &Facts<'_>) -> Decision {
    let held = match &facts.held {
        Held::Able(held) => held,
        Held::Resting(held, left) => {
            let why = format!("rests after failures for {:.0} s more", left.as_secs_f64().ceil());
            // A rest is no reason to answer worse: who is as able goes first, where there is one.
            let able = facts.offers.iter().position(|offer| !facts.turn.separable && not_weaker(offer, held));
            return facts.left(&why, able.unwrap_or(0), facts.warm(held));
        }
        Held::Refused(gate) => return facts.left(&format!("is refused by the gate {gate}"), 0, 0),
        Held::Gone => return facts.left("is not among the models of auto any more", 0, 0),
    };
    let warm = facts.warm(held);
    let model = &held.key;
    if facts.offers.first().is_none_or(|first| first.key == held.key) {
        return facts.stays(warm, format!("stays with {model}, which is the choice for this turn too"));
    }
    if facts.ordered {
        let reason = format!("leaves {model}: route.order was followed");
        return facts.goes(SessionDecision::Switched, 0, warm, reason);
    }
    if facts.turn.in_loop {
        return facts.stays(warm, format!("stays with {model} until its tool calls are done"));
    }
    facts
        .escalated(held, warm)
        .or_else(|| facts.switched(held, warm))
        .or_else(|| facts.eased(held, warm))
        .unwrap_or_else(|| facts.stays(warm, facts.why_stay(held, warm)))
}

fn not_weaker(offer: &Prospect, held: &Prospect) -> bool {
    matches!((offer.quality, held.quality), (Some(offer), Some(held)) if offer >= held - SAME)
}

impl Facts<'_> {
    fn stays(&self, warm: u64, reason: String) -> Decision {
        Decision { word: SessionDecision::Stayed, pick: Pick::Held, reason, warm, loss_nanos: 0 }
    }

    fn goes(&self, word: SessionDecision, at: usize, warm: u64, reason: String) -> Decision {
        let loss_nanos = self.offers.get(at).and_then(|to| self.side(to, 0)).map_or(0, |side| side.loss(warm));
        Decision { word, pick: Pick::Offer(at), reason, warm, loss_nanos }
    }

    fn left(&self, why: &str, at: usize, warm: u64) -> Decision {
        let to = self.offers.get(at).map_or("", |offer| offer.key.as_str());
        let reason = format!("leaves {}, which {why}, for {to}", self.record.model);
        self.goes(SessionDecision::Left, at, warm, reason)
    }

    /// Input tokens that the held model's cache has: what its last answer reported, unless that is too long ago.
    fn warm(&self, held: &Prospect) -> u64 {
        let record = self.record;
        let life_ms = i64::try_from(record.life_s.unwrap_or(self.cache_life_s).saturating_mul(1_000));
        let age_ms = self.now_ms.saturating_sub(record.warm_ms).max(0);
        let same = self.input_tokens as f64 >= record.input as f64 * SAME_PROMPT;
        if age_ms > life_ms.unwrap_or(i64::MAX) || !same {
            return 0;
        }
        let held_tokens = match (record.cached, record.written) {
            // What was not reported although there had been something to read is not cached.
            (0, 0) if record.here > 1 || !by_itself(held) => 0,
            (0, 0) if record.input < held.least_cached.unwrap_or(LEAST_CACHED) => 0,
            // Who caches by itself has the whole of the last prompt now.
            (_, 0) => record.input,
            (cached, written) => cached.saturating_add(written),
        };
        held_tokens.min(self.input_tokens)
    }

    /// A model as its costs are compared; nothing where they are not known.
    fn side(&self, model: &Prospect, warm: u64) -> Option<Side> {
        let rates = model.rates?;
        let marked = self.record.written > 0 && rates.cache_write.is_some();
        let long = self.input_tokens >= model.least_cached.unwrap_or(LEAST_CACHED);
        let caches = warm > 0 || long && rates.cached_input.is_some() && (by_itself(model) || marked);
        Some(Side { cost_nanos: model.cost_nanos?, rates, warm, caches, writes: marked })
    }

    fn outlays(&self, held: &Prospect, other: &Prospect, warm: u64) -> Option<(Outlay, Outlay)> {
        let further = further(self.record.turns);
        let stay = self.side(held, warm)?.outlay(self.input_tokens, further);
        Some((stay, self.side(other, 0)?.outlay(self.input_tokens, further)))
    }

    /// Whether the budget has room for what a switch to this candidate loses.
    fn affords(&self, to: &Prospect, warm: u64) -> bool {
        let Some(side) = self.side(to, 0) else { return false };
        let spend = self.record.spent as f64 + side.outlay(self.input_tokens, 0).turn;
        self.record.lost.saturating_add(side.loss(warm)) as f64 <= self.switching_budget * spend
    }

    /// How much the held model falls short of the turn beside another, by the strategy's own measure.
    fn lack(&self, held: &Prospect, other: &Prospect, warm: u64) -> Lack {
        let (Some(own), Some(more)) = (held.quality, other.quality) else { return Lack::None };
        if more <= own + SAME {
            return Lack::None;
        }
        let (short, clear) = match self.strategy {
            Strategy::Cheapest | Strategy::Fastest => (self.bar - own, SHORT_OF_BAR),
            Strategy::Best => (more - own - BETTER, BETTER),
            Strategy::Balanced => {
                let cost = self.outlays(held, other, warm).map_or(0.0, |(stay, leave)| doublings(leave.all, stay.all));
                (odds_of_failure(own) - odds_of_failure(more) - DOUBLING * cost, DOUBLING)
            }
        };
        match short {
            short if short <= SAME => Lack::None,
            short if short < clear => Lack::Slight,
            _ => Lack::Clear,
        }
    }

    /// Moves up, among those that are abler, in the order of the plan.
    fn escalated(&self, held: &Prospect, warm: u64) -> Option<Decision> {
        let lacks = |offer: &Prospect| self.lack(held, offer, warm);
        let (at, to) = self.offers.iter().enumerate().find(|(_, offer)| lacks(offer) > Lack::None)?;
        let stall = self.turn.stall;
        // What is hardly short, and short in nobody's eyes, has to fit the budget.
        if stall.is_none() && lacks(to) == Lack::Slight && !self.affords(to, warm) {
            return None;
        }
        let likely = held.quality.unwrap_or_default();
        let why = match stall {
            Some(stall) => stall.words().to_owned(),
            None => format!("this turn asks for more than {} is good for ({likely:.2} likely)", held.key),
        };
        let reason = format!("moves up from {} to {}: {why}", held.key, to.key);
        Some(self.goes(SessionDecision::Escalated, at, warm, reason))
    }

    /// Moves to the plan's choice where that is as able and cheaper, quicker for `fastest`, or what another strategy wants.
    fn switched(&self, held: &Prospect, warm: u64) -> Option<Decision> {
        let to = self.offers.first()?;
        let asked_anew = self.record.strategy != self.strategy;
        if !not_weaker(to, held) && !asked_anew {
            return None;
        }
        let goes = |why: &str| {
            let reason = format!("moves from {} to {}: {why}", held.key, to.key);
            Some(self.goes(SessionDecision::Switched, 0, warm, reason))
        };
        let (slow, by) = SLOWER;
        if self.strategy == Strategy::Fastest
            && matches!((held.seconds, to.seconds), (Some(own), Some(its)) if own > its * slow && own > its + by)
        {
            return goes("it has been much quicker to begin lately");
        }
        let (stay, leave) = self.outlays(held, to, warm)?;
        if leave.all >= stay.all || !self.affords(to, warm) {
            return None;
        }
        let saved = (stay.all - leave.all) / 1e9;
        let turns = further(self.record.turns);
        let able = if asked_anew { "another strategy is asked for, and it is" } else { "it is as able and" };
        goes(&format!("{able} ${saved:.6} cheaper over this and {turns} further turns, the cold cache included"))
    }

    /// Lets a cheaper model answer this turn alone.
    fn eased(&self, held: &Prospect, warm: u64) -> Option<Decision> {
        let to = self.offers.first().filter(|_| self.turn.separable)?;
        let (stay, leave) = self.outlays(held, to, warm)?;
        if leave.turn >= stay.turn || !self.affords(to, warm) {
            return None;
        }
        let reason = format!(
            "{} answers this turn alone, which is simple and stands by itself; the conversation stays with {}",
            to.key, held.key
        );
        Some(self.goes(SessionDecision::Eased, 0, warm, reason))
    }

    fn why_stay(&self, held: &Prospect, warm: u64) -> String {
        let (model, to) = (&held.key, self.offers.first());
        if let Some(to) = to.filter(|_| warm > 0)
            && let Some((stay, leave)) = self.outlays(held, to, warm)
            && leave.all > stay.all
        {
            let (more, turns) = ((leave.all - stay.all) / 1e9, further(self.record.turns));
            return format!(
                "stays with {model}: {warm} of about {} input tokens are in its prompt cache, and {} would cost \
                 ${more:.6} more over this and {turns} further turns",
                self.input_tokens, to.key
            );
        }
        if to.is_some_and(|to| !self.turn.separable && !not_weaker(to, held)) {
            return format!("stays with {model}: the conversation has asked for more than this turn does");
        }
        format!("stays with {model}: moving would lose more than the turn or the budget of switching is worth")
    }
}

/// Caches prompts without being told to: it has a price for reading and none for writing.
fn by_itself(model: &Prospect) -> bool {
    model.rates.is_some_and(|rates| rates.cached_input.is_some() && rates.cache_write.is_none())
}

fn odds_of_failure(quality: f64) -> f64 {
    (1.0 - quality) / quality.max(1e-6)
}

fn doublings(cost: f64, than: f64) -> f64 {
    (cost.max(1.0) / than.max(1.0)).log2()
}
