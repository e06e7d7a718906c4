//! OpenAI chat completions and everything compatible: vendors differ by their row of quirks, never by code of their own.

mod calls;
mod closed;
mod decode;
mod draft;
mod effort;
mod encode;
mod finish;
mod markers;
mod media;
mod messages;
mod parameters;
mod reply;
mod stream;
#[cfg(test)]
pub(in crate::provider) mod tests;
pub(super) mod tool_ids;
mod tool_turns;
mod usage;

use http::HeaderMap;

use super::{Encoded, Failure, MediaKind, Provider, StreamDecoder, Target, errors};
use crate::catalog::Quirks;
use crate::wire::{ChatRequest, ChatResponse, Object, Usage};

/// Takes the usage out of a body that counts as OpenAI does, with the vendor's departures.
pub(in crate::provider) fn usage_of(body: &mut Object, quirks: &Quirks) -> Option<(Usage, Object)> {
    usage::take(body, usage::Inclusion::of(quirks))
}

/// The family of OpenAI chat completions.
pub(crate) struct OpenAi;

impl Provider for OpenAi {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target))
    }

    fn takes_n(&self, target: &Target) -> bool {
        target.deployment.quirks.n && !target.model.parameters.refuses("n")
    }

    fn takes_url(&self, kind: MediaKind, _url: &str, target: &Target) -> bool {
        let quirks = &target.deployment.quirks;
        match kind {
            MediaKind::Image => quirks.image_urls,
            MediaKind::Document => quirks.file_urls,
            MediaKind::Video => true,
            MediaKind::Audio => false,
        }
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
