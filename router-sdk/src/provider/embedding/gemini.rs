//! Gemini's `batchEmbedContents`: a request an input, with the task in a field or, for newer models, in the text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{self, count};
use super::vector::{self, Vector};
use super::{Batch, Decoded, Embedder, Place};
use crate::catalog::InputType;
use crate::provider::{Encoded, Failure};
use crate::wire::{Object, Usage};

/// The language of Gemini.
pub(super) struct Gemini;

#[derive(Serialize)]
struct Call<'a> {
    requests: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    model: &'a str,
    content: Content,
    #[serde(rename = "taskType", skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    #[serde(rename = "outputDimensionality", skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Serialize)]
struct Content {
    parts: [Part; 1],
}

#[derive(Serialize)]
struct Part {
    text: String,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    embeddings: Option<Vec<Values>>,
    /// The reply to `embedContent`.
    #[serde(default)]
    embedding: Option<Values>,
    #[serde(default, rename = "usageMetadata")]
    usage: Option<Value>,
    #[serde(flatten)]
    rest: Object,
}

#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    values: Vector,
}

impl Embedder for Gemini {
    fn encode_embeddings(&self, batch: Batch<'_>, place: &Place) -> Result<Encoded, Failure> {
        let mut adapted = Vec::new();
        let texts = body::texts(batch, place)?;
        let provider = &place.target.deployment.provider;
        for name in
            batch.request.user().map(|_| "user").into_iter().chain(batch.request.extra().keys().map(String::as_str))
        {
            adapted.push(format!("{name} left out: {provider} does not take it"));
        }
        let id = place.target.model.id.as_str();
        let prefix = batch.request.input_type().filter(|_| told_in_text(id)).map(prefix);
        let task = match prefix {
            Some(_) => {
                adapted.push("input_type written before each text, as this model wants it".into());
                None
            }
            None => body::input_type(batch.request, place, &mut adapted),
        };
        let model = format!("models/{id}");
        let one = |text: &str| One {
            model: &model,
            content: Content {
                parts: [Part { text: prefix.map_or_else(|| text.to_owned(), |p| format!("{p}{text}")) }],
            },
            task,
            dimensions: batch.request.dimensions(),
        };
        let call = Call { requests: texts.into_iter().map(one).collect::<Vec<One<'_>>>() };
        let url = place.at(&place.target.deployment.base_url, &place.path);
        Ok(Encoded { http: place.post(url, Some("x-goog-api-key"), body::write(&call)), adapted })
    }

    fn decode_embeddings(&self, asked: usize, body: &[u8]) -> Result<Decoded, Failure> {
        let reply: Reply = vector::read(body)?;
        let usage = count(reply.usage.as_ref().and_then(|u| u.get("promptTokenCount")));
        let usage = usage.map(|input| Usage { input, ..Usage::default() });
        let vectors = reply.embeddings.or_else(|| reply.embedding.map(|one| vec![one]));
        vector::settled(vectors.map(|all| all.into_iter().map(|v| v.values).collect()), asked, usage, reply.rest)
    }
}

/// Models that take no `taskType`.
fn told_in_text(id: &str) -> bool {
    id.starts_with("gemini-embedding-2")
}

/// What Google asks callers to write before a text.
fn prefix(input_type: InputType) -> &'static str {
    match input_type {
        InputType::Query => "task: search result | query: ",
        InputType::Document => "title: none | text: ",
        InputType::Classification => "task: classification | query: ",
        InputType::Clustering => "task: clustering | query: ",
        InputType::Similarity => "task: sentence similarity | query: ",
    }
}
