//! Many inputs and the limits of one call in, batches out. Pure.

use std::ops::Range;

use crate::catalog::EmbeddingRules;
use crate::transport::MAX_BODY;
use crate::wire::EmbeddingInput;

/// Bytes of a number in a list, separators included: signs, digits and the indentation that some servers add.
const BYTES_PER_NUMBER: usize = 28;
/// The length assumed of vectors when nobody says.
const USUAL_LENGTH: usize = 4_096;

/// Cuts inputs into runs that one call takes, in their order. An input that is too large alone goes alone, for the
/// provider to judge.
pub(super) fn split(inputs: &[EmbeddingInput], rules: &EmbeddingRules, length: Option<u32>) -> Vec<Range<usize>> {
    let most = rules.max_inputs.min(readable(rules, length)).max(1);
    let (mut out, mut start, mut tokens) = (Vec::new(), 0, 0u64);
    for (at, input) in inputs.iter().enumerate() {
        let weight = weight(input);
        let over = rules.max_tokens.is_some_and(|limit| tokens.saturating_add(weight) > limit);
        if at > start && (over || at - start >= most) {
            out.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens = tokens.saturating_add(weight);
    }
    out.push(start..inputs.len());
    out
}

/// Tokens that an input may have at most: estimates are taken a third larger, and no text has more tokens than bytes.
fn weight(input: &EmbeddingInput) -> u64 {
    match input {
        EmbeddingInput::Text(text) => input.tokens().saturating_mul(4).div_ceil(3).min(text.len() as u64).max(1),
        EmbeddingInput::Tokens(ids) => ids.len() as u64,
    }
}

/// Vectors that a reply can hold and still be read.
fn readable(rules: &EmbeddingRules, length: Option<u32>) -> usize {
    let length = length.map_or(USUAL_LENGTH, |l| usize::try_from(l).unwrap_or(USUAL_LENGTH)).max(1);
    let bytes = if rules.base64 { length.saturating_mul(16) / 3 } else { length.saturating_mul(BYTES_PER_NUMBER) };
    MAX_BODY / (bytes + 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize, text: &str) -> Vec<EmbeddingInput> {
        vec![EmbeddingInput::Text(text.into()); count]
    }

    #[test]
    fn the_limit_of_inputs_cuts_and_the_rest_comes_last() {
        let rules = EmbeddingRules { max_inputs: 96, ..EmbeddingRules::default() };
        assert_eq!(split(&texts(200, "a word"), &rules, Some(8)), [0..96, 96..192, 192..200]);
        assert_eq!(split(&texts(96, "a word"), &rules, Some(8)).len(), 1);
        assert_eq!(split(&texts(1, "a word"), &rules, Some(8)).len(), 1);
    }

    #[test]
    fn the_limit_of_tokens_cuts_too() {
        let rules = EmbeddingRules { max_tokens: Some(10), ..EmbeddingRules::default() };
        let ids = |count: usize| EmbeddingInput::Tokens(vec![1; count]);
        let inputs = [ids(4), ids(6), ids(1), ids(30), ids(2)];
        assert_eq!(split(&inputs, &rules, Some(8)), [0..2, 2..3, 3..4, 4..5]);
    }

    #[test]
    fn estimates_leave_room_for_denser_tokenizers() {
        let text = "The quick brown fox jumps over the lazy dog near the river bank today.";
        let estimated = EmbeddingInput::Text(text.into()).tokens();
        let rules = EmbeddingRules { max_tokens: Some(estimated * 4), ..EmbeddingRules::default() };
        assert_eq!(split(&texts(4, text), &rules, Some(8)).len(), 2);
        assert_eq!(weight(&EmbeddingInput::Text("é".into())), 2);
    }

    #[test]
    fn replies_stay_readable() {
        let lists = EmbeddingRules { base64: false, ..EmbeddingRules::default() };
        // 2,048 vectors of 3,072 written numbers are more than a reply may have; as base64 they are not.
        assert!(split(&texts(2_048, "a"), &lists, Some(3_072)).len() > 2);
        assert_eq!(split(&texts(2_048, "a"), &EmbeddingRules::default(), Some(3_072)).len(), 1);
    }
}
