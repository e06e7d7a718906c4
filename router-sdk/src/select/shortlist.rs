//! The few models of a pool that can win for a kind of need, found once and kept: a whole catalogue in, a handful out.
//!
//! A model is left out when another of the same provider is at least as able, as cheap and as roomy: whatever the size
//! of a request, that other one is chosen before it. It is left out, too, when models of as many providers as a chain
//! has places are chosen before it. The dearest ones stay, for the baseline, and the ablest, for the reasons.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::able;
use super::chain::CHAIN;
use super::efforts::Efforts;
use super::facts::Ask;
use super::gate;
use super::lessons::Lessons;
use super::pool::Entry;
use crate::wire::Strategy;

/// Kinds of need kept; more than traffic of one process has, few enough to stay small.
const KEPT: usize = 64;

/// What decides the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) needed: u32,
    pub(super) class: usize,
    params: u32,
    pub(super) room: Room,
    efforts: Efforts,
    /// Which models have scores of their own, as a number.
    taught: u64,
    /// Price does not decide between equally able models: `cheapest`, where none is able enough, goes by names.
    able_first: bool,
}

/// The room that requests of about one size need at the most, in tokens: beyond it more room is no advantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Room {
    input: u64,
    output: u64,
}

/// Sizes up to which requests count as alike.
const SIZES: [u64; 5] = [8_000, 32_000, 128_000, 400_000, u64::MAX];

impl Room {
    fn of(ask: &Ask<'_>) -> Self {
        let bucket = |tokens: u64| SIZES.into_iter().find(|size| tokens <= *size).unwrap_or(u64::MAX);
        let output = ask.needs.max_output_tokens.unwrap_or(0);
        // The window holds both, and the gate adds a tenth to the input.
        Self {
            input: bucket((ask.input_tokens + ask.input_tokens / 10).saturating_add(output)),
            output: bucket(output),
        }
    }
}

/// The lists of one pool.
#[derive(Debug, Default)]
pub(super) struct Shortlists {
    lists: Mutex<HashMap<Key, Arc<Shortlist>>>,
}

/// The models of one list.
#[derive(Debug)]
pub(super) struct Shortlist {
    /// Places in the pool.
    pub(super) entries: Vec<usize>,
}

impl Shortlists {
    /// The list for the requests of a key, from what was found earlier or found now.
    pub(super) fn of(&self, entries: &[Entry], ask: &Ask<'_>, key: Key) -> Arc<Shortlist> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = lists.get(&key) {
            return Arc::clone(list);
        }
        let list = Arc::new(find(entries, ask, key));
        if lists.len() >= KEPT {
            lists.clear();
        }
        lists.insert(key, Arc::clone(&list));
        list
    }
}

impl Key {
    pub(super) fn of(ask: &Ask<'_>, class: usize) -> Self {
        let params = ask.needs.params.iter().fold(0u32, |bits, name| bits | 1 << (parameter(name) % 32));
        let taught = ask.lessons.map_or(0, Lessons::taught);
        let able_first = ask.strategy == Strategy::Cheapest;
        let needed = able::needed(ask.needs);
        Self { needed, class, params, room: Room::of(ask), efforts: ask.efforts, taught, able_first }
    }
}

/// A number for each parameter that the needs can name.
fn parameter(name: &str) -> u32 {
    crate::classify::PARAMS.iter().position(|p| *p == name).map_or(31, |at| at as u32)
}

fn find(entries: &[Entry], ask: &Ask<'_>, key: Key) -> Shortlist {
    let taught = |entry: &Entry| ask.lessons.is_some_and(|lessons| lessons.knows(entry));
    let passed: Vec<Runner<'_>> = entries
        .iter()
        .enumerate()
        .filter(|(_, e)| e.barred.is_none() && e.is_open(ask) && !e.target.model.free)
        .filter(|(_, e)| gate::able(e, ask, key.needed, e.listed).is_ok())
        .map(|(at, entry)| Runner { taught: taught(entry), ..Runner::of(at, entry, key) })
        .collect();
    let beaten = |one: &Runner<'_>| {
        passed.iter().any(|other| other.entry.provider == one.entry.provider && other.wins(one, key.room))
    };
    // The baseline is a model as it is by default.
    let leveled = |one: &Runner<'_>| one.entry.target.effort.is_some();
    let outspent =
        |one: &Runner<'_>| leveled(one) || passed.iter().any(|other| !leveled(other) && other.outspends(one, key.room));
    let (spent, rest): (Vec<_>, Vec<_>) = passed.iter().partition(|one| outspent(one));
    let first: Vec<&Runner<'_>> = spent.into_iter().filter(|one| !beaten(one)).collect();
    let most = first.iter().chain(&rest).filter(|one| !one.taught).map(|one| one.ability).fold(f32::MIN, f32::max);
    let reached = |one: &&Runner<'_>| one.ability >= most || !out_of_reach(one, &first, key);
    let mut entries: Vec<usize> = first.iter().copied().filter(reached).chain(rest).map(|one| one.at).collect();
    entries.sort_unstable();
    Shortlist { entries }
}

