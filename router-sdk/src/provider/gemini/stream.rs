//! The events of one Gemini stream in; chunks of the OpenAI shape out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fold::Fold;
use super::turns::{Piece, chunk, digest};
use super::{grounding, logprobs, reply, usage};
use crate::provider::{Failure, Progress, StreamDecoder, errors};
use crate::wire::{ChatChunk, Object, UNDATED, Usage};

/// Candidates beyond this number are not read.
const MAX_CANDIDATES: u64 = 128;

/// Reads one stream. It has no end mark, and parts may follow a finish reason, so the finish waits for the end.
#[derive(Debug)]
pub(super) struct Decoder {
    id: String,
    created: i64,
    model: String,
    candidates: BTreeMap<u64, Candidate>,
    metadata: Option<Value>,
    rest: Object,
    ended: bool,
}

#[derive(Debug, Default)]
struct Candidate {
    fold: Fold,
    begun: bool,
    finish: Option<(&'static str, String)>,
    refusal: Option<String>,
    grounding: Option<Value>,
    extra: Object,
}

impl Decoder {
    pub(super) fn new(model: &str) -> Self {
        Self {
            id: String::new(),
            created: UNDATED,
            model: model.to_owned(),
            candidates: BTreeMap::new(),
            metadata: None,
            rest: Object::new(),
            ended: false,
        }
    }

    fn reply(&mut self, reply: &Value, raw: &str, out: &mut Vec<ChatChunk>) -> Result<(), Failure> {
        if reply.get("error").is_some_and(|e| !e.is_null()) {
            return Err(errors::explain_in_stream(reply, 200));
        }
        if self.id.is_empty() {
            let own = reply.get("responseId").and_then(Value::as_str).map(str::to_owned);
            self.id = own.unwrap_or_else(|| format!("chatcmpl-{}", digest(&[raw])));
        }
        if let Some(model) = reply.get("modelVersion").and_then(Value::as_str) {
            self.model = model.to_owned();
        }
        // Counts are cumulative, so the last ones hold.
        if let Some(metadata) = reply.get("usageMetadata").filter(|m| m.is_object()) {
            self.metadata = Some(metadata.clone());
        }
        reply::keep_rest(reply, &mut self.rest);
        let candidates = reply.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (place, candidate) in (0..).zip(candidates) {
            let index = candidate.get("index").and_then(Value::as_u64).unwrap_or(place);
            if index < MAX_CANDIDATES {
                self.candidate(index, candidate, out)?;
            }
        }
        if let (true, Some(reason)) = (candidates.is_empty(), reply::blocked(reply)) {
            let told = reply.pointer("/promptFeedback/blockReasonMessage");
            let candidate = self.candidates.entry(0).or_default();
            candidate.finish = Some(("content_filter", reason.to_owned()));
            candidate.refusal = Some(reply::refusal(reason, told));
        }
        Ok(())
    }

    /// What ids of calls are made of.
    fn seed(&self, index: u64) -> String {
        if index == 0 { self.id.clone() } else { format!("{}/{index}", self.id) }
    }

    fn candidate(&mut self, index: u64, said: &Value, out: &mut Vec<ChatChunk>) -> Result<(), Failure> {
        let seed = self.seed(index);
        let candidate = self.candidates.entry(index).or_default();
        let mut pieces = Vec::new();
        for part in said.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
            candidate.fold.part(part, &seed, &mut pieces);
        }
        reply::keep_candidate(said, &mut candidate.extra);
        if let Some(metadata) = said.get("groundingMetadata").filter(|m| m.is_object()) {
            candidate.grounding = Some(metadata.clone());
        }
        let reason = reply::reason_of(said);
        if let Some(reason) = reason.filter(|r| *r != "FINISH_REASON_UNSPECIFIED") {
            let finish = reply::finish_reason(reason, candidate.fold.calls > 0)?;
            if finish == "content_filter" {
                candidate.refusal = Some(reply::refusal(reason, said.get("finishMessage")));
            }
            candidate.finish = Some((finish, reason.to_owned()));
        }
        let probabilities = logprobs::logprobs(said.get("logprobsResult"));
        self.emit(index, pieces, probabilities, out);
        Ok(())
    }

