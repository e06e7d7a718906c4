//! What a selection is decided from: one request's needs, sizes and options, and the health of targets.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::Date;

use crate::catalog::TaskClass;
use crate::classify::{Needs, Task, TaskKind};
use crate::provider::Target;
use crate::wire::{RouteOptions, Strategy};

use super::efforts::Efforts;
use super::lessons::Lessons;

/// One request as selection sees it.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) task: Option<&'a Task>,
    pub(crate) needs: &'a Needs,
    pub(crate) options: &'a RouteOptions,
    pub(crate) strategy: Strategy,
    /// Estimated input tokens.
    pub(crate) input_tokens: u64,
    /// Choices asked for; each is paid.
    pub(crate) choices: u64,
    pub(crate) today: Date,
    pub(crate) week_minute: u16,
    /// Which levels of thinking may be chosen.
    pub(crate) efforts: Efforts,
    /// What was learned of models; absent where nothing was.
    pub(crate) lessons: Option<&'a Lessons>,
}

/// Output tokens assumed as the worst case when the caller set no limit and the model's own is larger or unknown.
pub(crate) const WORST_CASE_OUTPUT: u64 = 4_096;

impl Ask<'_> {
    /// The class of scores that speaks for this task.
    pub(crate) fn class(&self) -> TaskClass {
        self.task.map_or(TaskClass::General, |task| task.scored_as)
    }

    /// Output tokens to expect of a model of ordinary verbosity: typical lengths of answers by kind of task.
    pub(crate) fn expected_output(&self) -> u64 {
        let Some(task) = self.task else { return 400 };
        match task.kind {
            TaskKind::Code => 600,
            TaskKind::Debug | TaskKind::Reasoning => 500,
            TaskKind::Math => 400,
            TaskKind::Creative => 700,
            TaskKind::Extraction | TaskKind::Chat => 150,
            TaskKind::Classification => 20,
            TaskKind::Translation => (task.ask_chars as u64 / 3).clamp(30, 8_000),
            TaskKind::Summarisation | TaskKind::Vision => 200,
            TaskKind::LongContext => 300,
            TaskKind::SimpleQuestion => 80,
            TaskKind::Roleplay | TaskKind::Agentic => 250,
        }
    }

    /// The difficulty that candidates are measured against; the middle when nothing classified the request.
    pub(crate) fn difficulty(&self) -> f64 {
        self.task.map_or(0.5, |t| t.difficulty)
    }
}

/// Which targets rest, and how quick targets have been.
#[derive(Debug, Default)]
pub(crate) struct HealthFacts {
    /// Time left of the rest, by `provider/model`. A rest of a whole provider stands under the provider's name.
    pub(crate) resting: HashMap<String, Duration>,
    /// Seconds to first output as lately observed, by `provider/model`.
    pub(crate) latency: HashMap<String, f64>,
}

impl HealthFacts {
    /// How long the target still rests.
    pub(crate) fn rest_of(&self, target: &Target) -> Option<Duration> {
        if self.resting.is_empty() {
            return None;
        }
        let own = self.resting.get(&target.key()).copied();
        let provider = self.resting.get(&target.deployment.provider).copied();
        own.max(provider)
    }
}
