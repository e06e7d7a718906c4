//! Proof of who asks: an encoded request in, the same with what the provider's door wants to see out.

pub(crate) mod aws;

use http::HeaderMap;

use crate::provider::{Failure, HttpRequest};

/// How requests to one deployment prove who asks.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// A key in a header, which the family has set already, or none at all.
    #[default]
    InHeaders,
    /// AWS: a region to fill in, and a signature where no key stands in a header.
    Aws(Box<aws::Aws>),
}

impl Credentials {
    /// Adds what has to be made anew for each send.
    ///
    /// # Errors
    /// `auth_error` when no valid credentials can be had.
    pub(crate) async fn apply(&self, request: HttpRequest) -> Result<HttpRequest, Failure> {
        match self {
            Self::InHeaders => Ok(request),
            Self::Aws(aws) => aws.apply(request),
        }
    }

    /// Whether others may be at hand after a refusal, so that a request is worth keeping until its reply is there.
    pub(crate) fn renewable(&self) -> bool {
        match self {
            Self::InHeaders => false,
            Self::Aws(aws) => aws.renewable(),
        }
    }

    /// Hears the head of a reply. True when it says that the credentials ran out and others have been found since.
    pub(crate) fn renewed(&self, status: u16, headers: &HeaderMap) -> bool {
        match self {
            Self::InHeaders => false,
            Self::Aws(aws) => aws.renewed(status, headers),
        }
    }
}
