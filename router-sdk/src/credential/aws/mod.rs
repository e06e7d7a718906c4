//! AWS credentials from the configuration, the environment or a profile in; requests with region and signature out.

pub(crate) mod profile;
#[cfg(feature = "bedrock")]
mod sign;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::provider::{Cause, Failure, HttpRequest};
use profile::Profile;

/// The place of the region in an address that was built before the region was known.
pub(crate) const REGION: &str = "{region}";
/// Credentials that run out within this time are read anew.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A pair of keys, and the token of a session.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "bedrock"), allow(dead_code))]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: SecretString,
    pub(crate) session_token: Option<SecretString>,
    pub(crate) expires: Option<Timestamp>,
}

/// Where the proof comes from.
#[derive(Debug)]
pub(crate) enum Proof {
    /// A bearer key, which stands in a header already.
    Bearer,
    /// Keys that were given and stay the same.
    Given(Arc<Keys>),
    /// Keys of the profile, read at the first send and again when they run out.
    Profile,
}

/// How requests to AWS prove who asks.
#[derive(Debug)]
pub struct Aws {
    region: Option<String>,
    proof: Proof,
    profile: Profile,
    /// What was last read of the profile.
    read: Mutex<Option<Arc<Found>>>,
}

/// What a profile holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) keys: Option<Arc<Keys>>,
    pub(crate) region: Option<String>,
    /// Another way by which the profile gives credentials, which is not spoken here.
    pub(crate) other_way: Option<&'static str>,
}

impl Aws {
    pub(crate) fn new(region: Option<String>, proof: Proof, profile: Profile) -> Self {
        Self { region, proof, profile, read: Mutex::new(None) }
    }

    /// True when a key stands in a header and nothing is signed.
    pub(crate) fn is_bearer(&self) -> bool {
        matches!(self.proof, Proof::Bearer)
    }

    /// The region, where it was known before any file was read.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    pub(crate) fn apply(&self, mut request: HttpRequest) -> Result<HttpRequest, Failure> {
        let found = match (&self.proof, &self.region) {
            (Proof::Bearer | Proof::Given(_), Some(_)) => None,
            (Proof::Bearer, None) if !request.url.contains(REGION) => None,
            _ => Some(self.found()),
        };
        let region = self.region.as_deref().or_else(|| found.as_ref()?.region.as_deref());
        if request.url.contains(REGION) {
            let region = region.ok_or_else(no_region)?;
            request.url = request.url.replacen(REGION, region, 1);
        }
        let keys = match &self.proof {
            Proof::Bearer => return Ok(request),
            Proof::Given(keys) => Arc::clone(keys),
            Proof::Profile => match found.as_ref().map(|f| (&f.keys, f.other_way)) {
                Some((Some(keys), _)) => Arc::clone(keys),
                Some((None, Some(way))) => return Err(self.other_way(way)),
                _ => return Err(self.no_keys()),
            },
        };
        signed(request, &keys, region.ok_or_else(no_region)?)
    }

    pub(crate) fn renewable(&self) -> bool {
        matches!(self.proof, Proof::Profile)
    }

    pub(crate) fn renewed(&self, status: u16, headers: &HeaderMap) -> bool {
        const SPENT: [&str; 4] = ["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "RequestExpired"];
        let told = headers.get("x-amzn-errortype").and_then(|t| t.to_str().ok()).unwrap_or_default();
        if !matches!(status, 400 | 401 | 403) || !self.renewable() || !SPENT.iter().any(|word| told.contains(word)) {
            return false;
        }
        let used = self.forget();
        let fresh = self.found();
        let id = |found: &Found| found.keys.as_ref().map(|k| (k.access_key_id.clone(), token(k)));
        fresh.keys.is_some() && used.as_deref().and_then(id) != id(&fresh)
    }

    fn forget(&self) -> Option<Arc<Found>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The profile as last read, or read anew when its keys are about to run out or were not there.
    fn found(&self) -> Arc<Found> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |found: &&Arc<Found>| {
            let expires = found.keys.as_ref().and_then(|keys| keys.expires);
            let lacks = found.keys.is_none() && matches!(self.proof, Proof::Profile);
            !lacks && expires.is_none_or(|at| Timestamp::now().duration_until(at) > MARGIN)
        };
        if let Some(found) = read.as_ref().filter(good) {
            return Arc::clone(found);
        }
        let found = Arc::new(self.profile.read());
        *read = Some(Arc::clone(&found));
        found
    }

    fn no_keys(&self) -> Failure {
        let name = &self.profile.name;
        Failure::new(
            Cause::Auth,
            format!(
                "no AWS credentials: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
                 add keys to the profile {name}"
            ),
        )
    }

    fn other_way(&self, way: &str) -> Failure {
        let name = &self.profile.name;
        Failure::new(
            Cause::Auth,
            format!(
                "the profile {name} gives its AWS credentials by {way}, which is not supported: export them with \
                 `aws configure export-credentials`"
            ),
        )
    }
}

fn token(keys: &Keys) -> Option<String> {
    use secrecy::ExposeSecret;
    keys.session_token.as_ref().map(|token| token.expose_secret().to_owned())
}

fn no_region() -> Failure {
    Failure::new(Cause::Auth, "no AWS region: set the provider's region, AWS_REGION, or region in the profile")
}

/// Whether a text can be a region; it becomes part of the host that keys are sent to.
pub(crate) fn is_region(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 32 && text.chars().all(fits)
}

#[cfg(feature = "bedrock")]
fn signed(request: HttpRequest, keys: &Keys, region: &str) -> Result<HttpRequest, Failure> {
    sign::sign(request, keys, region, sign::BEDROCK, std::time::SystemTime::now())
}

#[cfg(not(feature = "bedrock"))]
fn signed(_request: HttpRequest, _keys: &Keys, _region: &str) -> Result<HttpRequest, Failure> {
    Err(Failure::new(
        Cause::Auth,
        "this build signs no AWS requests: use an API key, or build with the feature bedrock",
    ))
}
