//! Token counts before a call: text or a whole request in, an estimate out, by the tokenizer of the model.
//!
//! A text is read once into the counts of its runs of like characters (words, digits, symbols, characters of each
//! script); an estimate is their weighted sum. The weights were fitted on texts that were counted by the real
//! tokenizers; on the texts of the tests, which are others, every estimate is within a tenth of the real count.

#[cfg(feature = "exact-tokens")]
mod exact;
mod media;
mod request;
mod shape;
#[cfg(test)]
mod tests;
mod tokenizer;
mod weights;

pub(crate) use request::RequestSize;
pub use tokenizer::Tokenizer;

use super::ChatRequest;
use shape::{FIGURES, Shape};

/// Above so many characters the count is projected from evenly spaced samples.
const SAMPLE_ABOVE: usize = 64 * 1024;
/// How many samples; they and their places depend on the text's length alone.
const SAMPLES: usize = 16;
/// Length of one sample in bytes.
const SAMPLE: usize = 4 * 1024;

/// Estimates the tokens of a text for OpenAI's models since GPT-4o, which is near the middle of all.
///
/// Above 64k characters it is projected from sixteen evenly spaced samples; the same text always gives the same count.
pub fn estimate_tokens(text: &str) -> u64 {
    estimate_tokens_for(Tokenizer::default(), text)
}

/// Estimates the tokens of a text for the models of one tokenizer.
pub fn estimate_tokens_for(tokenizer: Tokenizer, text: &str) -> u64 {
    let mut figures = Figures::default();
    figures.add(text);
    figures.tokens(tokenizer)
}

/// Estimates the input tokens of a whole request for OpenAI's models since GPT-4o: messages, tools, schema and media.
pub fn estimate_request_tokens(request: &ChatRequest) -> u64 {
    estimate_request_tokens_for(Tokenizer::default(), request)
}

/// Estimates the input tokens of a whole request for the models of one tokenizer, by the rules of its provider for
/// pictures, sound and documents.
pub fn estimate_request_tokens_for(tokenizer: Tokenizer, request: &ChatRequest) -> u64 {
    RequestSize::of(request, false).tokens(tokenizer)
}

/// Tokens of a text, and whether they were counted or estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCount {
    /// How many.
    pub tokens: u64,
    /// True when the real tokenizer counted them.
    pub exact: bool,
}

/// Counts the tokens of a text with the tokenizer itself where it is built in, which takes the feature `exact-tokens`
/// and one of OpenAI's two tokenizers; estimates them elsewhere, and says which.
///
/// Texts of more than a million characters are always estimated.
pub fn count_tokens(tokenizer: Tokenizer, text: &str) -> TokenCount {
    match exactly(tokenizer, text) {
        Some(tokens) => TokenCount { tokens, exact: true },
        None => TokenCount { tokens: estimate_tokens_for(tokenizer, text), exact: false },
    }
}

/// True when this build can count for OpenAI's tokenizers.
pub(crate) const CAN_COUNT: bool = cfg!(feature = "exact-tokens");

#[cfg(feature = "exact-tokens")]
fn exactly(tokenizer: Tokenizer, text: &str) -> Option<u64> {
    exact::count(tokenizer, text)
}

#[cfg(not(feature = "exact-tokens"))]
fn exactly(_: Tokenizer, _: &str) -> Option<u64> {
    None
}

/// The figures of several texts together; those of long ones are projected.
#[derive(Debug, Clone)]
struct Figures {
    whole: Shape,
    projected: [f32; FIGURES],
}

impl Default for Figures {
    fn default() -> Self {
        Self { whole: Shape::empty(), projected: [0.0; FIGURES] }
    }
}

impl Figures {
    fn add(&mut self, text: &str) {
        if text.len() <= SAMPLE_ABOVE || text.chars().count() <= SAMPLE_ABOVE {
            return self.whole.add(text);
        }
        let mut shape = Shape::empty();
        let stride = (text.len() - SAMPLE) / (SAMPLES - 1);
        let mut seen = 0usize;
        for i in 0..SAMPLES {
            let start = boundary(text, i * stride);
            let end = boundary(text, start + SAMPLE);
            shape.add(&text[start..end]);
            seen += end - start;
        }
        let share = text.len() as f32 / seen as f32;
        for (sum, figure) in self.projected.iter_mut().zip(shape.figures()) {
            *sum += figure * share;
        }
    }

    fn tokens(&self, tokenizer: Tokenizer) -> u64 {
        let (weights, factor) = tokenizer.weights();
        let figures = self.whole.figures();
        let all = figures.iter().zip(&self.projected).zip(weights);
        let sum: f32 = all.map(|((whole, projected), weight)| (whole + projected) * weight).sum();
        (sum * factor).ceil() as u64
    }
}

/// The last place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
