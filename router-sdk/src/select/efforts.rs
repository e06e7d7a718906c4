//! Levels of thinking as part of the choice: a target in, the levels that it may be asked for out; a request in, which of
//! them it leaves open.

use crate::catalog::{EffortScores, EffortStyle, ReasoningControl};
use crate::classify::Needs;
use crate::provider::{Family, Target};
use crate::wire::ChatRequest;

/// Levels, weakest first.
const LEVELS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
/// The strongest level for a limit of output up to so many tokens: what is thought counts against it.
const ROOM: [(u64, &str); 3] = [(1_000, "minimal"), (4_000, "low"), (16_000, "medium")];

/// Which levels a request may be asked with, beside the one that each model has by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Efforts {
    /// One bit a level.
    levels: u8,
    /// The caller named the one level: models that have it are judged by it.
    pinned: bool,
}

impl Efforts {
    /// What a request leaves open: nothing where the caller steers the thinking or sets what does not go with it.
    pub(crate) fn of(request: &ChatRequest, needs: &Needs) -> Self {
        if let Some(level) = request.effort() {
            return Self { levels: bit(level), pinned: true };
        }
        // Sampling, forced and interleaved calls and begun answers are taken with some levels and refused with others.
        let entangled = needs.tools || needs.forced_tool_choice || needs.prefill || !needs.params.is_empty();
        if entangled || request.steers_thinking() {
            return Self::default();
        }
        let room = needs.max_output_tokens.and_then(|limit| ROOM.iter().find(|(tokens, _)| limit <= *tokens));
        let most = room.and_then(|(_, level)| rank(level)).unwrap_or(LEVELS.len() - 1);
        Self { levels: ((1u16 << (most + 1)) - 1) as u8, pinned: false }
    }

    /// Whether an entry at a level, or at the model's default, is a candidate. `levels` are those that the model has
    /// entries for.
    pub(super) fn open(self, level: Option<&str>, levels: u8) -> bool {
        match level {
            Some(level) => self.levels & bit(level) != 0,
            None => !(self.pinned && self.levels & levels != 0),
        }
    }

    /// Whether the router says the level, rather than the caller.
    pub(super) fn chosen(self) -> bool {
        !self.pinned
    }
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// The bit of a level; none for words that are no level.
pub(super) fn bit(level: &str) -> u8 {
    rank(level).map_or(0, |rank| 1 << rank)
}

/// The levels of a target whose quality and length of answers are known, which it takes as they are, and which are not its
/// default.
pub(super) fn levels(target: &Target) -> impl Iterator<Item = &EffortScores> {
    let model = &target.model;
    let reasoning = model.reasoning.as_ref().filter(|_| steerable(target));
    model.efforts.iter().filter(move |row| {
        let taken = reasoning.is_some_and(|r| {
            r.efforts.contains(&row.effort) && r.default_effort.as_deref() != Some(row.effort.as_str())
        });
        taken && row.verbosity.is_some() && bit(&row.effort) != 0
    })
}

fn steerable(target: &Target) -> bool {
    let (model, quirks) = (&target.model, &target.deployment.quirks);
    let named = model
        .reasoning
        .as_ref()
        .is_some_and(|r| matches!(r.control, ReasoningControl::Effort | ReasoningControl::Adaptive));
    let spelt = target.family() != Family::OpenAi
        || matches!(quirks.effort, EffortStyle::ReasoningEffort | EffortStyle::ReasoningObject);
    let refused =
        model.parameters.refuses("reasoning_effort") || quirks.rejects.iter().any(|r| r == "reasoning_effort");
    named && spelt && !refused
}
