//! What one request holds: its admission in, a hold for each send out, all of it settled or given back.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::allowance::Allowances;
use super::clock::Now;
use super::denial::{Denial, Refused, budget};
use super::fit::{Granted, Length};
use super::quota::{Patience, Quota};
use super::rules::{About, Asked, Need, Rules};
use super::want::Want;
use crate::account::usd;
use crate::store::{Amounts, Hold, Part};
use crate::wire::{Priority, Strategy};

/// Output tokens for which more is held when an answer turns out longer than was thought.
const STEP: u64 = 1_024;
/// Output tokens that must be held ahead of what was said.
const AHEAD: u64 = 256;

/// The standing of one request with its limits and budgets. Dropping it gives back what it holds.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) quota: Arc<Quota>,
    /// Limits and budgets that hold for the request whoever answers it.
    pub(super) rules: Vec<Arc<Rules>>,
    pub(super) hold: Mutex<Option<Hold>>,
    /// The longest answer that limits have room for, all choices together, where that cut it.
    pub(super) output: Option<(u64, String)>,
    pub(super) priority: Priority,
    /// Until when it waits for room.
    pub(super) until: Option<Instant>,
    pub(super) allowances: Option<Box<Allowances>>,
    /// The strategy that a budget's soft limit asks for.
    pub(super) strategy: Option<Strategy>,
    /// What limits and budgets did to the request, in words.
    pub(super) reasons: Vec<String>,
}

/// What one send holds until its usage is known. Dropping it gives everything back.
#[derive(Debug)]
pub(crate) struct SendHold {
    quota: Arc<Quota>,
    hold: Option<Hold>,
    /// What was held later for an answer that turned out longer.
    more: Vec<Hold>,
    stop: Option<Box<Stop>>,
}

/// A send that is broken off when a budget carries no more.
#[derive(Debug)]
struct Stop {
    budgets: Vec<(Arc<Rules>, usize)>,
    want: Want,
    /// Output tokens that are held for.
    output: u64,
}

/// Leave to send.
#[derive(Debug)]
pub(crate) struct Leave {
    pub(crate) hold: SendHold,
    /// The output limit to send with each choice, and why.
    pub(crate) limit: Option<(u64, String)>,
}

/// More to hold for an answer that goes on.
#[derive(Debug)]
pub(crate) struct Extension {
    quota: Arc<Quota>,
    budgets: Vec<(Arc<Rules>, usize)>,
    want: Want,
    output: u64,
}

impl Ticket {
    /// The tightest limits that the request stands under.
    pub(crate) fn allowances(&self) -> Option<Box<Allowances>> {
        self.allowances.clone()
    }

    /// What limits and budgets did to the request, in words.
    pub(crate) fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The strategy that a soft limit puts in place of the request's.
    pub(crate) fn strategy(&self) -> Option<Strategy> {
        self.strategy
    }

    /// The same standing for what is sent on behalf of the request beside it.
    pub(crate) fn aside(&self) -> Arc<Self> {
        Arc::new(Self {
            quota: Arc::clone(&self.quota),
            rules: self.rules.clone(),
            hold: Mutex::new(None),
            output: self.output.clone(),
            priority: Priority::Low,
            until: None,
            allowances: None,
            strategy: None,
            reasons: Vec::new(),
        })
    }

