//! Requests that have ended and another strategy in; what they would have cost and how good they would have been out.
//!
//! A row of the ledger holds no text, but the kind and the difficulty of its task, which is all that selection goes by.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::{Moment, Shared};
use crate::account::{Row, usage_cost, usd};
use crate::catalog::utc_week_minute;
use crate::classify::{Needs, Task, TaskKind};
use crate::error::Error;
use crate::select::{self, Ask, Candidate, Efforts, HealthFacts, Pool};
use crate::wire::{RouteOptions, Strategy, Usage};

/// What another strategy would have made of past requests. Money is in nano-dollars; expected qualities are the
/// selection's own, means over the requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WhatIf {
    /// The strategy asked about.
    pub strategy: Strategy,
    /// Requests compared.
    pub requests: u64,
    /// Requests that another model would have answered.
    pub changed: u64,
    /// What was.
    pub actual: Side,
    /// What would have been.
    pub instead: Side,
    /// By kind of task.
    pub tasks: BTreeMap<&'static str, Compared>,
    /// By model: how many requests it answered, and how many it would have answered.
    pub models: BTreeMap<String, Moved>,
    /// Requests that say nothing here, by the reason.
    pub left_out: LeftOut,
}

/// The sums of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// Of all requests compared.
    pub cost_nanos: u64,
    /// Mean expected quality; absent where no model of a request is in the pool any more.
    pub quality: Option<f64>,
}

/// One kind of task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Compared {
    /// Requests compared.
    pub requests: u64,
    /// What they cost.
    pub actual_nanos: u64,
    /// What they would have cost.
    pub instead_nanos: u64,
}

/// One model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// Requests that it answered.
    pub actual: u64,
    /// Requests that it would have answered.
    pub instead: u64,
}

/// Requests that cannot be compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// They named their model, so nobody classified them.
    pub named: u64,
    /// They failed or were given up.
    pub failed: u64,
    /// The cache answered them.
    pub cached: u64,
    /// What they cost, or would have cost, is not known.
    pub unpriced: u64,
}

impl WhatIf {
    /// As JSON; money in US dollars, and once more as `…_nanos` in whole nano-dollars.
    pub fn to_json(&self) -> Value {
        let mut out = serde_json::to_value(self).unwrap_or_default();
        let money = |side: &mut Value, from: &str, to: &str| {
            let cost = side[from].as_u64().map(usd);
            side[to] = cost.into();
        };
        money(&mut out["actual"], "cost_nanos", "cost");
        money(&mut out["instead"], "cost_nanos", "cost");
        for task in out["tasks"].as_object_mut().into_iter().flat_map(|tasks| tasks.values_mut()) {
            money(task, "actual_nanos", "actual");
            money(task, "instead_nanos", "instead");
        }
        out
    }
}

/// Counts rows as they come.
pub(crate) struct Comparison {
    pool: Arc<Pool>,
    out: WhatIf,
    /// Sums of the qualities on both sides, of requests where both are known.
    quality: (f64, f64, u64),
}

impl Comparison {
    /// With the models of today.
    ///
    /// # Errors
    /// `InvalidConfig` of a router without models.
    pub(crate) fn new(shared: &Shared, strategy: Strategy) -> Result<Self, Error> {
        let out = WhatIf {
            strategy,
            requests: 0,
            changed: 0,
            actual: Side::default(),
            instead: Side::default(),
            tasks: BTreeMap::new(),
            models: BTreeMap::new(),
            left_out: LeftOut::default(),
        };
        Ok(Self { pool: shared.pool(Moment::now().date)?, out, quality: (0.0, 0.0, 0) })
    }

