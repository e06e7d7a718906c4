//! A candidate in; the request as it is sent to it out: media inlined, parameters under the caller's policy.

use std::borrow::Cow;

use tokio::time::Instant;

use super::fanout;
use crate::media::{Fetcher, Media};
use crate::provider::{Cause, Failure, HttpRequest, Target, policy};
use crate::wire::{ChatRequest, ParameterPolicy};

/// What is sent to a target, and how often.
pub(super) struct Ready {
    pub(super) http: HttpRequest,
    /// More than one where several choices need as many sends.
    pub(super) copies: u64,
    pub(super) adapted: Vec<String>,
    /// The form of the answer was asked for in another way than the provider's own.
    pub(super) in_words: bool,
}

/// What is kept of one request between its candidates.
pub(super) struct Preparation {
    policy: ParameterPolicy,
    media: Media,
    deadline: Instant,
}

impl Preparation {
    pub(super) fn new(policy: ParameterPolicy, deadline: Instant) -> Self {
        Self { policy, media: Media::new(), deadline }
    }

    /// The request in the language of a target.
    pub(super) async fn ready(
        &mut self,
        fetcher: &Fetcher,
        request: &ChatRequest,
        target: &Target,
        stream: bool,
    ) -> Result<Ready, Failure> {
        let copies = copies(request, target)?;
        let (request, notes) = self.media.inlined(fetcher, request, target, self.deadline).await?;
        let request = if copies > 1 { Cow::Owned(request.without("n")) } else { request };
        let encoded = policy::encode(&request, target, stream, self.policy)?;
        let in_words = policy::form_is_emulated(&encoded.adapted);
        let mut adapted = notes;
        adapted.extend(encoded.adapted);
        if copies > 1 {
            adapted.push(format!("n: {copies} requests for one choice each, the provider gives no more"));
        }
        Ok(Ready { http: encoded.http, copies, adapted, in_words })
    }
}

/// How many sends the choices asked for need.
fn copies(request: &ChatRequest, target: &Target) -> Result<u64, Failure> {
    let choices = request.choices();
    if choices == 1 || target.takes_n() {
        return Ok(1);
    }
    if choices > fanout::MOST {
        let (provider, most) = (&target.deployment.provider, fanout::MOST);
        let why = format!("n: {provider} gives one choice a request, and at most {most} requests are sent for one");
        return Err(Failure::new(Cause::Unsupported, why).with_param("n"));
    }
    Ok(choices)
}
