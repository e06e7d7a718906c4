//! The cache's part in the walk: a request in; a kept answer as a reply with its ledger entry, or what to remember, out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::embed::{embed_aside, options_aside};
use super::{Moment, Reply, Shared, deadline, wants_usage_chunk};
use crate::account::Entry;
use crate::admit::{Admission, Caller, Ticket};
use crate::cache::{Asking, Kept, Recalled, stream_of};
use crate::error::{Error, ErrorKind};
use crate::hooks::{self, Answered, Asked};
use crate::session::Thread;
use crate::store::Amounts;
use crate::stream::ChatStream;
use crate::telemetry::Facts;
use crate::wire::{Cached, ChatRequest, EmbeddingRequest, EmbeddingResponse, RouteInfo, Strategy};

/// Looks for a kept answer to a chat request.
pub(super) async fn chat(
    shared: &Shared,
    admission: &Admission,
    request: &ChatRequest,
    stream: bool,
    moment: Moment,
) -> Recalled {
    let deadline = moment.started + deadline(shared, request);
    let caller = admission.caller.id();
    let asking = Asking { setup: &shared.setup, caller, stream, deadline, at_ms: moment.at_ms };
    let embed =
        |text: String| -> BoxFuture<'_, Option<Vec<f32>>> { Box::pin(vector(shared, admission, request, text)) };
    shared.cache.recall(asking, request, &embed).await
}

/// The vector of an ask, made by the configured model under the caller's own options and in books of its own.
async fn vector(shared: &Shared, admission: &Admission, request: &ChatRequest, text: String) -> Option<Vec<f32>> {
    let settings = shared.setup.config.cache.semantic.as_ref()?;
    let route = options_aside(request.route(), settings.timeout_ms);
    let wanted = EmbeddingRequest::new(settings.model()?, [text]).ok()?.with_route(route);
    let own_ticket = admission.ticket.as_ref().map(|ticket| ticket.aside());
    let reply = embed_aside(shared, wanted, admission.caller.clone(), own_ticket, "cache").await.ok()?;
    reply.vectors.into_iter().next()
}

/// Looks for kept vectors.
pub(super) async fn vectors(shared: &Shared, caller: &Caller, request: &EmbeddingRequest, moment: Moment) -> Recalled {
    let total = shared.setup.config.timeouts.total_ms;
    let total = Duration::from_millis(request.route().deadline_ms.map_or(total, |own| own.min(total)));
    let deadline = moment.started + total;
    let asking = Asking { setup: &shared.setup, caller: caller.id(), stream: false, deadline, at_ms: moment.at_ms };
    shared.cache.recall_vectors(asking, request).await
}

/// A kept answer as the reply, in the form asked for, after the hooks have seen it.
///
/// # Errors
/// A hook's refusal.
pub(super) async fn answered(
    shared: &Shared,
    request: &ChatRequest,
    admission: &Admission,
    after: &Asked,
    stream: bool,
    moment: Moment,
    (kept, cached): (&Kept, Cached),
) -> Result<Reply, Error> {
    let mut reply = kept.chat().ok_or_else(unreadable)?;
    let options = request.route();
    let named = request.model().strip_prefix("auto:").and_then(Strategy::parse);
    let strategy = options.strategy.or(named);
    let mut route = kept.onto(opened(shared, request.model(), strategy, moment), cached, now_ms());
    route.limits = admission.ticket.as_ref().and_then(|ticket| ticket.allowances());
    settle(admission.ticket.as_ref());
    let mut tags = options.tags.clone();
    let asked = Answered { caller: admission.caller.id(), tags: &tags, stream, route: &route };
    let judged = hooks::after(after, asked, &mut reply.body).await;
    route.latency_ms = moment.started.elapsed().as_secs_f64() * 1e3;
    route.first_token_ms = stream.then_some(route.latency_ms);
    let mut content = shared.ledger.content_of(request);
    if let Some(content) = &mut content {
        content.said(reply.text());
    }
    let error = match judged {
        Ok(added) => {
            tags.extend(added);
            None
        }
        Err(error) => Some(error.with_route_id(&route.request_id)),
    };
    let route = Arc::new(route);
    let facts = Facts::of_chat(request, shared.told());
    let entry = Entry {
        at_ms: moment.at_ms,
        caller: admission.caller.clone(),
        tags,
        session: options.session.clone(),
        content,
        stream,
        purpose: "request",
        route: Arc::clone(&route),
        error: error.as_ref().map(Error::kind),
        facts,
    };
    shared.ledger.record(entry);
    if let Some(error) = error {
        return Err(error);
    }
    reply.route = Arc::clone(&route);
    if !stream {
        return Ok(Reply::Whole(Box::new(reply)));
    }
    let head = RouteInfo::clone(&route);
    let chunks = stream_of(reply, route, wants_usage_chunk(request));
    Ok(Reply::Stream(ChatStream::new(head, Box::pin(futures_util::stream::iter(chunks.into_iter().map(Ok))))))
}

/// A conversation goes on from an answer that was kept, too.
pub(super) fn carried(shared: &Shared, thread: Option<&Thread>, kept: &Kept) {
    let Some(thread) = thread.filter(|thread| shared.sessions.here(thread).is_some()) else { return };
    if let Some(reply) = kept.chat() {
        shared.sessions.carried(thread, &reply.body);
    }
}

/// Kept vectors as the reply.
pub(super) fn embedded(
    shared: &Shared,
    request: &EmbeddingRequest,
    caller: Caller,
    ticket: Option<Arc<Ticket>>,
    moment: Moment,
    kept: &Kept,
    cached: Cached,
) -> Result<EmbeddingResponse, Error> {
    let (vectors, usage) = kept.vectors().ok_or_else(unreadable)?;
    let route = opened(shared, request.model(), request.route().strategy, moment);
    let mut route = kept.onto(route, cached, now_ms());
    route.latency_ms = moment.started.elapsed().as_secs_f64() * 1e3;
    route.limits = ticket.as_ref().and_then(|ticket| ticket.allowances());
    settle(ticket.as_ref());
    let route = Arc::new(route);
    shared.ledger.record(Entry {
        at_ms: moment.at_ms,
        caller,
        tags: request.route().tags.clone(),
        session: request.route().session.clone(),
        content: None,
        stream: false,
        purpose: "request",
        route: Arc::clone(&route),
        error: None,
        facts: Facts::of_embedding(request.route()),
    });
    Ok(EmbeddingResponse { vectors, encoding_format: request.encoding_format(), usage, route })
}

/// Keys of chat and of vectors differ by their purpose, so one is never found for the other.
fn unreadable() -> Error {
    Error::new(ErrorKind::Internal, "a kept answer cannot be read")
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn opened(shared: &Shared, model: &str, strategy: Option<Strategy>, moment: Moment) -> RouteInfo {
    RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: model.to_owned(),
        strategy: strategy.unwrap_or(shared.setup.config.strategy).as_str(),
        ..RouteInfo::default()
    }
}

/// A kept answer counts as a request, and uses neither tokens nor money.
fn settle(ticket: Option<&Arc<Ticket>>) {
    if let Some(ticket) = ticket {
        ticket.settle(Amounts { requests: 1, ..Amounts::default() });
    }
}
