//! Ollama's own chat: OpenAI requests in, HTTP requests out; Ollama replies and lines in, the OpenAI shape out.

mod address;
mod decode;
mod encode;
mod fold;
mod messages;
mod options;
mod stream;
#[cfg(test)]
pub(super) mod tests;
mod thinking;
mod tools;
mod window;

use http::HeaderMap;

use super::turns;
use super::{Encoded, Failure, Framing, MediaKind, Provider, StreamDecoder, Target, errors};
use crate::wire::{ChatRequest, ChatResponse};

/// The Ollama family.
#[derive(Debug)]
pub(crate) struct Ollama;

impl Provider for Ollama {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(&target.model.id))
    }

    fn framing(&self) -> Framing {
        Framing::Ndjson
    }

    fn takes_url(&self, kind: MediaKind, _url: &str, _target: &Target) -> bool {
        // Nothing is fetched that is refused all the same.
        kind != MediaKind::Image
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
