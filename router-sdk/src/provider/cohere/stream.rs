//! The events of one Cohere stream in; chunks of the OpenAI shape out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::decode::made_id;
use super::turns::{Closing, Piece, chunk, closing_body, digest, given};
use super::{reply, usage};
use crate::provider::{Failure, Progress, StreamDecoder, errors};
use crate::wire::{ChatChunk, Object, UNDATED};

/// More open blocks or calls than any reply has; further ones are not remembered.
const MAX_OPEN: usize = 10_000;

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    id: String,
    created: i64,
    model: String,
    begun: bool,
    finished: bool,
    /// Thinking blocks that are open, by their index, with what they hold so far.
    thoughts: BTreeMap<u64, String>,
    plan: String,
    /// Calls by the index that Cohere gives them: which call it is, and whether it has arguments.
    calls: BTreeMap<u64, (usize, bool)>,
    called: usize,
    /// Fields that OpenAI's shape has no place for.
    rest: Object,
}

impl Decoder {
    pub(super) fn new(model: &str) -> Self {
        Self {
            id: String::new(),
            created: UNDATED,
            model: model.to_owned(),
            begun: false,
            finished: false,
            thoughts: BTreeMap::new(),
            plan: String::new(),
            calls: BTreeMap::new(),
            called: 0,
            rest: Object::new(),
        }
    }

    fn emit(&mut self, piece: Piece, out: &mut Vec<ChatChunk>) {
        self.begin(out);
        out.push(chunk(&self.id, self.created, &self.model, 0, piece.into_delta()));
    }

    fn begin(&mut self, out: &mut Vec<ChatChunk>) {
        if self.id.is_empty() {
            self.id = format!("chatcmpl-{}", digest(&[&self.model, &self.created.to_string()]));
        }
        if !std::mem::replace(&mut self.begun, true) {
            let opening = json!({"role": "assistant", "content": ""});
            out.push(chunk(&self.id, self.created, &self.model, 0, opening));
        }
    }

    /// A text or thinking block opens or goes on; both carry their piece in the same place.
    fn content(&mut self, index: u64, event: &Value, out: &mut Vec<ChatChunk>) {
        let content = event.pointer("/delta/message/content").unwrap_or(&Value::Null);
        let thinks = content.get("type").is_some_and(|kind| kind == "thinking");
        if thinks && self.thoughts.len() < MAX_OPEN {
            self.thoughts.entry(index).or_default();
        }
        if let Some(thought) = content.get("thinking").and_then(Value::as_str).filter(|t| !t.is_empty()) {
            if self.thoughts.len() < MAX_OPEN || self.thoughts.contains_key(&index) {
                self.thoughts.entry(index).or_default().push_str(thought);
            }
            self.emit(Piece::Thought(thought.to_owned()), out);
        }
        if let Some(text) = content.get("text").and_then(Value::as_str).filter(|t| !t.is_empty()) {
            let probabilities = event.get("logprobs").map(|p| json!([p])).unwrap_or_default();
            self.emit(Piece::Text(text.to_owned()), out);
            let told = reply::logprobs(Some(&probabilities).filter(|p| p[0].is_object()));
            let choice = out.last_mut().and_then(|c| c.body.get_mut("choices")).and_then(|c| c.get_mut(0));
            if let (Some(choice), false) = (choice, told.is_null()) {
                choice["logprobs"] = told;
            }
        }
    }

    /// A block is complete: its thinking is given whole, so that it can be sent back.
    fn content_end(&mut self, index: u64, out: &mut Vec<ChatChunk>) {
        if let Some(thought) = self.thoughts.remove(&index).filter(|t| !t.is_empty()) {
            self.emit(reply::thought(index, &thought), out);
        }
    }

    fn plan(&mut self, event: &Value, out: &mut Vec<ChatChunk>) {
        let Some(text) = event.pointer("/delta/message/tool_plan").and_then(Value::as_str) else { return };
        if !text.is_empty() {
            self.plan.push_str(text);
            self.emit(Piece::Thought(text.to_owned()), out);
        }
    }

    fn plan_end(&mut self, out: &mut Vec<ChatChunk>) {
        let plan = std::mem::take(&mut self.plan);
        if !plan.is_empty() {
            self.emit(reply::plan(&plan), out);
        }
    }

    /// Older streams have the call in a list of one.
    fn call_of(event: &Value) -> &Value {
        let calls = event.pointer("/delta/message/tool_calls").or_else(|| event.pointer("/delta/tool_call"));
        let calls = calls.unwrap_or(&Value::Null);
        if calls.is_array() { calls.get(0).unwrap_or(&Value::Null) } else { calls }
    }

