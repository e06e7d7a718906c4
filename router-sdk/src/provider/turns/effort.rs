//! What a request says about thinking in; one wish, and the nearest level that a model has, out.

use serde_json::Value;

use crate::wire::ChatRequest;

/// Effort words, weakest first.
const LADDER: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// What the caller wants: a word, and perhaps a budget in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) struct Wish<'a> {
    pub(in crate::provider) effort: &'a str,
    pub(in crate::provider) budget: Option<u64>,
}

impl<'a> Wish<'a> {
    /// Reads `reasoning_effort`, and `reasoning: {effort, max_tokens, enabled}` as OpenRouter has it.
    pub(in crate::provider) fn of(request: &'a ChatRequest) -> Option<Self> {
        let object = request.get("reasoning");
        let budget = object.and_then(|r| r.get("max_tokens")).and_then(Value::as_u64);
        let disabled = object.and_then(|r| r.get("enabled")).is_some_and(|e| e == &Value::Bool(false));
        let word = request.get("reasoning_effort").or_else(|| object.and_then(|r| r.get("effort")));
        match word.and_then(Value::as_str) {
            _ if disabled => Some(Self { effort: "none", budget: None }),
            Some(effort) => Some(Self { effort, budget }),
            None if object.is_some() => Some(Self { effort: "medium", budget }),
            None => None,
        }
    }
}

/// The nearest level the model has, the lower one of two equally near; an unknown word counts as `medium`.
pub(in crate::provider) fn nearest<'a>(wish: &str, known: &[&'a str]) -> Option<&'a str> {
    let rank = |word: &str| LADDER.iter().position(|l| *l == word);
    if let Some(same) = known.iter().find(|k| **k == wish) {
        return Some(same);
    }
    let wished = rank(wish).or_else(|| rank("medium"))?;
    let distance = |word: &&str| rank(word).map_or(usize::MAX, |r| 2 * r.abs_diff(wished) + usize::from(r > wished));
    known.iter().copied().min_by_key(distance)
}
