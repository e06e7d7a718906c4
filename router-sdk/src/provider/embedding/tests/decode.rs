//! Replies in, vectors and counts or failures out.

#![allow(clippy::unwrap_used)] // A test may.

use serde_json::{Value, json};

use crate::catalog::EmbeddingKind;
use crate::provider::embedding::{Decoded, embedder};
use crate::provider::{Cause, Failure};
use crate::wire::Usage;

fn read(kind: EmbeddingKind, count: usize, body: &Value) -> Result<Decoded, Failure> {
    embedder(kind).decode_embeddings(count, body.to_string().as_bytes())
}

fn openai(count: usize, body: &Value) -> Result<Decoded, Failure> {
    read(EmbeddingKind::OpenAi, count, body)
}

#[test]
fn lists_and_base64_are_read_and_put_in_order() {
    let reply = json!({
        "object": "list", "model": "m-v2", "surprise": {"a": [1]},
        "data": [
            {"object": "embedding", "index": 1, "embedding": "AACAPwAAIMA="},
            {"object": "embedding", "index": 0, "embedding": [0.5, -1]},
        ],
        "usage": {"prompt_tokens": 7, "total_tokens": 7, "completion_tokens": null},
    });
    let decoded = openai(2, &reply).unwrap();
    assert_eq!(decoded.vectors, [[0.5, -1.0], [1.0, -2.5]]);
    assert_eq!(decoded.usage, Some(Usage { input: 7, ..Usage::default() }));
}

#[test]
fn odd_optional_fields_never_fail_a_reply() {
    for (index, usage) in [
        (Value::Null, json!(null)),
        (json!("0"), json!("none")),
        (json!(0.0), json!({"total_tokens": 4})),
        (json!(-3), json!({"prompt_tokens": 4.0, "details": []})),
    ] {
        let reply = json!({"data": [{"index": index, "embedding": [1]}], "usage": usage, "object": 5, "id": null});
        let decoded = openai(1, &reply).unwrap();
        assert!(decoded.usage.is_none_or(|u| u.input == 4), "{reply}");
    }
    // Items with the same index stay as they came.
    let twins = json!({"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}]});
    assert_eq!(openai(2, &twins).unwrap().vectors, [[1.0], [2.0]]);
}

#[test]
fn a_stated_cost_is_kept_unless_it_is_a_fee_alone() {
    let reply = |usage: Value| json!({"data": [{"embedding": [1]}], "usage": usage});
    let stated = |usage| openai(1, &reply(usage)).unwrap().usage.unwrap().reported_cost_nanos;
    assert_eq!(stated(json!({"prompt_tokens": 9, "cost": 1.8e-7})), Some(180));
    assert_eq!(stated(json!({"prompt_tokens": 9, "cost": 1.8e-7, "is_byok": true})), None);
    assert_eq!(stated(json!({"prompt_tokens": 9})), None);
}

#[test]
fn replies_that_are_none_are_told_apart() {
    let cause =
        |count, text: &str| embedder(EmbeddingKind::OpenAi).decode_embeddings(count, text.as_bytes()).unwrap_err();
    for (count, text, wanted) in [
        (1, "", Cause::Malformed),
        (1, "[]", Cause::Malformed),
        (1, "<html><body>502 Bad Gateway</body></html>", Cause::Malformed),
        (1, r#"{"data":[{"embedding":[0.1,"#, Cause::Truncated),
        (1, r#"{"data":[{"embedding":[0.1,null]}]}"#, Cause::Malformed),
        (1, r#"{"data":[{"embedding":[1e300]}]}"#, Cause::Malformed),
        (1, r#"{"data":[{"embedding":"not base64"}]}"#, Cause::Malformed),
        (1, r#"{"data":[{"embedding":[]}]}"#, Cause::Malformed),
        (1, r#"{"data":[]}"#, Cause::Empty),
        (1, r#"{"object":"list"}"#, Cause::Empty),
        (2, r#"{"data":[{"embedding":[1]}]}"#, Cause::Malformed),
        (2, r#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#, Cause::Malformed),
        (1, r#"{"error":{"message":"Rate limit reached","type":"rate_limit_error","code":429}}"#, Cause::RateLimited),
    ] {
        assert_eq!(cause(count, text).cause, wanted, "{text}");
    }
}

#[test]
fn the_native_languages_are_read() {
    let gemini = json!({"embeddings": [{"values": [1]}, {"values": [2]}], "usageMetadata": {"promptTokenCount": 7}});
    let decoded = read(EmbeddingKind::Gemini, 2, &gemini).unwrap();
    assert_eq!((decoded.vectors, decoded.usage.unwrap().input), (vec![vec![1.0], vec![2.0]], 7));
    let single = json!({"embedding": {"values": [1, 2]}});
    let decoded = read(EmbeddingKind::Gemini, 1, &single).unwrap();
    assert_eq!((decoded.vectors, decoded.usage), (vec![vec![1.0, 2.0]], None));

    let cohere = json!({
        "id": "x", "texts": ["a"], "response_type": "embeddings_by_type",
        "embeddings": {"int8": [[1]], "float": [[0.5]], "binary": null},
        "meta": {"billed_units": {"input_tokens": 4, "image_tokens": 0}},
    });
    let decoded = read(EmbeddingKind::Cohere, 1, &cohere).unwrap();
    assert_eq!((decoded.vectors, decoded.usage.unwrap().input), (vec![vec![0.5]], 4));
    let older = json!({"embeddings": [[0.5]], "meta": null});
    assert_eq!(read(EmbeddingKind::Cohere, 1, &older).unwrap().vectors, [[0.5]]);

    let ollama = json!({"model": "m", "embeddings": [[0.5]], "total_duration": 5, "prompt_eval_count": 3});
    let decoded = read(EmbeddingKind::Ollama, 1, &ollama).unwrap();
    assert_eq!((decoded.vectors, decoded.usage.unwrap().input), (vec![vec![0.5]], 3));
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    let seeds = [
        r#"{"data":[{"index":0,"embedding":[0.1,2]}],"usage":{"prompt_tokens":1}}"#,
        r#"{"embeddings":{"float":[[0.1]]},"meta":{"billed_units":{"input_tokens":1}}}"#,
        r#"{"embeddings":[{"values":[0.1]}]}"#,
    ];
    let mut state = 7u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..6_000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, b"[]{}\",:0e-n"[next(11)]),
            }
        }
        for kind in [EmbeddingKind::OpenAi, EmbeddingKind::Gemini, EmbeddingKind::Cohere, EmbeddingKind::Ollama] {
            if let Ok(decoded) = embedder(kind).decode_embeddings(1, &bytes) {
                assert_eq!(decoded.vectors.len(), 1);
            }
        }
    }
}
