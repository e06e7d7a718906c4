//! How the limits and budgets of one subject stand: a subject in, figures for people and dashboards out.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Window;
use super::quota::{Quota, spent};
use super::rules::{About, Asked, Need, Rules};
use crate::account::usd;
use crate::error::Error;
use crate::store::{Level, Span};

/// How the limits and budgets of a subject stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuotaState {
    /// Whose they are.
    pub subject: String,
    /// Every limit.
    pub limits: Vec<LimitState>,
    /// Every budget.
    pub budgets: Vec<BudgetState>,
}

/// How one limit stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitState {
    /// Its name, such as `requests_per_minute`.
    pub name: &'static str,
    /// The limit.
    pub limit: u64,
    /// What counts against it, what requests under way hold included.
    pub used: u64,
    /// What is left.
    pub remaining: u64,
    /// Milliseconds until nothing counts any more; absent where nothing does, and for `concurrency`.
    pub reset_ms: Option<u64>,
}

/// How one budget stands, in its present window.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BudgetState {
    /// The budget in US dollars.
    pub usd: f64,
    /// Its window.
    pub window: Window,
    /// The time zone of the window.
    pub time_zone: String,
    /// The first millisecond of the window since 1970; absent for `total`.
    pub began_ms: Option<i64>,
    /// The first millisecond after it; absent for `total`.
    pub ends_ms: Option<i64>,
    /// US dollars spent.
    pub spent_usd: f64,
    /// US dollars that requests under way hold.
    pub held_usd: f64,
    /// US dollars that are neither spent nor held.
    pub remaining_usd: f64,
    /// True from the soft limit on.
    pub soft_reached: bool,
}

impl QuotaState {
    /// The state as JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Quota {
    /// How a subject stands; `own` are the rules of a key.
    ///
    /// # Errors
    /// `InvalidRequest` for a subject that nothing is configured for.
    pub(crate) async fn state(&self, subject: &str, own: Option<Arc<Rules>>) -> Result<QuotaState, Error> {
        let found = own.or_else(|| self.configured(subject));
        let Some(rules) = found else { return Err(unknown(subject)) };
        let mut asked = Asked::default();
        asked.figures(&rules, Need { input: 1, output: 1 });
        asked.purses(&rules, 0, self.now());
        let levels = self.levels(&asked).await?;
        let mut state = QuotaState { subject: rules.subject.to_string(), limits: Vec::new(), budgets: Vec::new() };
        for ((claim, about), level) in asked.claims.iter().zip(&asked.about).zip(levels) {
            match about {
                About::Figure(name) => state.limits.push(LimitState {
                    name,
                    limit: claim.cap,
                    used: level.used,
                    remaining: claim.cap.saturating_sub(level.used),
                    reset_ms: level.reset_ms,
                }),
                About::Purse(rules, index) => state.budgets.extend(budget(rules, *index, claim.span, level)),
            }
        }
        Ok(state)
    }

    fn configured(&self, subject: &str) -> Option<Arc<Rules>> {
        let found = match subject.split_once(':') {
            None if subject == "global" => self.by.global.as_ref(),
            Some(("tag", tag)) => self.by.tags.get(tag),
            Some(("model", model)) => self.by.models.get(model),
            Some(("provider", provider)) => self.by.providers.get(provider),
            _ => None,
        };
        found.cloned()
    }
}

/// The error for a subject that nothing is configured for.
pub(crate) fn unknown(subject: &str) -> Error {
    // A caller's key in the place of its id must not be repeated.
    let known = ["global", "tag:", "model:", "provider:", "key:"].iter().any(|kind| subject.starts_with(kind));
    let named = if known { format!("nothing is limited for {subject}") } else { "is no subject".to_owned() };
    let fix = format!(
        "{named}; use global, key:ID, tag:NAME=VALUE, model:PROVIDER/MODEL or provider:NAME with a limit or a budget"
    );
    Error::invalid_request("subject", fix)
}

fn budget(rules: &Rules, index: usize, span: Span, level: Level) -> Option<BudgetState> {
    let purse = rules.purses.get(index)?;
    let (began_ms, ends_ms) = match span {
        Span::Until { began_ms, ends_ms } => (Some(began_ms), Some(ends_ms)),
        _ => (None, None),
    };
    Some(BudgetState {
        usd: purse.budget.usd,
        window: purse.budget.window,
        time_zone: purse.budget.time_zone.clone(),
        began_ms,
        ends_ms,
        spent_usd: usd(spent(level)),
        held_usd: usd(level.held),
        remaining_usd: usd(purse.nanos.saturating_sub(level.used)),
        soft_reached: purse.soft.is_some_and(|soft| spent(level) >= soft),
    })
}
