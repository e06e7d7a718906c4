//! Ollama's `/api/embed`: texts in, vectors and the number of tokens read out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{self, Inputs, count};
use super::vector::{self, Vector};
use super::{Batch, Decoded, Embedder, Place};
use crate::provider::{Encoded, Failure};
use crate::wire::{Object, Usage};

/// The language of Ollama.
pub(super) struct Ollama;

#[derive(Serialize)]
struct Call<'a> {
    model: &'a str,
    input: Inputs<'a>,
    #[serde(flatten)]
    rest: Object,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    embeddings: Option<Vec<Vector>>,
    /// The reply of the older `/api/embeddings`.
    #[serde(default)]
    embedding: Option<Vector>,
    #[serde(default)]
    prompt_eval_count: Option<Value>,
    #[serde(flatten)]
    rest: Object,
}

impl Embedder for Ollama {
    fn encode_embeddings(&self, batch: Batch<'_>, place: &Place) -> Result<Encoded, Failure> {
        let mut adapted = Vec::new();
        body::texts(batch, place)?;
        let rest = body::fields(batch.request, place, &mut adapted);
        // It has no types; models that want one have it written into the text by whoever calls.
        body::input_type(batch.request, place, &mut adapted);
        let call = Call { model: &place.target.model.id, input: Inputs(batch), rest };
        Ok(Encoded { http: place.post(place.below_root(), None, body::write(&call)), adapted })
    }

    fn decode_embeddings(&self, asked: usize, body: &[u8]) -> Result<Decoded, Failure> {
        let reply: Reply = vector::read(body)?;
        let usage = count(reply.prompt_eval_count.as_ref()).map(|input| Usage { input, ..Usage::default() });
        let vectors = reply.embeddings.or_else(|| reply.embedding.map(|one| vec![one]));
        vector::settled(vectors, asked, usage, reply.rest)
    }
}
