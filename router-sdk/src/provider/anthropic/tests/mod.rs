//! Tests of the family, one file a direction, each nasty fact with a fixture of its own.

mod decode;
mod encode;
pub(in crate::provider) mod replay;
mod requests;
mod stream;
pub(in crate::provider) mod subject;
mod thinking;

use serde_json::Value;

use super::Anthropic;
use super::turns::replay::target;
use crate::catalog::{Capabilities, Model, Reasoning, ReasoningControl};
use crate::provider::{Encoded, Failure, Family, Provider, Target};
use crate::wire::ChatRequest;

/// A target of a current model: thinks by itself, takes schemas, no prefill.
pub(in crate::provider) fn modern() -> Target {
    let efforts = ["low", "medium", "high", "xhigh", "max"].map(str::to_owned).to_vec();
    let capabilities =
        Capabilities { json_schema: Some(true), assistant_prefill: Some(false), ..Capabilities::default() };
    let reasoning =
        Reasoning { control: ReasoningControl::Effort, efforts, can_disable: Some(true), ..Reasoning::default() };
    with(Model {
        id: "claude-opus-5".into(),
        max_output_tokens: Some(128_000),
        context_window: Some(1_000_000),
        capabilities,
        reasoning: Some(reasoning),
        ..Model::default()
    })
}

/// A target of an older model: thinks within a budget, knows no schemas.
pub(in crate::provider) fn older() -> Target {
    let reasoning = Reasoning { control: ReasoningControl::Budget, budget_min: Some(1_024), ..Reasoning::default() };
    with(Model {
        id: "claude-sonnet-4-0".into(),
        max_output_tokens: Some(64_000),
        context_window: Some(200_000),
        reasoning: Some(reasoning),
        ..Model::default()
    })
}

pub(super) fn with(model: Model) -> Target {
    target(Family::Anthropic, "http://127.0.0.1:9", model)
}

pub(super) fn encode(target: &Target, body: Value) -> Result<Encoded, Failure> {
    Anthropic.encode(&ChatRequest::from_value(body).unwrap(), target, false)
}

/// The body that is sent, and what was adapted.
pub(super) fn sent(target: &Target, body: Value) -> (Value, Vec<String>) {
    let encoded = encode(target, body).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}
