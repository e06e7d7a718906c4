//! Proof of who asks: an encoded request in, the same with what the provider's door wants to see out.

mod assertion;
pub(crate) mod aws;
mod google;
mod grant;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use google::GoogleFile;
pub(crate) use grant::{Grant, Kind, is_private_address};
pub use token::TokenSource;

use http::HeaderMap;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::provider::{Failure, HttpRequest};
use crate::transport::Transport;

/// How requests to one deployment prove who asks.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// A key in a header, which the family has set already, or none at all.
    #[default]
    InHeaders,
    /// A token that is fetched when it is needed and renewed before it expires. Branches of a deployment share it.
    Token(std::sync::Arc<TokenSource>),
    /// AWS: a region to fill in, and a signature where no key stands in a header.
    Aws(std::sync::Arc<aws::Aws>),
}

impl Credentials {
    /// Adds what has to be made anew for each send.
    ///
    /// # Errors
    /// `auth_error` when no valid credentials can be had, `connect_error` when who gives them out cannot be reached.
    pub(crate) async fn apply(&self, http: &dyn Transport, request: HttpRequest) -> Result<HttpRequest, Failure> {
        match self {
            Self::InHeaders => Ok(request),
            Self::Token(source) => source.apply(http, request).await,
            Self::Aws(aws) => aws.apply(request),
        }
    }

    /// Whether others may be at hand after a refusal, so that a request is worth keeping until its reply is there.
    pub(crate) fn renewable(&self) -> bool {
        match self {
            Self::InHeaders | Self::Token(_) => false,
            Self::Aws(aws) => aws.renewable(),
        }
    }

    /// Hears the head of a reply. True when it says that the credentials ran out and others have been found since.
    pub(crate) fn renewed(&self, status: u16, headers: &HeaderMap) -> bool {
        match self {
            Self::InHeaders | Self::Token(_) => false,
            Self::Aws(aws) => aws.renewed(status, headers),
        }
    }

    /// Hears that a request was refused which was begun at `sent`. True when the next one will have other credentials.
    pub(crate) fn rejected(&self, failure: &Failure, sent: Instant) -> bool {
        match self {
            Self::InHeaders | Self::Aws(_) => false,
            Self::Token(source) => failure.status == Some(401) && source.rejected(sent),
        }
    }

    /// Whether a key in a header is all that goes out: another one may stand in its place.
    pub(crate) fn leave_a_key_in_place(&self) -> bool {
        match self {
            Self::InHeaders => true,
            Self::Token(_) => false,
            Self::Aws(aws) => aws.is_bearer(),
        }
    }

    /// What must never be shown.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::InHeaders | Self::Aws(_) => Vec::new(),
            Self::Token(source) => source.secrets(),
        }
    }
}
