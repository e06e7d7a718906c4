//! A candidate in; the request as it is sent to it out: media inlined, parameters under the caller's policy.

use tokio::time::Instant;

use crate::media::{Fetcher, Media};
use crate::provider::{Encoded, Failure, Target, policy};
use crate::wire::{ChatRequest, ParameterPolicy};

/// What is kept of one request between its candidates.
pub(super) struct Preparation<'a> {
    request: &'a ChatRequest,
    fetcher: &'a Fetcher,
    policy: ParameterPolicy,
    media: Media,
    deadline: Instant,
}

impl<'a> Preparation<'a> {
    /// `policy` is the configured one, which the request's own replaces.
    pub(super) fn new(
        request: &'a ChatRequest,
        fetcher: &'a Fetcher,
        policy: ParameterPolicy,
        deadline: Instant,
    ) -> Self {
        let policy = request.route().parameters.unwrap_or(policy);
        Self { request, fetcher, policy, media: Media::new(), deadline }
    }

    /// The request in the language of a target.
    pub(super) async fn encode(&mut self, target: &Target, stream: bool) -> Result<Encoded, Failure> {
        let (request, notes) = self.media.inlined(self.fetcher, self.request, target, self.deadline).await?;
        let mut encoded = policy::encode(&request, target, stream, self.policy)?;
        encoded.adapted.splice(0..0, notes);
        Ok(encoded)
    }
}
