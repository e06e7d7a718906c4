//! The lines of one Ollama stream in; chunks of the OpenAI shape out.

use serde_json::{Value, json};

use super::fold::Fold;
use super::turns::{Closing, Piece, chunk, closing_body};
use crate::provider::{Failure, Progress, StreamDecoder};
use crate::wire::ChatChunk;

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Decoder {
    fold: Fold,
    begun: bool,
    closed: bool,
}

impl Decoder {
    pub(super) fn new(model: &str) -> Self {
        Self { fold: Fold::new(model), begun: false, closed: false }
    }

    fn chunk(&self, delta: Value) -> ChatChunk {
        chunk(&self.fold.id, self.fold.created, &self.fold.model, 0, delta)
    }

    fn close(&mut self, out: &mut Vec<ChatChunk>) {
        if self.closed {
            return;
        }
        let Some((finish, native)) = self.fold.finish() else { return };
        self.closed = true;
        out.push(closing_body(Closing {
            id: &self.fold.id,
            created: self.fold.created,
            model: &self.fold.model,
            finish,
            native,
            usage: self.fold.usage.map(|usage| (usage, usage.to_openai())),
            rest: self.fold.rest.clone(),
        }));
    }
}

impl StreamDecoder for Decoder {
    fn event(&mut self, _name: &str, data: &str, out: &mut Vec<ChatChunk>) -> Result<Progress, Failure> {
        let data = data.trim();
        if data.is_empty() || self.closed {
            return Ok(Progress::More);
        }
        let object: Value =
            serde_json::from_str(data).map_err(|_| Failure::malformed("a line of the stream is not JSON"))?;
        if !object.is_object() {
            return Err(Failure::malformed("a line of the stream is no JSON object"));
        }
        let (pieces, probabilities) = self.fold.take(&object)?;
        if !std::mem::replace(&mut self.begun, true) {
            out.push(self.chunk(json!({"role": "assistant", "content": ""})));
        }
        let mut probabilities = Some(probabilities).filter(|p| !p.is_null());
        for piece in pieces {
            let is_text = matches!(piece, Piece::Text(_));
            let mut made = self.chunk(piece.into_delta());
            let choice = made.body.get_mut("choices").and_then(|choices| choices.get_mut(0));
            if let (Some(choice), Some(told)) = (choice, probabilities.take_if(|_| is_text)) {
                choice["logprobs"] = told;
            }
            out.push(made);
        }
        if self.fold.ended.is_none() {
            return Ok(Progress::More);
        }
        self.close(out);
        Ok(Progress::Done)
    }

    fn end(&mut self, out: &mut Vec<ChatChunk>) {
        self.close(out);
    }
}
