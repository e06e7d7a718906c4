//! Anthropic Messages: OpenAI requests in, HTTP requests out; Anthropic replies and events in, the OpenAI shape out.

mod annotation;
mod decode;
mod encode;
pub(super) mod limits;
mod markers;
mod messages;
pub(super) mod output;
mod reply;
mod schema;
mod stream;
#[cfg(test)]
pub(in crate::provider) mod tests;
pub(super) mod thinking;
pub(super) mod tools;
mod usage;
mod vertex;

use http::HeaderMap;

use super::{Encoded, Failure, MediaKind, Provider, StreamDecoder, Target, errors, turns};
use crate::wire::{ChatRequest, ChatResponse};

/// The marks of this family's entries in `reasoning_details`: ours, and OpenRouter's.
pub(super) const FORMATS: [&str; 2] = ["anthropic", "anthropic-claude-v1"];

/// The tool that stands in for a JSON schema on models that take none. Its input is the answer.
pub(super) const ANSWER_TOOL: &str = "final_json_answer__";

/// The Anthropic Messages family.
#[derive(Debug)]
pub(crate) struct Anthropic;

impl Provider for Anthropic {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(&target.model.id))
    }

    fn takes_url(&self, kind: MediaKind, url: &str, target: &Target) -> bool {
        match kind {
            MediaKind::Image | MediaKind::Document => {
                let fetches = target.deployment.quirks.image_urls && !target.on_vertex();
                fetches && url.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://"))
            }
            // Nothing is fetched that is refused all the same.
            MediaKind::Audio | MediaKind::Video => true,
        }
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
