//! Proof of who asks: an encoded request in, the same with what the provider's door wants to see out.

use crate::provider::{Failure, HttpRequest};

/// How requests to one deployment prove who asks.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// A key in a header, which the family has set already, or none at all.
    #[default]
    InHeaders,
}

impl Credentials {
    /// Adds what has to be made anew for each send.
    ///
    /// # Errors
    /// `auth_error` when no valid credentials can be had.
    pub(crate) async fn apply(&self, request: HttpRequest) -> Result<HttpRequest, Failure> {
        match self {
            Self::InHeaders => Ok(request),
        }
    }
}
