//! Embeddings: how a call asks for them in, a vector an input in the form of that call out.

use crate::asked::Asked;
use crate::reply::Reply;
use crate::spelling::{add_all, pretty};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The inputs of a call for embeddings.
#[derive(Debug, Clone)]
pub(crate) struct Embeds {
    form: Form,
    /// Letters of each text, or ids of each list of tokens.
    lengths: Vec<usize>,
    base64: bool,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    OpenAi,
    Gemini,
    Cohere,
    Ollama,
}

impl Embeds {
    /// What a call asks for; nothing where it asks for something else.
    pub(crate) fn new(path: &str, body: &Value) -> Option<Self> {
        let (form, inputs) = if path.ends_with(":batchEmbedContents") {
            let texts = body["requests"].as_array().into_iter().flatten();
            (Form::Gemini, texts.map(|r| r["content"]["parts"][0]["text"].clone()).collect())
        } else if path.ends_with("/v2/embed") {
            (Form::Cohere, listed(&body["texts"]))
        } else if path.ends_with("/api/embed") {
            (Form::Ollama, listed(&body["input"]))
        } else if path.ends_with("/embeddings") {
            (Form::OpenAi, listed(&body["input"]))
        } else {
            return None;
        };
        let length = |input: &Value| input.as_array().map_or_else(|| letters(input), Vec::len);
        let lengths = inputs.iter().map(length).collect();
        Some(Self { form, lengths, base64: body["encoding_format"] == "base64" })
    }
}

fn letters(input: &Value) -> usize {
    input.as_str().unwrap_or_default().chars().count()
}

fn listed(input: &Value) -> Vec<Value> {
    match input {
        Value::Array(items) if !items.first().is_some_and(Value::is_number) => items.clone(),
        one => vec![one.clone()],
    }
}

/// The body of the reply: vectors of `length` numbers, the first of which is the length of the input.
pub(crate) fn whole(reply: &Reply, asked: &Asked, embeds: &Embeds, length: usize) -> String {
    let vector =
        |input: &usize| -> Vec<f32> { (0..length).map(|at| if at == 0 { *input as f32 } else { 1.0 }).collect() };
    let vectors: Vec<Vec<f32>> = embeds.lengths.iter().map(vector).collect();
    // Two tokens an input, unless the script says otherwise.
    let tokens = match reply.usage {
        Some(usage) => usage.map(|u| u.input),
        None => Some(2 * embeds.lengths.len() as u64),
    };
    let mut body = match embeds.form {
        Form::OpenAi => openai(&vectors, embeds.base64, asked, tokens),
        Form::Gemini => gemini(&vectors, tokens),
        Form::Cohere => cohere(&vectors, tokens),
        Form::Ollama => ollama(&vectors, asked, tokens),
    };
    add_all(&mut body, &reply.extra);
    pretty(&body) + "\n"
}

/// The last vector comes first: the index alone says which is which.
fn openai(vectors: &[Vec<f32>], base64: bool, asked: &Asked, tokens: Option<u64>) -> Value {
    let item = |(index, vector): (usize, &Vec<f32>)| {
        let bytes = || vector.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let embedding = if base64 { Value::from(STANDARD.encode(bytes())) } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    };
    let data: Vec<Value> = vectors.iter().enumerate().rev().map(item).collect();
    let mut body = json!({ "object": "list", "data": data, "model": asked.model });
    if let Some(tokens) = tokens {
        body["usage"] = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
    }
    body
}

fn gemini(vectors: &[Vec<f32>], tokens: Option<u64>) -> Value {
    let values: Vec<Value> = vectors.iter().map(|vector| json!({ "values": vector })).collect();
    let mut body = json!({ "embeddings": values });
    if let Some(tokens) = tokens {
        body["usageMetadata"] = json!({ "promptTokenCount": tokens });
    }
    body
}

fn cohere(vectors: &[Vec<f32>], tokens: Option<u64>) -> Value {
    let mut body = json!({
        "id": "e5b1c5d2-5c1b-4f0b-9b67-0d6a3f1c7a44",
        "embeddings": { "float": vectors },
        "texts": vec![""; vectors.len()],
        "response_type": "embeddings_by_type",
        "meta": { "api_version": { "version": "2" } },
    });
    if let Some(tokens) = tokens {
        body["meta"]["billed_units"] = json!({ "input_tokens": tokens });
    }
    body
}

fn ollama(vectors: &[Vec<f32>], asked: &Asked, tokens: Option<u64>) -> Value {
    let mut body = json!({ "model": asked.model, "embeddings": vectors, "total_duration": 14_000_000, "load_duration": 1_000_000 });
    if let Some(tokens) = tokens {
        body["prompt_eval_count"] = Value::from(tokens);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(path: &str, body: &Value) -> Value {
        let asked = Asked::new(None, path, "", body, 1);
        let embeds = asked.embeds.clone().unwrap();
        serde_json::from_str(&whole(&Reply::default(), &asked, &embeds, 2)).unwrap()
    }

    #[test]
    fn each_form_has_a_vector_an_input() {
        let openai = answer("/v1/embeddings", &json!({ "model": "m", "input": ["abc", "z"] }));
        assert_eq!(openai["data"][0], json!({ "object": "embedding", "index": 1, "embedding": [1.0, 1.0] }));
        assert_eq!(openai["usage"]["prompt_tokens"], 4);
        let base64 = answer("/v1/embeddings", &json!({ "model": "m", "input": [1, 2], "encoding_format": "base64" }));
        assert_eq!(base64["data"][0]["embedding"], "AAAAQAAAgD8=");
        let requests = json!({ "requests": [{ "content": { "parts": [{ "text": "abc" }] } }] });
        let gemini = answer("/v1beta/models/m:batchEmbedContents", &requests);
        assert_eq!(gemini["embeddings"][0]["values"], json!([3.0, 1.0]));
        let cohere = answer("/v2/embed", &json!({ "model": "m", "texts": ["abc"] }));
        assert_eq!(cohere["embeddings"]["float"], json!([[3.0, 1.0]]));
        let ollama = answer("/api/embed", &json!({ "model": "m", "input": "abc" }));
        assert_eq!(ollama["embeddings"], json!([[3.0, 1.0]]));
        assert!(Asked::new(None, "/v1/chat/completions", "", &json!({}), 1).embeds.is_none());
    }
}
