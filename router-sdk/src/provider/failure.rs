//! What one attempt failed of, read once from status, headers and body; everything else reads this.

use std::time::Duration;

use super::Deployment;

/// The cause of a failed attempt. Retry, breaker, records and typed errors are all decided from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Refused, DNS or TLS failure: nothing was sent.
    Connect,
    /// Reset or closed before a byte of the reply.
    Reset,
    /// 500, 502, 504, 408, 409, 520 to 526.
    Server,
    /// 503, 529 or an overload in words.
    Overloaded,
    /// No response headers within the limit.
    HeadersTimeout,
    /// No output within the limit.
    FirstTokenTimeout,
    /// A stream stopped talking.
    IdleTimeout,
    /// 429 for a rate.
    RateLimited,
    /// A quota or a credit is spent.
    Quota,
    /// The request alone is larger than the rate limit, or 413.
    TooLarge,
    /// 401, 403 or a bad key in other words.
    Auth,
    /// The model does not exist there.
    ModelMissing,
    /// The model or the family does not take a field of the request.
    Unsupported,
    /// The prompt does not fit the context window.
    ContextTooLong,
    /// The provider refused the content.
    ContentRefused,
    /// The model failed to form a valid tool call or answer: sampling again may help.
    ModelFault,
    /// The reply is not what the protocol promises: HTML, broken JSON, another shape.
    Malformed,
    /// The stream ended or broke off without a finish reason.
    Truncated,
    /// A reply with nothing in it.
    Empty,
    /// 400, 422 and other mistakes of the caller.
    Caller,
    /// The deadline of the whole request passed.
    Deadline,
    /// Anything else: stop.
    Unknown,
}

impl Cause {
    /// The name used in attempt records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect_error",
            Self::Reset => "reset",
            Self::Server => "server_error",
            Self::Overloaded => "overloaded",
            Self::HeadersTimeout => "headers_timeout",
            Self::FirstTokenTimeout => "first_token_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota_exhausted",
            Self::TooLarge => "request_too_large",
            Self::Auth => "auth_error",
            Self::ModelMissing => "model_missing",
            Self::Unsupported => "unsupported",
            Self::ContextTooLong => "context_too_long",
            Self::ContentRefused => "content_refused",
            Self::ModelFault => "model_fault",
            Self::Malformed => "malformed_reply",
            Self::Truncated => "truncated",
            Self::Empty => "empty_reply",
            Self::Caller => "invalid_request",
            Self::Deadline => "deadline",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether the same target may be asked again after a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// As the cause has it.
    #[default]
    ByCause,
    /// Never: the provider said so.
    Never,
    /// At once: the credentials that were refused have been given up, and new ones can be had.
    NewCredentials,
}

/// A failed attempt. The message is the provider's own or ours; it never holds a key or the prompt.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened.
    pub cause: Cause,
    /// For people.
    pub message: String,
    /// The field of the request that it is about.
    pub param: Option<String>,
    /// The provider's HTTP status.
    pub status: Option<u16>,
    /// The provider's own code or type, such as `insufficient_quota`.
    pub code: Option<String>,
    /// The provider's wish for a pause, from headers or body.
    pub retry_after: Option<Duration>,
    /// The provider's request id.
    pub request_id: Option<String>,
    /// Whether the same target may be asked again.
    pub repeat: Repeat,
}

impl Failure {
    /// A failure without details from the wire.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            param: None,
            status: None,
            code: None,
            retry_after: None,
            request_id: None,
            repeat: Repeat::ByCause,
        }
    }

    /// A reply that breaks its protocol.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::new(Cause::Malformed, what)
    }

    /// The same without what the deployment keeps secret: providers do echo keys.
    pub(crate) fn without(mut self, deployment: &Deployment) -> Self {
        use secrecy::ExposeSecret;
        for secret in &deployment.secrets() {
            let secret = secret.expose_secret();
            self.message = self.message.replace(secret, "***");
            self.code = self.code.map(|code| code.replace(secret, "***"));
            self.request_id = self.request_id.map(|id| id.replace(secret, "***"));
        }
        self
    }

    pub(crate) fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }
    pub(crate) fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }
    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }
}
