//! Embeddings in each vendor's language: inputs and a place in, an HTTP request out; a reply's bytes in, vectors out. No I/O.

mod body;
mod cohere;
mod gemini;
mod ollama;
mod openai;
#[cfg(test)]
mod tests;
mod vector;

use super::{Encoded, Failure, HttpRequest, Target};
use crate::catalog::{EmbeddingKind, EmbeddingRules};
use crate::wire::{EmbeddingInput, EmbeddingRequest, Usage};

/// Where one call for embeddings goes, and what is taken there.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) rules: EmbeddingRules,
    /// The path below the address.
    pub(crate) path: String,
}

/// A part of a request's inputs, as many as one call takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) request: &'a EmbeddingRequest,
    pub(crate) input: &'a [EmbeddingInput],
}

/// The vectors of one call, in the order of its inputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) vectors: Vec<Vec<f32>>,
    /// Absent where the vendor does not count.
    pub(crate) usage: Option<Usage>,
}

/// One language of embeddings. Implementations hold no state and do no I/O.
pub(crate) trait Embedder: Send + Sync {
    /// Writes the call for one batch.
    ///
    /// # Errors
    /// [`super::Cause::Unsupported`] when the batch cannot be said in this language.
    fn encode_embeddings(&self, batch: Batch<'_>, place: &Place) -> Result<Encoded, Failure>;

    /// Reads a whole 200 reply to a call for `count` inputs.
    ///
    /// # Errors
    /// A failure when the body is an error, no JSON, or has not one vector an input.
    fn decode_embeddings(&self, count: usize, body: &[u8]) -> Result<Decoded, Failure>;
}

/// The implementation of a language.
pub(crate) fn embedder(kind: EmbeddingKind) -> &'static dyn Embedder {
    match kind {
        EmbeddingKind::OpenAi => &openai::OpenAi,
        EmbeddingKind::Gemini => &gemini::Gemini,
        EmbeddingKind::Cohere => &cohere::Cohere,
        EmbeddingKind::Ollama => &ollama::Ollama,
    }
}

impl Place {
    /// The address of OpenAI-shaped embeddings: beside that of chat, wherever a deployment has that.
    fn beside_chat(&self) -> String {
        let deployment = &self.target.deployment;
        let (path, query) = match deployment.chat_path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (deployment.chat_path.as_str(), None),
        };
        match (path.strip_suffix("/chat/completions"), query) {
            (Some(before), Some(query)) => self.at(&deployment.base_url, &format!("{before}/embeddings?{query}")),
            (Some(before), None) => self.at(&deployment.base_url, &format!("{before}{}", self.path)),
            (None, _) => self.at(&deployment.base_url, &self.path),
        }
    }

    /// An address below the server's root: the address of chat may end in a version of its own.
    fn below_root(&self) -> String {
        let base = self.target.deployment.base_url.as_str();
        let versions = ["/compatibility/v1", "/v1", "/v2", "/api"];
        self.at(versions.iter().find_map(|version| base.strip_suffix(version)).unwrap_or(base), &self.path)
    }

    fn at(&self, base: &str, path: &str) -> String {
        format!("{base}{path}").replace("{model}", &self.target.model.id)
    }

    fn post(&self, url: String, key_header: Option<&'static str>, body: Vec<u8>) -> HttpRequest {
        HttpRequest { url, headers: self.target.headers(key_header), body: body.into() }
    }
}
