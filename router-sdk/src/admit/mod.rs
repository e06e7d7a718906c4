//! Who asks and what they may spend: a request in, a caller, an admission and a reservation out.

mod budget;
mod calendar;
mod limits;
mod reservation;
mod tally;

pub use budget::{Budget, Budgets};
pub use calendar::Window;
pub use limits::Limits;
pub(crate) use reservation::Reservation;
pub(crate) use tally::Tally;

use crate::error::Error;
use crate::wire::ChatRequest;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// No key store is configured.
    #[default]
    Anonymous,
}

impl Caller {
    /// The caller's id in the ledger and in the keys of counters.
    pub fn id(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
        }
    }
}

/// A caller that may go on with this request.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// Who asks.
    pub(crate) caller: Caller,
}

/// Finds out who asks. Without a key store every caller is anonymous.
pub(crate) fn authorise() -> Caller {
    Caller::Anonymous
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
