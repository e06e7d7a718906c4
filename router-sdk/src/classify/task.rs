//! The words of the verdict: kind, difficulty, confidence, evidence, success by ability.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Needs, Script};
use crate::catalog::TaskClass;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Writing, changing or explaining program code.
    Code,
    /// Finding and repairing a fault in code or a system.
    Debug,
    /// Calculation, proofs, quantitative word problems.
    Math,
    /// Multi-step argument, comparison, planning, analysis.
    Reasoning,
    /// Pulling stated facts or fields out of given text.
    Extraction,
    /// Assigning labels, sentiment or a category.
    Classification,
    /// Rendering text in another language.
    Translation,
    /// Shortening given text.
    Summarisation,
    /// Stories, poems, slogans, letters and other free writing.
    Creative,
    /// Small talk and open conversation.
    Chat,
    /// A short question of fact.
    SimpleQuestion,
    /// Speaking as a character.
    Roleplay,
    /// Acting through tools over several steps.
    Agentic,
    /// A question over a very long given text.
    LongContext,
    /// A question about an image.
    Vision,
}

impl TaskKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 15] = [
        Self::Code,
        Self::Debug,
        Self::Math,
        Self::Reasoning,
        Self::Extraction,
        Self::Classification,
        Self::Translation,
        Self::Summarisation,
        Self::Creative,
        Self::Chat,
        Self::SimpleQuestion,
        Self::Roleplay,
        Self::Agentic,
        Self::LongContext,
        Self::Vision,
    ];

    /// The name in snake case, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Debug => "debug",
            Self::Math => "math",
            Self::Reasoning => "reasoning",
            Self::Extraction => "extraction",
            Self::Classification => "classification",
            Self::Translation => "translation",
            Self::Summarisation => "summarisation",
            Self::Creative => "creative",
            Self::Chat => "chat",
            Self::SimpleQuestion => "simple_question",
            Self::Roleplay => "roleplay",
            Self::Agentic => "agentic",
            Self::LongContext => "long_context",
            Self::Vision => "vision",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The class of capability scores that speaks for this kind.
    pub const fn class(self) -> TaskClass {
        match self {
            Self::Code | Self::Debug => TaskClass::Code,
            Self::Math => TaskClass::Math,
            Self::Reasoning => TaskClass::Reasoning,
            Self::Extraction | Self::Classification => TaskClass::Extraction,
            Self::Translation => TaskClass::Translation,
            Self::Summarisation | Self::LongContext => TaskClass::Summarise,
            Self::Creative | Self::Roleplay => TaskClass::Creative,
            Self::Chat => TaskClass::Chat,
            Self::Agentic => TaskClass::Agentic,
            Self::SimpleQuestion | Self::Vision => TaskClass::General,
        }
    }

    /// The position in [`TaskKind::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for TaskKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason for the verdict. Names a signal, never quotes the prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// A short name such as `code fence` or `fr: translate`.
    pub signal: Cow<'static, str>,
    /// How much it counted.
    pub weight: f64,
}

/// Calibrated probability that a model of an ability answers this well.
///
/// The anchors are the lowest, middle and top third of the models that the
/// predictor was trained on; interpolate between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Success {
    /// A small or old model.
    pub weak: f64,
    /// A mid-sized model.
    pub mid: f64,
    /// A frontier model.
    pub strong: f64,
    /// Half-width of a one-sigma band around each of the three.
    pub uncertainty: f64,
}

impl Success {
    /// The probability for an ability between 0 (weak) and 1 (strong), linear between the anchors.
    pub fn at(&self, ability: f64) -> f64 {
        let ability = if ability.is_finite() { ability.clamp(0.0, 1.0) } else { 0.5 };
        if ability <= 0.5 {
            self.weak + (self.mid - self.weak) * ability * 2.0
        } else {
            self.mid + (self.strong - self.mid) * (ability - 0.5) * 2.0
        }
    }
}

/// What a request asks for, how hard it is and what it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// What is asked.
    pub kind: TaskKind,
    /// The class of capability scores that models are compared by: that of the kind, or `reasoning` where answers to
    /// choose from make an examination of it, or `general` where a story with numbers is to be worked out.
    pub scored_as: TaskClass,
    /// Calibrated expected gain of a strong over a weak model, 0 to 1, rank-stable across kinds.
    pub difficulty: f64,
    /// Belief in the kind, 0 to 1.
    pub confidence: f64,
    /// Why, strongest first.
    pub evidence: Vec<Evidence>,
    /// Nothing in the request was recognised; the difficulty is then in the middle.
    pub no_evidence: bool,
    /// Probability of success by ability.
    pub success: Success,
    /// What the request requires of a model.
    pub needs: Needs,
    /// The dominant writing system of the ask.
    pub script: Option<Script>,
    /// Characters scored as the ask.
    pub ask_chars: usize,
    /// Characters recognised as context: system, history, tools, harness, documents, code, logs.
    pub context_chars: usize,
    /// The last turn was a short follow-up, so kind and difficulty come from earlier in the conversation.
    pub inherited: bool,
}

impl Task {
    /// A task of a kind and difficulty that are known from elsewhere; nothing is known of a request.
    pub(crate) fn stated(kind: TaskKind, difficulty: f64) -> Self {
        Self {
            kind,
            scored_as: kind.class(),
            difficulty,
            confidence: 1.0,
            evidence: Vec::new(),
            no_evidence: false,
            success: Success { weak: 0.5, mid: 0.5, strong: 0.5, uncertainty: 0.5 },
            needs: Needs::default(),
            script: None,
            ask_chars: 0,
            context_chars: 0,
            inherited: false,
        }
    }
}