    /// Counts what the request really used.
    pub(crate) fn settle(&self, real: Amounts) {
        if let Some(hold) = self.hold.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.quota.settle(hold, real);
        }
    }

    /// Holds what a send may use of its model's and provider's limits and of every budget. `said` tokens of the answer
    /// are there already; `alone` requests wait for room, others have somewhere else to go.
    pub(crate) async fn send(&self, mut want: Want, said: u64, alone: bool) -> Result<Leave, Refused> {
        let local = self.quota.rules_of(&want.target);
        let wanted = want.output;
        if let Some((most, _)) = &self.output {
            want.output = want.output.min(most.saturating_sub(said).max(want.choices));
        }
        let budgets = self.rules.iter().chain(&local).any(|rules| !rules.purses.is_empty());
        if local.is_empty() && !budgets {
            let hold = SendHold { quota: Arc::clone(&self.quota), hold: None, more: Vec::new(), stop: None };
            return Ok(Leave { hold, limit: self.own_limit(&want, wanted) });
        }
        if budgets && want.price(want.output).is_none() {
            let all = self.rules.iter().chain(&local);
            let subject = all.filter(|rules| !rules.purses.is_empty()).map(|rules| rules.subject.to_string()).next();
            return Err(Refused::NoPrice { model: want.target.key(), subject: subject.unwrap_or_default() });
        }
        let ask = |output: u64, now: Now| self.asked(&want, &local, output, now);
        let price = |output: u64| want.price(output);
        let length = Length {
            input: want.input,
            wanted: want.output,
            shrinks: want.shrinks,
            choices: want.choices,
            price: &price,
        };
        let until = self.until.filter(|_| alone);
        let patience = Patience { until, priority: self.priority };
        let granted = self.quota.in_turn(&ask, &length, patience).await;
        let granted = granted.inspect_err(|refused| self.quota.told_of(refused))?;
        self.quota.warn(&granted.asked, granted.hold.parts());
        Ok(self.leave(granted, want, wanted, &local))
    }

    fn asked(&self, want: &Want, local: &[Arc<Rules>], output: u64, now: Now) -> Asked {
        let mut asked = Asked::default();
        local.iter().for_each(|rules| asked.figures(rules, Need { input: want.input, output }));
        // What is free can be had of a budget that is spent.
        if let Some(nanos) = want.price(output).filter(|nanos| *nanos > 0) {
            self.rules.iter().chain(local).for_each(|rules| asked.purses(rules, nanos, now));
        }
        asked
    }

    fn leave(&self, granted: Granted, want: Want, wanted: u64, local: &[Arc<Rules>]) -> Leave {
        let cut = granted.cut_by.as_ref().map(|denial| (granted.output / want.choices.max(1), because(denial)));
        let limit = cut.or_else(|| self.own_limit(&want, wanted));
        let budgets = || {
            let all = self.rules.iter().chain(local);
            all.flat_map(|rules| {
                let stops = rules.purses.iter().enumerate().filter(|(_, purse)| purse.budget.hard_stop);
                stops.map(|(index, _)| (Arc::clone(rules), index))
            })
        };
        // An answer whose length is limited ends by itself.
        let open = want.shrinks && limit.is_none() && want.output > 0;
        let budgets: Vec<_> = if open { budgets().collect() } else { Vec::new() };
        let stop = (!budgets.is_empty()).then(|| Box::new(Stop { budgets, want, output: granted.output }));
        let hold = SendHold { quota: Arc::clone(&self.quota), hold: Some(granted.hold), more: Vec::new(), stop };
        Leave { hold, limit }
    }

    /// The limit by which the admission cut the answer.
    fn own_limit(&self, want: &Want, wanted: u64) -> Option<(u64, String)> {
        let (_, why) = self.output.as_ref().filter(|_| want.output < wanted)?;
        Some((want.output / want.choices.max(1), why.clone()))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let hold = self.hold.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(hold) = hold {
            self.quota.settle(hold, Amounts::default());
        }
    }
}

/// Why an answer is cut, in words.
pub(super) fn because(denial: &Denial) -> String {
    let subject = &denial.claim.subject;
    match &denial.about {
        About::Figure(name) => format!("{name} of {subject} has room for no more"),
        About::Purse(rules, index) => {
            let what = rules.purses.get(*index).map(budget).unwrap_or_default();
            format!("the budget of {subject}, {what}, has {} USD left", usd(denial.left))
        }
    }
}

impl SendHold {
    /// Counts what the send really used.
    pub(crate) fn settle(mut self, real: Amounts) {
        if let Some(hold) = self.hold.take() {
            self.quota.settle(hold, real);
        }
        // The first hold counts all of it.
        self.more.clear();
    }

    /// What has to be held before an answer of so many tokens may go on; nothing where enough is.
    pub(crate) fn extension(&self, said: u64) -> Option<Extension> {
        let stop = self.stop.as_ref().filter(|stop| said.saturating_add(AHEAD) > stop.output)?;
        Some(Extension {
            quota: Arc::clone(&self.quota),
            budgets: stop.budgets.clone(),
            want: stop.want.clone(),
            output: stop.output,
        })
    }

    /// Keeps what was held in addition, for so many output tokens.
    pub(crate) fn extended(&mut self, hold: Option<Hold>, output: u64) {
        self.more.extend(hold);
        if let Some(stop) = &mut self.stop {
            stop.output = stop.output.saturating_add(output);
        }
    }
}

impl Drop for SendHold {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.quota.settle(hold, Amounts::default());
        }
    }
}

impl Extension {
    /// Holds more for the answer, as far as the budgets carry it.
    pub(crate) async fn hold(self) -> Result<(Option<Hold>, u64), Refused> {
        let held = self.want.price(self.output).unwrap_or(0);
        let price = |more: u64| self.want.price(self.output.saturating_add(more)).map(|all| all.saturating_sub(held));
        let ask = |more: u64, now: Now| {
            let mut asked = Asked::default();
            let nanos = price(more).unwrap_or(0);
            self.budgets.iter().for_each(|(rules, index)| asked.purse(rules, *index, nanos, now));
            asked
        };
        let length = Length { input: 0, wanted: STEP, shrinks: true, choices: 1, price: &price };
        let patience = Patience { until: None, priority: Priority::Normal };
        let granted = self.quota.in_turn(&ask, &length, patience).await;
        let granted = granted.inspect_err(|refused| self.quota.told_of(refused))?;
        Ok((Some(granted.hold), granted.output))
    }
}

/// Parts of a hold as claims.
pub(super) fn claims(parts: &[Part]) -> impl Iterator<Item = &crate::store::Claim> {
    parts.iter().map(|part| &part.claim)
}
