//! Server-sent events of a chat completion stream come in; chunks in the OpenAI shape go out.

use serde_json::Value;

use super::calls::Assembly;
use super::decode::{complete_head, tells_of_error};
use super::usage::{self, Inclusion};
use super::{finish, reply};
use crate::provider::{Failure, Progress, StreamDecoder, Target, errors};
use crate::wire::{ChatChunk, Object, UNDATED, Usage};

/// The state of one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    inclusion: Inclusion,
    model: String,
    id: String,
    created: Option<i64>,
    choices: Vec<Choice>,
    /// The newest usage. Some send it with every chunk, so it is told once, at the end.
    usage: Option<Held>,
}

#[derive(Debug)]
struct Held {
    usage: Usage,
    object: Object,
    /// The chunk without choices that carried it.
    chunk: Option<Object>,
}

#[derive(Debug, Default)]
struct Choice {
    role_told: bool,
    finished: bool,
    calls: Assembly,
}

/// Choices beyond these are not taken apart; no vendor gives as many.
const MAX_CHOICES: usize = 256;

impl StreamDecoder for Decoder {
    fn usage_so_far(&self) -> Option<Usage> {
        self.usage.as_ref().map(|held| held.usage)
    }

    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Progress::More);
        }
        if data.starts_with("[DONE]") {
            self.end(out);
            return Ok(Progress::Done);
        }
        let value: Value = serde_json::from_str(data)
            .map_err(|_| Failure::malformed("an event of the stream is not valid JSON").with_status(200))?;
        let Value::Object(chunk) = value else {
            return Err(Failure::malformed("an event of the stream is no JSON object").with_status(200));
        };
        if name == "error" || tells_of_error(&chunk) {
            return self.error(chunk);
        }
        self.chunk(chunk, data, out)?;
        Ok(Progress::More)
    }

    fn end(&mut self, out: &mut Vec<ChatChunk>) {
        let Some(Held { usage, object, chunk }) = self.usage.take() else { return };
        let mut body = chunk.unwrap_or_default();
        self.complete(&mut body, "");
        body.insert("choices".into(), Value::Array(Vec::new()));
        body.insert("usage".into(), Value::Object(object));
        out.push(ChatChunk::from_body(body, Some(usage)));
    }
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Self {
            inclusion: Inclusion::of(&target.deployment.quirks),
            model: target.model.id.clone(),
            id: String::new(),
            created: None,
            choices: Vec::new(),
            usage: None,
        }
    }

    fn chunk(&mut self, mut body: Object, raw: &str, out: &mut Vec<ChatChunk>) -> Result<(), Failure> {
        let has_choices = body.get("choices").is_some_and(Value::is_array);
        if !has_choices && !is_chunk(&body) {
            return Ok(());
        }
        if !has_choices {
            body.insert("choices".into(), Value::Array(Vec::new()));
        }
        let read = usage::take(&mut body, self.inclusion);
        self.complete(&mut body, raw);
        let mut told = 0;
        let mut bare = true;
        if let Some(Value::Array(choices)) = body.get_mut("choices") {
            bare = choices.is_empty();
            for (position, choice) in choices.iter_mut().enumerate() {
                told += usize::from(self.choice(choice, position)?);
            }
        }
        match read {
            Some((usage, object)) if bare => {
                self.usage = Some(Held { usage, object, chunk: Some(body) });
                return Ok(());
            }
            Some((usage, object)) => {
                let chunk = self.usage.take().and_then(|held| held.chunk);
                self.usage = Some(Held { usage, object, chunk });
            }
            None => {}
        }
        if bare || told > 0 {
            out.push(ChatChunk::from_body(body, None));
        }
        Ok(())
    }

    /// An error is the end of the stream, unless the answer had been given in full before.
    fn error(&mut self, mut chunk: Object) -> Result<Progress, Failure> {
        let complete = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished);
        if !complete {
            return Err(errors::explain_in_stream(&Value::Object(chunk), 200));
        }
        if let Some((usage, object)) = usage::take(&mut chunk, self.inclusion) {
            self.usage = Some(Held { usage, object, chunk: None });
        }
        Ok(Progress::More)
    }

    /// Completes `id`, `object`, `created` and `model` from what the stream said before; `raw` stands for a missing id.
    fn complete(&mut self, body: &mut Object, raw: &str) {
        match body.get("id").and_then(Value::as_str) {
            Some("") if self.id.is_empty() => {}
            Some(id) if !id.is_empty() => {
                if self.id.is_empty() {
                    self.id = id.to_owned();
                }
            }
            _ => {
                if self.id.is_empty() {
                    self.id = reply::made_id("chatcmpl-", &[self.model.as_bytes(), raw.as_bytes()]);
                }
                body.insert("id".into(), self.id.as_str().into());
            }
        }
        if body.get("object").and_then(Value::as_str) != Some("chat.completion.chunk") {
            body.insert("object".into(), "chat.completion.chunk".into());
        }
        complete_head(body, &self.model, self.created.unwrap_or(UNDATED));
        if self.created.is_none() {
            self.created = body.get("created").and_then(Value::as_i64);
        }
    }

    /// Brings one choice to OpenAI's form; false when nothing is left in it to tell.
    fn choice(&mut self, choice: &mut Value, position: usize) -> Result<bool, Failure> {
        let Value::Object(choice) = choice else {
            return Err(Failure::malformed("a choice of the stream is no object").with_status(200));
        };
        let index = match choice.get("index").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok()) {
            Some(index) => index,
            None => {
                choice.insert("index".into(), position.into());
                position
            }
        };
        if index >= MAX_CHOICES {
            return Ok(true);
        }
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Choice::default);
        }
        let reply_id = self.id.as_str();
        let Some(state) = self.choices.get_mut(index) else { return Ok(true) };
        let first = !state.role_told;
        if !choice.get("delta").is_some_and(Value::is_object) {
            let whole = choice.shift_remove("message").filter(|m| m.is_object() && first && !state.finished);
            choice.insert("delta".into(), whole.unwrap_or_else(|| Value::Object(Object::new())));
        }
        if let Some(Value::Object(delta)) = choice.get_mut("delta") {
            state.delta(delta, reply_id, index);
        }
        state.finish(choice)
    }
}

