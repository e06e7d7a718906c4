//! A model's facts in; which line of models it belongs to, since they differ behind the one interface, out.

use crate::catalog::Model;

/// Lines of models that are spoken to differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Anthropic's.
    Claude,
    /// Amazon's own.
    Nova,
    /// Mistral's, which check the form of tool ids.
    Mistral,
    /// OpenAI's open weights.
    GptOss,
    /// Alibaba's.
    Qwen,
    /// Any other.
    Other,
}

impl Line {
    /// Told by the id, which also profiles and their addresses hold, else by the maker.
    pub(super) fn of(model: &Model) -> Self {
        let has = |word: &str| model.id.contains(word);
        if has("anthropic.") || model.maker == "anthropic" {
            Self::Claude
        } else if has("amazon.nova") || (model.maker == "amazon" && model.family.starts_with("nova")) {
            Self::Nova
        } else if has("mistral.") || model.maker == "mistral" {
            Self::Mistral
        } else if has("openai.gpt-oss") {
            Self::GptOss
        } else if has("qwen.") {
            Self::Qwen
        } else {
            Self::Other
        }
    }

    /// Whether prompts are cached where a marker says so; other models refuse the marker.
    pub(super) fn caches(self) -> bool {
        matches!(self, Self::Claude | Self::Nova)
    }
}
