//! Tests of the family, one file a direction, each odd habit of a vendor with a fixture of its own.

mod again;
mod conversation;
mod decode;
mod encode;
mod mistral;
pub(in crate::provider) mod replay;
pub(in crate::provider) mod sse;
mod stream;
pub(in crate::provider) mod subject;
mod usage;
mod vendors;

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

use crate::catalog::{Model, Quirks};
use crate::provider::{Deployment, Family, Target};
use crate::wire::ChatRequest;

/// A target with these quirks whose model is `m`.
pub(in crate::provider) fn target(quirks: Quirks) -> Target {
    target_with(quirks, Model { id: "m".into(), ..Model::default() })
}

pub(in crate::provider) fn target_with(quirks: Quirks, model: Model) -> Target {
    let deployment = Deployment {
        provider: "p".into(),
        name: None,
        weight: 1.0,
        priority: 0,
        limits: crate::provider::Limits::default(),
        family: Family::OpenAi,
        base_url: "http://127.0.0.1:9/v1".into(),
        chat_path: "/chat/completions".into(),
        key: Some("sk-test-0123456789".to_owned().into()),
        credentials: crate::credential::Credentials::default(),
        key_header: None,
        headers: HeaderMap::new(),
        quirks,
        sandbox: false,
        local: false,
        zdr: false,
        cloud: crate::provider::Cloud::Plain,
        owner: None,
    };
    Target { deployment: Arc::new(deployment), model: Arc::new(model), known: true, catalogued: true, effort: None }
}

pub(super) fn request(body: Value) -> ChatRequest {
    ChatRequest::from_value(body).unwrap()
}
