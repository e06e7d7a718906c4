//! Pieces of a reply in reading order in; chunks of a stream, or one whole OpenAI message, out.

use serde_json::{Value, json};

use crate::wire::{ChatChunk, Object};

/// A piece of a reply, the same for whole replies and streams.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) enum Piece {
    /// Text of the answer.
    Text(String),
    /// Thinking that can be read.
    Thought(String),
    /// A tool call begins; `index` counts calls only.
    Call { index: usize, id: String, name: String, arguments: String },
    /// More of a call's arguments.
    Arguments { index: usize, text: String },
    /// A call of a tool that takes free text begins; its input follows.
    Custom { index: usize, id: String, name: String },
    /// More of such a call's input.
    Input { index: usize, text: String },
    /// An entry of `reasoning_details`, whole.
    Detail(Value),
    /// An entry of `server_blocks`, whole.
    Block(Value),
    /// A picture that the model made, as a data URI.
    Image(String),
    /// An entry of `annotations`.
    Annotation(Value),
    /// Why the provider did not answer.
    Refusal(String),
}

impl Piece {
    /// The piece as the delta of a chunk.
    pub(in crate::provider) fn into_delta(self) -> Value {
        match self {
            Self::Text(text) => json!({"content": text}),
            Self::Thought(text) => json!({"reasoning_content": text}),
            Self::Call { index, id, name, arguments } => {
                let function = json!({"name": name, "arguments": arguments});
                json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]})
            }
            Self::Arguments { index, text } => {
                json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
            }
            Self::Custom { index, id, name } => {
                let custom = json!({"name": name, "input": ""});
                json!({"tool_calls": [{"index": index, "id": id, "type": "custom", "custom": custom}]})
            }
            Self::Input { index, text } => json!({"tool_calls": [{"index": index, "custom": {"input": text}}]}),
            Self::Detail(entry) => json!({"reasoning_details": [entry]}),
            Self::Block(entry) => json!({"server_blocks": [entry]}),
            Self::Image(url) => json!({"images": [{"type": "image_url", "image_url": {"url": url}}]}),
            Self::Annotation(entry) => json!({"annotations": [entry]}),
            Self::Refusal(text) => json!({"refusal": text}),
        }
    }
}

/// A message in the making.
#[derive(Debug, Default)]
pub(in crate::provider) struct Message {
    text: String,
    thought: String,
    refusal: String,
    calls: Vec<Value>,
    details: Vec<Value>,
    blocks: Vec<Value>,
    images: Vec<Value>,
    annotations: Vec<Value>,
}

impl Message {
    /// Adds a piece. Arguments come whole in whole replies, with the call.
    pub(in crate::provider) fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => self.text.push_str(&text),
            Piece::Thought(text) => self.thought.push_str(&text),
            Piece::Call { id, name, arguments, .. } => {
                self.calls
                    .push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            Piece::Arguments { index, text } => self.append(index, "/function/arguments", &text),
            Piece::Custom { id, name, .. } => {
                self.calls.push(json!({"id": id, "type": "custom", "custom": {"name": name, "input": ""}}));
            }
            Piece::Input { index, text } => self.append(index, "/custom/input", &text),
            Piece::Detail(entry) => self.details.push(entry),
            Piece::Block(entry) => self.blocks.push(entry),
            Piece::Image(url) => self.images.push(json!({"type": "image_url", "image_url": {"url": url}})),
            Piece::Annotation(entry) => self.annotations.push(entry),
            Piece::Refusal(text) => self.refusal.push_str(&text),
        }
    }

    fn append(&mut self, call: usize, place: &str, text: &str) {
        if let Some(Value::String(all)) = self.calls.get_mut(call).and_then(|c| c.pointer_mut(place)) {
            all.push_str(text);
        }
    }

    /// True when a reader would find nothing in it.
    pub(in crate::provider) fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.thought.is_empty()
            && self.refusal.is_empty()
            && [&self.calls, &self.details, &self.blocks, &self.images].iter().all(|list| list.is_empty())
    }

    /// True when it calls a tool.
    pub(in crate::provider) fn calls_tools(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The message in the OpenAI shape.
    pub(in crate::provider) fn into_value(self) -> Value {
        let text_or_null = |text: String| if text.is_empty() { Value::Null } else { Value::String(text) };
        let mut out = Object::new();
        out.insert("role".into(), "assistant".into());
        let silent = !self.calls.is_empty() || !self.refusal.is_empty();
        out.insert("content".into(), if silent { text_or_null(self.text) } else { Value::String(self.text) });
        out.insert("refusal".into(), text_or_null(self.refusal));
        if !self.thought.is_empty() {
            out.insert("reasoning_content".into(), self.thought.into());
        }
        let lists = [
            ("tool_calls", self.calls),
            ("reasoning_details", self.details),
            ("server_blocks", self.blocks),
            ("images", self.images),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                out.insert(name.into(), list.into());
            }
        }
        out.insert("annotations".into(), self.annotations.into());
        Value::Object(out)
    }
}

/// A chunk of the choice with this number.
pub(in crate::provider) fn chunk(id: &str, created: i64, model: &str, choice: u64, delta: Value) -> ChatChunk {
    if choice == 0 {
        return ChatChunk::delta(id, created, model, delta, None);
    }
    let listed = json!([{"index": choice, "delta": delta, "finish_reason": null, "logprobs": null}]);
    let mut body = Object::new();
    body.insert("id".into(), id.into());
    body.insert("object".into(), "chat.completion.chunk".into());
    body.insert("created".into(), created.into());
    body.insert("model".into(), model.into());
    body.insert("choices".into(), listed);
    ChatChunk::from_body(body, None)
}
