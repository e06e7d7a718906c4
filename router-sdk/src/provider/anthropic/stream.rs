//! The events of one Anthropic stream in; chunks of the OpenAI shape out.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::ANSWER_TOOL;
use super::annotation::annotation;
use super::reply;
use super::turns::{Piece, chunk, given};
use super::usage::Books;
use crate::provider::{Failure, Progress, StreamDecoder, errors};
use crate::wire::{ChatChunk, Object, UNDATED, Usage};

/// More open blocks than any reply has; further ones are not remembered.
const MAX_BLOCKS: usize = 10_000;

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    id: String,
    created: i64,
    model: String,
    begun: bool,
    blocks: HashMap<u64, Block>,
    calls: usize,
    /// Characters of text so far, for the places of citations.
    length: usize,
    stop_reason: Option<String>,
    finished: bool,
    books: Books,
    /// Fields of the message and of its end that OpenAI's shape has no place for.
    rest: Object,
}

#[derive(Debug)]
enum Block {
    Text {
        start: usize,
        citations: Vec<Value>,
    },
    Thinking {
        text: String,
        signature: String,
    },
    Tool {
        call: usize,
        input: Value,
        fragments: bool,
    },
    /// The stand-in for a JSON schema: its input is text of the answer.
    Answer {
        input: Value,
        fragments: bool,
    },
    Server {
        block: Value,
        input: String,
    },
    Closed,
}

impl Decoder {
    pub(super) fn new(model: &str) -> Self {
        Self {
            id: String::new(),
            created: UNDATED,
            model: model.to_owned(),
            begun: false,
            blocks: HashMap::new(),
            calls: 0,
            length: 0,
            stop_reason: None,
            finished: false,
            books: Books::default(),
            rest: Object::new(),
        }
    }

    fn emit(&mut self, piece: Piece, out: &mut Vec<ChatChunk>) {
        self.begin(out);
        out.push(chunk(&self.id, self.created, &self.model, 0, piece.into_delta()));
    }

    fn begin(&mut self, out: &mut Vec<ChatChunk>) {
        if !std::mem::replace(&mut self.begun, true) {
            let opening = json!({"role": "assistant", "content": ""});
            out.push(chunk(&self.id, self.created, &self.model, 0, opening));
        }
    }

    fn start(&mut self, event: &Value, out: &mut Vec<ChatChunk>) {
        let message = event.get("message").unwrap_or(&Value::Null);
        let text = |field: &str| message.get(field).and_then(Value::as_str);
        if let Some(id) = text("id") {
            self.id = id.to_owned();
        }
        if let Some(model) = text("model") {
            self.model = model.to_owned();
        }
        self.books.add(message.get("usage"));
        reply::keep_rest(message, &mut self.rest);
        self.begin(out);
    }

    fn open(&mut self, index: u64, block: &Value, out: &mut Vec<ChatChunk>) {
        let text = |field: &str| block.get(field).and_then(Value::as_str).unwrap_or_default();
        let input = given(block, "input").cloned().unwrap_or_else(|| json!({}));
        let opened = match text("type") {
            "text" => {
                let opened = Block::Text { start: self.length, citations: Vec::new() };
                self.text(text("text"), out);
                opened
            }
            "thinking" => {
                self.thought(text("thinking"), out);
                Block::Thinking { text: text("thinking").to_owned(), signature: text("signature").to_owned() }
            }
            "redacted_thinking" => {
                self.emit(reply::redacted(index, text("data")), out);
                Block::Closed
            }
            "tool_use" if text("name") == ANSWER_TOOL => Block::Answer { input, fragments: false },
            "tool_use" => {
                let call = self.calls;
                self.calls += 1;
                let (id, name) = (text("id").to_owned(), text("name").to_owned());
                self.emit(Piece::Call { index: call, id, name, arguments: String::new() }, out);
                Block::Tool { call, input, fragments: false }
            }
            _ => Block::Server { block: block.clone(), input: String::new() },
        };
        if self.blocks.len() < MAX_BLOCKS {
            self.blocks.insert(index, opened);
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<ChatChunk>) {
        if !text.is_empty() {
            self.length += text.chars().count();
            self.emit(Piece::Text(text.to_owned()), out);
        }
    }

    fn thought(&mut self, text: &str, out: &mut Vec<ChatChunk>) {
        if !text.is_empty() {
            self.emit(Piece::Thought(text.to_owned()), out);
        }
    }

    fn delta(&mut self, index: u64, delta: &Value, out: &mut Vec<ChatChunk>) {
        let text = |field: &str| delta.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text_delta" => self.text(text("text"), out),
            "thinking_delta" => {
                if let Some(Block::Thinking { text: all, .. }) = self.blocks.get_mut(&index) {
                    all.push_str(text("thinking"));
                }
                self.thought(text("thinking"), out);
            }
            "signature_delta" => {
                if let Some(Block::Thinking { signature, .. }) = self.blocks.get_mut(&index) {
                    signature.push_str(text("signature"));
                }
            }
            "input_json_delta" => self.input(index, text("partial_json"), out),
            "citations_delta" => {
                if let (Some(Block::Text { citations, .. }), Some(citation)) =
                    (self.blocks.get_mut(&index), delta.get("citation"))
                {
                    citations.push(citation.clone());
                }
            }
            _ => {}
        }
    }

