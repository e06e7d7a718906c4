//! Gemini generateContent: OpenAI requests in, HTTP requests out; Gemini replies and events in, the OpenAI shape out.

mod config;
mod contents;
mod decode;
mod encode;
mod fold;
mod generation;
mod grounding;
mod logprobs;
mod media;
mod partial;
mod reply;
mod schema;
mod stream;
#[cfg(test)]
pub(in crate::provider) mod tests;
mod thinking;
mod tools;
mod usage;
mod vertex;

use http::HeaderMap;

use super::turns;
use super::{Encoded, Failure, MediaKind, Provider, StreamDecoder, Target, errors};
use crate::wire::{ChatRequest, ChatResponse};

/// The marks of this family's entries in `reasoning_details`: ours, and OpenRouter's.
const FORMATS: [&str; 2] = ["gemini", "google-gemini-v1"];

/// The Gemini generateContent family.
#[derive(Debug)]
pub(crate) struct Gemini;

impl Provider for Gemini {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(&target.model.id))
    }

    fn takes_n(&self, target: &Target) -> bool {
        target.deployment.quirks.n && !target.model.parameters.refuses("n")
    }

    fn takes_url(&self, _kind: MediaKind, url: &str, _target: &Target) -> bool {
        media::own_file(url)
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
