//! What a token endpoint is asked, and what it answers: a grant in, an HTTP request out; a reply in, a token out. No I/O.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::assertion::ServiceAccount;
use crate::provider::{Cause, Failure, HttpRequest, errors};

/// A right to a token, and where it is used.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The token endpoint.
    pub(crate) url: String,
    pub(crate) kind: Kind,
    /// The project that is charged, where the caller's account belongs to none.
    pub(crate) quota_project: Option<String>,
}

/// By what the right is shown.
#[derive(Debug)]
pub(crate) enum Kind {
    /// The id and secret of an application.
    Client { id: String, secret: SecretString, scope: String },
    /// A signed statement of a Google service account.
    Signed(Box<ServiceAccount>),
    /// What a person's sign-in left behind.
    Refresh { id: String, secret: SecretString, token: SecretString },
}

/// A token as an endpoint gives it.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) token: SecretString,
    pub(super) lasts: Duration,
}

/// How long a token is taken to last whose endpoint does not say.
const UNSTATED_LIFE: Duration = Duration::from_secs(300);

impl Grant {
    /// The request for a token.
    pub(super) fn request(&self) -> Result<HttpRequest, Failure> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match &self.kind {
            Kind::Client { id, secret, scope } => {
                form.append_pair("grant_type", "client_credentials");
                form.append_pair("client_id", id);
                form.append_pair("client_secret", secret.expose_secret());
                form.append_pair("scope", scope);
            }
            Kind::Signed(account) => {
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                form.append_pair("assertion", account.assertion(&self.url, Timestamp::now())?.expose_secret());
            }
            Kind::Refresh { id, secret, token } => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("client_id", id);
                form.append_pair("client_secret", secret.expose_secret());
                form.append_pair("refresh_token", token.expose_secret());
            }
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        Ok(HttpRequest { url: self.url.clone(), headers, body: form.finish().into() })
    }

    /// Reads the endpoint's reply.
    pub(super) fn read(&self, status: u16, body: &[u8]) -> Result<Given, Failure> {
        let reply = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let token = reply.get("access_token").and_then(Value::as_str).filter(|token| !token.trim().is_empty());
        let Some(token) = token.filter(|_| (200..300).contains(&status)) else {
            return Err(self.refusal(status, &reply));
        };
        // Some endpoints write the number as text.
        let stated = reply.get("expires_in").and_then(|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()));
        let lasts = stated.and_then(|secs| Duration::try_from_secs_f64(secs.min(86_400.0)).ok());
        Ok(Given { token: token.trim().to_owned().into(), lasts: lasts.unwrap_or(UNSTATED_LIFE) })
    }

    /// A refusal is about the credentials, anything else about the endpoint. The status is not the provider's, so it is
    /// told in words alone.
    fn refusal(&self, status: u16, reply: &Value) -> Failure {
        let text = |name: &str| reply.get(name).and_then(Value::as_str).filter(|t| !t.trim().is_empty());
        let code = text("error").map(errors::tidy);
        let why = text("error_description").map(errors::tidy).or_else(|| code.clone());
        let cause = if status == 429 || !(200..500).contains(&status) { Cause::Connect } else { Cause::Auth };
        let mut message = format!("the token endpoint answered {status}");
        match why {
            Some(mut why) => {
                for secret in self.secrets() {
                    why = why.replace(secret.expose_secret(), "***");
                }
                message.push_str(": ");
                message.push_str(&why);
            }
            None => message.push_str(" without a token"),
        }
        Failure::new(cause, message).with_code(code)
    }

    /// What requests need beside the token.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let project = HeaderValue::from_str(self.quota_project.as_deref()?).ok()?;
        Some((HeaderName::from_static("x-goog-user-project"), project))
    }

    pub(super) fn secrets(&self) -> Vec<SecretString> {
        match &self.kind {
            Kind::Client { secret, .. } => vec![secret.clone()],
            Kind::Signed(_) => Vec::new(),
            Kind::Refresh { secret, token, .. } => vec![token.clone(), secret.clone()],
        }
    }
}

/// Whether nobody on the way can read what is sent there: https, or this machine.
pub(crate) fn is_private_address(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => here,
        _ => false,
    }
}