    fn input(&mut self, index: u64, fragment: &str, out: &mut Vec<ChatChunk>) {
        if fragment.is_empty() {
            return;
        }
        let piece = match self.blocks.get_mut(&index) {
            Some(Block::Tool { call, fragments, .. }) => {
                *fragments = true;
                Piece::Arguments { index: *call, text: fragment.to_owned() }
            }
            Some(Block::Answer { fragments, .. }) => {
                *fragments = true;
                Piece::Text(fragment.to_owned())
            }
            Some(Block::Server { input, .. }) => return input.push_str(fragment),
            _ => return,
        };
        self.emit(piece, out);
    }

    fn close(&mut self, index: u64, out: &mut Vec<ChatChunk>) {
        let Some(block) = self.blocks.get_mut(&index) else { return };
        match std::mem::replace(block, Block::Closed) {
            Block::Text { start, citations } => {
                let end = self.length;
                for citation in citations {
                    self.emit(Piece::Annotation(annotation(&citation, start, end)), out);
                }
            }
            Block::Thinking { text, signature } => self.emit(reply::thought(index, &text, &signature), out),
            // A tool without parameters is called without a fragment, and yet its arguments must be JSON.
            Block::Tool { call, input, fragments: false } => {
                self.emit(Piece::Arguments { index: call, text: input.to_string() }, out);
            }
            Block::Answer { input, fragments: false } => self.emit(Piece::Text(input.to_string()), out),
            Block::Server { mut block, input } => {
                if let (Ok(input), Some(block)) = (serde_json::from_str::<Value>(&input), block.as_object_mut()) {
                    block.insert("input".into(), input);
                }
                self.emit(reply::server_block(index, block), out);
            }
            Block::Tool { .. } | Block::Answer { .. } | Block::Closed => {}
        }
    }

    fn message_delta(&mut self, event: &Value) {
        let delta = event.get("delta").unwrap_or(&Value::Null);
        if let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) {
            self.stop_reason = Some(reason.to_owned());
        }
        self.books.add(event.get("usage"));
        reply::keep_rest(delta, &mut self.rest);
        if let Some(managed) = given(event, "context_management") {
            self.rest.insert("context_management".into(), managed.clone());
        }
    }

    fn finish(&mut self, out: &mut Vec<ChatChunk>) {
        let Some(stop_reason) = self.stop_reason.clone().filter(|_| !self.finished) else { return };
        self.finished = true;
        let mut open: Vec<u64> = self.blocks.keys().copied().collect();
        open.sort_unstable();
        for index in open {
            self.close(index, out);
        }
        let finish = reply::finish_reason(&stop_reason, self.calls > 0);
        if finish == "content_filter" {
            self.emit(Piece::Refusal(reply::refusal(self.rest.get("stop_details"))), out);
        }
        self.begin(out);
        let usage = self.books.usage();
        let choice = json!({
            "index": 0, "delta": {}, "logprobs": null, "finish_reason": finish, "native_finish_reason": stop_reason,
        });
        let mut body = Object::new();
        body.insert("id".into(), self.id.as_str().into());
        body.insert("object".into(), "chat.completion.chunk".into());
        body.insert("created".into(), self.created.into());
        body.insert("model".into(), self.model.as_str().into());
        body.insert("choices".into(), Value::Array(vec![choice]));
        if let Some(usage) = &usage {
            body.insert("usage".into(), self.books.to_openai(usage));
        }
        body.extend(std::mem::take(&mut self.rest));
        out.push(ChatChunk::from_body(body, usage));
    }
}

impl StreamDecoder for Decoder {
    fn usage_so_far(&self) -> Option<Usage> {
        self.books.usage()
    }

    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Progress::More);
        }
        // Anthropic sends no such mark, servers that speak its language sometimes do.
        if data.starts_with("[DONE]") {
            self.finish(out);
            return Ok(Progress::Done);
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Failure::malformed("an event of the stream is not JSON"))?;
        let kind = event.get("type").and_then(Value::as_str).unwrap_or(name);
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match kind {
            "message_start" => self.start(&event, out),
            "content_block_start" => self.open(index, event.get("content_block").unwrap_or(&Value::Null), out),
            "content_block_delta" => self.delta(index, event.get("delta").unwrap_or(&Value::Null), out),
            "content_block_stop" => self.close(index, out),
            "message_delta" => self.message_delta(&event),
            "message_stop" => {
                self.finish(out);
                return Ok(Progress::Done);
            }
            "error" => return Err(errors::explain_in_stream(&event, 200)),
            _ if event.get("error").is_some_and(|e| !e.is_null()) => {
                return Err(errors::explain_in_stream(&event, 200));
            }
            _ => {}
        }
        Ok(Progress::More)
    }

    fn holds_finish(&self) -> bool {
        self.stop_reason.is_some() && !self.finished
    }

    fn end(&mut self, out: &mut Vec<ChatChunk>) {
        self.finish(out);
    }
}
