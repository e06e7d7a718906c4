//! The limits and budgets of one subject, ready to be claimed against: needs in, claims out. Pure.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::calendar;
use super::clock::Now;
use super::limits::Figure;
use super::{Budget, Limits};
use crate::store::{Claim, Measure, Span};

/// What one subject may use.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) subject: Arc<str>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) purses: Vec<Purse>,
}

/// A budget with its figures worked out.
#[derive(Debug)]
pub(crate) struct Purse {
    pub(crate) budget: Budget,
    pub(crate) nanos: u64,
    pub(crate) soft: Option<u64>,
    zone: TimeZone,
}

/// What a request is going to use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// What a claim is made against.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// A figure of the limits, by its name.
    Figure(&'static str),
    /// A budget, by its place among those of its subject.
    Purse(Arc<Rules>, usize),
}

/// Claims, each with what it is made against.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) claims: Vec<Claim>,
    pub(crate) about: Vec<About>,
}

impl Rules {
    /// Nothing for a subject without limits and budgets, which must have been checked.
    pub(crate) fn of(subject: String, limits: &Limits, budgets: &[Budget]) -> Option<Arc<Self>> {
        let purse = |budget: &Budget| Purse {
            nanos: budget.nanos(),
            soft: budget.soft_nanos(),
            zone: calendar::zone(&budget.time_zone).unwrap_or(TimeZone::UTC),
            budget: budget.clone(),
        };
        let rules = Self {
            subject: subject.into(),
            figures: limits.figures().collect(),
            purses: budgets.iter().map(purse).collect(),
        };
        (!rules.figures.is_empty() || !rules.purses.is_empty()).then(|| Arc::new(rules))
    }
}

impl Purse {
    /// The window that holds a moment.
    pub(crate) fn span(&self, now: Now) -> Span {
        self.budget.window.at(&self.zone, now.wall_ms)
    }
}

impl Asked {
    /// One request and its tokens, against the limits of a subject.
    pub(crate) fn figures(&mut self, rules: &Arc<Rules>, need: Need) {
        for figure in &rules.figures {
            let amount = match figure.measure {
                Measure::InputTokens => need.input,
                Measure::OutputTokens => need.output,
                Measure::Tokens => need.input.saturating_add(need.output),
                Measure::Requests | Measure::Concurrency | Measure::Nanos => 1,
            };
            // What needs none of it may go on when there is none.
            if amount > 0 {
                let span = figure.per_ms.map_or(Span::Held, |ms| Span::Sliding { ms });
                let subject = Arc::clone(&rules.subject);
                self.claims.push(Claim { subject, measure: figure.measure, span, cap: figure.cap, amount });
                self.about.push(About::Figure(figure.name));
            }
        }
    }

    /// Money against the budgets of a subject; none asks whether there is any left.
    pub(crate) fn purses(&mut self, rules: &Arc<Rules>, nanos: u64, now: Now) {
        for index in 0..rules.purses.len() {
            self.purse(rules, index, nanos, now);
        }
    }

    /// Money against one budget of a subject.
    pub(crate) fn purse(&mut self, rules: &Arc<Rules>, index: usize, nanos: u64, now: Now) {
        let Some(purse) = rules.purses.get(index) else { return };
        self.claims.push(Claim {
            subject: Arc::clone(&rules.subject),
            measure: Measure::Nanos,
            span: purse.span(now),
            cap: purse.nanos,
            amount: nanos,
        });
        self.about.push(About::Purse(Arc::clone(rules), index));
    }
}
