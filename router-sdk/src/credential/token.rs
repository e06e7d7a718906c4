//! An access token, kept: a grant and the HTTP client in, a request with a bearer token out. One renewal at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};

use super::grant::{Grant, is_private_address};
use crate::provider::{Cause, Failure, HttpRequest};
use crate::transport::Transport;

/// How long a renewal may take.
const RENEWAL_TIME: Duration = Duration::from_secs(10);
/// No reply of a token endpoint is longer.
const MAX_REPLY: usize = 256 * 1024;
/// A token is renewed this long before it expires, or after four fifths of a shorter life.
const EARLY: Duration = Duration::from_secs(300);

/// Fetches the access token of one deployment, keeps it and renews it.
#[derive(Debug)]
pub struct TokenSource {
    grant: Grant,
    kept: Mutex<Kept>,
    /// Held by who renews.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<Arc<Token>>,
    /// The one before, which replies that are still on their way may echo.
    earlier: Option<Arc<Token>>,
    /// The provider has refused the token though its time is not over.
    refused: bool,
}

#[derive(Debug)]
struct Token {
    text: SecretString,
    header: HeaderValue,
    fetched: Instant,
    expires: Instant,
}

/// What the kept token is good for.
enum State {
    Good(Arc<Token>),
    /// Valid, but to be renewed by whoever finds the time.
    Old(Arc<Token>),
    Gone,
}

impl TokenSource {
    pub(crate) fn new(grant: Grant) -> Self {
        Self { grant, kept: Mutex::default(), renewing: tokio::sync::Mutex::new(()) }
    }

    /// Adds the token as a bearer.
    pub(super) async fn apply(&self, http: &dyn Transport, mut request: HttpRequest) -> Result<HttpRequest, Failure> {
        if !is_private_address(&request.url) {
            return Err(Failure::new(Cause::Auth, "base_url: a token is only sent to https or to this machine"));
        }
        let token = self.token(http).await?;
        if let Some((name, value)) = self.grant.header() {
            request.headers.insert(name, value);
        }
        request.headers.insert(AUTHORIZATION, token.header.clone());
        Ok(request)
    }

    async fn token(&self, http: &dyn Transport) -> Result<Arc<Token>, Failure> {
        let old = match self.state(Instant::now()) {
            State::Good(token) => return Ok(token),
            State::Old(token) => Some(token),
            State::Gone => None,
        };
        let _turn = match (&old, self.renewing.try_lock()) {
            (_, Ok(turn)) => turn,
            // Somebody else is at it, and the old token is still valid.
            (Some(old), Err(_)) => return Ok(Arc::clone(old)),
            (None, Err(_)) => self.renewing.lock().await,
        };
        if let State::Good(token) = self.state(Instant::now()) {
            return Ok(token);
        }
        match (self.renew(http).await, old) {
            (Ok(token), _) => Ok(self.keep(token)),
            (Err(_), Some(old)) => Ok(old),
            (Err(failure), None) => Err(failure),
        }
    }

    fn state(&self, now: Instant) -> State {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(token) = kept.token.as_ref().filter(|t| !kept.refused && now < t.expires) else { return State::Gone };
        let early = EARLY.min(token.expires.duration_since(token.fetched) / 5);
        if now + early < token.expires { State::Good(Arc::clone(token)) } else { State::Old(Arc::clone(token)) }
    }

    fn keep(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.earlier = kept.token.replace(Arc::clone(&token));
        kept.refused = false;
        token
    }

    async fn renew(&self, http: &dyn Transport) -> Result<Token, Failure> {
        let asked = async {
            let began = Instant::now();
            let reply = http.send(self.grant.request()?).await.map_err(|f| Failure {
                cause: Cause::Connect,
                message: format!("the token endpoint cannot be reached: {}", f.message),
                ..f
            })?;
            let status = reply.status;
            let body = reply.bytes(MAX_REPLY).await.map_err(|f| Failure {
                cause: Cause::Connect,
                message: format!("the token endpoint broke off: {}", f.message),
                ..f
            })?;
            let given = self.grant.read(status, &body)?;
            let mut header = HeaderValue::from_str(&format!("Bearer {}", given.token.expose_secret()))
                .map_err(|_| Failure::new(Cause::Auth, "the token endpoint gave a token that no header can hold"))?;
            header.set_sensitive(true);
            Ok(Token { text: given.token, header, fetched: Instant::now(), expires: began + given.lasts })
        };
        let late = || Failure::new(Cause::Connect, "the token endpoint gave no token within ten seconds");
        timeout(RENEWAL_TIME, asked).await.unwrap_or_else(|_| Err(late()))
    }

    /// Gives the token up that was refused, unless there has been a newer one since the request was begun.
    pub(super) fn rejected(&self, sent: Instant) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.token.as_ref().is_some_and(|token| token.fetched <= sent) {
            kept.refused = true;
        }
        true
    }

    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = kept.token.iter().chain(&kept.earlier).map(|token| token.text.clone());
        tokens.chain(self.grant.secrets()).collect()
    }
}
