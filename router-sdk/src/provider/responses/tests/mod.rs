//! Tests of the family, one file a direction, each nasty fact with a fixture of its own.

mod decode;
mod encode;
mod history;
pub(in crate::provider) mod replay;
mod requests;
mod stream;
pub(in crate::provider) mod subject;

use serde_json::Value;

use super::Responses;
use super::turns::replay::{Cuts, Streamed, bytes_of, stream as read_stream, target};
use crate::catalog::{Capabilities, Mode, Model, Reasoning, ReasoningControl};
use crate::provider::{Encoded, Failure, Family, Provider, Target};
use crate::wire::ChatRequest;

/// A target of a model that thinks, in levels that cannot be switched off.
pub(in crate::provider) fn thinker() -> Target {
    let efforts = ["low", "medium", "high"].map(str::to_owned).to_vec();
    let reasoning = Reasoning { control: ReasoningControl::Effort, efforts, ..Reasoning::default() };
    with(Model {
        id: "deep-1".into(),
        mode: Mode::Responses,
        max_output_tokens: Some(64_000),
        reasoning: Some(reasoning),
        ..Model::default()
    })
}

/// A target of a model that is known not to think.
pub(in crate::provider) fn speaker() -> Target {
    let capabilities = Capabilities { reasoning: Some(false), ..Capabilities::default() };
    with(Model { id: "plain-1".into(), mode: Mode::Responses, capabilities, ..Model::default() })
}

pub(super) fn with(model: Model) -> Target {
    let mut target = target(Family::OpenAi, "http://127.0.0.1:9/v1", model);
    if let Some(deployment) = std::sync::Arc::get_mut(&mut target.deployment) {
        deployment.quirks.developer_role = true;
    }
    target
}

pub(super) fn encode(target: &Target, body: Value) -> Result<Encoded, Failure> {
    Responses.encode(&ChatRequest::from_value(body).unwrap(), target, false)
}

/// The body that is sent, and what was adapted.
pub(super) fn sent(target: &Target, body: Value) -> (Value, Vec<String>) {
    let encoded = encode(target, body).unwrap();
    (serde_json::from_slice(&encoded.http.body).unwrap(), encoded.adapted)
}

/// What a client makes of these events.
pub(super) fn streamed(events: &[Value]) -> Result<Streamed, Failure> {
    read_stream(&Responses, &thinker(), &bytes_of(events, "\n"), &mut Cuts(3), 40)
}
