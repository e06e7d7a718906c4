//! Slices of caps, charged in advance and spent here without asking: claims and times in, marks and corrections out.
//!
//! A slice is an amount that the server has counted already, under one mark. It is spent only while that mark is the
//! present one by the server's clock, so spending it is counted as exactly as asking would have been. What is not spent
//! goes back: with the next question about its counter, when its time is over, or when the store closes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::keys::{Kind, Meter, MeterId, signed};
use super::queue::Correction;
use crate::store::{Claim, Level, Measure, Part};

/// For how long a slice should last at the pace of late.
const HORIZON_MS: f64 = 100.0;
/// How long a slice of what does not slide may lie unused.
const IDLE: Duration = Duration::from_millis(500);
/// The shortest time over which a pace is measured.
const PACE: Duration = Duration::from_millis(5);
/// After so long without a claim a counter is forgotten here.
const FORGET: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Slices {
    counters: HashMap<MeterId, Counter>,
}

#[derive(Debug)]
struct Counter {
    meter: Meter,
    slice: Option<Slice>,
    /// What was claimed since the pace was measured last, and the pace then, by the millisecond.
    claimed: u64,
    /// What a request claims as a rule.
    usual: u64,
    since: Instant,
    pace: f64,
    /// A question that may bring a slice is under way.
    asking: bool,
    /// What requests hold, for counters of what is held.
    in_use: u64,
    touched: Instant,
}

#[derive(Debug)]
struct Slice {
    cap: u64,
    left: u64,
    /// What of it was taken along for claims that are yet to come.
    promised: u64,
    mark: i64,
    /// When it goes back if nothing is taken from it until then.
    until: Instant,
    /// When its mark is no longer the present one.
    end: Option<Instant>,
    /// As the server told it, with the slice counted as used.
    level: Level,
    told: Instant,
}

/// A look whether a budget has anything left comes before a claim on it, for which a slice is taken along: so a request
/// asks once and not twice.
fn looks_ahead(claim: &Claim) -> bool {
    claim.measure == Measure::Nanos && claim.amount == 0
}

impl Counter {
    fn count(&mut self, amount: u64) {
        self.claimed = self.claimed.saturating_add(amount);
        if amount > 0 {
            // Up at once, down by and by.
            self.usual = amount.max(self.usual - self.usual.saturating_sub(amount) / 8);
        }
    }

    fn give_back(&mut self) -> Option<Correction> {
        let old = self.slice.take().filter(|slice| slice.left > 0)?;
        Some(Correction::back(&self.meter, old.mark, signed(old.left)))
    }
}

impl Slice {
    fn lasts(&self, now: Instant) -> bool {
        self.end.is_none_or(|end| now < end)
    }
}

/// What to ask the server about a claim.
pub(super) struct Question {
    pub(super) meter: Meter,
    pub(super) back: Option<Correction>,
    pub(super) want: u64,
}

/// What the server granted on a claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Granted {
    pub(super) mark: i64,
    pub(super) level: Level,
    pub(super) slice: u64,
    /// For how long the mark is the present one, from when the question was sent.
    pub(super) until: Option<Instant>,
}

/// The most that a slice may be: a hundredth of a cap is what one part of a sliding span carries, and what of a budget a
/// process that dies may take with it. What is held is free again soon after. Of what counts for ever nothing is taken.
fn most(kind: Kind, cap: u64) -> u64 {
    match kind {
        Kind::Sliding | Kind::Until => cap / 100,
        Kind::Held | Kind::AtLeast => cap / 10,
        Kind::Total => 0,
    }
}

impl Slices {
    fn counter(&mut self, prefix: &str, claim: &Claim, now: Instant) -> &mut Counter {
        let counter = self.counters.entry(MeterId::of(claim)).or_insert_with(|| Counter {
            meter: Meter::new(prefix, claim),
            slice: None,
            claimed: 0,
            usual: 0,
            since: now,
            pace: 0.0,
            asking: false,
            in_use: 0,
            touched: now,
        });
        counter.touched = now;
        counter
    }

    /// Takes a claim out of a slice: its mark and level, or nothing where the server has to be asked.
    pub(super) fn draw(&mut self, claim: &Claim, now: Instant) -> Option<(i64, Level)> {
        let counter = self.counters.get_mut(&MeterId::of(claim))?;
        let slice = counter.slice.as_mut().filter(|s| s.cap == claim.cap && s.lasts(now) && s.left > 0)?;
        let usual = counter.usual;
        if looks_ahead(claim) {
            let promised = slice.promised.saturating_add(usual);
            slice.promised = Some(promised).filter(|promised| *promised <= slice.left)?;
        } else {
            slice.left = slice.left.checked_sub(claim.amount)?;
            slice.promised = slice.promised.saturating_sub(usual).min(slice.left);
        }
        slice.until = now + IDLE;
        counter.touched = now;
        if counter.meter.kind == Kind::Held {
            counter.in_use = counter.in_use.saturating_add(claim.amount);
        }
        let since = u64::try_from(now.saturating_duration_since(slice.told).as_millis()).unwrap_or(u64::MAX);
        let level = Level {
            used: slice.level.used.saturating_sub(slice.left),
            held: slice.level.held.saturating_sub(slice.left),
            reset_ms: slice.level.reset_ms.map(|ms| ms.saturating_sub(since)),
        };
        let mark = slice.mark;
        counter.count(claim.amount);
        Some((mark, level))
    }

