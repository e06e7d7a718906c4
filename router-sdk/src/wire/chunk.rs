//! One piece of a streamed reply in the OpenAI shape, with the facts that the failover loop reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Object, RouteInfo, Usage};

/// One `chat.completion.chunk`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ChatChunk {
    /// The `chat.completion.chunk` object with every field that the provider sent.
    pub body: Object,
    /// Usage, on the chunk that carries it.
    pub usage: Option<Usage>,
    /// Usage of each send, where several were made for one answer.
    pub(crate) portions: Vec<Usage>,
    /// On the last chunk: how the reply was made.
    pub route: Option<Arc<RouteInfo>>,
    /// True when the answer begins anew and what came before is void. Only streams that asked for it have such a chunk.
    pub restart: bool,
    /// True when a choice carries text, reasoning, a refusal or a tool call that a reader would miss.
    pub(crate) output: bool,
    /// True when a choice carries a finish reason.
    pub(crate) finished: bool,
}

/// Fields of a delta that are output when they are neither null nor empty.
const OUTPUT_FIELDS: [&str; 8] = [
    "content",
    "tool_calls",
    "function_call",
    "refusal",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "audio",
];

impl ChatChunk {
    /// Reads the facts of a chunk object: does it carry output, does it finish a choice.
    pub(crate) fn from_body(body: Object, usage: Option<Usage>) -> Self {
        let choices = body.get("choices").and_then(Value::as_array);
        let (mut output, mut finished) = (false, false);
        for choice in choices.into_iter().flatten() {
            finished |= choice.get("finish_reason").and_then(Value::as_str).is_some_and(|r| !r.is_empty());
            if let Some(delta) = choice.get("delta").and_then(Value::as_object) {
                output |= OUTPUT_FIELDS.iter().any(|f| delta.get(*f).is_some_and(|v| !is_blank(v)));
            }
        }
        Self { body, usage, portions: Vec::new(), route: None, restart: false, output, finished }
    }

    /// A chunk of one choice with this delta.
    pub(crate) fn delta(id: &str, created: i64, model: &str, delta: Value, finish: Option<&str>) -> Self {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish, "logprobs": null});
        let mut body = Object::new();
        body.insert("id".into(), id.into());
        body.insert("object".into(), "chat.completion.chunk".into());
        body.insert("created".into(), created.into());
        body.insert("model".into(), model.into());
        body.insert("choices".into(), Value::Array(vec![choice]));
        Self::from_body(body, None)
    }

    /// A chunk that says that the answer begins anew.
    pub(crate) fn restart(model: &str) -> Self {
        let mut body = Object::new();
        body.insert("id".into(), Value::String(String::new()));
        body.insert("object".into(), "chat.completion.chunk".into());
        body.insert("created".into(), 0.into());
        body.insert("model".into(), model.into());
        body.insert("choices".into(), Value::Array(Vec::new()));
        Self { restart: true, ..Self::from_body(body, None) }
    }

    /// Bytes of output of all choices, reasoning and arguments included, about.
    pub(crate) fn output_bytes(&self) -> usize {
        let choices = self.body.get("choices").and_then(Value::as_array);
        let deltas = choices.into_iter().flatten().filter_map(|c| c.get("delta"));
        let text = |delta: &Value, field: &str| delta.get(field).and_then(Value::as_str).map_or(0, str::len);
        let arguments = |delta: &Value| {
            let calls = delta.get("tool_calls").and_then(Value::as_array);
            let calls = calls.into_iter().flatten().filter_map(|c| c.get("function"));
            calls.map(|f| text(f, "arguments")).sum::<usize>()
        };
        deltas.map(|d| text(d, "content") + text(d, "reasoning_content") + arguments(d)).sum()
    }

    /// The text of the first choice's delta.
    pub fn text(&self) -> &str {
        let first = self.body.get("choices").and_then(|c| c.get(0));
        // With several choices a chunk may speak of another than the first.
        first
            .filter(|c| c.get("index").and_then(Value::as_u64).unwrap_or(0) == 0)
            .and_then(|c| c.get("delta"))
            .and_then(|d| d.get("content"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The first choice's finish reason, on the chunk that carries it.
    pub fn finish_reason(&self) -> Option<&str> {
        self.body.get("choices")?.get(0)?.get("finish_reason")?.as_str()
    }

    /// The chunk as JSON; the last one carries the route under `clawrouters`.
    pub fn to_json(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(route) = &self.route {
            body.insert("clawrouters".into(), route.to_json());
        }
        if self.restart {
            body.insert("clawrouters".into(), json!({"restart": true}));
        }
        Value::Object(body)
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        _ => false,
    }
}
