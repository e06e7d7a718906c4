//! The events of one ConverseStream in; chunks of the OpenAI shape out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::line::Line;
use super::turns::{Piece, chunk, digest};
use super::{decode, exception, reply, usage};
use crate::provider::anthropic::ANSWER_TOOL;
use crate::provider::{EXCEPTION, Failure, Progress, StreamDecoder, Target};
use crate::wire::{ChatChunk, Object, UNDATED};

/// More open blocks than any reply has; further ones are not remembered.
const MAX_BLOCKS: usize = 10_000;

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    id: String,
    created: i64,
    model: String,
    claude: bool,
    begun: bool,
    blocks: BTreeMap<u64, Block>,
    calls: usize,
    /// Characters of text so far, for the places of citations.
    length: usize,
    /// A reader has been given something.
    said: bool,
    stop_reason: Option<String>,
    finished: bool,
    usage: Value,
    /// Fields that OpenAI's shape has no place for.
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
        redacted: String,
    },
    Tool {
        call: usize,
        fragments: bool,
    },
    /// The stand-in for a JSON schema: its input is text of the answer.
    Answer {
        fragments: bool,
    },
    Server {
        block: Value,
        input: String,
    },
    Closed,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Self {
            id: String::new(),
            created: UNDATED,
            model: target.model.id.clone(),
            claude: Line::of(&target.model) == Line::Claude,
            begun: false,
            blocks: BTreeMap::new(),
            calls: 0,
            length: 0,
            said: false,
            stop_reason: None,
            finished: false,
            usage: Value::Null,
            rest: Object::new(),
        }
    }

    fn emit(&mut self, piece: Piece, out: &mut Vec<ChatChunk>) {
        self.begin(out);
        self.said = true;
        out.push(chunk(&self.id, self.created, &self.model, 0, piece.into_delta()));
    }

    fn begin(&mut self, out: &mut Vec<ChatChunk>) {
        if !std::mem::replace(&mut self.begun, true) {
            let opening = json!({"role": "assistant", "content": ""});
            out.push(chunk(&self.id, self.created, &self.model, 0, opening));
        }
    }

    /// Only tools and their results are opened by an event of their own.
    fn open(&mut self, index: u64, start: &Value, out: &mut Vec<ChatChunk>) {
        let opened = if let Some(call) = start.get("toolUse").filter(|c| c.is_object() && !reply::runs_there(c)) {
            let text = |field: &str| call.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("name") == ANSWER_TOOL {
                Block::Answer { fragments: false }
            } else {
                let number = self.calls;
                self.calls += 1;
                let id = decode::id(text("toolUseId"), number);
                self.emit(Piece::Call { index: number, id, name: text("name"), arguments: String::new() }, out);
                Block::Tool { call: number, fragments: false }
            }
        } else if start.as_object().is_some_and(|s| !s.is_empty()) {
            Block::Server { block: start.clone(), input: String::new() }
        } else {
            return;
        };
        self.close(index, out);
        self.remember(index, opened);
    }

    fn remember(&mut self, index: u64, block: Block) {
        if self.blocks.len() < MAX_BLOCKS {
            self.blocks.insert(index, block);
        }
    }

    fn delta(&mut self, index: u64, delta: &Value, out: &mut Vec<ChatChunk>) {
        if let Some(text) = delta.get("text").and_then(Value::as_str) {
            if !self.blocks.contains_key(&index) {
                self.remember(index, Block::Text { start: self.length, citations: Vec::new() });
            }
            if !text.is_empty() {
                self.length += text.chars().count();
                self.emit(Piece::Text(text.to_owned()), out);
            }
        }
        if let Some(thinking) = delta.get("reasoningContent").filter(|t| t.is_object()) {
            self.thinking(index, thinking, out);
        }
        if let Some(fragment) = delta.pointer("/toolUse/input") {
            match fragment {
                Value::String(fragment) => self.input(index, fragment, out),
                Value::Null => {}
                whole => self.input(index, &whole.to_string(), out),
            }
        }
        if let Some(more) = delta.get("toolResult").and_then(Value::as_array)
            && let Some(Block::Server { block, .. }) = self.blocks.get_mut(&index)
            && let Some(result) = block.get_mut("toolResult").and_then(Value::as_object_mut)
            && let Some(content) = result.entry("content").or_insert_with(|| json!([])).as_array_mut()
        {
            content.extend(more.iter().cloned());
        }
        if let Some(citation) = delta.get("citation") {
            if !self.blocks.contains_key(&index) {
                self.remember(index, Block::Text { start: self.length, citations: Vec::new() });
            }
            if let Some(Block::Text { citations, .. }) = self.blocks.get_mut(&index) {
                citations.push(citation.clone());
            }
        }
    }

    fn thinking(&mut self, index: u64, delta: &Value, out: &mut Vec<ChatChunk>) {
        let told = |field: &str| delta.get(field).and_then(Value::as_str).unwrap_or_default();
        if !self.blocks.contains_key(&index) {
            let empty = Block::Thinking { text: String::new(), signature: String::new(), redacted: String::new() };
            self.remember(index, empty);
        }
        if let Some(Block::Thinking { text, signature, redacted }) = self.blocks.get_mut(&index) {
            text.push_str(told("text"));
            signature.push_str(told("signature"));
            redacted.push_str(told("redactedContent"));
        }
        if !told("text").is_empty() {
            self.emit(Piece::Thought(told("text").to_owned()), out);
        }
    }

    fn input(&mut self, index: u64, fragment: &str, out: &mut Vec<ChatChunk>) {
        if fragment.is_empty() {
            return;
        }
        let piece = match self.blocks.get_mut(&index) {
            Some(Block::Tool { call, fragments }) => {
                *fragments = true;
                Piece::Arguments { index: *call, text: fragment.to_owned() }
            }
            Some(Block::Answer { fragments }) => {
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
                    self.emit(Piece::Annotation(reply::annotation(&citation, start, end)), out);
                }
            }
            Block::Thinking { text, signature, redacted } => {
                if !redacted.is_empty() {
                    self.emit(reply::redacted(self.claude, index, &redacted), out);
                }
                if !text.is_empty() || !signature.is_empty() {
                    self.emit(reply::thought(self.claude, index, &text, &signature), out);
                }
            }
            // A tool without parameters is called without a fragment, and yet its arguments must be JSON.
            Block::Tool { call, fragments: false } => {
                self.emit(Piece::Arguments { index: call, text: "{}".to_owned() }, out);
            }
            Block::Answer { fragments: false } => self.emit(Piece::Text("{}".to_owned()), out),
            Block::Server { mut block, input } => {
                let call = block.get_mut("toolUse").and_then(Value::as_object_mut);
                if let (Ok(input), Some(call)) = (serde_json::from_str::<Value>(&input), call) {
                    call.insert("input".into(), input);
                }
                self.emit(reply::server_block(index, block), out);
            }
            Block::Tool { .. } | Block::Answer { .. } | Block::Closed => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<ChatChunk>) {
        let Some(stop_reason) = self.stop_reason.clone().filter(|_| !self.finished) else { return };
        self.finished = true;
        let open: Vec<u64> = self.blocks.keys().copied().collect();
        for index in open {
            self.close(index, out);
        }
        // Reasons that are faults have failed the stream before.
        let finish = reply::finish_reason(&stop_reason, self.calls > 0).unwrap_or("stop");
        if finish == "content_filter" && !self.said {
            self.emit(Piece::Refusal("The provider refused to answer.".to_owned()), out);
        }
        self.begin(out);
        let counts = usage::usage(Some(&self.usage));
        let choice = json!({
            "index": 0, "delta": {}, "logprobs": null, "finish_reason": finish, "native_finish_reason": stop_reason,
        });
        let mut body = Object::new();
        body.insert("id".into(), self.id.as_str().into());
        body.insert("object".into(), "chat.completion.chunk".into());
        body.insert("created".into(), self.created.into());
        body.insert("model".into(), self.model.as_str().into());
        body.insert("choices".into(), Value::Array(vec![choice]));
        if let Some(counts) = &counts {
            body.insert("usage".into(), usage::to_openai(counts, &self.usage));
        }
        body.extend(std::mem::take(&mut self.rest));
        out.push(ChatChunk::from_body(body, counts));
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        if let Some(kind) = name.strip_prefix(EXCEPTION) {
            // An exception counts, whatever it has to say.
            return Err(exception::in_stream(kind, &serde_json::from_str(data).unwrap_or(Value::Null)));
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Failure::malformed("an event of the stream is not JSON"))?;
        if self.id.is_empty() {
            self.id = format!("chatcmpl-{}", digest(&[data, &self.created.to_string()]));
        }
        let index = event.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0);
        match name {
            "messageStart" => self.begin(out),
            "contentBlockStart" => self.open(index, event.get("start").unwrap_or(&Value::Null), out),
            "contentBlockDelta" => self.delta(index, event.get("delta").unwrap_or(&Value::Null), out),
            "contentBlockStop" => self.close(index, out),
            "messageStop" => {
                let reason = event.get("stopReason").and_then(Value::as_str).unwrap_or("end_turn");
                reply::finish_reason(reason, false)?;
                self.stop_reason = Some(reason.to_owned());
                reply::keep_rest(&event, &mut self.rest);
            }
            // The last word, after the stop: usage comes only here.
            "metadata" => {
                self.usage = event.get("usage").cloned().unwrap_or_default();
                reply::keep_rest(&event, &mut self.rest);
                if self.stop_reason.is_some() {
                    self.finish(out);
                    return Ok(Progress::Done);
                }
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
