//! The classes of tasks that capability scores are kept for, and their names.

use serde::{Deserialize, Serialize};

/// The kinds of task that scores are kept for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskClass {
    /// Writing, changing or explaining programs.
    Code,
    /// Calculation and proof.
    Math,
    /// Questions that need several steps of thought.
    Reasoning,
    /// Pulling given facts into a given shape.
    Extraction,
    /// From one language into another.
    Translation,
    /// Stories, verse, copy.
    Creative,
    /// Conversation.
    Chat,
    /// Shortening given text.
    Summarise,
    /// Several tool calls towards a goal.
    Agentic,
    /// Anything else, and the average of all.
    #[default]
    General,
}

impl TaskClass {
    /// Every class, in the order of the data files.
    pub const ALL: [TaskClass; 10] = [
        TaskClass::Code,
        TaskClass::Math,
        TaskClass::Reasoning,
        TaskClass::Extraction,
        TaskClass::Translation,
        TaskClass::Creative,
        TaskClass::Chat,
        TaskClass::Summarise,
        TaskClass::Agentic,
        TaskClass::General,
    ];

    /// Its name, as in configuration and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskClass::Code => "code",
            TaskClass::Math => "math",
            TaskClass::Reasoning => "reasoning",
            TaskClass::Extraction => "extraction",
            TaskClass::Translation => "translation",
            TaskClass::Creative => "creative",
            TaskClass::Chat => "chat",
            TaskClass::Summarise => "summarise",
            TaskClass::Agentic => "agentic",
            TaskClass::General => "general",
        }
    }

    /// The class of this name.
    pub fn from_name(name: &str) -> Option<TaskClass> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}
