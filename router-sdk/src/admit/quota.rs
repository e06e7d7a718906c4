//! All limits and budgets of a router: a request in, its standing or a refusal out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::allowance::Allowances;
use super::clock::{Clock, Now};
use super::denial::{Refused, budget};
use super::fit::{self, Ask, Granted, Length};
use super::notice::Notices;
use super::queue::Queue;
use super::rules::{About, Asked, Need, Rules};
use super::ticket::{Ticket, because, claims};
use crate::account::usd;
use crate::error::Error;
use crate::provider::Target;
use crate::store::{Amounts, Hold, Level, Measure, Part, Span, StateStore};
use crate::wire::Priority;

/// How often one who waits looks by itself, for room that another process may have made.
const LOOK: Duration = Duration::from_millis(50);

/// The limits and budgets of a router, with where they are counted.
#[derive(Debug)]
pub(crate) struct Quota {
    pub(super) store: Arc<dyn StateStore>,
    pub(super) clock: Clock,
    pub(super) by: Subjects,
    queue: Arc<Queue>,
    queue_ms: u64,
    pub(crate) notices: Notices,
}

/// The rules by whom they are for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Subjects {
    pub(crate) global: Option<Arc<Rules>>,
    /// By `name=value`.
    pub(crate) tags: HashMap<String, Arc<Rules>>,
    /// By `provider/model`.
    pub(crate) models: HashMap<String, Arc<Rules>>,
    pub(crate) providers: HashMap<String, Arc<Rules>>,
}

/// A request at the door.
pub(crate) struct Visit<'a> {
    pub(crate) tags: &'a BTreeMap<String, String>,
    /// The rules of the caller's key.
    pub(crate) own: Option<Arc<Rules>>,
    /// Counts the input tokens, where a limit asks for them.
    pub(crate) input: &'a (dyn Fn() -> u64 + Sync),
    /// The longest answer and whether it may be cut.
    pub(crate) output: (u64, bool),
    pub(crate) choices: u64,
    pub(crate) priority: Priority,
    pub(crate) deadline: Instant,
}

/// How long a request waits for room, and who goes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) until: Option<Instant>,
    pub(super) priority: Priority,
}

impl Subjects {
    pub(crate) fn is_empty(&self) -> bool {
        self.global.is_none() && self.tags.is_empty() && self.models.is_empty() && self.providers.is_empty()
    }
}

impl Quota {
    pub(crate) fn new(store: Arc<dyn StateStore>, clock: Clock, by: Subjects, queue_ms: u64) -> Self {
        let (queue, notices) = (Arc::default(), Notices::default());
        Self { store, clock, by, queue, queue_ms, notices }
    }

    /// Admits a request: counts it, holds its tokens and looks whether its budgets have anything left.
    ///
    /// # Errors
    /// `RateLimited` and `BudgetExceeded` with how everything stands.
    pub(crate) async fn admit(self: &Arc<Self>, visit: Visit<'_>) -> Result<Option<Arc<Ticket>>, Error> {
        let mut rules: Vec<Arc<Rules>> = self.by.global.iter().cloned().collect();
        if !self.by.tags.is_empty() {
            let own = visit.tags.iter().filter_map(|(name, value)| self.by.tags.get(&format!("{name}={value}")));
            rules.extend(own.cloned());
        }
        rules.extend(visit.own.clone());
        if rules.is_empty() && self.by.is_empty() {
            return Ok(None);
        }
        let until =
            (self.queue_ms > 0).then(|| visit.deadline.min(Instant::now() + Duration::from_millis(self.queue_ms)));
        let mut ticket = Ticket {
            quota: Arc::clone(self),
            rules,
            hold: Mutex::new(None),
            output: None,
            priority: visit.priority,
            until,
            allowances: None,
            strategy: None,
            reasons: Vec::new(),
        };
        if !ticket.rules.is_empty() {
            self.enter(&mut ticket, &visit).await?;
        }
        Ok(Some(Arc::new(ticket)))
    }

    async fn enter(&self, ticket: &mut Ticket, visit: &Visit<'_>) -> Result<(), Error> {
        let input = if counts_tokens(&ticket.rules) { (visit.input)() } else { 0 };
        let rules = ticket.rules.clone();
        let ask = |output: u64, now: Now| {
            let mut asked = Asked::default();
            for rules in &rules {
                asked.figures(rules, Need { input, output });
                asked.purses(rules, 0, now);
            }
            asked
        };
        let (wanted, shrinks) = visit.output;
        let length = Length { input, wanted, shrinks, choices: visit.choices, price: &|_| None };
        let patience = Patience { until: ticket.until, priority: ticket.priority };
        let granted = match self.in_turn(&ask, &length, patience).await {
            Ok(granted) => granted,
            Err(refused) => {
                self.told_of(&refused);
                return Err(self.refusal(refused, &ask(wanted, self.now())).await);
            }
        };
        let levels = granted.hold.parts().iter().map(|part| part.level);
        ticket.allowances = Allowances::of(&granted.asked, levels);
        self.soften(ticket, &granted);
        self.warn(&granted.asked, granted.hold.parts());
        if let Some(denial) = &granted.cut_by {
            ticket.output = Some((granted.output, because(denial)));
        }
        ticket.hold = Mutex::new(Some(granted.hold));
        Ok(())
    }

    /// The error of a refusal, with how the limits stand.
    async fn refusal(&self, refused: Refused, asked: &Asked) -> Error {
        let levels = self.store.levels(&asked.claims, self.clock.now().at_ms).await.unwrap_or_default();
        refused.error().with_allowances(Allowances::of(asked, levels.into_iter()))
    }

