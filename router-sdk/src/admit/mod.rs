//! Who asks and what they may spend: a request in, a caller, an admission and a reservation out.

mod allowance;
mod budget;
mod calendar;
mod caller;
mod clock;
mod denial;
mod fit;
mod limits;
mod notice;
mod queue;
mod quota;
mod reservation;
mod rules;
mod snapshot;
mod tally;
mod ticket;
mod want;

pub use allowance::{Allowance, Allowances};
pub use budget::{Budget, Budgets};
pub use calendar::Window;
pub use caller::Caller;
pub(crate) use caller::Grant;
pub(crate) use clock::Clock;
pub use limits::Limits;
pub use notice::BudgetEvent;
pub(crate) use quota::{Quota, Subjects, Visit};
pub(crate) use reservation::Reservation;
pub(crate) use rules::Rules;
pub(crate) use snapshot::unknown as unknown_subject;
pub use snapshot::{BudgetState, LimitState, QuotaState};
pub(crate) use tally::Tally;
pub(crate) use ticket::{Extension, SendHold, Ticket};
pub(crate) use want::{Want, longest};

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::error::Error;
use crate::keys::Keyring;
use crate::wire::{ChatRequest, EmbeddingInput, EmbeddingRequest, estimate_request_tokens};

/// A caller that may go on with this request.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// Who asks.
    pub(crate) caller: Caller,
    /// What the request holds of the caller's limits and budgets; absent where nothing is limited.
    pub(crate) ticket: Option<Arc<Ticket>>,
}

/// Finds out who asks. Without a key store every caller is anonymous.
///
/// # Errors
/// `Unauthenticated` for a key that is missing, misspelt, unknown, disabled or past its time; `InvalidRequest` for a key
/// where no key store is configured; `ProviderUnavailable` when the store cannot be asked.
pub(crate) async fn authorise(keys: Option<&Arc<Keyring>>, key: Option<&SecretString>) -> Result<Caller, Error> {
    match keys {
        Some(keys) => keys.recognise(key, Timestamp::now().as_millisecond()).await,
        None => keyless(key),
    }
}

/// The same for calls that cannot wait. A store that is far away answers only for keys that were used a moment ago.
///
/// # Errors
/// As [`authorise`].
pub(crate) fn authorise_now(keys: Option<&Arc<Keyring>>, key: Option<&SecretString>) -> Result<Caller, Error> {
    match keys {
        Some(keys) => keys.recognise_now(key, Timestamp::now().as_millisecond()),
        None => keyless(key),
    }
}

fn keyless(key: Option<&SecretString>) -> Result<Caller, Error> {
    if key.is_some() {
        let fix = "no key store is configured, so no key is known; set keys = {path = \"keys.db\"}, or leave it out";
        return Err(Error::invalid_request("api_key", fix));
    }
    Ok(Caller::ANONYMOUS)
}

/// Refuses early and cheaply what may not go on.
///
/// # Errors
/// `InvalidRequest` for a request that is too large or an option that cannot be honoured.
pub(crate) fn check(request: &ChatRequest) -> Result<(), Error> {
    crate::wire::check_size(request.size())?;
    crate::wire::check_route(request.route())
}

/// Admits the request: holds what it may use of the caller's limits, and takes the strategy of budgets that run out.
///
/// # Errors
/// `RateLimited` and `BudgetExceeded`, with the time after which there is room.
pub(crate) async fn admit(
    quota: Option<&Arc<Quota>>,
    caller: Caller,
    request: &mut ChatRequest,
    deadline: Instant,
) -> Result<Admission, Error> {
    let Some(quota) = quota else { return Ok(Admission { caller, ticket: None }) };
    let visit = Visit {
        tags: &request.route().tags,
        own: caller.rules(),
        input: &|| want::doubted(estimate_request_tokens(request)),
        output: longest(request, None),
        choices: request.choices(),
        priority: request.route().priority,
        deadline,
    };
    let ticket = quota.admit(visit).await?;
    if let Some(strategy) = ticket.as_ref().and_then(|ticket| ticket.strategy()) {
        request.route_mut().strategy = Some(strategy);
    }
    Ok(Admission { caller, ticket })
}

/// The same for embeddings, which write nothing and are never chosen by a strategy.
///
/// # Errors
/// As [`admit`].
pub(crate) async fn admit_embedding(
    quota: Option<&Arc<Quota>>,
    caller: &Caller,
    request: &EmbeddingRequest,
    deadline: Instant,
) -> Result<Option<Arc<Ticket>>, Error> {
    let Some(quota) = quota else { return Ok(None) };
    let tokens = || request.input().iter().map(EmbeddingInput::tokens).fold(0u64, u64::saturating_add);
    let visit = Visit {
        tags: &request.route().tags,
        own: caller.rules(),
        input: &|| want::doubted(tokens()),
        output: (0, false),
        choices: 1,
        priority: request.route().priority,
        deadline,
    };
    quota.admit(visit).await
}
