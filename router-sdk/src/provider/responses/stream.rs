//! The events of one Responses stream in; chunks of the chat shape out.

use serde_json::{Value, json};

use super::decode::reply_logprobs;
use super::fold::{Place, Reading};
use super::item::Thought;
use super::reply::{self, Ending, Head};
use super::turns::chunk;
use crate::provider::{Failure, Progress, StreamDecoder, Target, errors};
use crate::wire::{ChatChunk, Object};

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    head: Head,
    begun: bool,
    finished: bool,
    reading: Reading,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Self {
            head: Head::new(&target.model.id),
            begun: false,
            finished: false,
            reading: Reading::new(&target.deployment.provider),
        }
    }

    fn begin(&mut self, out: &mut Vec<ChatChunk>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.chunk(json!({"role": "assistant", "content": ""}), out);
        }
    }

    fn chunk(&self, delta: Value, out: &mut Vec<ChatChunk>) {
        out.push(chunk(&self.head.id, self.head.created, &self.head.model, 0, delta));
    }

    /// Writes down what the last event told.
    fn tell(&mut self, out: &mut Vec<ChatChunk>) {
        for told in self.reading.take() {
            self.begin(out);
            self.chunk(told.piece.into_delta(), out);
            if told.logprobs.is_empty() {
                continue;
            }
            let choice = out.last_mut().and_then(|last| last.body.get_mut("choices")?.get_mut(0)?.as_object_mut());
            if let Some(choice) = choice {
                choice.insert("logprobs".into(), reply_logprobs(told.logprobs));
            }
        }
    }

    /// The last event: all that is still to tell, then why it ended, then the usage.
    fn end_with(
        &mut self,
        name: &str,
        event: &Value,
        response: &Value,
        out: &mut Vec<ChatChunk>,
    ) -> Result<(), Failure> {
        let ending = reply::ending(response, Some(name))?;
        self.head.read(response);
        let output = response.get("output").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.reading.settle(output);
        let mut rest = Object::new();
        reply::keep_rest(response, &mut rest);
        for (name, value) in event.as_object().into_iter().flatten() {
            if !["type", "response", "sequence_number", "obfuscation"].contains(&name.as_str()) && !value.is_null() {
                rest.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
        self.finish(&ending, response, rest, out);
        Ok(())
    }

    fn finish(&mut self, ending: &Ending, response: &Value, rest: Object, out: &mut Vec<ChatChunk>) {
        self.tell(out);
        self.begin(out);
        self.finished = true;
        let finish = ending.finish(self.reading.calls_tools());
        let mut body = self.head.body("chat.completion.chunk");
        let choice = json!({
            "index": 0, "delta": {}, "logprobs": null, "finish_reason": finish, "native_finish_reason": ending.native,
        });
        body.insert("choices".into(), Value::Array(vec![choice]));
        let usage = reply::usage(response).map(|(usage, object)| {
            body.insert("usage".into(), object);
            usage
        });
        for (name, value) in rest {
            body.entry(name).or_insert(value);
        }
        out.push(ChatChunk::from_body(body, usage));
    }

    /// One event that neither ends the stream nor tells of an error.
    fn step(&mut self, kind: &str, event: &Value) {
        let part_of = |field: &str| event.get(field).and_then(Value::as_u64).unwrap_or(0);
        let null = Value::Null;
        let index = event.get("output_index").and_then(Value::as_u64);
        let place = Place { index, id: event.get("item_id").and_then(Value::as_str).unwrap_or_default() };
        let part = part_of("content_index");
        let value = |field: &str| event.get(field).unwrap_or(&null);
        let text = |field: &str| text(value(field));
        let logprobs = value("logprobs").as_array().map(Vec::as_slice).unwrap_or_default();
        let reading = &mut self.reading;
        match kind {
            "output_item.added" => reading.added(index, value("item")),
            "output_item.done" => reading.done(index, value("item")),
            "output_text.delta" => reading.text(place, part, false, text("delta"), logprobs),
            "output_text.done" => reading.whole_text(place, part, false, text("text"), logprobs),
            "refusal.delta" => reading.text(place, part, true, text("delta"), &[]),
            "refusal.done" => reading.whole_text(place, part, true, text("refusal"), &[]),
            "content_part.done" => reading.part(place, part, value("part")),
            "output_text.annotation.added" | "output_text_annotation.added" if value("annotation").is_object() => {
                reading.annotate(place, part, value("annotation"));
            }
            "reasoning_summary_text.delta" | "reasoning_summary.delta" => {
                reading.think(place, Thought::Summary, part_of("summary_index"), text("delta"));
            }
            "reasoning_summary_text.done" | "reasoning_summary.done" => {
                reading.whole_thought(place, Thought::Summary, part_of("summary_index"), text("text"));
            }
            "reasoning_text.delta" | "reasoning.delta" => reading.think(place, Thought::Content, part, text("delta")),
            "reasoning_text.done" | "reasoning.done" => {
                reading.whole_thought(place, Thought::Content, part, text("text"));
            }
            "function_call_arguments.delta" => reading.arguments(place, false, text("delta")),
            "function_call_arguments.done" => reading.whole_arguments(place, false, text("arguments")),
            "custom_tool_call_input.delta" => reading.arguments(place, true, text("delta")),
            "custom_tool_call_input.done" => reading.whole_arguments(place, true, text("input")),
            _ => {}
        }
    }
}

/// The text of a delta, which some wrap into an object.
fn text(value: &Value) -> &str {
    value.as_str().or_else(|| value.get("text").and_then(Value::as_str)).unwrap_or_default()
}

impl StreamDecoder for Decoder {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() || self.finished {
            return Ok(if self.finished { Progress::Done } else { Progress::More });
        }
        // OpenAI sends no such mark, others do, and some of them no last event before it.
        if data.starts_with("[DONE]") {
            if self.reading.is_complete() {
                let ending = reply::ending(&Value::Null, None)?;
                self.finish(&ending, &Value::Null, Object::new(), out);
            }
            return Ok(Progress::Done);
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|_| Failure::malformed("an event of the stream is not valid JSON").with_status(200))?;
        let told = event.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty());
        // A whole reply as an event of its own.
        let whole = told.is_none() && event.get("object").is_some_and(|object| object == "response");
        let kind = told.unwrap_or(if whole { "response.completed" } else { name });
        let response = if whole { &event } else { event.get("response").unwrap_or(&Value::Null) };
        match kind.strip_prefix("response.").unwrap_or(kind) {
            "error" => return Err(errors::explain_in_stream(&event, 200)),
            name @ ("completed" | "incomplete" | "failed" | "cancelled" | "done") if response.is_object() => {
                let (name, event) = if whole { ("", &Value::Null) } else { (name, &event) };
                self.end_with(name, event, response, out)?;
                return Ok(Progress::Done);
            }
            "created" | "in_progress" | "queued" => {
                self.head.read(response);
                self.begin(out);
            }
            _ if event.get("error").is_some_and(reply::is_error) => {
                return Err(errors::explain_in_stream(&event, 200));
            }
            kind => {
                self.step(kind, &event);
                self.tell(out);
            }
        }
        Ok(Progress::More)
    }

    fn end(&mut self, _out: &mut Vec<ChatChunk>) {
        // Without its last event a stream is cut off, and everything before was told when it came.
    }
}
