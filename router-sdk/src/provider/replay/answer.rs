//! The chunks of a stream in; the answer that a client puts together of them, with every promise of the shape checked, out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::{ChatChunk, Usage};

/// The whole answer of a stream.
#[derive(Debug, Default, PartialEq, Clone)]
pub(in crate::provider) struct Answer {
    pub(in crate::provider) text: String,
    pub(in crate::provider) reasoning: String,
    pub(in crate::provider) calls: BTreeMap<(u64, u64), Call>,
    pub(in crate::provider) finish: BTreeMap<u64, String>,
    pub(in crate::provider) usage: Option<Usage>,
}

#[derive(Debug, Default, PartialEq, Clone)]
pub(in crate::provider) struct Call {
    id: String,
    name: String,
    pub(in crate::provider) arguments: String,
    custom: bool,
}

impl Answer {
    pub(in crate::provider) fn of(chunks: &[ChatChunk]) -> Result<Self, String> {
        let mut answer = Self::default();
        for chunk in chunks {
            answer.add(chunk)?;
        }
        Ok(answer)
    }

    fn add(&mut self, chunk: &ChatChunk) -> Result<(), String> {
        for field in ["id", "object", "created", "model", "choices"] {
            chunk.body.get(field).ok_or(format!("a chunk without {field}"))?;
        }
        let told = chunk.body.get("usage").is_some_and(Value::is_object);
        if told != chunk.usage.is_some() {
            return Err("usage that was not read, or not told".into());
        }
        if let Some(usage) = chunk.usage {
            identities(&usage, &chunk.body["usage"])?;
            if self.usage.replace(usage).is_some() {
                return Err("usage twice".into());
            }
        }
        for choice in chunk.body["choices"].as_array().ok_or("choices are no list")? {
            let index = choice["index"].as_u64().ok_or("a choice without index")?;
            let delta = choice["delta"].as_object().ok_or("a choice without delta")?;
            if let Some(content) = delta.get("content").filter(|c| !c.is_null()) {
                self.text += content.as_str().ok_or("content is no text")?;
            }
            self.reasoning += delta.get("reasoning_content").and_then(Value::as_str).unwrap_or_default();
            for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                self.call(index, call)?;
            }
            if let Some(reason) = choice["finish_reason"].as_str()
                && self.finish.insert(index, reason.to_owned()).is_some()
            {
                return Err("two finish reasons".into());
            }
        }
        Ok(())
    }

    fn call(&mut self, choice: u64, call: &Value) -> Result<(), String> {
        let index = call["index"].as_u64().ok_or("a call without index")?;
        let new = !self.calls.contains_key(&(choice, index));
        if new && (call["id"].as_str().is_none_or(str::is_empty) || call["type"].as_str().is_none()) {
            return Err(format!("call {index} opens without id or type: {call}"));
        }
        if new && index as usize != self.calls.keys().filter(|(of, _)| *of == choice).count() {
            return Err(format!("call {index} comes out of turn"));
        }
        let slot = self.calls.entry((choice, index)).or_default();
        slot.custom |= call["type"] == "custom";
        let (part, text) = if slot.custom { ("custom", "input") } else { ("function", "arguments") };
        slot.id += call["id"].as_str().unwrap_or_default();
        slot.name += call[part]["name"].as_str().unwrap_or_default();
        slot.arguments += call[part][text].as_str().unwrap_or_default();
        Ok(())
    }

    /// The finish reason goes by content, and arguments are JSON unless the output limit cut them.
    pub(in crate::provider) fn check(&self) -> Result<(), String> {
        if self.finish.is_empty() {
            return Err("no finish reason".into());
        }
        let known = ["stop", "length", "tool_calls", "content_filter", "function_call"];
        if let Some(other) = self.finish.values().find(|reason| !known.contains(&reason.as_str())) {
            return Err(format!("finish reason {other}"));
        }
        let cut = self.finish.values().any(|reason| reason == "length");
        for Call { id, name, arguments, custom } in self.calls.values() {
            if name.is_empty() || id.is_empty() {
                return Err("a call without name or id".into());
            }
            if !cut && !custom && serde_json::from_str::<Value>(arguments).is_err() {
                return Err(format!("arguments of {name} are no JSON: {arguments}"));
            }
        }
        let told = self.finish.values().any(|reason| reason == "tool_calls");
        let refused = self.finish.values().any(|reason| reason == "content_filter");
        if !cut && !refused && told == self.calls.is_empty() {
            return Err(format!("finish {:?} with {} calls", self.finish, self.calls.len()));
        }
        Ok(())
    }
}

/// Parts are at most their wholes, and the OpenAI object says what the counts say.
pub(in crate::provider) fn identities(usage: &Usage, told: &Value) -> Result<(), String> {
    let cache = usage.cached_read + usage.cache_write + usage.cache_write_1h;
    let within = cache <= usage.input && usage.reasoning <= usage.output;
    if !within {
        return Err(format!("a part is more than the whole: {usage:?}"));
    }
    let same = told["prompt_tokens"] == usage.input
        && told["completion_tokens"] == usage.output
        && told["total_tokens"] == usage.input + usage.output;
    if same { Ok(()) } else { Err(format!("{usage:?} told as {told}")) }
}
