//! A family with samples of its own language in; what is fuzzed out.

use serde_json::{Value, json};

use crate::provider::replay::events;
use crate::provider::turns::replay::Cuts;
use crate::provider::{Family, Framing, Target, family};
use crate::transport::frames::event_frame;

/// A family, with a reply and a stream in its language that have as many fields as they may have.
pub(in crate::provider) struct Subject {
    pub(in crate::provider) family: Family,
    pub(in crate::provider) target: Target,
    pub(in crate::provider) reply: Value,
    /// The bytes of a stream.
    pub(in crate::provider) stream: Vec<u8>,
    /// JSON pointers into the reply of what is not optional: without it there is no answer.
    pub(in crate::provider) needed: &'static [&'static str],
    /// Pointers below which the answer itself is told.
    pub(in crate::provider) told: &'static [&'static str],
    /// Pointers into an event of what is not optional.
    pub(in crate::provider) needed_in_events: &'static [&'static str],
}

impl Subject {
    pub(super) fn told_in(&self, place: &str) -> bool {
        self.told.iter().any(|told| place.starts_with(told))
    }

    /// The events of the stream by name and data; marks of the end are none.
    pub(super) fn events(&self) -> Vec<(String, Value)> {
        let read = events(family(self.family).framing(), &self.stream, &mut Cuts(1), 40);
        let read = read.into_iter().map(|event| event.unwrap());
        read.filter_map(|(name, data)| Some((name, serde_json::from_str(&data).ok()?))).collect()
    }

    /// An event as its bytes in a stream, however broken its data is.
    pub(super) fn framed(&self, name: &str, data: &[u8]) -> Vec<u8> {
        match family(self.family).framing() {
            Framing::Sse => [b"data: ".as_slice(), data, b"\n\n"].concat(),
            Framing::Ndjson => [data, b"\n"].concat(),
            Framing::AwsEventStream => event_frame(name, &String::from_utf8_lossy(data)),
        }
    }
}

/// A request with as many fields as one may have.
pub(super) fn rich_request() -> Value {
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]});
    let details = json!([
        {"type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic", "index": 0},
        {"type": "reasoning.encrypted", "data": "d", "format": "gemini", "index": 0, "id": "c1"},
    ]);
    json!({
        "model": "m", "max_tokens": 100, "temperature": 0.5, "top_p": 0.9, "n": 1, "seed": 7, "stop": ["a", "b"],
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}},
            ]},
            {"role": "assistant", "content": "hm", "tool_calls": [call], "reasoning_details": details},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "r"}]},
            {"role": "user", "content": "go on", "name": "u"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
        "reasoning_effort": "low", "reasoning": {"max_tokens": 2000}, "parallel_tool_calls": false,
        "metadata": {"user_id": "u"}, "user": "u", "logprobs": true, "top_logprobs": 2, "logit_bias": {"1": 1},
        "stream_options": {"include_usage": true}, "modalities": ["text"], "service_tier": "auto",
        "generationConfig": {"topK": 3}, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "route": {"strategy": "cheapest", "max_cost": 1.0}, "models": ["a"], "new_field": {"x": [1]},
    })
}
