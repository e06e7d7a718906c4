//! The one error type: a kind to act on, context to read, a source to trace. Secrets and prompts never enter it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::admit::Allowances;
use crate::wire::{AttemptRecord, Usage};

/// What went wrong, in terms a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is malformed: fix the named field.
    InvalidRequest,
    /// The configuration is malformed or incomplete: fix the named key.
    InvalidConfig,
    /// The caller's key is missing or wrong, or a provider refused its key.
    Unauthenticated,
    /// The caller or the provider key may not do this.
    Forbidden,
    /// Every way to answer is rate limited; see `retry_after`.
    RateLimited,
    /// A budget is spent, or a provider account has no credit left.
    BudgetExceeded,
    /// No configured model can do this request; the message names the gate that refused each.
    NoCandidate,
    /// The prompt does not fit the model's context window.
    ContextTooLong,
    /// A provider refused the content.
    ContentRefused,
    /// Providers failed or all candidates are resting; see `attempts` and `retry_after`.
    ProviderUnavailable,
    /// A time limit passed.
    Timeout,
    /// The caller cancelled.
    Cancelled,
    /// A stream broke after output had begun; see `partial`.
    StreamInterrupted,
    /// A fault of this library.
    Internal,
}

impl ErrorKind {
    /// The kind's name as it appears in every language.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "InvalidRequest",
            Self::InvalidConfig => "InvalidConfig",
            Self::Unauthenticated => "Unauthenticated",
            Self::Forbidden => "Forbidden",
            Self::RateLimited => "RateLimited",
            Self::BudgetExceeded => "BudgetExceeded",
            Self::NoCandidate => "NoCandidate",
            Self::ContextTooLong => "ContextTooLong",
            Self::ContentRefused => "ContentRefused",
            Self::ProviderUnavailable => "ProviderUnavailable",
            Self::Timeout => "Timeout",
            Self::Cancelled => "Cancelled",
            Self::StreamInterrupted => "StreamInterrupted",
            Self::Internal => "Internal",
        }
    }

    /// The HTTP status with which the door answers an error of this kind.
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::InvalidConfig => 400,
            Self::NoCandidate | Self::ContextTooLong | Self::ContentRefused => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::RateLimited | Self::BudgetExceeded => 429,
            Self::Cancelled => 499,
            Self::Internal => 500,
            Self::StreamInterrupted => 502,
            Self::ProviderUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What had been received of an answer when it broke.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Partial {
    /// The text delivered so far.
    pub text: String,
    /// Usage so far; marked `estimated` where the provider sent none.
    pub usage: Option<Usage>,
}

/// Why one model was refused for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// `provider/model`.
    pub model: String,
    /// The gate that refused it, such as `tools`, `context_window`, `key`.
    pub gate: &'static str,
    /// The reason in words.
    pub reason: String,
}

/// An error of any call.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    message: String,
    param: Option<String>,
    code: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    route_id: Option<String>,
    attempts: Vec<AttemptRecord>,
    partial: Option<Partial>,
    refusals: Vec<Refusal>,
    allowances: Option<Box<Allowances>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a message for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            param: None,
            code: None,
            provider: None,
            model: None,
            status: None,
            retry_after: None,
            request_id: None,
            route_id: None,
            attempts: Vec::new(),
            partial: None,
            refusals: Vec::new(),
            allowances: None,
            source: None,
        }))
    }

    /// An `InvalidRequest` that names the field and the fix.
    pub fn invalid_request(param: impl Into<String>, fix: impl fmt::Display) -> Self {
        let param = param.into();
        Self::new(ErrorKind::InvalidRequest, format!("{param}: {fix}")).with_param(param)
    }

    /// An `InvalidConfig` that names the key and the fix.
    pub fn invalid_config(key: impl Into<String>, fix: impl fmt::Display) -> Self {
        let key = key.into();
        Self::new(ErrorKind::InvalidConfig, format!("{key}: {fix}")).with_param(key)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
    /// The message for people, without the kind.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The request field or configuration key at fault.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }
    /// The provider's own error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }
    /// The provider that failed last.
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }
    /// The `provider/model` that failed last.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }
    /// The provider's last HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }
    /// How long to wait before asking again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
    /// The provider's request id of the last attempt; this library's own where the provider gave none.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref().or(self.route_id())
    }
    /// This library's id of the request, under which its ledger entry stands.
    pub fn route_id(&self) -> Option<&str> {
        self.0.route_id.as_deref()
    }
    /// Every send made for this request, in the order in which they ended.
    pub fn attempts(&self) -> &[AttemptRecord] {
        &self.0.attempts
    }
    /// What had been received when a stream broke.
    pub fn partial(&self) -> Option<&Partial> {
        self.0.partial.as_ref()
    }
    /// For `NoCandidate`: each model considered and the gate that refused it.
    pub fn refusals(&self) -> &[Refusal] {
        &self.0.refusals
    }

    /// For `RateLimited` and `BudgetExceeded`: how the caller's limits stand.
    pub fn limits(&self) -> Option<&Allowances> {
        self.0.allowances.as_deref()
    }

    pub(crate) fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }
    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }
    pub(crate) fn with_target(mut self, provider: &str, model: String) -> Self {
        self.0.provider = Some(provider.to_owned());
        self.0.model = Some(model);
        self
    }
    pub(crate) fn with_status(mut self, status: Option<u16>) -> Self {
        self.0.status = status;
        self
    }
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }
    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }
    pub(crate) fn with_route_id(mut self, id: &str) -> Self {
        self.0.route_id = Some(id.to_owned());
        self
    }
    pub(crate) fn with_attempts(mut self, attempts: Vec<AttemptRecord>) -> Self {
        self.0.attempts = attempts;
        self
    }
    pub(crate) fn with_partial(mut self, partial: Partial) -> Self {
        self.0.partial = Some(partial);
        self
    }
    pub(crate) fn with_allowances(mut self, allowances: Option<Box<Allowances>>) -> Self {
        self.0.allowances = allowances;
        self
    }
    pub(crate) fn with_refusals(mut self, refusals: Vec<Refusal>) -> Self {
        self.0.refusals = refusals;
        self
    }

    /// The error as the JSON that bindings rebuild their typed errors from.
    ///
    /// Shape: `{kind, message, param, code, provider, model, status, status_code, retry_after, request_id, route_id, attempts, partial,
    /// refusals, limits}`;
    /// `retry_after` is in seconds.
    pub fn to_json(&self) -> serde_json::Value {
        let d = &*self.0;
        serde_json::json!({
            "kind": d.kind.as_str(), "message": d.message, "param": d.param, "code": d.code,
            "provider": d.provider, "model": d.model, "status": d.status,
            "status_code": d.status.unwrap_or_else(|| d.kind.http_status()),
            "retry_after": d.retry_after.map(|w| w.as_secs_f64()), "request_id": self.request_id(),
            "route_id": d.route_id,
            "attempts": d.attempts, "partial": d.partial, "refusals": d.refusals, "limits": d.allowances,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &d.kind).field("message", &d.message);
        for (name, value) in [
            ("param", &d.param),
            ("code", &d.code),
            ("provider", &d.provider),
            ("model", &d.model),
            ("request_id", &d.request_id),
        ] {
            if let Some(value) = value {
                out.field(name, value);
            }
        }
        out.field("status", &d.status)
            .field("retry_after", &d.retry_after)
            .field("attempts", &d.attempts)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|s| s.as_ref() as _)
    }
}
