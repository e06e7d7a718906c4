//! The short way of a choice: a shortlist and a request in, the few models that its plan can speak of out.
//!
//! Of each provider only its best model can stand in the chain, and only so many providers as a chain has places. Beside
//! them the plan speaks of the dearest (the baseline) and of the ablest. Who they are is found in one pass over numbers
//! that lie close together; everything else is worked out for those few.

use super::chain::CHAIN;
use super::facts::Ask;
use super::pool::Entry;
use super::rank::{Scale, merit};
use super::sift::{Able, Gauge, fit};

/// What of a model decides the short way.
#[derive(Debug)]
pub(super) struct Lane {
    /// Its place in the pool.
    pub(super) at: usize,
    provider: usize,
    ability: f64,
    odds: f64,
    verbosity: f64,
    price_doubt: f64,
    /// Pico-dollars a token of input and output; absent where they change with the size or the hour.
    rates: Option<(u64, u64)>,
    most_input: u64,
    window: u64,
    most_output: u64,
    /// Of the catalogue: without a price it is left out.
    listed: bool,
    /// It is left out of hard requests.
    easy_only: bool,
    /// It answers at its default level of thinking.
    by_default: bool,
}

impl Lane {
    pub(super) fn of(at: usize, entry: &Entry, class: usize) -> Self {
        let model = &entry.target.model;
        let flat = entry.price.as_ref().filter(|price| price.off_peak.is_none() && price.tiers.is_empty());
        Self {
            at,
            provider: entry.provider,
            ability: f64::from(entry.abilities.get(class).copied().unwrap_or_default()),
            odds: entry.odds.get(class).copied().unwrap_or_default(),
            verbosity: entry.verbosity,
            price_doubt: entry.price_doubt as f64,
            rates: flat.and_then(|price| Some((price.rates.input?, price.rates.output?))),
            most_input: model.max_input_tokens.unwrap_or(u64::MAX),
            window: model.context_window.unwrap_or(u64::MAX),
            most_output: model.max_output_tokens.unwrap_or(u64::MAX),
            listed: entry.listed,
            easy_only: entry.listed && entry.unscored,
            by_default: entry.target.effort.is_none(),
        }
    }

    fn takes(&self, size: &Size, hard: bool) -> bool {
        let room = self.most_input.min(self.window.saturating_sub(size.wanted));
        size.padded <= room && size.wanted <= self.most_output && !(hard && self.easy_only)
    }

    fn cost(&self, entries: &[Entry], ask: &Ask<'_>, size: &Size) -> Option<u64> {
        let (input, output) = match self.rates {
            Some(rates) => rates,
            None => {
                let rates = entries.get(self.at)?.price.as_ref()?.rates_for(ask.input_tokens, Some(ask.week_minute));
                (rates.input?, rates.output?)
            }
        };
        let said = ((size.typical * self.verbosity) as u64).min(size.limit);
        Some(ask.input_tokens.checked_mul(input)?.checked_add(said.checked_mul(output)?)? / 1_000)
    }
}

/// The sizes of a request.
struct Size {
    /// Input with the tenth that the gate adds.
    padded: u64,
    /// Output asked for, 0 where nothing is said.
    wanted: u64,
    /// The same as a limit.
    limit: u64,
    typical: f64,
}

/// A lane with what the request would cost there.
struct Priced<'l> {
    lane: &'l Lane,
    cost: u64,
}

/// Everyone whom the plan can speak of, in the order of the pool. Nothing where only the long way can tell: where prices
/// of own models are unknown.
pub(super) fn few<'p>(lanes: &[Lane], entries: &'p [Entry], ask: &Ask<'_>, gauge: &Gauge) -> Option<Vec<Able<'p>>> {
    let limit = ask.needs.max_output_tokens;
    let size = Size {
        padded: ask.input_tokens + ask.input_tokens / 10,
        wanted: limit.unwrap_or(0),
        limit: limit.unwrap_or(u64::MAX),
        typical: gauge.typical,
    };
    let mut priced = Vec::with_capacity(lanes.len());
    for lane in lanes.iter().filter(|lane| lane.takes(&size, gauge.hard)) {
        match lane.cost(entries, ask, &size) {
            Some(cost) => priced.push(Priced { lane, cost }),
            // The gate refuses it.
            None if lane.listed => {}
            None => return None,
        }
    }
    let mut few: Vec<usize> = leaders(&priced, entries, ask);
    few.extend(dearest(&priced));
    ablest(&priced, &mut few);
    few.sort_unstable();
    few.dedup();
    few.into_iter().map(|at| fit(entries.get(at)?, ask, gauge).ok()).collect()
}

/// The best of each provider, of the best providers.
fn leaders(priced: &[Priced<'_>], entries: &[Entry], ask: &Ask<'_>) -> Vec<usize> {
    let scale = Scale::of(ask, priced.iter().map(|one| one.cost));
    // A provider, its best lane and that one's merit, best provider first; one more than the chain has places for.
    let mut best: Vec<(usize, &Lane, (f64, f64))> = Vec::with_capacity(CHAIN + 2);
    for Priced { lane, cost } in priced {
        let own = merit(&scale, lane.ability, lane.odds, *cost as f64 * lane.price_doubt);
        let before = |other: &Lane, merit: &(f64, f64)| {
            let merits = own.0.total_cmp(&merit.0).then(own.1.total_cmp(&merit.1));
            let able = || other.ability.total_cmp(&lane.ability);
            let label = |lane: &Lane| entries.get(lane.at).map(|entry| entry.label.as_str());
            merits.then_with(able).then_with(|| label(lane).cmp(&label(other))).is_lt()
        };
        if best.len() > CHAIN && best.last().is_some_and(|(_, other, merit)| !before(other, merit)) {
            continue;
        }
        if let Some(at) = best.iter().position(|(provider, ..)| *provider == lane.provider) {
            if best.get(at).is_none_or(|(_, other, merit)| !before(other, merit)) {
                continue;
            }
            best.remove(at);
        }
        let place = best.iter().position(|(_, other, merit)| before(other, merit)).unwrap_or(best.len());
        best.insert(place, (lane.provider, lane, own));
        best.truncate(CHAIN + 1);
    }
    best.into_iter().map(|(_, lane, _)| lane.at).collect()
}

/// The last of the dearest at its default level.
fn dearest(priced: &[Priced<'_>]) -> Option<usize> {
    let by_default = priced.iter().filter(|one| one.lane.by_default);
    by_default.max_by_key(|one| one.cost).map(|one| one.lane.at)
}

/// Those that are within a point of the ablest.
fn ablest(priced: &[Priced<'_>], few: &mut Vec<usize>) {
    let most = priced.iter().map(|one| one.lane.ability).fold(f64::MIN, f64::max);
    few.extend(priced.iter().filter(|one| one.lane.ability > most - 1.0).map(|one| one.lane.at));
}
