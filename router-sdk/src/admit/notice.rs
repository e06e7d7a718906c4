//! Budgets that run out: how far each is used in, one call of the application's function a window out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use super::Window;
use super::clock::Now;
use super::rules::Rules;
use crate::account::usd;
use crate::store::Span;
use crate::wire::Strategy;

/// A budget that has reached its soft limit, or refused a request for the first time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BudgetEvent {
    /// `soft` or `hard`.
    pub level: &'static str,
    /// Whose budget it is: `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or `provider:NAME`.
    pub subject: String,
    /// The window of the budget.
    pub window: Window,
    /// The first millisecond of the window since 1970; absent for `total`.
    pub began_ms: Option<i64>,
    /// The first millisecond after the window; absent for `total`.
    pub ends_ms: Option<i64>,
    /// The budget in US dollars.
    pub usd: f64,
    /// What is spent of it, in US dollars; requests under way not counted.
    pub spent_usd: f64,
    /// The strategy that automatic choices fall to from now on, where one is set.
    pub strategy: Option<Strategy>,
}

impl BudgetEvent {
    /// The event as JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

type Callback = Arc<dyn Fn(BudgetEvent) + Send + Sync>;

/// Budget of a subject, and whether it was told of as refusing.
type Key = (Arc<str>, usize, bool);

/// Who wants to know, and what was told.
#[derive(Default)]
pub(crate) struct Notices {
    callback: RwLock<Option<Callback>>,
    told: Mutex<HashMap<Key, Span>>,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}

impl Notices {
    pub(crate) fn set(&self, callback: Callback) {
        *self.callback.write().unwrap_or_else(PoisonError::into_inner) = Some(callback);
    }

    /// Tells of a budget once a window.
    pub(super) fn tell(&self, rules: &Arc<Rules>, index: usize, hard: bool, spent_nanos: u64, now: Now) {
        let Some(callback) = self.callback.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let Some(purse) = rules.purses.get(index) else { return };
        let span = purse.span(now);
        let key = (Arc::clone(&rules.subject), index, hard);
        let before = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key, span);
        if before == Some(span) {
            return;
        }
        let (began_ms, ends_ms) = match span {
            Span::Until { began_ms, ends_ms } => (Some(began_ms), Some(ends_ms)),
            _ => (None, None),
        };
        let event = BudgetEvent {
            level: if hard { "hard" } else { "soft" },
            subject: rules.subject.to_string(),
            window: purse.budget.window,
            began_ms,
            ends_ms,
            usd: purse.budget.usd,
            spent_usd: usd(spent_nanos),
            strategy: purse.budget.on_soft.filter(|_| !hard),
        };
        // What the application does there is no part of the request.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { callback(event) })),
            Err(_) => callback(event),
        }
    }
}
