//! What is remembered of a conversation: names of models, counters and moments, as a few bytes of JSON in and out.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::following::Made;
use crate::wire::{RouteInfo, SessionDecision, Strategy, Usage};

/// The form of the bytes; others are not read.
const FORM: u8 = 1;

/// A conversation as it stood after its last answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    form: u8,
    /// The id of its first request; of a conversation that its caller names, too.
    pub(crate) id: String,
    /// The `provider/model` that it is with.
    pub(crate) model: String,
    /// The deployment, where the provider has several.
    pub(crate) deployment: Option<String>,
    /// The strategy that was in force.
    pub(crate) strategy: Strategy,
    /// The hardest that was asked of it, from 0 to 1.
    pub(crate) difficulty: f64,
    /// How far stalls have raised the difficulty.
    pub(crate) raised: f64,
    /// Answers in all.
    pub(crate) turns: u32,
    /// Answers of its model in a row.
    pub(crate) here: u32,
    /// Input tokens of its model's last answer: all, those from the prompt cache, those written to it.
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) written: u64,
    /// How long its model's prompt cache lives after a use, in seconds, where that was told.
    pub(crate) life_s: Option<u64>,
    /// When its model answered last, in milliseconds since 1970.
    pub(crate) warm_ms: i64,
    /// When the last answer was.
    pub(crate) at_ms: i64,
    /// Nano-dollars spent.
    pub(crate) spent: u64,
    /// Nano-dollars of it lost to reading anew what a cache had held.
    pub(crate) lost: u64,
    /// The digest of its history with the last answer.
    pub(crate) head: String,
}

impl Record {
    /// What is remembered after an answer, on top of what was known before.
    pub(super) fn after(base: Option<&Self>, route: &RouteInfo, made: &Made, head: String, now_ms: i64) -> Self {
        let cost = route.cost_nanos.unwrap_or(0);
        let spent = base.map_or(0, |b| b.spent).saturating_add(cost);
        let lost = base.map_or(0, |b| b.lost).saturating_add(made.loss_nanos);
        let turns = base.map_or(0, |b| b.turns).saturating_add(1);
        let eased = route.session.as_ref().is_some_and(|session| session.decision == SessionDecision::Eased);
        if let Some(base) = base.filter(|_| eased) {
            return Self { spent, lost, turns, head, at_ms: now_ms, ..base.clone() };
        }
        let usage = answering(route);
        let here = base.filter(|b| b.model == route.model).map_or(0, |b| b.here).saturating_add(1);
        let hour = usage.cache_write_1h > 0;
        Self {
            form: FORM,
            id: base.map_or_else(|| route.request_id.clone(), |b| b.id.clone()),
            model: route.model.clone(),
            deployment: route.deployment.clone(),
            strategy: made.strategy,
            difficulty: base.map_or(0.0, |b| b.difficulty).max(made.difficulty),
            raised: made.raised,
            turns,
            here,
            input: usage.input,
            cached: usage.cached_read,
            written: usage.cache_write.saturating_add(usage.cache_write_1h),
            life_s: made.life_s.or(hour.then_some(3_600)).or(base.and_then(|b| b.life_s)),
            warm_ms: now_ms,
            at_ms: now_ms,
            spent,
            lost,
            head,
        }
    }

    /// The same conversation with one answer more that no model was asked for.
    pub(super) fn with_head(&self, head: String) -> Self {
        Self { head, ..self.clone() }
    }

    pub(super) fn to_bytes(&self) -> Option<Bytes> {
        serde_json::to_vec(self).ok().map(Bytes::from)
    }

    /// Nothing for what another version wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        let sound = |share: f64| (0.0..=1.0).contains(&share);
        (record.form == FORM && sound(record.difficulty) && sound(record.raised)).then_some(record)
    }
}

/// The usage of the send that answered; of an answer from several, that of the one that ended it.
fn answering(route: &RouteInfo) -> Usage {
    let done = route.attempts.iter().rev().find(|attempt| attempt.then == "done");
    done.and_then(|attempt| attempt.usage).or(route.usage).unwrap_or_default()
}
