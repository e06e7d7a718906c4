//! Who asks and what they may spend: a request in, a caller, an admission and a reservation out.

mod budget;
mod calendar;
mod caller;
mod limits;
mod reservation;
mod tally;

pub use budget::{Budget, Budgets};
pub use calendar::Window;
pub use caller::Caller;
pub(crate) use caller::Grant;
pub use limits::Limits;
pub(crate) use reservation::Reservation;
pub(crate) use tally::Tally;

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::error::Error;
use crate::keys::Keyring;
use crate::wire::ChatRequest;

/// A caller that may go on with this request.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// Who asks.
    pub(crate) caller: Caller,
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

/// Admits the request: refuses early and cheaply what may not go on.
///
/// # Errors
/// `InvalidRequest` for a request that is too large or an option that cannot be honoured.
pub(crate) fn admit(caller: Caller, request: &ChatRequest) -> Result<Admission, Error> {
    crate::wire::check_size(request.size())?;
    crate::wire::check_route(request.route())?;
    Ok(Admission { caller })
}
