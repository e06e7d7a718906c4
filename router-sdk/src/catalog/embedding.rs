//! What a vendor's row says of embeddings: the language, the limits of one call and what the vendor takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How embeddings are asked for at one vendor; the default is OpenAI's shape with OpenAI's limit of inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddingRules {
    /// The language of the call.
    pub kind: EmbeddingKind,
    /// The most inputs that one call takes.
    pub max_inputs: usize,
    /// The most tokens that all inputs of one call may have together; the smallest of the vendor's models.
    pub max_tokens: Option<u64>,
    /// Takes lists of token ids in place of text.
    pub token_ids: bool,
    /// Answers with base64 when asked to.
    pub base64: bool,
    /// Takes `user`.
    pub user: bool,
    /// The name of `dimensions`; empty when it is not taken.
    pub dimensions_field: String,
    /// The vendor's words for what the inputs are for; empty when it cannot be told.
    pub input_types: BTreeMap<InputType, String>,
    /// What the inputs are taken for when the caller does not say and the vendor wants to know.
    pub default_input_type: Option<InputType>,
}

impl Default for EmbeddingRules {
    fn default() -> Self {
        Self {
            kind: EmbeddingKind::OpenAi,
            max_inputs: 2_048,
            max_tokens: None,
            token_ids: true,
            base64: true,
            user: true,
            dimensions_field: "dimensions".to_owned(),
            input_types: BTreeMap::new(),
            default_input_type: None,
        }
    }
}

/// The language in which embeddings are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmbeddingKind {
    /// OpenAI's `/embeddings` and everything compatible.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    /// Gemini's `batchEmbedContents`.
    Gemini,
    /// Cohere's `/v2/embed`.
    Cohere,
    /// Ollama's `/api/embed`.
    Ollama,
}

/// What vectors are made for; some models make different ones for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InputType {
    /// Search queries.
    Query,
    /// Documents that are searched.
    Document,
    /// Inputs of a classifier.
    Classification,
    /// Inputs that are grouped.
    Clustering,
    /// Inputs that are compared with each other.
    Similarity,
}

impl InputType {
    /// The words that callers may use, vendors' own spellings included.
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "query" | "search_query" | "retrieval_query" => Some(Self::Query),
            "document" | "passage" | "search_document" | "retrieval_document" => Some(Self::Document),
            "classification" => Some(Self::Classification),
            "clustering" => Some(Self::Clustering),
            "similarity" | "semantic_similarity" => Some(Self::Similarity),
            _ => None,
        }
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Document => "document",
            Self::Classification => "classification",
            Self::Clustering => "clustering",
            Self::Similarity => "similarity",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Catalog, EmbeddingKind, InputType, Mode};

    #[test]
    fn rows_state_the_limits_of_one_call() {
        let catalog = Catalog::builtin();
        let rules = |name: &str| catalog.vendor(name).unwrap().embeddings.clone();
        for (name, inputs, tokens) in [
            ("openai", 2_048, Some(300_000)),
            ("cohere", 96, None),
            ("gemini", 100, None),
            ("voyage", 1_000, Some(120_000)),
            ("mistral", 256, Some(16_384)),
            ("alibaba", 10, None),
        ] {
            assert_eq!((rules(name).max_inputs, rules(name).max_tokens), (inputs, tokens), "{name}");
        }
        assert_eq!(rules("cohere").default_input_type, Some(InputType::Document));
        assert_eq!(rules("nvidia").input_types[&InputType::Document], "passage");
        assert_eq!(rules("ollama").kind, EmbeddingKind::Ollama);
    }

    #[test]
    fn voyage_has_models_with_prices() {
        let model = Catalog::builtin().get("voyage", "voyage-4-large").unwrap();
        assert_eq!((model.mode, model.embedding_dim), (Mode::Embedding, Some(1_024)));
        assert_eq!(model.prices[0].rates.input, Some(120_000));
    }
}
