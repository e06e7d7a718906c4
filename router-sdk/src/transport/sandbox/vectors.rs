//! What the sandbox answers to a request for embeddings: words in, unit vectors out, near each other for like texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::wire::estimate_tokens;

/// The length of vectors where neither the request nor the model says.
const LENGTH: u64 = 256;
/// Longer vectors are of no model.
const LONGEST: u64 = 16_384;
/// Places that one word moves: few enough that unlike texts stay far apart, enough that like ones meet.
const SPREAD: u64 = 24;

/// The reply to a request in OpenAI's shape.
pub(super) fn whole(body: &Value, model: &str, length: Option<u32>) -> Value {
    let asked = body.get("dimensions").and_then(Value::as_u64);
    let length = asked.or(length.map(u64::from)).unwrap_or(LENGTH).clamp(1, LONGEST);
    let base64 = body.get("encoding_format").is_some_and(|f| f == "base64");
    let (mut data, mut tokens) = (Vec::new(), 0);
    for (index, input) in inputs(body).into_iter().enumerate() {
        let (vector, count) = embed(input, length);
        tokens += count;
        let embedding = if base64 { encoded(&vector) } else { json!(vector) };
        data.push(json!({"object": "embedding", "index": index, "embedding": embedding}));
    }
    json!({
        "object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    })
}

/// True for a request for embeddings.
pub(super) fn asked_for(body: &Value) -> bool {
    body.get("input").is_some() && body.get("messages").is_none()
}

fn inputs(body: &Value) -> Vec<&Value> {
    match body.get("input") {
        Some(Value::Array(items)) if !items.first().is_some_and(Value::is_number) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// The sum of the directions of all words, of length 1; and how many tokens they are.
fn embed(input: &Value, length: u64) -> (Vec<f32>, u64) {
    let mut vector = vec![0.0f32; usize::try_from(length).unwrap_or(1)];
    let tokens = match input {
        Value::Array(ids) => {
            ids.iter().for_each(|id| add(&mut vector, &id.to_string()));
            ids.len() as u64
        }
        other => {
            let text = other.as_str().unwrap_or_default();
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.for_each(|word| add(&mut vector, &word.to_lowercase()));
            estimate_tokens(text)
        }
    };
    let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if norm > 0.0 {
        vector.iter_mut().for_each(|v| *v /= norm);
    } else if let Some(first) = vector.first_mut() {
        // A text without words, or one whose words cancel each other out.
        *first = 1.0;
    }
    (vector, tokens)
}

fn add(vector: &mut [f32], word: &str) {
    // FNV-1a, which stays the same in every version and on every machine.
    let mut state =
        word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    for _ in 0..SPREAD {
        // One step of SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        let at = usize::try_from((mixed >> 1) % vector.len().max(1) as u64).unwrap_or(0);
        if let Some(place) = vector.get_mut(at) {
            *place += if mixed & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
}

fn encoded(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector.iter().flat_map(|v| v.to_le_bytes()).collect();
    STANDARD.encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(text: &str) -> Vec<f32> {
        embed(&json!(text), 256).0
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn like_texts_are_near_and_unlike_ones_are_not() {
        let cat = vector("The cat sleeps on the warm sofa.");
        let near = vector("the cat sleeps on the sofa");
        let far = vector("Quarterly revenue rose by nine percent");
        assert!((cosine(&cat, &cat) - 1.0).abs() < 1e-5);
        assert!(cosine(&cat, &near) > 0.8, "{}", cosine(&cat, &near));
        assert!(cosine(&cat, &far) < 0.4, "{}", cosine(&cat, &far));
        assert_eq!(cat, vector("The cat sleeps on the warm sofa."));
    }

    #[test]
    fn lengths_ids_and_wordless_texts_are_answered() {
        let body = json!({"input": [[1, 2], [1, 2]], "dimensions": 8});
        let reply = whole(&body, "m", Some(1_536));
        assert_eq!(reply["data"][1]["embedding"].as_array().unwrap().len(), 8);
        assert_eq!(reply["data"][0]["embedding"], reply["data"][1]["embedding"]);
        assert_eq!(reply["usage"]["prompt_tokens"], 4);
        assert_eq!(whole(&json!({"input": "?"}), "m", Some(3))["data"][0]["embedding"], json!([1.0, 0.0, 0.0]));
        assert_eq!(whole(&json!({"input": [5]}), "m", Some(3))["data"].as_array().unwrap().len(), 1);
    }
}
