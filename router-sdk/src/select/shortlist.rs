//! The few models of a pool that can win for a kind of need, found once and kept: a whole catalogue in, a handful out.
//!
//! A model is left out when another of the same provider is at least as able, as cheap and as roomy: whatever the size
//! of a request, that other one is chosen before it. The dearest ones stay too, for the baseline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::efforts::Efforts;
use super::facts::Ask;
use super::gate;
use super::lessons::Lessons;
use super::pool::Entry;

/// Kinds of need kept; more than traffic of one process has, few enough to stay small.
const KEPT: usize = 64;

/// What decides the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    needed: u32,
    class: usize,
    params: u32,
    room: Room,
    efforts: Efforts,
    /// Which models have scores of their own, as a number.
    taught: u64,
}

/// The room that requests of about one size need at the most, in tokens: beyond it more room is no advantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Room {
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
    /// The list for a request, from what was found earlier or found now.
    pub(super) fn of(&self, entries: &[Entry], ask: &Ask<'_>, needed: u32, class: usize) -> Arc<Shortlist> {
        let params = ask.needs.params.iter().fold(0u32, |bits, name| bits | 1 << (parameter(name) % 32));
        let room = Room::of(ask);
        let taught = ask.lessons.map_or(0, Lessons::taught);
        let key = Key { needed, class, params, room, efforts: ask.efforts, taught };
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

/// A number for each parameter that the needs can name.
fn parameter(name: &str) -> u32 {
    crate::classify::PARAMS.iter().position(|p| *p == name).map_or(31, |at| at as u32)
}

fn find(entries: &[Entry], ask: &Ask<'_>, key: Key) -> Shortlist {
    let able: Vec<usize> = (0..entries.len())
        .filter(|at| {
            entries.get(*at).is_some_and(|e| {
                e.barred.is_none()
                    && e.is_open(ask)
                    && !e.target.model.free
                    && gate::able(e, ask, key.needed, e.listed).is_ok()
            })
        })
        .collect();
    let entry = |at: &usize| entries.get(*at);
    // What experience says of a model changes with every request, so it beats no other and is beaten by none.
    let taught = |entry: &Entry| ask.lessons.is_some_and(|lessons| lessons.knows(entry));
    let beaten = |at: &usize| {
        able.iter().any(|other| match (entry(other), entry(at)) {
            (Some(o), Some(e)) => o.provider == e.provider && !taught(o) && !taught(e) && wins(o, e, key),
            _ => false,
        })
    };
    let outspent = |at: &usize| {
        able.iter().any(|other| match (entry(other), entry(at)) {
            // The baseline is a model as it is by default.
            (Some(_), Some(e)) if e.target.effort.is_some() => true,
            (Some(o), Some(e)) => o.target.effort.is_none() && outspends(o, e, key.room),
            _ => false,
        })
    };
    Shortlist { entries: able.iter().filter(|at| !beaten(at) || !outspent(at)).copied().collect() }
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

fn roomier(one: &Entry, other: &Entry, room: Room) -> bool {
    let (a, b) = (&one.target.model, &other.target.model);
    // Unknown is no limit.
    let at_least =
        |a: Option<u64>, b: Option<u64>, enough: u64| a.is_none_or(|a| a >= enough || b.is_some_and(|b| a >= b));
    at_least(a.context_window, b.context_window, room.input)
        && at_least(a.max_input_tokens, b.max_input_tokens, room.input)
        && at_least(a.max_output_tokens, b.max_output_tokens, room.output)
}

/// True when `one` is chosen before `other` whatever the size of the request.
fn wins(one: &Entry, other: &Entry, key: Key) -> bool {
    let rates = |e: &Entry| Rate::flat(e, key.room).map(|r| r.times(e.price_doubt as f64));
    let (Some(a), Some(b)) = (rates(one), rates(other)) else { return false };
    let ability = |e: &Entry| e.abilities.get(key.class).copied().unwrap_or_default();
    let (able, abler) = (ability(one) >= ability(other), ability(one) > ability(other));
    let cheap = a.undercuts(&b) || (abler && a.equals(&b));
    cheap && able && one.unscored == other.unscored && one.listed == other.listed && roomier(one, other, key.room)
}

/// True when `one` costs more than `other` whatever the size of the request.
fn outspends(one: &Entry, other: &Entry, room: Room) -> bool {
    let (Some(a), Some(b)) = (Rate::flat(one, room), Rate::flat(other, room)) else { return false };
    b.undercuts(&a) && one.unscored == other.unscored && roomier(one, other, room)
}
