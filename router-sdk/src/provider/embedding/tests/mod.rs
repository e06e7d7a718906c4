//! Tests of the languages of embeddings, one file a direction.

mod decode;
mod encode;
mod replay;

use serde_json::Value;

use super::Place;
use crate::catalog::{Catalog, EmbeddingRules, Model};
use crate::provider::turns::replay::target;
use crate::provider::{Encoded, Family, embedding};
use crate::wire::EmbeddingRequest;

/// A place with these rules at `base`, whose model is `id`.
fn place(rules: EmbeddingRules, base: &str, path: &str, id: &str) -> Place {
    let target = target(Family::OpenAi, base, Model { id: id.into(), ..Model::default() });
    Place { target, rules, path: path.into() }
}

/// The place of a vendor of the catalogue.
fn vendor(name: &str, id: &str) -> Place {
    let row = Catalog::builtin().vendor(name).unwrap().clone();
    place(row.embeddings, &row.base_url, &row.embeddings_path, id)
}

fn encode(body: Value, place: &Place) -> Encoded {
    let request = EmbeddingRequest::from_value(body).unwrap();
    let batch = embedding::Batch { request: &request, input: request.input() };
    embedding::embedder(place.rules.kind).encode_embeddings(batch, place).unwrap()
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.http.body).unwrap()
}
