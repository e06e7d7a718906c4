//! A whole request in, its size out: read once, then given as tokens for any tokenizer.

use serde_json::Value;

use super::media::Media;
use super::{Figures, Tokenizer, exactly};
use crate::field::field_of;
use crate::wire::ChatRequest;

/// Tokens that every message costs besides its text: role and separators.
const PER_MESSAGE: u64 = 4;
/// Tokens that open the reply.
const OPENING: u64 = 3;
/// Tokens of each tool besides its text: providers write declarations anew, in a shorter form.
const PER_TOOL: u64 = 8;
/// Claude is handed instructions with tools, of about this many tokens.
const CLAUDE_TOOLS: u64 = 340;

/// What a request holds: figures of its texts, its media and what they are wrapped in.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestSize {
    figures: Figures,
    media: Vec<Media>,
    messages: u64,
    tools: u64,
    /// Real counts for OpenAI's tokenizers, where they were asked for and all texts could be counted.
    counted: Option<Counted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    o200k: u64,
    cl100k: u64,
}

impl RequestSize {
    /// Reads a request. With `exact` its texts are also counted for OpenAI's tokenizers, which takes longer.
    pub(crate) fn of(request: &ChatRequest, exact: bool) -> Self {
        let mut size = Self { counted: exact.then(Counted::default), ..Self::default() };
        for message in request.messages() {
            size.message(message);
        }
        for tool in request.get("tools").and_then(Value::as_array).into_iter().flatten() {
            size.tools += 1;
            size.text(&tool.to_string());
        }
        if let Some(schema) = request.get("response_format").filter(|f| f.is_object()) {
            size.text(&schema.to_string());
        }
        size
    }

    /// The tokens for the models of one tokenizer.
    pub(crate) fn tokens(&self, tokenizer: Tokenizer) -> u64 {
        let text = match (tokenizer, &self.counted) {
            (Tokenizer::O200k, Some(counted)) => counted.o200k,
            (Tokenizer::Cl100k, Some(counted)) => counted.cl100k,
            _ => self.figures.tokens(tokenizer),
        };
        let media = self.media.iter().fold(0u64, |sum, media| sum.saturating_add(media.tokens(tokenizer)));
        let claude = matches!(tokenizer, Tokenizer::Claude | Tokenizer::ClaudeNext) && self.tools > 0;
        let wrapping =
            PER_MESSAGE * self.messages + PER_TOOL * self.tools + OPENING + if claude { CLAUDE_TOOLS } else { 0 };
        text.saturating_add(media).saturating_add(wrapping)
    }

    fn text(&mut self, text: &str) {
        self.figures.add(text);
        self.counted = self.counted.and_then(|counted| {
            Some(Counted {
                o200k: counted.o200k + exactly(Tokenizer::O200k, text)?,
                cl100k: counted.cl100k + exactly(Tokenizer::Cl100k, text)?,
            })
        });
    }

    fn message(&mut self, message: &Value) {
        self.messages += 1;
        match field_of(message, "content") {
            Some(Value::String(text)) => self.text(text),
            Some(Value::Array(parts)) => parts.iter().for_each(|part| self.part(part)),
            _ => {}
        }
        if let Some(calls) = field_of(message, "tool_calls").filter(|c| !c.is_null()) {
            self.text(&calls.to_string());
        }
        for field in ["reasoning_content", "name"] {
            if let Some(text) = field_of(message, field).and_then(Value::as_str) {
                self.text(text);
            }
        }
    }

    fn part(&mut self, part: &Value) {
        if let Some(media) = Media::of(part) {
            self.media.push(media);
        } else if let Some(text) = field_of(part, "text").and_then(Value::as_str) {
            self.text(text);
        } else {
            self.text(&part.to_string());
        }
    }
}
