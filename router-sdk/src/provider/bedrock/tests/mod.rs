//! Tests of the family, one file a direction, each nasty fact with a fixture of its own.

mod decode;
mod encode;
mod errors;
mod exchange;
mod history;
pub(in crate::provider) mod replay;
mod requests;
pub(in crate::provider) mod stream;
pub(in crate::provider) mod subject;

use serde_json::Value;

use super::Bedrock;
use super::turns::replay::target;
use crate::catalog::{Capabilities, Model, Reasoning, ReasoningControl};
use crate::provider::{Encoded, Failure, Family, Provider, Target};
use crate::wire::ChatRequest;

/// A model of this id about which nothing else is known.
pub(super) fn plain(id: &str) -> Target {
    with(Model { id: id.into(), ..Model::default() })
}

/// A Claude that thinks within a budget and takes schemas.
pub(in crate::provider) fn claude() -> Target {
    let reasoning = Reasoning { control: ReasoningControl::Budget, budget_min: Some(1_024), ..Reasoning::default() };
    with(Model {
        id: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".into(),
        max_output_tokens: Some(64_000),
        context_window: Some(200_000),
        capabilities: Capabilities { json_schema: Some(true), ..Capabilities::default() },
        reasoning: Some(reasoning),
        ..Model::default()
    })
}

/// A Claude that decides by itself how long to think and knows no schemas.
pub(in crate::provider) fn adaptive() -> Target {
    let efforts = ["low", "medium", "high", "xhigh", "max"].map(str::to_owned).to_vec();
    let reasoning =
        Reasoning { control: ReasoningControl::Adaptive, efforts, can_disable: Some(true), ..Reasoning::default() };
    let capabilities =
        Capabilities { json_schema: Some(false), assistant_prefill: Some(false), ..Capabilities::default() };
    with(Model {
        id: "anthropic.claude-opus-5".into(),
        max_output_tokens: Some(128_000),
        capabilities,
        reasoning: Some(reasoning),
        ..Model::default()
    })
}

pub(in crate::provider) fn nova() -> Target {
    plain("us.amazon.nova-2-lite-v1:0")
}

pub(super) fn with(model: Model) -> Target {
    target(Family::Bedrock, "http://127.0.0.1:9", model)
}

pub(super) fn encode(target: &Target, body: Value) -> Result<Encoded, Failure> {
    Bedrock.encode(&ChatRequest::from_value(body).unwrap(), target, false)
}

/// The body that is sent, and what was adapted.
pub(super) fn sent(target: &Target, body: Value) -> (Value, Vec<String>) {
    let encoded = encode(target, body).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}
