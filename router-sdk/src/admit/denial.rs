//! A claim that was not granted in; the typed error with its words out.

use std::time::Duration;

use super::rules::{About, Asked, Purse};
use crate::account::usd;
use crate::error::{Error, ErrorKind};
use crate::store::{Claim, Measure, Unavailable};

/// A claim that was not granted.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) claim: Claim,
    pub(crate) about: About,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) left: u64,
}

/// Why nothing was granted.
#[derive(Debug)]
pub(crate) enum Refused {
    Full(Denial),
    Unavailable(Unavailable),
    /// A model without a known price, where a budget has to hold it.
    NoPrice {
        model: String,
        subject: String,
    },
}

impl Denial {
    pub(super) fn new(asked: &Asked, at: usize, retry_after_ms: Option<u64>, left: u64) -> Option<Self> {
        let (claim, about) = (asked.claims.get(at)?.clone(), asked.about.get(at)?.clone());
        Some(Self { claim, about, retry_after_ms, left })
    }

    /// What is full, in words.
    pub(crate) fn words(&self) -> String {
        let Claim { subject, cap, amount, measure, .. } = &self.claim;
        match &self.about {
            About::Figure(name) if amount > cap => {
                let what = measure.as_str().replace('_', " ");
                format!("{name} of {subject} is {cap}, and this request alone needs {amount} {what}")
            }
            About::Figure(name) => format!("{name} of {subject} is reached: {cap}"),
            About::Purse(rules, index) => {
                let purse = rules.purses.get(*index).map(budget).unwrap_or_default();
                let left = usd(self.left);
                match amount {
                    0 => format!("the budget of {subject}, {purse}, is spent or held by requests under way"),
                    _ => format!(
                        "the budget of {subject}, {purse}, has {left} USD left, and this request may cost {} USD",
                        usd(*amount)
                    ),
                }
            }
        }
    }
}

/// A budget in words: `5 USD a day`.
pub(super) fn budget(purse: &Purse) -> String {
    let usd = purse.budget.usd;
    match purse.budget.window {
        super::Window::Total => format!("{usd} USD in all"),
        window => format!("{usd} USD a {}", window.as_str()),
    }
}

impl Refused {
    /// The typed error.
    pub(crate) fn error(&self) -> Error {
        match self {
            Self::Full(denial) => {
                let (kind, code) = match denial.claim.measure {
                    Measure::Nanos => (ErrorKind::BudgetExceeded, "budget_exceeded"),
                    _ => (ErrorKind::RateLimited, "rate_limit_exceeded"),
                };
                let wait = denial.retry_after_ms.map(Duration::from_millis);
                Error::new(kind, denial.words()).with_code(Some(code.into())).with_retry_after(wait)
            }
            Self::NoPrice { model, subject } => {
                let fix = "set models[].price for it, 0 where it costs nothing";
                let message = format!("{model} has no known price, so the budget of {subject} cannot hold it; {fix}");
                Error::new(ErrorKind::BudgetExceeded, message).with_code(Some("price_unknown".into()))
            }
            Self::Unavailable(Unavailable(why)) => {
                let message = format!("limits and budgets cannot be asked for: {why}");
                Error::new(ErrorKind::ProviderUnavailable, message).with_code(Some("state_unavailable".into()))
            }
        }
    }
}
