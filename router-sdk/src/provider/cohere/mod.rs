//! Cohere chat, version 2: OpenAI requests in, HTTP requests out; Cohere replies and events in, the OpenAI shape out.

mod decode;
mod encode;
mod messages;
mod reply;
mod sampling;
mod stream;
#[cfg(test)]
pub(super) mod tests;
mod thinking;
mod tools;
mod usage;

use http::HeaderMap;

use super::turns;
use super::{Encoded, Failure, MediaKind, Provider, StreamDecoder, Target, errors};
use crate::wire::{ChatRequest, ChatResponse};

/// The mark of this family's entries in `reasoning_details`.
const FORMAT: &str = "cohere";
/// The `id` of the entry that holds what the model said about the calls it was to make.
const TOOL_PLAN: &str = "tool_plan";

/// The Cohere family.
#[derive(Debug)]
pub(crate) struct Cohere;

impl Provider for Cohere {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(&target.model.id))
    }

    fn takes_url(&self, kind: MediaKind, _url: &str, target: &Target) -> bool {
        // Nothing is fetched that is refused all the same.
        kind != MediaKind::Image || target.deployment.quirks.image_urls
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