    /// Takes the strategy of budgets that run out.
    fn soften(&self, ticket: &mut Ticket, granted: &Granted) {
        for (part, about) in granted.hold.parts().iter().zip(&granted.asked.about) {
            let About::Purse(rules, index) = about else { continue };
            let Some(purse) = rules.purses.get(*index) else { continue };
            let spent = spent(part.level);
            let (Some(soft), Some(strategy)) = (purse.soft, purse.budget.on_soft) else { continue };
            if spent < soft || ticket.strategy.is_some() {
                continue;
            }
            ticket.strategy = Some(strategy);
            ticket.reasons.push(format!(
                "the budget of {}, {}, is at {} USD: the strategy is {}",
                rules.subject,
                budget(purse),
                usd(spent),
                strategy.as_str()
            ));
        }
    }

    /// Tells of budgets that have reached their soft limit.
    pub(super) fn warn(&self, asked: &Asked, parts: &[Part]) {
        for (part, about) in parts.iter().zip(&asked.about) {
            let About::Purse(rules, index) = about else { continue };
            let soft = rules.purses.get(*index).and_then(|purse| purse.soft);
            if soft.is_some_and(|soft| spent(part.level) >= soft) {
                self.notices.tell(rules, *index, false, spent(part.level), self.now());
            }
        }
    }

    /// Tells of a budget that has refused a request.
    pub(super) fn told_of(&self, refused: &Refused) {
        if let Refused::Full(denial) = refused
            && let About::Purse(rules, index) = &denial.about
        {
            let spent = denial.claim.cap.saturating_sub(denial.left);
            self.notices.tell(rules, *index, true, spent, self.now());
        }
    }

    /// The rules of a target's model and provider.
    pub(super) fn rules_of(&self, target: &Target) -> Vec<Arc<Rules>> {
        if self.by.models.is_empty() && self.by.providers.is_empty() {
            return Vec::new();
        }
        let model = self.by.models.get(&target.key());
        model.into_iter().chain(self.by.providers.get(&target.deployment.provider)).cloned().collect()
    }

    /// Counts what was really used, and calls those who wait for room.
    pub(super) fn settle(&self, hold: Hold, real: Amounts) {
        if self.queue.is_empty() {
            return hold.settle(real);
        }
        let given: Vec<_> = claims(hold.parts()).cloned().collect();
        hold.settle(real);
        self.queue.freed(given.iter());
    }

    /// Claims at once, or in turn where requests may wait.
    pub(super) async fn in_turn(
        &self,
        ask: Ask<'_>,
        length: &Length<'_>,
        patience: Patience,
    ) -> Result<Granted, Refused> {
        match patience.until {
            None => fit::reserve(&*self.store, ask, length, self.now()).await,
            Some(until) => self.wait(ask, length, until, patience.priority).await,
        }
    }

    /// This moment; windows of the calendar are cut by the store's clock, which others may share.
    pub(super) fn now(&self) -> Now {
        let now = self.clock.now();
        Now { wall_ms: self.store.clock(now.wall_ms), ..now }
    }

    async fn wait(
        &self,
        ask: Ask<'_>,
        length: &Length<'_>,
        until: Instant,
        priority: Priority,
    ) -> Result<Granted, Refused> {
        let rank = (priority, self.queue.ticket());
        let first = ask(length.wanted, self.now());
        let mut place = self.queue.ahead(&first.claims, rank).map(|subject| self.queue.enter(subject, rank));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let turn = place.as_ref().is_none_or(|place| place.is_first());
            let mut nap = left;
            if turn || left.is_zero() {
                let denial = match fit::reserve(&*self.store, ask, length, self.now()).await {
                    Err(Refused::Full(denial)) => denial,
                    other => return other,
                };
                let Some(wait) = worth_waiting(&denial.claim.measure, denial.claim.span, denial.retry_after_ms, left)
                else {
                    return Err(Refused::Full(denial));
                };
                nap = wait;
                if place.as_ref().is_none_or(|place| *place.subject() != denial.claim.subject) {
                    // The old place is given up first, so that whoever is next there can go.
                    drop(place.take());
                    place = Some(self.queue.enter(Arc::clone(&denial.claim.subject), rank));
                }
            }
            let called = async {
                match &place {
                    Some(place) => place.called().await,
                    None => std::future::pending().await,
                }
            };
            // Either way it looks again.
            let _ = tokio::time::timeout(nap.min(left), called).await;
        }
    }

    /// How far claims are used now.
    pub(super) async fn levels(&self, asked: &Asked) -> Result<Vec<Level>, Error> {
        let levels = self.store.levels(&asked.claims, self.clock.now().at_ms).await;
        levels.map_err(|why| Refused::Unavailable(why).error())
    }
}

/// What is spent, requests under way not counted.
pub(super) fn spent(level: Level) -> u64 {
    level.used.saturating_sub(level.held)
}

fn counts_tokens(rules: &[Arc<Rules>]) -> bool {
    let tokens = |measure| matches!(measure, Measure::InputTokens | Measure::OutputTokens | Measure::Tokens);
    rules.iter().any(|rules| rules.figures.iter().any(|figure| tokens(figure.measure)))
}

/// How long to wait before a claim is made again; nothing when there will be no room in time. Money is not waited for.
fn worth_waiting(measure: &Measure, span: Span, retry_after_ms: Option<u64>, left: Duration) -> Option<Duration> {
    if left.is_zero() {
        return None;
    }
    match (measure, span, retry_after_ms.map(Duration::from_millis)) {
        (Measure::Nanos, ..) => None,
        (_, Span::Held, _) => Some(LOOK),
        (_, _, None) => None,
        (_, _, Some(wait)) if wait <= left => Some(wait),
        // Requests under way may use fewer tokens than they hold.
        (Measure::Requests, ..) => None,
        _ => Some(LOOK),
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