    fn emit(&mut self, index: u64, pieces: Vec<Piece>, probabilities: Value, out: &mut Vec<ChatChunk>) {
        let Some(candidate) = self.candidates.get_mut(&index) else { return };
        if !std::mem::replace(&mut candidate.begun, true) {
            let opening = json!({"role": "assistant", "content": ""});
            out.push(chunk(&self.id, self.created, &self.model, index, opening));
        }
        let mut probabilities = Some(probabilities).filter(|p| !p.is_null());
        for piece in pieces {
            let is_text = matches!(piece, Piece::Text(_));
            let mut made = chunk(&self.id, self.created, &self.model, index, piece.into_delta());
            let place = made.body.get_mut("choices").and_then(|c| c.get_mut(0));
            if let (Some(place), Some(probabilities)) = (place, probabilities.take_if(|_| is_text)) {
                place["logprobs"] = probabilities;
            }
            out.push(made);
        }
    }

    /// What a candidate has yet to say before its finish.
    fn last_words(&mut self, index: u64) -> Vec<Piece> {
        let seed = self.seed(index);
        let Some(candidate) = self.candidates.get_mut(&index) else { return Vec::new() };
        let mut pieces = Vec::new();
        candidate.fold.close(&seed, &mut pieces);
        pieces.extend(candidate.refusal.take().map(Piece::Refusal));
        if let Some(metadata) = candidate.grounding.take() {
            pieces.extend(grounding::annotations(&metadata, &candidate.fold.text).into_iter().map(Piece::Annotation));
        }
        pieces
    }

    fn finish(&mut self, index: u64, several: bool, last: bool) -> Option<ChatChunk> {
        let candidate = self.candidates.get_mut(&index)?;
        let (finish, reason) = candidate.finish.take()?;
        // A call may have come after the reason was given.
        let finish = if finish == "stop" && candidate.fold.calls > 0 { "tool_calls" } else { finish };
        let mut choice = Object::new();
        choice.insert("index".into(), index.into());
        choice.insert("delta".into(), json!({}));
        choice.insert("logprobs".into(), Value::Null);
        choice.insert("finish_reason".into(), finish.into());
        choice.insert("native_finish_reason".into(), reason.into());
        let extra = std::mem::take(&mut candidate.extra);
        if several {
            choice.extend(extra);
        } else {
            self.rest.extend(extra);
        }
        let mut body = Object::new();
        body.insert("id".into(), self.id.as_str().into());
        body.insert("object".into(), "chat.completion.chunk".into());
        body.insert("created".into(), self.created.into());
        body.insert("model".into(), self.model.as_str().into());
        body.insert("choices".into(), json!([choice]));
        let metadata = self.metadata.as_ref().filter(|_| last);
        let counts = metadata.and_then(usage::usage);
        if let (Some(counts), Some(metadata)) = (&counts, metadata) {
            body.insert("usage".into(), usage::to_openai(counts, metadata));
        }
        if last {
            body.extend(std::mem::take(&mut self.rest));
        }
        Some(ChatChunk::from_body(body, counts))
    }
}

impl StreamDecoder for Decoder {
    fn usage_so_far(&self) -> Option<Usage> {
        self.metadata.as_ref().and_then(usage::usage)
    }

    fn event(&mut self, _name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Progress::More);
        }
        // Google sends no such mark, servers that speak its language sometimes do.
        if data.starts_with("[DONE]") {
            self.end(out);
            return Ok(Progress::Done);
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Failure::malformed("an event of the stream is not JSON"))?;
        match &event {
            Value::Array(replies) => {
                for reply in replies {
                    self.reply(reply, data, out)?;
                }
            }
            reply => self.reply(reply, data, out)?,
        }
        Ok(Progress::More)
    }

    fn holds_finish(&self) -> bool {
        !self.ended && !self.candidates.is_empty() && self.candidates.values().all(|c| c.finish.is_some())
    }

    fn end(&mut self, out: &mut Vec<ChatChunk>) {
        if !self.holds_finish() {
            return;
        }
        self.ended = true;
        let indices: Vec<u64> = self.candidates.keys().copied().collect();
        for (place, index) in indices.iter().enumerate() {
            let pieces = self.last_words(*index);
            self.emit(*index, pieces, Value::Null, out);
            out.extend(self.finish(*index, indices.len() > 1, place + 1 == indices.len()));
        }
    }
}