    /// Counts a request; those of the router's own count for nothing.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        if row.purpose != "request" {
            return;
        }
        let left = &mut self.out.left_out;
        let task = row.task.as_deref().and_then(TaskKind::parse).zip(row.difficulty);
        let (Some((kind, difficulty)), Some(model)) = (task, row.model.as_deref().filter(|_| row.error.is_none()))
        else {
            *if row.error.is_some() || row.model.is_none() { &mut left.failed } else { &mut left.named } += 1;
            return;
        };
        if matches!(row.cached.as_ref(), "hit" | "semantic") {
            left.cached += 1;
            return;
        }
        let task = as_told(kind, difficulty, row.tokens.input);
        let chosen = self.chosen(&task, row, RouteOptions::default());
        let cost = chosen.as_ref().and_then(|chosen| at_the_time(chosen, row));
        let (Some(chosen), Some(actual), Some(cost)) = (chosen, row.cost_nanos, cost) else {
            self.out.left_out.unpriced += 1;
            return;
        };
        // What the request did cost is counted as it was, so that the model that stays costs the same.
        let same = chosen.target.key() == model;
        let cost = if same { actual } else { cost };
        let only = RouteOptions { only: vec![model.to_owned()], ..RouteOptions::default() };
        let was = if same { chosen.quality } else { self.chosen(&task, row, only).and_then(|c| c.quality) };
        if let (Some(was), Some(would)) = (was, chosen.quality) {
            self.quality = (self.quality.0 + was, self.quality.1 + would, self.quality.2 + 1);
        }
        self.count(kind, model, &chosen.target.key(), actual, cost);
    }

    fn count(&mut self, kind: TaskKind, was: &str, would: &str, actual: u64, instead: u64) {
        let out = &mut self.out;
        out.requests += 1;
        out.changed += u64::from(was != would);
        out.actual.cost_nanos = out.actual.cost_nanos.saturating_add(actual);
        out.instead.cost_nanos = out.instead.cost_nanos.saturating_add(instead);
        let task = out.tasks.entry(kind.as_str()).or_default();
        task.requests += 1;
        task.actual_nanos = task.actual_nanos.saturating_add(actual);
        task.instead_nanos = task.instead_nanos.saturating_add(instead);
        out.models.entry(was.to_owned()).or_default().actual += 1;
        out.models.entry(would.to_owned()).or_default().instead += 1;
    }

    /// The first candidate for the task of a row.
    fn chosen(&self, task: &Task, row: &Row<'_>, options: RouteOptions) -> Option<Candidate> {
        let ask = Ask {
            task: Some(task),
            needs: &task.needs,
            options: &options,
            strategy: self.out.strategy,
            input_tokens: row.tokens.input,
            choices: 1,
            today: self.pool.date,
            week_minute: utc_week_minute(row.at_ms.div_euclid(1_000)),
            // What a level of thinking would have written is not known of answers that were given.
            efforts: Efforts::default(),
            lessons: None,
        };
        select::choose(&self.pool, &ask, &HealthFacts::default(), false).candidates.into_iter().next()
    }

    pub(crate) fn finish(mut self) -> WhatIf {
        let (was, would, known) = self.quality;
        if known > 0 {
            self.out.actual.quality = Some(was / known as f64);
            self.out.instead.quality = Some(would / known as f64);
        }
        self.out
    }
}

/// A task as the ledger remembers it. Needs are not written down there, so models that lack one may be proposed; nor is
/// the form, so that the kind's own scores are compared.
fn as_told(kind: TaskKind, difficulty: f64, input_tokens: u64) -> Task {
    Task {
        needs: Needs::default(),
        // The length of a translation follows from the ask's.
        ask_chars: usize::try_from(input_tokens.saturating_mul(4)).unwrap_or(usize::MAX),
        ..Task::stated(kind, difficulty)
    }
}

/// What a row's tokens cost with a candidate's model, at the prices of the row's day.
fn at_the_time(chosen: &Candidate, row: &Row<'_>) -> Option<u64> {
    let tokens = &row.tokens;
    let usage = Usage {
        input: tokens.input,
        cached_read: tokens.cached_read,
        cache_write: tokens.cache_write,
        cache_write_1h: tokens.cache_write_1h,
        output: tokens.output,
        reasoning: tokens.reasoning,
        audio_in: tokens.audio_in,
        audio_out: tokens.audio_out,
        ..Usage::default()
    };
    let at = Timestamp::from_millisecond(row.at_ms).ok()?;
    let date = at.to_zoned(TimeZone::UTC).date();
    usage_cost(&chosen.target.model, &usage, date, Some(utc_week_minute(at.as_second())))
}
