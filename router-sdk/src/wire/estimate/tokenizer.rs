//! A model in, the tokenizer it reads text with out.

use serde::Serialize;

use super::shape::FIGURES;
use super::weights;
use crate::catalog::Model;

/// The tokenizers whose counts are estimated apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tokenizer {
    /// OpenAI's since GPT-4o; also assumed of models whose tokenizer is not known.
    #[default]
    O200k,
    /// OpenAI's of GPT-4, GPT-3.5 and the embedding models.
    Cl100k,
    /// Anthropic's up to Claude 4.6. It is not published: the shape of the last published one, scaled to what replies in
    /// English were billed.
    Claude,
    /// Anthropic's since Claude Opus 4.7, which makes about a fifth more tokens of the same text; known as above.
    ClaudeNext,
    /// Google's of Gemini and Gemma.
    Gemini,
    /// Meta's since Llama 3.
    Llama,
    /// Mistral's since 2024.
    Mistral,
    /// DeepSeek's since V3.
    DeepSeek,
    /// Alibaba's of Qwen.
    Qwen,
}

/// Billed tokens of replies by token of the published tokenizer: Claude 3 to 4.6, then from 4.7.
const CLAUDE: f32 = 1.055;
const CLAUDE_NEXT: f32 = 1.3;

impl Tokenizer {
    /// The tokenizer of a model of the catalogue or the configuration, from its maker, line and name.
    pub fn of(model: &Model) -> Self {
        let id = model.id.to_ascii_lowercase();
        let is = |maker: &str, mark: &str| model.maker == maker || model.maker.is_empty() && id.contains(mark);
        let names = |marks: &[&str]| marks.iter().any(|mark| id.contains(mark));
        if is("anthropic", "claude") {
            return if older_claude(&id) { Self::Claude } else { Self::ClaudeNext };
        }
        if is("google", "gemini") || names(&["gemma"]) {
            Self::Gemini
        } else if is("meta", "llama") || names(&["llama-3", "llama3"]) {
            Self::Llama
        } else if is("deepseek", "deepseek") {
            // Those distilled into other models keep the tokenizer of these.
            if names(&["qwen"]) {
                Self::Qwen
            } else if names(&["llama"]) {
                Self::Llama
            } else {
                Self::DeepSeek
            }
        } else if is("alibaba", "qwen") || names(&["qwen", "qwq"]) {
            Self::Qwen
        } else if is("mistral", "mistral") || names(&["mixtral", "ministral", "codestral", "devstral", "magistral"]) {
            Self::Mistral
        } else if names(&["gpt-3.5", "gpt-35", "text-embedding-", "gpt-4-"]) || id == "gpt-4" || id.ends_with("/gpt-4")
        {
            Self::Cl100k
        } else {
            Self::O200k
        }
    }

    /// The weights of a text's figures and what their sum is multiplied with.
    pub(super) fn weights(self) -> (&'static [f32; FIGURES], f32) {
        match self {
            Self::O200k => (&weights::O200K, 1.0),
            Self::Cl100k => (&weights::CL100K, 1.0),
            Self::Claude => (&weights::CLAUDE, CLAUDE),
            Self::ClaudeNext => (&weights::CLAUDE, CLAUDE_NEXT),
            Self::Gemini => (&weights::GEMINI, 1.0),
            Self::Llama => (&weights::LLAMA, 1.0),
            Self::Mistral => (&weights::MISTRAL, 1.0),
            Self::DeepSeek => (&weights::DEEPSEEK, 1.0),
            Self::Qwen => (&weights::QWEN, 1.0),
        }
    }
}

/// Claude up to 4.6, by the version in the name: `claude-3-5-sonnet`, `claude-opus-4-6`, `claude-sonnet-4.5@20250929`.
fn older_claude(id: &str) -> bool {
    let mut figures = id.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let Some(major) = figures.next().and_then(|f| f.parse::<u32>().ok()) else { return false };
    // A date is no minor version.
    let minor = figures.next().filter(|f| f.len() < 3).and_then(|f| f.parse::<u32>().ok()).unwrap_or(0);
    major < 4 || (major == 4 && minor < 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(maker: &str, id: &str) -> Tokenizer {
        Tokenizer::of(&Model { maker: maker.into(), id: id.into(), ..Model::default() })
    }

    #[test]
    fn names_lead_to_tokenizers() {
        for (maker, id, wanted) in [
            ("openai", "gpt-5.4", Tokenizer::O200k),
            ("openai", "gpt-4o-mini", Tokenizer::O200k),
            ("openai", "gpt-4", Tokenizer::Cl100k),
            ("openai", "openai/gpt-4-turbo", Tokenizer::Cl100k),
            ("openai", "gpt-3.5-turbo", Tokenizer::Cl100k),
            ("openai", "text-embedding-3-small", Tokenizer::Cl100k),
            ("anthropic", "claude-3-5-sonnet-20240620", Tokenizer::Claude),
            ("anthropic", "us.anthropic.claude-sonnet-4-20250514", Tokenizer::Claude),
            ("anthropic", "claude-opus-4-6", Tokenizer::Claude),
            ("anthropic", "claude-opus-4.7", Tokenizer::ClaudeNext),
            ("anthropic", "claude-haiku-5-5", Tokenizer::ClaudeNext),
            ("", "claude-next-thing", Tokenizer::ClaudeNext),
            ("google", "gemini-2.5-flash", Tokenizer::Gemini),
            ("google", "gemma-3-27b", Tokenizer::Gemini),
            ("", "my-gemini", Tokenizer::Gemini),
            ("meta", "llama-3.3-70b", Tokenizer::Llama),
            ("deepseek", "deepseek-chat", Tokenizer::DeepSeek),
            ("deepseek", "deepseek-r1-distill-qwen-32b", Tokenizer::Qwen),
            ("alibaba", "qwen3-max", Tokenizer::Qwen),
            ("mistral", "mistral-large-latest", Tokenizer::Mistral),
            ("xai", "grok-4", Tokenizer::O200k),
            ("", "something", Tokenizer::O200k),
        ] {
            assert_eq!(of(maker, id), wanted, "{id}");
        }
    }
}
