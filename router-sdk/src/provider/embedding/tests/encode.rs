//! Requests in, each vendor's words out.

#![allow(clippy::unwrap_used)] // A test may.

use serde_json::json;

use super::{body, encode, place, vendor};
use crate::catalog::EmbeddingRules;
use crate::provider::Cause;
use crate::provider::embedding::{Batch, embedder};
use crate::wire::EmbeddingRequest;

#[test]
fn openai_is_asked_for_base64_whatever_the_caller_wants() {
    let place = vendor("openai", "text-embedding-3-small");
    let sent =
        encode(json!({"model": "x", "input": "a", "dimensions": 8, "user": "u", "encoding_format": "float"}), &place);
    assert_eq!(sent.http.url, "https://api.openai.com/v1/embeddings");
    assert_eq!(sent.http.headers["authorization"], "Bearer test-key-0123456789");
    let wanted = json!({"model": "text-embedding-3-small", "input": "a", "dimensions": 8, "user": "u", "encoding_format": "base64"});
    assert_eq!(body(&sent), wanted);
    assert!(sent.adapted.is_empty());
    let lists = encode(json!({"model": "x", "input": [[1, 2], [3]], "route": {"order": ["a"]}}), &place);
    assert_eq!(body(&lists)["input"], json!([[1, 2], [3]]));
    assert!(body(&lists).get("route").is_none());
}

#[test]
fn what_openai_cannot_be_told_is_said() {
    let sent = encode(json!({"model": "x", "input": ["a"], "input_type": "query"}), &vendor("openai", "m"));
    assert!(body(&sent).get("input_type").is_none());
    assert_eq!(sent.adapted, ["input_type left out: p has none for query"]);
}

#[test]
fn a_server_of_which_nothing_is_known_gets_no_base64() {
    let rules = EmbeddingRules { base64: false, ..EmbeddingRules::default() };
    let sent =
        encode(json!({"model": "x", "input": ["a"], "own": 1}), &place(rules, "http://h/v1", "/embeddings", "m"));
    assert_eq!(body(&sent), json!({"model": "m", "input": ["a"], "own": 1}));
}

#[test]
fn the_address_stands_beside_that_of_chat() {
    let mut place = vendor("openai", "m");
    let chat = |path: &str, place: &mut crate::provider::embedding::Place| {
        let deployment = std::sync::Arc::get_mut(&mut place.target.deployment).unwrap();
        deployment.base_url = "https://r.example".into();
        deployment.chat_path = path.into();
        encode(json!({"model": "x", "input": "a"}), place).http.url
    };
    let azure = chat("/openai/deployments/{model}/chat/completions?api-version=2024-10-21", &mut place);
    assert_eq!(azure, "https://r.example/openai/deployments/m/embeddings?api-version=2024-10-21");
    assert_eq!(chat("/openai/v1/chat/completions", &mut place), "https://r.example/openai/v1/embeddings");
    assert_eq!(chat("/own", &mut place), "https://r.example/embeddings");
}

#[test]
fn mistral_and_voyage_name_the_length_in_their_way() {
    let asked = json!({"model": "x", "input": ["a"], "dimensions": 64, "user": "u", "input_type": "document"});
    let mistral = encode(asked.clone(), &vendor("mistral", "codestral-embed"));
    assert_eq!(body(&mistral), json!({"model": "codestral-embed", "input": ["a"], "output_dimension": 64}));
    assert_eq!(mistral.adapted, ["user left out: p does not take it", "input_type left out: p has none for document"]);
    let voyage = encode(asked, &vendor("voyage", "voyage-4"));
    let wanted = json!({"model": "voyage-4", "input": ["a"], "output_dimension": 64, "input_type": "document", "encoding_format": "base64"});
    assert_eq!(body(&voyage), wanted);
    let nvidia = encode(json!({"model": "x", "input": ["a"], "input_type": "document"}), &vendor("nvidia", "e5"));
    assert_eq!(body(&nvidia)["input_type"], "passage");
}

#[test]
fn cohere_always_hears_what_the_texts_are_for() {
    let place = vendor("cohere", "embed-v4.0");
    let sent = encode(json!({"model": "x", "input": "a", "truncate": "NONE", "dimensions": 256}), &place);
    assert_eq!(sent.http.url, "https://api.cohere.com/v2/embed");
    let wanted = json!({
        "model": "embed-v4.0", "texts": ["a"], "input_type": "search_document", "embedding_types": ["float"],
        "output_dimension": 256, "truncate": "NONE",
    });
    assert_eq!(body(&sent), wanted);
    assert_eq!(sent.adapted, ["input_type set to search_document: p wants to know and none was given"]);
    let query = encode(json!({"model": "x", "input": ["a"], "input_type": "search_query"}), &place);
    assert_eq!(body(&query)["input_type"], "search_query");
    assert!(query.adapted.is_empty());
    let near = encode(json!({"model": "x", "input": ["a"], "input_type": "similarity"}), &place);
    assert_eq!(near.adapted, ["input_type similarity replaced by search_document: p has no such type"]);
}

#[test]
fn gemini_gets_a_request_an_input() {
    let place = vendor("gemini", "gemini-embedding-001");
    let asked =
        json!({"model": "x", "input": ["a", "b"], "dimensions": 768, "input_type": "query", "user": "u", "own": 1});
    let sent = encode(asked, &place);
    let url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents";
    assert_eq!(sent.http.url, url);
    assert_eq!(sent.http.headers["x-goog-api-key"], "test-key-0123456789");
    let one = |text: &str| {
        json!({
            "model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
            "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 768,
        })
    };
    assert_eq!(body(&sent), json!({"requests": [one("a"), one("b")]}));
    assert_eq!(sent.adapted, ["user left out: p does not take it", "own left out: p does not take it"]);
}

#[test]
fn newer_gemini_models_read_the_task_in_the_text() {
    let place = vendor("gemini", "gemini-embedding-2");
    let sent = encode(json!({"model": "x", "input": "a", "input_type": "query"}), &place);
    let request = &body(&sent)["requests"][0];
    assert_eq!(request["content"]["parts"][0]["text"], "task: search result | query: a");
    assert!(request.get("taskType").is_none());
    assert_eq!(sent.adapted, ["input_type written before each text, as this model wants it"]);
    let plain = encode(json!({"model": "x", "input": "a"}), &place);
    assert_eq!(body(&plain)["requests"][0]["content"]["parts"][0]["text"], "a");
}

#[test]
fn ollama_is_asked_in_its_own_words_below_the_root() {
    let place = vendor("ollama", "nomic-embed-text");
    let sent = encode(json!({"model": "x", "input": ["a"], "dimensions": 64, "keep_alive": "5m"}), &place);
    assert_eq!(sent.http.url, "http://localhost:11434/api/embed");
    assert_eq!(body(&sent), json!({"model": "nomic-embed-text", "input": ["a"], "dimensions": 64, "keep_alive": "5m"}));
}

#[test]
fn token_ids_are_refused_where_only_text_is_read() {
    let request = EmbeddingRequest::from_value(json!({"model": "x", "input": [1, 2]})).unwrap();
    for name in ["mistral", "cohere", "gemini", "ollama", "voyage"] {
        let place = vendor(name, "m");
        let batch = Batch { request: &request, input: request.input() };
        let failure = embedder(place.rules.kind).encode_embeddings(batch, &place).unwrap_err();
        assert_eq!(failure.cause, Cause::Unsupported, "{name}");
        assert!(failure.message.starts_with("input: "), "{}", failure.message);
    }
}
