//! Chunks of a continuation made part of the stream that broke: they take its id, lose what the caller has already seen,
//! and their text is joined to what was delivered.

use serde_json::Value;

use super::stitch::{Diverged, Stitch};
use crate::wire::ChatChunk;

/// Fields of a delta that speak of thinking. The rest of an answer is thought anew, which is no part of that answer.
const THINKING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// Joins the chunks of one continuation.
pub(super) struct Splice {
    stitch: Stitch,
    id: Option<Value>,
    created: Option<Value>,
}

impl Splice {
    /// A continuation of `delivered` in the stream that began with `first`.
    pub(super) fn new(delivered: &str, unseen: &str, first: Option<&ChatChunk>) -> Self {
        let field = |name: &str| first.and_then(|c| c.body.get(name).cloned());
        Self { stitch: Stitch::new(delivered, unseen), id: field("id"), created: field("created") }
    }

    /// The chunk as the caller gets it; absent when it says nothing new.
    pub(super) fn chunk(&mut self, mut chunk: ChatChunk) -> Result<Option<ChatChunk>, Diverged> {
        for (name, value) in [("id", &self.id), ("created", &self.created)] {
            if let Some(value) = value {
                chunk.body.insert(name.into(), value.clone());
            }
        }
        let finished = chunk.finished;
        let usage = chunk.usage;
        let choice = chunk.body.get_mut("choices").and_then(|c| c.get_mut(0));
        let Some(choice) = choice.and_then(Value::as_object_mut) else { return Ok(Some(chunk)) };
        let delta = choice.entry("delta").or_insert_with(|| Value::Object(Default::default()));
        let Some(delta) = delta.as_object_mut() else { return Ok(Some(chunk)) };
        delta.shift_remove("role");
        for field in THINKING {
            delta.shift_remove(field);
        }
        let piece = delta.shift_remove("content");
        let mut text = self.stitch.push(piece.as_ref().and_then(Value::as_str).unwrap_or_default())?;
        if finished {
            text.push_str(&self.stitch.finish()?);
        }
        if !text.is_empty() {
            delta.insert("content".into(), text.into());
        }
        let silent = delta.is_empty() && !finished && usage.is_none();
        Ok((!silent).then(|| ChatChunk::from_body(chunk.body, usage)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chunk(delta: Value, finish: Value) -> ChatChunk {
        let body =
            json!({"id": "second", "created": 2, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        ChatChunk::from_body(body.as_object().unwrap().clone(), None)
    }

    #[test]
    fn a_continuation_takes_the_id_and_loses_role_thinking_and_repetition() {
        let first = ChatChunk::from_body(json!({"id": "first", "created": 1}).as_object().unwrap().clone(), None);
        let mut splice = Splice::new("One two ", "", Some(&first));
        assert!(splice.chunk(chunk(json!({"role": "assistant", "content": ""}), Value::Null)).unwrap().is_none());
        assert!(splice.chunk(chunk(json!({"reasoning_content": "Hm."}), Value::Null)).unwrap().is_none());
        assert!(splice.chunk(chunk(json!({"content": "One "}), Value::Null)).unwrap().is_none());
        let next = splice.chunk(chunk(json!({"content": "two three"}), Value::Null)).unwrap().unwrap();
        assert_eq!((next.text(), &next.body["id"], &next.body["created"]), ("three", &json!("first"), &json!(1)));
        assert!(next.output);
        let last = splice.chunk(chunk(json!({}), json!("stop"))).unwrap().unwrap();
        assert!(last.finished && last.text().is_empty());
    }

    #[test]
    fn what_is_held_back_comes_with_the_finish() {
        let mut splice = Splice::new("go ", "", None);
        assert!(splice.chunk(chunk(json!({"content": "g"}), Value::Null)).unwrap().is_none());
        let last = splice.chunk(chunk(json!({}), json!("stop"))).unwrap().unwrap();
        assert_eq!(last.text(), "g");
    }

    #[test]
    fn a_tool_call_after_text_passes() {
        let mut splice = Splice::new("Let me look. ", "", None);
        let call = splice.chunk(chunk(json!({"tool_calls": [{"index": 0, "id": "a"}]}), Value::Null)).unwrap().unwrap();
        assert!(call.output);
    }
}
