//! OpenAI Responses: OpenAI chat requests in, HTTP requests out; Responses replies and events in, the chat shape out.

mod annotation;
mod decode;
mod encode;
mod fold;
mod input;
mod item;
mod kept;
mod parameters;
mod reasoning;
mod reply;
mod stream;
#[cfg(test)]
pub(super) mod tests;
mod tools;

use http::HeaderMap;

use super::{Encoded, Failure, MediaKind, Provider, StreamDecoder, Target, errors, turns};
use crate::wire::{ChatRequest, ChatResponse};

/// The mark of this family's entries in `reasoning_details` and `server_blocks`.
const FORMAT: &str = "openai-responses";

/// The family of OpenAI Responses.
#[derive(Debug)]
pub(crate) struct Responses;

impl Provider for Responses {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target))
    }

    fn takes_url(&self, kind: MediaKind, _url: &str, target: &Target) -> bool {
        match kind {
            MediaKind::Image => target.deployment.quirks.image_urls,
            MediaKind::Document => true,
            MediaKind::Audio => false,
            // Nothing is fetched that is refused all the same.
            MediaKind::Video => true,
        }
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
