//! The walk of a request for embeddings: the same stages as chat without classification and choice of a model.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::leave::redacted_inputs;
use super::{Moment, Shared, recall};
use crate::account::{Books, Entry, Opening};
use crate::admit::{self, Caller, Reservation, Ticket};
use crate::balance;
use crate::cache::Recalled;
use crate::error::Error;
use crate::failover;
use crate::hooks;
use crate::provider::Target;
use crate::select::{self, EmbeddingAsk, NamedPlace, Seat};
use crate::setup::Named;
use crate::telemetry::Facts;
use crate::wire::{Cached, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, RouteInfo, RouteOptions};

/// Takes a request for embeddings through every stage.
pub(crate) async fn embed(shared: &Arc<Shared>, mut request: EmbeddingRequest) -> Result<EmbeddingResponse, Error> {
    shared.is_open()?;
    let moment = Moment::now();
    shared.within(request.route_mut());
    let caller = admit::authorise(shared.keys.as_ref(), request.api_key()).await?;
    if let Err(error) = hooks::before_embedding(&shared.hooks, caller.id(), &mut request).await {
        let route = opened(shared, &request, moment, Cached::Bypass);
        return Err(refused(shared, &request, route, caller, moment, "request", error));
    }
    // After the hooks: what they ask for is within the key's grant too.
    caller.narrow_embedding(&shared.setup, &mut request)?;
    check(&request)?;
    let taken = redacted_inputs(shared, &mut request);
    let ticket = match admit::admit_embedding(
        shared.quota.as_ref(),
        &caller,
        &request,
        deadline(shared, &request, moment),
    )
    .await
    {
        Ok(ticket) => ticket,
        Err(error) => {
            let route = opened(shared, &request, moment, Cached::Bypass);
            return Err(refused(shared, &request, route, caller, moment, "request", error));
        }
    };
    shared.tally.begun();
    let remembering = match recall::vectors(shared, &caller, &request, moment).await {
        Recalled::Hit(kept, cached) => {
            return recall::embedded(shared, &request, caller, ticket, moment, &kept, cached);
        }
        Recalled::Miss(remembering) => remembering,
    };
    let route = RouteInfo { redacted: taken.counts, ..opened(shared, &request, moment, remembering.cached()) };
    let reply = asked(shared, request, route, caller, ticket, moment, "request").await?;
    remembering.vectors(&reply);
    Ok(reply)
}

/// The options of vectors that the router itself needs for a request: its bounds and those of its caller's key.
pub(super) fn options_aside(own: &RouteOptions, limit_ms: u64) -> RouteOptions {
    RouteOptions {
        deadline_ms: Some(limit_ms),
        tags: own.tags.clone(),
        only: own.only.clone(),
        ignore: own.ignore.clone(),
        max_price: own.max_price,
        zdr: own.zdr,
        within: own.within.clone(),
        ..RouteOptions::default()
    }
}

/// Makes vectors that the router itself needs for a request of this caller, whose budgets pay for them.
pub(super) async fn embed_aside(
    shared: &Shared,
    request: EmbeddingRequest,
    caller: Caller,
    ticket: Option<Arc<Ticket>>,
    purpose: &'static str,
) -> Result<EmbeddingResponse, Error> {
    let moment = Moment::now();
    let route = opened(shared, &request, moment, Cached::Bypass);
    asked(shared, request, route, caller, ticket, moment, purpose).await
}

fn deadline(shared: &Shared, request: &EmbeddingRequest, moment: Moment) -> Instant {
    let total = shared.setup.config.timeouts.total_ms;
    moment.started + Duration::from_millis(request.route().deadline_ms.map_or(total, |own| own.min(total)))
}

fn opened(shared: &Shared, request: &EmbeddingRequest, moment: Moment, cached: Cached) -> RouteInfo {
    RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: request.model().to_owned(),
        strategy: request.route().strategy.unwrap_or(shared.setup.config.strategy).as_str(),
        cached,
        ..RouteInfo::default()
    }
}

/// Asks the places that the request names.
async fn asked(
    shared: &Shared,
    request: EmbeddingRequest,
    mut route: RouteInfo,
    caller: Caller,
    ticket: Option<Arc<Ticket>>,
    moment: Moment,
    purpose: &'static str,
) -> Result<EmbeddingResponse, Error> {
    let deadline = deadline(shared, &request, moment);
    let input_tokens = request.input().iter().map(EmbeddingInput::tokens).fold(0u64, u64::saturating_add);
    route.limits = ticket.as_ref().and_then(|ticket| ticket.allowances());
    let seats = match plan(shared, &caller, &request, input_tokens, moment) {
        Ok(seats) => seats,
        Err(error) => return Err(refused(shared, &request, route, caller, moment, purpose, error)),
    };
    route
        .reasons
        .push(if seats.len() > 1 { "the first of the named deployments" } else { "named by the caller" }.into());
    let mut books = open(shared, &request, route, caller, ticket, input_tokens, moment, purpose);
    let config = &shared.setup.config;
    match failover::embed(&shared.sender, config, &request, &seats, deadline, &mut books).await {
        Err(error) => {
            let route = books.close(Some(error.kind()));
            Err(error.with_route_id(&route.request_id).with_attempts(route.attempts.clone()))
        }
        Ok(decoded) => {
            let length = decoded.vectors.first().map_or(0, Vec::len);
            if let Some(asked) = request.dimensions().filter(|asked| *asked as usize != length) {
                books
                    .route
                    .adapted
                    .push(format!("dimensions: the provider answered with {length} in place of {asked}"));
            }
            let usage = decoded.usage.unwrap_or_default();
            let encoding_format = request.encoding_format();
            Ok(EmbeddingResponse { vectors: decoded.vectors, encoding_format, usage, route: books.close(None) })
        }
    }
}

