//! Tests of the family, one file a direction, each nasty fact with a fixture of its own.

mod decode;
mod encode;
pub(in crate::provider) mod replay;
mod requests;
mod stream;
pub(in crate::provider) mod subject;

use serde_json::Value;

use super::Cohere;
use super::turns::replay::target;
use crate::catalog::{Capabilities, Model, Reasoning, ReasoningControl};
use crate::provider::{Encoded, Failure, Family, Provider, Target};
use crate::wire::ChatRequest;

/// A target of a model that thinks within a budget.
pub(in crate::provider) fn thinker() -> Target {
    let reasoning = Reasoning {
        control: ReasoningControl::Budget,
        budget_min: Some(1),
        can_disable: Some(true),
        takes_budget: true,
        ..Reasoning::default()
    };
    with(Model { id: "command-t".into(), reasoning: Some(reasoning), ..Model::default() })
}

/// A target of a model that does not think.
pub(in crate::provider) fn plain_model() -> Target {
    let capabilities = Capabilities { reasoning: Some(false), ..Capabilities::default() };
    with(Model { id: "command-p".into(), capabilities, ..Model::default() })
}

pub(super) fn with(model: Model) -> Target {
    target(Family::Cohere, "http://127.0.0.1:9", model)
}

pub(super) fn encode(target: &Target, body: Value) -> Result<Encoded, Failure> {
    Cohere.encode(&ChatRequest::from_value(body).unwrap(), target, false)
}

/// The body that is sent, and what was adapted.
pub(super) fn sent(target: &Target, body: Value) -> (Value, Vec<String>) {
    let encoded = encode(target, body).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}