    fn call(&mut self, index: u64, event: &Value, opens: bool, out: &mut Vec<ChatChunk>) {
        let call = Self::call_of(event);
        let function = call.get("function").unwrap_or(&Value::Null);
        let arguments = match given(function, "arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        if !opens && let Some((call, has_arguments)) = self.calls.get_mut(&index) {
            *has_arguments |= !arguments.trim().is_empty();
            let piece = Piece::Arguments { index: *call, text: arguments };
            if !matches!(&piece, Piece::Arguments { text, .. } if text.is_empty()) {
                self.emit(piece, out);
            }
            return;
        }
        self.plan_end(out);
        self.call_end(index, out);
        self.begin(out);
        let position = self.called;
        self.called += 1;
        let own = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = own.map_or_else(|| made_id(&self.id, position), str::to_owned);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.calls.len() < MAX_OPEN {
            self.calls.insert(index, (position, !arguments.trim().is_empty()));
        }
        self.emit(Piece::Call { index: position, id, name, arguments }, out);
    }

    /// A tool without parameters is called without a fragment, and yet its arguments must be JSON.
    fn call_end(&mut self, index: u64, out: &mut Vec<ChatChunk>) {
        if let Some((call, false)) = self.calls.remove(&index) {
            self.emit(Piece::Arguments { index: call, text: "{}".to_owned() }, out);
        }
    }

    fn citation(&mut self, event: &Value, out: &mut Vec<ChatChunk>) {
        let cited = event.pointer("/delta/message/citations").unwrap_or(&Value::Null);
        let listed = cited.as_array().cloned().unwrap_or_else(|| vec![cited.clone()]);
        for piece in listed.iter().filter_map(reply::citation) {
            self.emit(piece, out);
        }
    }

    fn message_end(&mut self, event: &Value, out: &mut Vec<ChatChunk>) -> Result<(), Failure> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let delta = event.get("delta").unwrap_or(&Value::Null);
        let reason = delta.get("finish_reason").and_then(Value::as_str).unwrap_or("COMPLETE");
        let finish = reply::finish_reason(reason, delta.get("error").and_then(Value::as_str), self.called > 0)?;
        self.plan_end(out);
        let open: Vec<u64> = self.thoughts.keys().copied().collect();
        open.into_iter().for_each(|index| self.content_end(index, out));
        let open: Vec<u64> = self.calls.keys().copied().collect();
        if finish != "length" {
            open.into_iter().for_each(|index| self.call_end(index, out));
        }
        if finish == "content_filter" {
            self.emit(Piece::Refusal(reply::REFUSAL.to_owned()), out);
        }
        self.begin(out);
        reply::keep_rest(delta, &mut self.rest);
        let raw = delta.get("usage").filter(|usage| usage.is_object());
        let counts = raw.and_then(|raw| Some((raw, usage::usage(raw)?)));
        out.push(closing_body(Closing {
            id: &self.id,
            created: self.created,
            model: &self.model,
            finish,
            native: reason,
            usage: counts.map(|(raw, counts)| (counts, usage::to_openai(&counts, raw))),
            rest: std::mem::take(&mut self.rest),
        }));
        Ok(())
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Progress::More);
        }
        if data.starts_with("[DONE]") {
            return Ok(Progress::Done);
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Failure::malformed("an event of the stream is not JSON"))?;
        let kind = event.get("type").and_then(Value::as_str).unwrap_or(name);
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match kind {
            "message-start" => {
                if let Some(id) = event.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
                    self.id = id.to_owned();
                }
                self.begin(out);
            }
            "content-start" | "content-delta" => self.content(index, &event, out),
            "content-end" => self.content_end(index, out),
            "tool-plan-delta" => self.plan(&event, out),
            "tool-call-start" => self.call(index, &event, true, out),
            "tool-call-delta" => self.call(index, &event, false, out),
            "tool-call-end" => self.call_end(index, out),
            "citation-start" => self.citation(&event, out),
            "message-end" => {
                self.message_end(&event, out)?;
                return Ok(Progress::Done);
            }
            "error" => return Err(errors::explain_in_stream(&event, 200)),
            // A bare `{id, message}` is how Cohere writes its errors.
            "" if event.get("message").is_some_and(Value::is_string) => {
                return Err(errors::explain_in_stream(&event, 200));
            }
            _ if given(&event, "error").is_some() => return Err(errors::explain_in_stream(&event, 200)),
            _ => {}
        }
        Ok(Progress::More)
    }

    fn end(&mut self, _out: &mut Vec<ChatChunk>) {}
}