/// True when models of so many providers are chosen before this one that no chain has a place for it.
fn out_of_reach(one: &Runner<'_>, among: &[&Runner<'_>], key: Key) -> bool {
    let mut providers = Vec::with_capacity(CHAIN);
    for other in among.iter().filter(|other| !key.able_first || other.ability > one.ability) {
        if !providers.contains(&other.entry.provider) && other.wins(one, key.room) {
            providers.push(other.entry.provider);
            if providers.len() == CHAIN {
                return true;
            }
        }
    }
    false
}

/// An entry of the pool with what it is compared by.
struct Runner<'e> {
    at: usize,
    entry: &'e Entry,
    ability: f32,
    rate: Option<Rate>,
    doubted: Option<Rate>,
    /// It has scores: what experience says of it changes with every request, so it beats no other and is beaten by none.
    taught: bool,
}

impl<'e> Runner<'e> {
    fn of(at: usize, entry: &'e Entry, key: Key) -> Self {
        let ability = entry.abilities.get(key.class).copied().unwrap_or_default();
        let rate = || Rate::flat(entry, key.room);
        Self {
            at,
            entry,
            ability,
            rate: rate(),
            doubted: rate().map(|r| r.times(entry.price_doubt as f64)),
            taught: false,
        }
    }

    /// True when this one is chosen before `other` whatever the size of the request.
    fn wins(&self, other: &Self, room: Room) -> bool {
        let (Some(a), Some(b)) = (&self.doubted, &other.doubted) else { return false };
        let cheap = a.undercuts(b) || (self.ability > other.ability && a.equals(b));
        let passes =
            !self.taught && !other.taught && self.passes_with(other) && self.entry.listed == other.entry.listed;
        cheap && self.ability >= other.ability && passes && roomier(self.entry, other.entry, room)
    }

    /// True when this one costs more than `other` whatever the size of the request.
    fn outspends(&self, other: &Self, room: Room) -> bool {
        let (Some(a), Some(b)) = (&self.rate, &other.rate) else { return false };
        b.undercuts(a) && self.passes_with(other) && roomier(self.entry, other.entry, room)
    }

    /// A model without scores is left out of hard requests, one with scores of none.
    fn passes_with(&self, other: &Self) -> bool {
        !self.entry.unscored || other.entry.unscored
    }
}

/// What a token costs: of the input, of an output that a limit cuts, and of one that runs to the model's usual length.
struct Rate {
    input: f64,
    output: f64,
    talk: f64,
}

impl Rate {
    /// The rates of an entry whose price does not change with the hour, nor with the size within this room.
    fn flat(entry: &Entry, room: Room) -> Option<Self> {
        let price = entry.price.as_ref().filter(|p| p.off_peak.is_none())?;
        if price.tiers.iter().any(|tier| tier.above_input_tokens < room.input) {
            return None;
        }
        let (input, output) = (price.rates.input? as f64, price.rates.output? as f64);
        Some(Self { input, output, talk: output * entry.verbosity })
    }

    fn times(self, factor: f64) -> Self {
        Self { input: self.input * factor, output: self.output * factor, talk: self.talk * factor }
    }

    /// At most the other in all, and less in something.
    fn undercuts(&self, other: &Self) -> bool {
        let at_most = self.input <= other.input && self.output <= other.output && self.talk <= other.talk;
        at_most && (self.input < other.input || self.output < other.output || self.talk < other.talk)
    }

    fn equals(&self, other: &Self) -> bool {
        self.input == other.input && self.output == other.output && self.talk == other.talk
    }
}

/// Whatever of these sizes fits into `other` fits into `one`.
pub(super) fn roomier(one: &Entry, other: &Entry, room: Room) -> bool {
    let (a, b) = (&one.target.model, &other.target.model);
    // Unknown is no limit.
    let at_least =
        |a: Option<u64>, b: Option<u64>, enough: u64| a.is_none_or(|a| a >= enough || b.is_some_and(|b| a >= b));
    at_least(a.context_window, b.context_window, room.input)
        && at_least(a.max_input_tokens, b.max_input_tokens, room.input)
        && at_least(a.max_output_tokens, b.max_output_tokens, room.output)
}

#[cfg(test)]
impl Shortlists {
    /// How many models each list has.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).values().map(|list| list.entries.len()).collect()
    }
}
