//! Cohere's `/v2/embed`: texts and what they are for in, vectors under the name of their type out.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{self, count};
use super::vector::{self, Vector};
use super::{Batch, Decoded, Embedder, Place};
use crate::provider::{Encoded, Failure};
use crate::wire::{Object, Usage};

/// The language of Cohere.
pub(super) struct Cohere;

#[derive(Serialize)]
struct Call<'a> {
    model: &'a str,
    texts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_type: Option<&'a str>,
    embedding_types: [&'static str; 1],
    #[serde(flatten)]
    rest: Object,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    embeddings: Option<Typed>,
    #[serde(default)]
    meta: Option<Value>,
    #[serde(flatten)]
    rest: Object,
}

/// Vectors by type; older interfaces give the list itself.
struct Typed(Vec<Vector>);

impl Embedder for Cohere {
    fn encode_embeddings(&self, batch: Batch<'_>, place: &Place) -> Result<Encoded, Failure> {
        let mut adapted = Vec::new();
        let texts = body::texts(batch, place)?;
        let mut rest = body::fields(batch.request, place, &mut adapted);
        rest.shift_remove("embedding_types");
        let input_type = body::input_type(batch.request, place, &mut adapted);
        let model = place.target.model.id.as_str();
        let call = Call { model, texts, input_type, embedding_types: ["float"], rest };
        Ok(Encoded { http: place.post(place.below_root(), None, body::write(&call)), adapted })
    }

    fn decode_embeddings(&self, asked: usize, body: &[u8]) -> Result<Decoded, Failure> {
        let reply: Reply = vector::read(body)?;
        let billed = reply.meta.as_ref().and_then(|m| m.get("billed_units"));
        let usage = count(billed.and_then(|b| b.get("input_tokens"))).map(|input| Usage { input, ..Usage::default() });
        vector::settled(reply.embeddings.map(|typed| typed.0), asked, usage, reply.rest)
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Typed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lists of vectors by type")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Typed, A::Error> {
                let mut vectors = Vec::new();
                while let Some(vector) = seq.next_element()? {
                    vectors.push(vector);
                }
                Ok(Typed(vectors))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Typed, A::Error> {
                let mut vectors = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "float" | "float_" | "base64" => {
                            vectors = map.next_value::<Option<Vec<Vector>>>()?.unwrap_or(vectors);
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Typed(vectors))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