impl Choice {
    fn delta(&mut self, delta: &mut Object, reply_id: &str, index: usize) {
        if self.role_told {
            delta.shift_remove("role");
        } else {
            self.role_told = true;
            if delta.get("role").and_then(Value::as_str).is_none_or(str::is_empty) {
                delta.insert("role".into(), "assistant".into());
            }
        }
        reply::tidy(delta);
        if let Some(Value::Array(fragments)) = delta.get_mut("tool_calls") {
            self.calls.take(fragments, reply_id, index);
        }
    }

    fn finish(&mut self, choice: &mut Object) -> Result<bool, Failure> {
        let finishes = finish::settle(choice, !self.calls.is_empty())?;
        if !finishes {
            return Ok(true);
        }
        if self.finished {
            choice.insert("finish_reason".into(), Value::Null);
            return Ok(choice.get("delta").and_then(Value::as_object).is_none_or(|delta| !reply::is_blank(delta)));
        }
        self.finished = true;
        let whole = choice.get("finish_reason").and_then(Value::as_str) == Some("tool_calls");
        let closing = if whole { self.calls.closing() } else { Vec::new() };
        if closing.is_empty() {
            return Ok(true);
        }
        if let Some(Value::Object(delta)) = choice.get_mut("delta") {
            match delta.get_mut("tool_calls") {
                Some(Value::Array(fragments)) => close_in(fragments, closing),
                _ => {
                    delta.insert("tool_calls".into(), Value::Array(closing));
                }
            }
        }
        Ok(true)
    }
}

/// Puts closing fragments into a delta that may hold the opening of the same calls.
fn close_in(fragments: &mut Vec<Value>, closing: Vec<Value>) {
    for close in closing {
        let same = fragments.iter_mut().find(|fragment| fragment.get("index") == close.get("index"));
        match same.and_then(|fragment| fragment.get_mut("function")).and_then(Value::as_object_mut) {
            Some(function) => {
                function.insert("arguments".into(), "{}".into());
            }
            None => fragments.push(close),
        }
    }
}

/// Whether an object without choices still belongs to the answer; vendors' own events do not.
fn is_chunk(body: &Object) -> bool {
    body.get("usage").is_some_and(Value::is_object)
        || body.get("object").and_then(Value::as_str).is_some_and(|object| object.starts_with("chat.completion"))
}
