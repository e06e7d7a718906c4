//! OpenAI's `/embeddings` and everything compatible: what a vendor takes stands in its row.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{self, Inputs, count};
use super::vector::{self, Vector};
use super::{Batch, Decoded, Embedder, Place};
use crate::provider::{Encoded, Failure};
use crate::wire::{EmbeddingInput, Object, Usage};

/// The language of OpenAI.
pub(super) struct OpenAi;

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
    data: Option<Vec<Item>>,
    #[serde(default)]
    usage: Option<Value>,
    #[serde(flatten)]
    rest: Object,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<Value>,
    embedding: Vector,
}

impl Embedder for OpenAi {
    fn encode_embeddings(&self, batch: Batch<'_>, place: &Place) -> Result<Encoded, Failure> {
        if !place.rules.token_ids && batch.input.iter().any(|i| matches!(i, EmbeddingInput::Tokens(_))) {
            body::texts(batch, place)?;
        }
        let mut adapted = Vec::new();
        let mut rest = body::fields(batch.request, place, &mut adapted);
        if let Some(word) = body::input_type(batch.request, place, &mut adapted) {
            rest.insert("input_type".into(), word.into());
        }
        if place.rules.base64 {
            // The same 32-bit floats in a quarter of the bytes; the caller's own wish is met when the reply is written.
            rest.insert("encoding_format".into(), "base64".into());
        }
        let call = Call { model: &place.target.model.id, input: Inputs(batch), rest };
        Ok(Encoded { http: place.post(place.beside_chat(), None, body::write(&call)), adapted })
    }

    fn decode_embeddings(&self, count: usize, body: &[u8]) -> Result<Decoded, Failure> {
        let reply: Reply = vector::read(body)?;
        let usage = reply.usage.as_ref().and_then(usage);
        vector::settled(reply.data.map(in_order), count, usage, reply.rest)
    }
}

/// By index where every item has one of its own, else as they came.
fn in_order(mut items: Vec<Item>) -> Vec<Vector> {
    let index = |item: &Item| item.index.as_ref().and_then(Value::as_u64);
    let mut seen: Vec<Option<u64>> = items.iter().map(index).collect();
    seen.sort_unstable();
    if seen.iter().enumerate().all(|(at, index)| *index == Some(at as u64)) {
        items.sort_by_key(|item| item.index.as_ref().and_then(Value::as_u64));
    }
    items.into_iter().map(|item| item.embedding).collect()
}

/// Voyage counts the total alone; OpenRouter states its price.
fn usage(told: &Value) -> Option<Usage> {
    let named = |names: &[&str]| names.iter().find_map(|name| count(told.get(*name)));
    let input = named(&["prompt_tokens", "input_tokens", "total_tokens"])?;
    let own_key = told.get("is_byok").and_then(Value::as_bool) == Some(true);
    let cost = told.get("cost").or_else(|| told.get("estimated_cost")).and_then(Value::as_f64);
    let nanos = cost.map(|usd| (usd * 1e9).round()).filter(|nanos| !own_key && (0.0..1e18).contains(nanos));
    Some(Usage { input, reported_cost_nanos: nanos.map(|nanos| nanos as u64), ..Usage::default() })
}
