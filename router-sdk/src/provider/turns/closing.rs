//! The end of a stream with one choice in; its last chunk, with usage and what has no other place, out.

use serde_json::{Value, json};

use crate::wire::{ChatChunk, Object, Usage};

/// How a stream ended.
pub(in crate::provider) struct Closing<'a> {
    pub(in crate::provider) id: &'a str,
    pub(in crate::provider) created: i64,
    pub(in crate::provider) model: &'a str,
    pub(in crate::provider) finish: &'a str,
    /// The provider's own word.
    pub(in crate::provider) native: &'a str,
    /// The counts, and the OpenAI object of them.
    pub(in crate::provider) usage: Option<(Usage, Value)>,
    /// Fields that OpenAI's shape has no place for.
    pub(in crate::provider) rest: Object,
}

/// The last chunk.
pub(in crate::provider) fn body(end: Closing<'_>) -> ChatChunk {
    let choice = json!({
        "index": 0, "delta": {}, "logprobs": null, "finish_reason": end.finish, "native_finish_reason": end.native,
    });
    let mut body = Object::new();
    body.insert("id".into(), end.id.into());
    body.insert("object".into(), "chat.completion.chunk".into());
    body.insert("created".into(), end.created.into());
    body.insert("model".into(), end.model.into());
    body.insert("choices".into(), Value::Array(vec![choice]));
    let usage = end.usage.map(|(usage, object)| {
        body.insert("usage".into(), object);
        usage
    });
    body.extend(end.rest);
    ChatChunk::from_body(body, usage)
}
