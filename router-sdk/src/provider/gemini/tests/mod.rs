//! Tests of the family, one file a direction, each nasty fact with a fixture of its own.

mod decode;
mod encode;
pub(in crate::provider) mod replay;
mod requests;
mod stream;
pub(in crate::provider) mod subject;

use serde_json::Value;

use super::Gemini;
use super::turns::replay::target;
use crate::catalog::Model;
use crate::provider::{Encoded, Failure, Family, Provider, Target};
use crate::wire::ChatRequest;

/// A target of the model with this id, about which nothing else is known.
pub(in crate::provider) fn named(id: &str) -> Target {
    with(Model { id: id.into(), ..Model::default() })
}

/// The same in Vertex AI.
pub(in crate::provider) fn on_vertex(id: &str) -> Target {
    let mut target = named(id);
    let deployment = std::sync::Arc::get_mut(&mut target.deployment).unwrap();
    deployment.cloud = crate::provider::Cloud::Vertex(crate::provider::Vertex::default());
    target
}

pub(super) fn with(model: Model) -> Target {
    target(Family::Gemini, "http://127.0.0.1:9/v1beta", model)
}

pub(super) fn encode(target: &Target, body: Value) -> Result<Encoded, Failure> {
    Gemini.encode(&ChatRequest::from_value(body).unwrap(), target, false)
}

/// The body that is sent, and what was adapted.
pub(super) fn sent(target: &Target, body: Value) -> (Value, Vec<String>) {
    let encoded = encode(target, body).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}