    /// What to ask about a claim that no slice covers. An old slice goes back with the question.
    pub(super) fn question(&mut self, prefix: &str, claim: &Claim, now: Instant, slices: bool) -> Question {
        let counter = self.counter(prefix, claim, now);
        counter.count(claim.amount);
        let passed = now.saturating_duration_since(counter.since);
        if passed >= PACE {
            counter.pace = counter.claimed as f64 / passed.as_secs_f64() / 1000.0;
            (counter.claimed, counter.since) = (0, now);
        }
        let meter = counter.meter.clone();
        let horizon = if meter.kind == Kind::Sliding { HORIZON_MS.min(meter.a as f64) } else { HORIZON_MS };
        let want = ((counter.pace * horizon) as u64).min(most(meter.kind, claim.cap));
        if looks_ahead(claim) {
            let spent = counter.slice.as_ref().is_some_and(|s| s.cap != claim.cap || !s.lasts(now));
            let back = if spent { counter.give_back() } else { None };
            return Question { meter, back, want: if slices { counter.usual } else { 0 } };
        }
        let want = if !slices || counter.asking || want < claim.amount.max(1) { 0 } else { want };
        counter.asking |= want > 0;
        let back = counter.give_back();
        Question { meter, back, want }
    }

    /// The question about a claim has an answer; a slice that another answer brought meanwhile may go back for it.
    pub(super) fn answered(
        &mut self,
        claim: &Claim,
        granted: Option<Granted>,
        asked: bool,
        now: Instant,
    ) -> Option<Correction> {
        let counter = self.counters.get_mut(&MeterId::of(claim))?;
        counter.asking &= !asked;
        let granted = granted?;
        if counter.meter.kind == Kind::Held {
            counter.in_use = counter.in_use.saturating_add(claim.amount);
        }
        if granted.slice == 0 {
            return None;
        }
        let level = Level {
            used: granted.level.used.saturating_add(granted.slice),
            held: granted.level.held.saturating_add(granted.slice),
            ..granted.level
        };
        let (cap, left, mark) = (claim.cap, granted.slice, granted.mark);
        let promised = if looks_ahead(claim) { left } else { 0 };
        let fresh = Slice { cap, left, promised, mark, until: now + IDLE, end: granted.until, level, told: now };
        match &mut counter.slice {
            Some(same) if same.mark == fresh.mark && same.cap == fresh.cap => {
                let left = same.left.saturating_add(fresh.left);
                let promised = same.promised.saturating_add(fresh.promised);
                *same = Slice { left, promised, ..fresh };
                None
            }
            slot => {
                let old = slot.replace(fresh).filter(|old| old.left > 0);
                old.map(|old| Correction::back(&counter.meter, old.mark, signed(old.left)))
            }
        }
    }

    /// The real amount in place of the one claimed: what the server has to be told. What was not used goes into the slice
    /// that it may have come from, as long as that is not too large.
    pub(super) fn settle(&mut self, prefix: &str, part: &Part, real: u64, now: Instant) -> Correction {
        let claim = &part.claim;
        let counter = self.counter(prefix, claim, now);
        let real = if counter.meter.kind == Kind::Held { 0 } else { real };
        counter.in_use = counter.in_use.saturating_sub(claim.amount);
        let unused = claim.amount.saturating_sub(real);
        let most = most(counter.meter.kind, claim.cap);
        let kept = match &mut counter.slice {
            Some(s) if s.mark == part.mark && s.cap == claim.cap && s.lasts(now) && s.left + unused <= most => {
                s.left += unused;
                signed(unused)
            }
            _ => 0,
        };
        let (real, claimed) = (signed(real), signed(claim.amount));
        Correction { meter: counter.meter.clone(), mark: part.mark, by: real - claimed + kept, held: kept - claimed }
    }

    /// Slices whose time is over. Those that do not slide are kept where nothing else can be had.
    pub(super) fn expire(&mut self, now: Instant, keep: bool) -> Vec<Correction> {
        let mut back = Vec::new();
        for counter in self.counters.values_mut() {
            let over = |slice: &Slice| !slice.lasts(now) || (now >= slice.until && !keep);
            if let Some(slice) = counter.slice.take_if(|slice| over(slice)) {
                back.push(Correction::back(&counter.meter, slice.mark, signed(slice.left)));
            }
        }
        let idle = |c: &Counter| now.saturating_duration_since(c.touched) >= FORGET;
        self.counters.retain(|_, c| c.slice.is_some() || c.in_use > 0 || c.asking || !idle(c));
        back
    }

    /// Every slice, given up.
    pub(super) fn drain(&mut self) -> Vec<Correction> {
        let taken = self.counters.values_mut().filter_map(|c| c.slice.take().map(|slice| (&c.meter, slice)));
        taken.map(|(meter, slice)| Correction::back(meter, slice.mark, signed(slice.left))).collect()
    }

    /// What this process holds of what is counted while it is held, slices included.
    pub(super) fn held(&self) -> Vec<Correction> {
        let held = self.counters.values().filter(|c| c.meter.kind == Kind::Held);
        let told = held.map(|c| {
            let amount = c.in_use.saturating_add(c.slice.as_ref().map_or(0, |slice| slice.left));
            let meter = Meter { kind: Kind::AtLeast, ..c.meter.clone() };
            Correction { meter, mark: 0, by: 0, held: signed(amount) }
        });
        told.filter(|c| c.held > 0).collect()
    }

    /// What lies in a slice of a claim's counter.
    pub(super) fn left(&self, claim: &Claim) -> u64 {
        let slice = self.counters.get(&MeterId::of(claim)).and_then(|c| c.slice.as_ref());
        slice.map_or(0, |slice| slice.left)
    }

    /// When the next slice runs out.
    pub(super) fn next(&self) -> Option<Instant> {
        self.counters
            .values()
            .filter_map(|c| c.slice.as_ref())
            .map(|s| s.end.map_or(s.until, |end| s.until.min(end)))
            .min()
    }
}
