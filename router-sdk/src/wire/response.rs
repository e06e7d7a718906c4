//! A whole reply in the OpenAI shape: provider JSON in, typed views and unknown fields out.

use std::sync::Arc;

use serde_json::Value;

use super::{Object, RouteInfo, Usage};

/// A whole chat completion.
///
/// The body keeps every field that the provider sent; the methods are views of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChatResponse {
    /// The `chat.completion` object.
    pub body: Object,
    /// Usage with one meaning for every provider.
    pub usage: Option<Usage>,
    /// Usage of each send, where several were made for one answer.
    pub(crate) portions: Vec<Usage>,
    /// How the reply was made.
    pub route: Arc<RouteInfo>,
}

impl ChatResponse {
    pub(crate) fn new(body: Object, usage: Option<Usage>) -> Self {
        Self { body, usage, portions: Vec::new(), route: Arc::default() }
    }

    fn choice(&self) -> Option<&Value> {
        self.body.get("choices")?.get(0)
    }
    /// The assistant message of the first choice.
    pub fn message(&self) -> Option<&Value> {
        self.choice()?.get("message")
    }
    /// The text of the first choice; empty when the reply is tool calls alone.
    pub fn text(&self) -> &str {
        self.message().and_then(|m| m.get("content")).and_then(Value::as_str).unwrap_or_default()
    }
    /// The tool calls of the first choice.
    pub fn tool_calls(&self) -> &[Value] {
        self.message()
            .and_then(|m| m.get("tool_calls"))
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
    /// The finish reason of the first choice.
    pub fn finish_reason(&self) -> Option<&str> {
        self.choice()?.get("finish_reason")?.as_str()
    }
    /// The `provider/model` that answered.
    pub fn model(&self) -> &str {
        &self.route.model
    }
    /// The reply as JSON, with the route under `clawrouters`.
    pub fn to_json(&self) -> Value {
        let mut body = self.body.clone();
        body.insert("clawrouters".into(), self.route.to_json());
        Value::Object(body)
    }
}
