//! OpenAI chat completions and everything compatible: vendors differ by their row of quirks, never by code of their own.

mod calls;
mod decode;
mod draft;
mod effort;
mod encode;
mod finish;
mod messages;
mod parameters;
mod reply;
mod stream;
#[cfg(test)]
mod tests;
pub(super) mod tool_ids;
mod usage;

use http::HeaderMap;

use super::{Encoded, Failure, Provider, StreamDecoder, Target, errors};
use crate::wire::{ChatRequest, ChatResponse};

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

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        errors::explain(status, headers, body)
    }
}
