//! Sends on behalf of a request that no caller waits for: probes of targets that kept silent, and copies to a shadow.
//! Each has books of its own, charged to the same caller.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Limit, Manner};
use super::journey::Answer;
use super::prepare::Preparation;
use super::send::Send;
use super::sender::Sender;
use super::{Seat, verdict};
use crate::account::{Books, Line};
use crate::provider::{Cause, Failure, Target};
use crate::wire::{ChatRequest, ChatResponse};

/// Asks a target that kept silent, up to its first output and no further: whatever it says, it is back.
pub(super) fn probe(sender: Arc<Sender>, mut seat: Seat, target: Target, request: Arc<ChatRequest>, books: &Books) {
    let (Some(mut books), Ok(runtime)) = (books.aside("probe"), tokio::runtime::Handle::try_current()) else { return };
    let limit = sender.settings.timeouts.first_token(target.model.reasons(), 0);
    runtime.spawn(async move {
        let Ok((send, line)) = ready(&sender, &target, &request, true, limit, &mut books).await else { return };
        match send.go().await {
            Ok(_) => {
                seat.success(line.sent(), line.seconds_to_first());
                books.answer(&line, None, "");
                books.close(None);
            }
            Err(failure) => {
                let failure = failure.without(&target.deployment);
                let signal = verdict::signal(&failure, &sender.settings.breaker);
                seat.failed(failure.cause, signal, Instant::now());
                books.failed(&line, &failure, "stop", "it was a probe");
                books.close(Some(verdict::error_kind(&failure)));
            }
        }
    });
}

/// Asks for a whole reply on behalf of a request: a copy for a shadow, a question to a judge. It is a request of its own to
/// health and limits: a target that rests is not asked.
pub(crate) async fn ask(
    sender: &Arc<Sender>,
    target: &Target,
    request: &ChatRequest,
    tokens: u64,
    limit_ms: u64,
    what: &'static str,
    books: &mut Books,
) -> Option<Result<ChatResponse, Failure>> {
    let mut seat = sender.health.claim(target, tokens, Instant::now()).ok()?;
    let (send, line) = match ready(sender, target, request, false, limit_ms, books).await {
        Ok(ready) => ready,
        Err(failure) => return Some(Err(failure)),
    };
    Some(match send.go().await {
        Ok(Answer::Whole(response, _)) => {
            seat.success(line.sent(), line.seconds_to_first());
            books.answer(&line, response.usage, response.text());
            Ok(*response)
        }
        // A whole reply was asked for.
        Ok(Answer::Stream(..)) => Err(Failure::malformed("a stream came where a whole reply was asked for")),
        Err(failure) => {
            let failure = failure.without(&target.deployment);
            seat.failed(failure.cause, verdict::signal(&failure, &sender.settings.breaker), Instant::now());
            books.failed(&line, &failure, "stop", what);
            Err(failure)
        }
    })
}

/// A send beside a request's own.
pub(super) async fn ready(
    sender: &Arc<Sender>,
    target: &Target,
    request: &ChatRequest,
    stream: bool,
    limit_ms: u64,
    books: &mut Books,
) -> Result<(Send, Line), Failure> {
    let total = Instant::now() + Duration::from_millis(sender.settings.timeouts.total_ms);
    let policy = request.route().parameters.unwrap_or(sender.settings.parameters);
    // Nobody waits for it, so it may not take the room of those who are waited for.
    let held = books.hold(target, request, None, false, false).await;
    let limit = held.map_err(|refused| Failure::new(Cause::RateLimited, refused.message().to_owned()))?;
    let cut = limit.map(|(most, _)| request.limited_to(most));
    let request = cut.as_ref().unwrap_or(request);
    let ready = Preparation::new(policy, total).ready(&sender.media, request, target, stream).await?;
    let line = books.begin(target, ready.copies);
    let limit = Limit { at: Instant::now() + Duration::from_millis(limit_ms), cause: Cause::FirstTokenTimeout };
    let manner = Manner { limit, skip_malformed: true, may_be_empty: true };
    let send = Send::new(Arc::clone(sender), target.clone(), ready, stream, manner, line.clone());
    Ok((send, line))
}
