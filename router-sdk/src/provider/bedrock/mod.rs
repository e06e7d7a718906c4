//! Amazon Bedrock Converse: OpenAI requests in, HTTP requests out; replies and frames of its streams in, the OpenAI shape out.

mod content;
mod decode;
mod encode;
mod exception;
mod format;
mod line;
mod messages;
mod reply;
mod settings;
mod stream;
#[cfg(test)]
pub(super) mod tests;
mod thinking;
mod tools;
mod usage;

use http::HeaderMap;

use super::{Encoded, Failure, Framing, MediaKind, Provider, StreamDecoder, Target, turns};
use crate::wire::{ChatRequest, ChatResponse};

/// The mark of this family's own entries in `reasoning_details` and `server_blocks`.
const FORMAT: &str = "bedrock";

/// The largest picture that Converse takes, in bytes.
const LARGEST_IMAGE: u64 = 3_750_000;
/// The largest document that Converse takes, in bytes.
const LARGEST_DOCUMENT: u64 = 4_500_000;

/// The Bedrock Converse family.
#[derive(Debug)]
pub(crate) struct Bedrock;

impl Provider for Bedrock {
    fn encode(&self, request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        encode::encode(request, target, stream)
    }

    fn decode(&self, target: &Target, body: &[u8]) -> Result<ChatResponse, Failure> {
        decode::decode(target, body)
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target))
    }

    fn framing(&self) -> Framing {
        Framing::AwsEventStream
    }

    fn media_limit(&self, kind: MediaKind, _target: &Target) -> Option<u64> {
        match kind {
            MediaKind::Image => Some(LARGEST_IMAGE),
            MediaKind::Document => Some(LARGEST_DOCUMENT),
            MediaKind::Audio | MediaKind::Video => None,
        }
    }

    fn explain_error(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        exception::explain(status, headers, body)
    }
}
