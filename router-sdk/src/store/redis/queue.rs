//! What the server is yet to be told: corrections, acknowledgements and calls to undo in, numbered batches out.
//!
//! One batch is under way at a time, and it is sent again under its number until it is answered. The server applies each
//! number once, so a correction is neither lost with a connection nor counted twice.

use std::collections::HashMap;
use std::sync::Arc;

use super::keys::{Kind, Meter};

const CORRECTIONS: usize = 200;
const CALLS: usize = 400;
/// Corrections from which on those of parts that have long expired are let go.
const MANY: usize = 10_000;

/// So much more or less under a mark of a counter.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    pub(super) meter: Meter,
    pub(super) mark: i64,
    pub(super) by: i64,
    pub(super) held: i64,
}

impl Correction {
    /// What gives back an amount that was charged.
    pub(super) fn back(meter: &Meter, mark: i64, amount: i64) -> Self {
        Self { meter: meter.clone(), mark, by: -amount, held: -amount }
    }
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) number: u64,
    pub(super) acknowledged: Vec<u64>,
    pub(super) corrections: Vec<Correction>,
    /// Calls whose answer was never heard, with the corrections that they carried.
    pub(super) undone: Vec<(u64, Vec<Correction>)>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    last: u64,
    corrections: HashMap<(Arc<str>, i64, &'static str), Correction>,
    acknowledged: Vec<u64>,
    undone: Vec<(u64, Vec<Correction>)>,
    under_way: Option<Arc<Batch>>,
}

impl Queue {
    pub(super) fn correct(&mut self, mut correction: Correction) {
        if correction.meter.kind == Kind::Sliding {
            // What slides does not tell held from used.
            correction.held = 0;
        }
        let Correction { meter, mark, by, held } = &correction;
        if *by == 0 && *held == 0 {
            return;
        }
        match self.corrections.get_mut(&(Arc::clone(&meter.key), *mark, meter.kind.as_str())) {
            Some(same) => {
                same.by = same.by.saturating_add(*by);
                same.held = same.held.saturating_add(*held);
            }
            None => {
                self.corrections.insert((Arc::clone(&meter.key), *mark, meter.kind.as_str()), correction);
            }
        }
    }

    /// Takes out what waits for one counter, to go with a question about it: who has just given something back may ask for
    /// it at once.
    pub(super) fn take_of(&mut self, meter: &Meter) -> Vec<Correction> {
        if self.corrections.is_empty() || self.corrections.len() > CORRECTIONS {
            return Vec::new();
        }
        let of = |c: &Correction| c.meter.key == meter.key && c.meter.kind == meter.kind;
        let keys: Vec<_> = self.corrections.iter().filter(|(_, c)| of(c)).map(|(key, _)| key.clone()).collect();
        keys.iter().filter_map(|key| self.corrections.remove(key)).collect()
    }

    pub(super) fn acknowledge(&mut self, call: u64) {
        self.acknowledged.push(call);
    }

    pub(super) fn undo(&mut self, call: u64, carried: Vec<Correction>) {
        self.undone.push((call, carried));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_none()
            && self.corrections.is_empty()
            && self.undone.is_empty()
            && self.acknowledged.is_empty()
    }

    /// There is something that others wait for; acknowledgements alone can wait.
    pub(super) fn presses(&self) -> bool {
        !self.corrections.is_empty() || !self.undone.is_empty() || self.acknowledged.len() >= CALLS
    }

    /// The batch under way, else the next one.
    pub(super) fn batch(&mut self) -> Option<Arc<Batch>> {
        if self.is_empty() {
            return None;
        }
        if self.under_way.is_none() {
            self.last += 1;
            let keys: Vec<_> = self.corrections.keys().take(CORRECTIONS).cloned().collect();
            let corrections = keys.iter().filter_map(|key| self.corrections.remove(key));
            self.under_way = Some(Arc::new(Batch {
                number: self.last,
                corrections: corrections.filter(|c| c.by != 0 || c.held != 0).collect(),
                acknowledged: self.acknowledged.drain(..self.acknowledged.len().min(CALLS)).collect(),
                undone: self.undone.drain(..self.undone.len().min(CALLS / 8)).collect(),
            }));
        }
        self.under_way.clone()
    }

    /// A batch was answered.
    pub(super) fn done(&mut self, number: u64) {
        if self.under_way.as_ref().is_some_and(|batch| batch.number == number) {
            self.under_way = None;
        }
    }

    /// Lets go of corrections of sliding parts that no longer count, so that a long silence does not fill the memory.
    pub(super) fn prune(&mut self, now_ms: i64) {
        if self.corrections.len() > MANY {
            self.corrections.retain(|_, c| {
                let Meter { kind, a, b, .. } = c.meter;
                kind != Kind::Sliding || c.mark.saturating_add(b).saturating_add(2).saturating_mul(a) > now_ms
            });
        }
    }
}
