//! The few models of a pool that can win for a kind of need, found once and kept: a whole catalogue in, a handful out.
//!
//! A model is left out when another of the same provider is at least as able, as cheap and as roomy: whatever the size
//! of a request, that other one is chosen before it. The dearest ones stay too, for the baseline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::facts::Ask;
use super::gate;
use super::pool::Entry;

/// Kinds of need kept; more than traffic of one process has, few enough to stay small.
const KEPT: usize = 64;

/// What decides the list: needed abilities, class of task, parameters in the request, and more than one choice.
type Key = (u32, usize, u32, bool);

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
        let key = (needed, class, params, ask.needs.n_gt_1);
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = lists.get(&key) {
            return Arc::clone(list);
        }
        let list = Arc::new(find(entries, ask, needed, class));
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

fn find(entries: &[Entry], ask: &Ask<'_>, needed: u32, class: usize) -> Shortlist {
    let able: Vec<usize> = (0..entries.len())
        .filter(|at| {
            entries.get(*at).is_some_and(|e| {
                e.barred.is_none() && !e.target.model.free && gate::able(e, ask, needed, e.listed).is_ok()
            })
        })
        .collect();
    let entry = |at: &usize| entries.get(*at);
    let beaten = |at: &usize| {
        able.iter().any(|other| match (entry(other), entry(at)) {
            (Some(o), Some(e)) => o.provider == e.provider && wins(o, e, class),
            _ => false,
        })
    };
    let outspent = |at: &usize| {
        able.iter().any(|other| match (entry(other), entry(at)) {
            (Some(o), Some(e)) => outspends(o, e),
            _ => false,
        })
    };
    Shortlist { entries: able.iter().filter(|at| !beaten(at) || !outspent(at)).copied().collect() }
}

/// Base rates of an entry whose price does not change with size or hour: input, output times verbosity.
fn flat(entry: &Entry) -> Option<(f64, f64)> {
    let price = entry.price.as_ref().filter(|p| p.tiers.is_empty() && p.off_peak.is_none())?;
    Some((price.rates.input? as f64, price.rates.output? as f64))
}

fn roomier(one: &Entry, other: &Entry) -> bool {
    let (a, b) = (&one.target.model, &other.target.model);
    // Unknown is no limit.
    let at_least = |a: Option<u64>, b: Option<u64>| a.is_none_or(|a| b.is_some_and(|b| a >= b));
    at_least(a.context_window, b.context_window)
        && at_least(a.max_input_tokens, b.max_input_tokens)
        && at_least(a.max_output_tokens, b.max_output_tokens)
}

/// True when `one` is chosen before `other` whatever the size of the request.
fn wins(one: &Entry, other: &Entry, class: usize) -> bool {
    let (Some(a), Some(b)) = (flat(one), flat(other)) else { return false };
    let ability = |e: &Entry| e.abilities.get(class).copied().unwrap_or_default();
    let sound = one.unscored == other.unscored && one.listed == other.listed;
    let better = a.0 < b.0 || a.1 < b.1 || ability(one) > ability(other);
    sound
        && better
        && ability(one) >= ability(other)
        && a.0 <= b.0
        && a.1 <= b.1
        && one.verbosity <= other.verbosity
        && roomier(one, other)
}

/// True when `one` costs more than `other` whatever the size of the request.
fn outspends(one: &Entry, other: &Entry) -> bool {
    let (Some(a), Some(b)) = (flat(one), flat(other)) else { return false };
    let more = a.0 > b.0 || a.1 > b.1;
    more && a.0 >= b.0
        && a.1 >= b.1
        && one.verbosity >= other.verbosity
        && one.unscored == other.unscored
        && roomier(one, other)
}
