//! The shortlists of requests that are alike in size and difficulty: a shortlist in, the handful that can win or that a
//! plan speaks of out, kept for the next request like it.
//!
//! One model is surely before another when it is at every size and every difficulty of the kind. Behind as many providers
//! as a chain has places, or behind another model of its own provider, a model is in no plan.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chain::CHAIN;
use super::facts::Ask;
use super::pool::Entry;
use super::quick::Lane;
use super::rank::{DOUBLING, Scale, bar_of, demanded, merit};
use super::shortlist::{Key, Shortlist, roomier};
use super::span::{Span, Tariff};
use crate::wire::Strategy;

/// Lists kept; each has some ten models.
const KEPT: usize = 1_024;
/// Parts of the scale of difficulty.
const PARTS: f64 = 16.0;
/// Merits that are nearer than this are taken for equal.
const NEAR: f64 = 1e-4;

/// What decides a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FineKey {
    key: Key,
    span: Span,
    strategy: Strategy,
    /// The part of the scale that the difficulty is in.
    part: u8,
}

impl Hash for FineKey {
    /// What differs most often, in one piece: it is looked up for every request.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (input, typical) = self.span.ends();
        let kinds = (self.key.class as u64) << 8 | u64::from(self.part) << 16 | self.strategy as u64;
        state.write_u64(input ^ typical.rotate_left(40) ^ kinds.rotate_left(24) ^ u64::from(self.key.needed) << 52);
    }
}

impl FineKey {
    pub(super) fn of(key: Key, ask: &Ask<'_>) -> Self {
        let part = (ask.difficulty() * PARTS).clamp(0.0, PARTS - 1.0) as u8;
        Self { key, span: Span::of(ask), strategy: ask.strategy, part }
    }

    fn difficulties(self) -> [f64; 2] {
        [f64::from(self.part) / PARTS, f64::from(self.part + 1) / PARTS]
    }
}

/// Lists by key; nothing yet where only one request asked for one.
type Lists = HashMap<FineKey, Option<Arc<Vec<Lane>>>>;

/// The lists of one pool.
#[derive(Debug, Default)]
pub(super) struct FineLists(Mutex<Lists>);

impl FineLists {
    fn open(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list for a request, from what was found earlier or found now among `list`. Nothing for the first request of a
    /// key: finding takes longer than one choice saves.
    pub(super) fn of<L: Deref<Target = Shortlist>>(
        &self,
        key: FineKey,
        entries: &[Entry],
        list: impl FnOnce() -> L,
    ) -> Option<Arc<Vec<Lane>>> {
        let mut lists = self.open();
        match lists.get(&key) {
            Some(Some(found)) => return Some(Arc::clone(found)),
            Some(None) => {}
            None => {
                if lists.len() >= KEPT {
                    lists.clear();
                }
                lists.insert(key, None);
                return None;
            }
        }
        drop(lists);
        let found = Arc::new(find(entries, &list().entries, key));
        self.open().insert(key, Some(Arc::clone(&found)));
        Some(found)
    }

    /// How many models each list has.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.open().values().flatten().map(|lanes| lanes.len()).collect()
    }
}

fn find(entries: &[Entry], list: &[usize], key: FineKey) -> Vec<Lane> {
    let class = key.key.class;
    let mut runners: Vec<Runner<'_>> =
        list.iter().filter_map(|at| Some(Runner::of(*at, entries.get(*at)?, key))).collect();
    // Who is good in the middle of the kind is before most others all over it, and is found at once.
    let scale = Scale::at(key.strategy, (f64::from(key.part) + 0.5) / PARTS);
    runners.sort_by_cached_key(|one| one.merit_bits(&scale, key.span));
    let view = View::of(key);
    let kept = runners.iter().filter(|one| in_reach(one, &runners, &view) || spoken_of(one, &runners, key));
    let mut lanes: Vec<Lane> = kept.map(|one| Lane::of(one.at, one.entry, class)).collect();
    lanes.sort_unstable_by_key(|lane| lane.at);
    lanes
}

