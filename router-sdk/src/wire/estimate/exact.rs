//! A text in, its real count by one of OpenAI's tokenizers out. Only with the feature `exact-tokens`.

use super::Tokenizer;

/// Beyond this a count takes longer than a request should wait.
const MOST: usize = 1_000_000;

/// The count, where the tokenizer is built in. Marks of control tokens in the text count as the text that they are.
pub(super) fn count(tokenizer: Tokenizer, text: &str) -> Option<u64> {
    if text.len() > MOST {
        return None;
    }
    let bpe = match tokenizer {
        Tokenizer::O200k => tiktoken_rs::o200k_base_singleton(),
        Tokenizer::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        _ => return None,
    };
    Some(bpe.encode_ordinary(text).len() as u64)
}