/// Refuses what embeddings cannot honour.
fn check(request: &EmbeddingRequest) -> Result<(), Error> {
    request.check()?;
    if !request.route().require.is_empty() {
        return Err(Error::invalid_request("route.require", "speaks of chat models; leave it out for embeddings"));
    }
    if request.route().baseline.is_some() {
        return Err(Error::invalid_request("route.baseline", "speaks of chat models; leave it out for embeddings"));
    }
    if request.model() == "auto" || request.model().starts_with("auto:") {
        let fix = "must name an embedding model, such as openai/text-embedding-3-small: vectors of different models \
                   cannot be compared, so none is chosen for you";
        return Err(Error::invalid_request("model", fix));
    }
    Ok(())
}

/// The places that may answer.
fn plan(
    shared: &Shared,
    caller: &Caller,
    request: &EmbeddingRequest,
    input_tokens: u64,
    moment: Moment,
) -> Result<Vec<Seat>, Error> {
    let setup = &shared.setup;
    let options = setup.canonical_options(request.route());
    let mut named = Named::default();
    let mut fields = Vec::new();
    let fallbacks = request.route().fallbacks.iter().enumerate().map(|(i, n)| (n, format!("route.fallbacks[{i}]")));
    let models = request.models().iter().enumerate().map(|(i, n)| (n, format!("models[{i}]")));
    let model = request.model().to_owned();
    for (name, field) in std::iter::once((&model, "model".to_owned())).chain(models).chain(fallbacks) {
        setup.named(name, &field, &mut named)?;
        fields.resize(named.targets.len(), field);
    }
    let places = named.targets.into_iter().zip(fields);
    let places = places.map(|(target, field)| NamedPlace { field, place: setup.place(&target), target }).collect();
    let ask = EmbeddingAsk { request, options: options.as_ref(), input_tokens, today: moment.date };
    let health = shared.sender.health.facts(0, moment.started, false, shared.setup.pools.sizes());
    let health = balance::seen_by(health, caller);
    let seats = select::seats(places, named.refusals, &ask, &health)?;
    let seats = at_deployments(shared, seats, request.route().session.as_deref(), input_tokens);
    Ok(balance::own(seats, caller, |seat| &mut seat.place.target))
}

/// Every place at all deployments of its provider, in the order in which they are asked.
fn at_deployments(shared: &Shared, seats: Vec<Seat>, session: Option<&str>, tokens: u64) -> Vec<Seat> {
    let loads = |targets: &[Target]| shared.sender.health.loads(targets, tokens, Instant::now());
    let all = seats.into_iter().map(|seat| {
        let target = &seat.place.target;
        let spread = balance::spread(
            target,
            seat.worst_nanos,
            &shared.setup.pools,
            || session.map(str::to_owned),
            &loads,
            &shared.sender.draw,
        );
        match spread {
            None => vec![seat],
            Some(targets) => targets.into_iter().map(|t| seat.at(t)).collect(),
        }
    });
    all.flatten().collect()
}

#[allow(clippy::too_many_arguments)] // Everything that is known when the books are opened, once, here.
fn open(
    shared: &Shared,
    request: &EmbeddingRequest,
    route: RouteInfo,
    caller: Caller,
    ticket: Option<Arc<Ticket>>,
    input_tokens: u64,
    moment: Moment,
    purpose: &'static str,
) -> Books {
    Books::open(Opening {
        route,
        reservation: Reservation::open(Arc::clone(&shared.tally), ticket),
        ledger: Arc::clone(&shared.ledger),
        caller,
        tags: request.route().tags.clone(),
        stream: false,
        at_ms: moment.at_ms,
        started: moment.started,
        date: moment.date,
        week_minute: moment.week_minute,
        baseline: None,
        best_single: None,
        // Vectors are no text; inputs of embeddings are whole libraries.
        content: None,
        session: request.route().session.clone(),
        input_tokens,
        purpose,
        facts: Facts::of_embedding(request.route()),
    })
}

/// The ledger entry of a request that no place could be found for.
fn refused(
    shared: &Shared,
    request: &EmbeddingRequest,
    mut route: RouteInfo,
    caller: Caller,
    moment: Moment,
    purpose: &'static str,
    error: Error,
) -> Error {
    route.latency_ms = moment.started.elapsed().as_secs_f64() * 1e3;
    let error = error.with_route_id(&route.request_id);
    shared.ledger.record(Entry {
        at_ms: moment.at_ms,
        caller,
        tags: request.route().tags.clone(),
        session: request.route().session.clone(),
        content: None,
        stream: false,
        purpose,
        route: Arc::new(route),
        error: Some(error.kind()),
        facts: Facts::of_embedding(request.route()),
    });
    error
}