/// True when it may stand in a chain.
fn in_reach(one: &Runner<'_>, among: &[Runner<'_>], view: &View) -> bool {
    let mut before = Vec::with_capacity(CHAIN);
    for other in among {
        let provider = other.entry.provider;
        if before.contains(&provider) || !other.wins(one, view) {
            continue;
        }
        before.push(provider);
        if provider == one.entry.provider || before.len() == CHAIN {
            return false;
        }
    }
    true
}

/// True when it may be the baseline, which is the dearest, or among the ablest, whom the reasons name.
fn spoken_of(one: &Runner<'_>, among: &[Runner<'_>], key: FineKey) -> bool {
    let dearest = || {
        let dearer = |other: &Runner<'_>| match (&one.tariff, &other.tariff) {
            (Some(own), Some(others)) => own.most_of(others, key.span) < 1.0,
            _ => false,
        };
        !among.iter().rev().any(|other| other.by_default() && other.passes_for(one, key) && dearer(other))
    };
    let ablest = || !among.iter().rev().any(|other| other.ability > one.ability + 1.0 && other.passes_for(one, key));
    ablest() || (one.by_default() && dearest())
}

/// The strategy's view over the difficulties of a list.
struct View {
    key: FineKey,
    /// The ability that the bar takes, and the demand's share of the odds of failure, at both ends.
    bars: [f64; 2],
    demanded: [f64; 2],
}

impl View {
    fn of(key: FineKey) -> Self {
        let ends = key.difficulties();
        Self { key, bars: ends.map(bar_of), demanded: ends.map(demanded) }
    }
}

/// An entry with what it is compared by.
struct Runner<'e> {
    at: usize,
    entry: &'e Entry,
    ability: f64,
    odds: f64,
    tariff: Option<Tariff>,
}

impl<'e> Runner<'e> {
    fn of(at: usize, entry: &'e Entry, key: FineKey) -> Self {
        let class = key.key.class;
        Self {
            at,
            entry,
            ability: f64::from(entry.abilities.get(class).copied().unwrap_or_default()),
            odds: entry.odds.get(class).copied().unwrap_or_default(),
            tariff: Tariff::of(entry, key.span),
        }
    }

    /// Its merit at the larger end of the span, in an order of whole numbers; last where the price is not one.
    fn merit_bits(&self, scale: &Scale, span: Span) -> (u64, u64) {
        // Positive numbers are in the order of their bits, negative ones in the opposite one.
        let ordered = |x: f64| if x.is_sign_negative() { !x.to_bits() } else { x.to_bits() | 1 << 63 };
        let Some(tariff) = &self.tariff else { return (u64::MAX, 0) };
        let (first, second) =
            merit(scale, self.ability, self.odds, tariff.largest(span) * self.entry.price_doubt as f64);
        (ordered(first), ordered(second))
    }

    fn by_default(&self) -> bool {
        self.entry.target.effort.is_none()
    }

    /// Every gate that lets `other` through lets this one through.
    fn passes_for(&self, other: &Self, key: FineKey) -> bool {
        let scored = !self.entry.unscored || other.entry.unscored;
        let priced = self.tariff.is_some() || !self.entry.listed;
        scored && priced && self.entry.listed == other.entry.listed && roomier(self.entry, other.entry, key.key.room)
    }

    /// True when this one is before `other` at every size and difficulty.
    fn wins(&self, other: &Self, view: &View) -> bool {
        let (Some(own), Some(others)) = (&self.tariff, &other.tariff) else { return false };
        if !self.passes_for(other, view.key) {
            return false;
        }
        let doubts = self.entry.price_doubt as f64 / other.entry.price_doubt as f64;
        let share = || own.most_of(others, view.key.span) * doubts;
        match view.key.strategy {
            Strategy::Best if self.ability.round() != other.ability.round() => self.ability > other.ability,
            Strategy::Best => share() < 1.0,
            Strategy::Balanced => {
                let worse = view.demanded.map(|demanded| demanded * (self.odds - other.odds));
                worse[0].max(worse[1]) + DOUBLING * share().log2() < -NEAR
            }
            Strategy::Cheapest | Strategy::Fastest => {
                let below = other.ability < view.bars[0] && self.ability > other.ability;
                below || (self.ability >= view.bars[1] && share() < 1.0)
            }
        }
    }
}
