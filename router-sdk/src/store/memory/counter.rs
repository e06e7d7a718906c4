//! The counters of one subject: a claim in, the counter of its measure and span moved.

use super::sliding::Sliding;
use crate::store::{Claim, Level, Measure, Span};

/// Calendar windows that are kept for one measure of a subject. A clock that goes back finds its windows as it left them.
const WINDOWS: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Subject {
    meters: Vec<Meter>,
    /// Rises with every use, so that the window that was not used for longest can make room.
    turn: u64,
}

#[derive(Debug)]
struct Meter {
    measure: Measure,
    span: Span,
    used_at: u64,
    counter: Counter,
}

#[derive(Debug)]
enum Counter {
    Sliding(Sliding),
    Plain(Tally),
}

/// A sum that expires as a whole or never.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    used: u64,
    held: u64,
    /// Claims that are held, of whatever size.
    holds: u64,
}

impl Subject {
    fn find(&mut self, claim: &Claim) -> Option<&mut Meter> {
        self.turn += 1;
        let turn = self.turn;
        let found = self.meters.iter_mut().find(|m| m.measure == claim.measure && m.span == claim.span)?;
        found.used_at = turn;
        Some(found)
    }

    fn open(&mut self, claim: &Claim, at_ms: i64) -> &mut Meter {
        let own = |m: &Meter| m.measure == claim.measure && m.span == claim.span;
        self.turn += 1;
        let at = match self.meters.iter().position(own) {
            Some(at) => at,
            None => {
                self.make_room(claim);
                let counter = match claim.span {
                    Span::Sliding { ms } => Counter::Sliding(Sliding::new(ms, at_ms)),
                    _ => Counter::Plain(Tally::default()),
                };
                self.meters.push(Meter { measure: claim.measure, span: claim.span, used_at: 0, counter });
                self.meters.len() - 1
            }
        };
        let meter = &mut self.meters[at];
        meter.used_at = self.turn;
        meter
    }

    /// Lets go of the window that was not used for longest, of those that nothing holds.
    fn make_room(&mut self, claim: &Claim) {
        let windows = |m: &Meter| matches!(m.span, Span::Until { .. }) && m.measure == claim.measure;
        if !matches!(claim.span, Span::Until { .. }) || self.meters.iter().filter(|m| windows(m)).count() < WINDOWS {
            return;
        }
        let idle = self.meters.iter().enumerate().filter(|(_, m)| windows(m) && !m.holds());
        if let Some(at) = idle.min_by_key(|(_, m)| m.used_at).map(|(at, _)| at) {
            self.meters.swap_remove(at);
        }
    }

    /// Counts a claim: its mark and the level after it, or when it would fit and how much would now.
    pub(super) fn take(&mut self, claim: &Claim, at_ms: i64) -> Result<(i64, Level), (Option<u64>, u64)> {
        let meter = self.open(claim, at_ms);
        let span = meter.span;
        match &mut meter.counter {
            Counter::Sliding(sliding) => {
                let mark = sliding.take(claim.amount, claim.cap, at_ms)?;
                Ok((mark, sliding.level(at_ms)))
            }
            Counter::Plain(tally) => {
                let left = claim.cap.saturating_sub(tally.used);
                if claim.amount > left || left == 0 {
                    let ever = claim.amount <= claim.cap;
                    return Err((time_left(span, at_ms).filter(|_| ever), left));
                }
                tally.used = tally.used.saturating_add(claim.amount);
                tally.held = tally.held.saturating_add(claim.amount);
                tally.holds += 1;
                Ok((0, tally.level(span, at_ms)))
            }
        }
    }

    pub(super) fn settle(&mut self, claim: &Claim, mark: i64, real: u64) {
        let Some(meter) = self.find(claim) else { return };
        match &mut meter.counter {
            Counter::Sliding(sliding) => sliding.settle(mark, claim.amount, real),
            Counter::Plain(tally) => {
                let real = if claim.span == Span::Held { 0 } else { real };
                tally.used = tally.used.saturating_sub(claim.amount).saturating_add(real);
                tally.held = tally.held.saturating_sub(claim.amount);
                tally.holds = tally.holds.saturating_sub(1);
            }
        }
    }

    pub(super) fn level(&mut self, claim: &Claim, at_ms: i64) -> Level {
        match self.find(claim) {
            None => Level::default(),
            Some(meter) => match &mut meter.counter {
                Counter::Sliding(sliding) => sliding.level(at_ms),
                Counter::Plain(tally) => tally.level(claim.span, at_ms),
            },
        }
    }

    /// True when nothing counts any more, whatever is claimed next.
    pub(super) fn is_idle(&mut self, at_ms: i64) -> bool {
        self.meters.iter_mut().all(|meter| match &mut meter.counter {
            Counter::Sliding(sliding) => sliding.is_idle(at_ms),
            Counter::Plain(tally) => tally.holds == 0 && (tally.used == 0 || is_long_over(meter.span, at_ms)),
        })
    }
}

impl Meter {
    fn holds(&self) -> bool {
        matches!(&self.counter, Counter::Plain(tally) if tally.holds > 0)
    }
}

impl Tally {
    fn level(&self, span: Span, at_ms: i64) -> Level {
        let reset_ms = time_left(span, at_ms).filter(|_| self.used > 0);
        Level { used: self.used, held: self.held, reset_ms }
    }
}

/// True of a window that ended longer ago than it lasted: a clock that is set right again will not come back to it.
fn is_long_over(span: Span, at_ms: i64) -> bool {
    let Span::Until { began_ms, ends_ms } = span else { return false };
    at_ms.saturating_sub(ends_ms) > ends_ms.saturating_sub(began_ms)
}

/// Milliseconds to the end of a calendar window. A clock that has left it need not wait.
fn time_left(span: Span, at_ms: i64) -> Option<u64> {
    match span {
        Span::Until { ends_ms, .. } => Some(u64::try_from(ends_ms.saturating_sub(at_ms)).unwrap_or(0)),
        _ => None,
    }
}
