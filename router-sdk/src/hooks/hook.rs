//! What a hook is: a call with the request or the answer as JSON in, a decision out.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};

use super::Decision;
use crate::config::OnHookFailure;

/// When a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before a request is admitted, classified and sent.
    Before,
    /// When the answer is there, before it is returned; of a stream after its last text.
    After,
}

impl Stage {
    /// `before` or `after`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A chat completion.
    Chat,
    /// Embeddings. Hooks see them before they are sent only.
    Embeddings,
}

impl Operation {
    /// `chat` or `embeddings`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }
}

/// One call of a hook.
#[derive(Clone)]
#[non_exhaustive]
pub struct HookCall {
    /// When it is called.
    pub stage: Stage,
    /// What the request asks for.
    pub operation: Operation,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// The caller's id.
    pub caller: String,
    /// This library's id of the request; empty before it is routed.
    pub request_id: String,
    /// How long the hook may take.
    pub timeout: Duration,
    /// The request's labels.
    pub tags: BTreeMap<String, String>,
    /// The request as its caller wrote it, or the answer as `chat.completion` with what is known of its route under
    /// `clawrouters`.
    pub body: Value,
}

impl std::fmt::Debug for HookCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookCall")
            .field("stage", &self.stage)
            .field("operation", &self.operation)
            .field("stream", &self.stream)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl HookCall {
    /// Everything but the body, as JSON.
    pub fn context(&self) -> Value {
        json!({
            "stage": self.stage.as_str(), "operation": self.operation.as_str(), "stream": self.stream,
            "caller": self.caller, "request_id": self.request_id, "tags": self.tags,
        })
    }
}

/// That a hook did not come to a decision. What it says is shown to the caller: keep prompts and keys out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFailure(String);

impl HookFailure {
    /// A failure in words, such as `raised ValueError`.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// That its time was over.
    pub fn too_slow(limit: Duration) -> Self {
        Self(format!("took longer than {} ms", limit.as_millis()))
    }

    /// What happened.
    pub fn what(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for HookFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HookFailure {}

/// A decision that may take its time.
pub type HookFuture<'a> = Pin<Box<dyn Future<Output = Result<Decision, HookFailure>> + Send + 'a>>;

/// A check or a change of the application's own. It runs on the router's worker: what takes long has to await.
///
/// # Examples
/// ```
/// use clawrouters::{Decision, Hook, HookCall, HookFuture};
///
/// struct Quiet;
///
/// impl Hook for Quiet {
///     fn name(&self) -> &str {
///         "quiet"
///     }
///     fn before(&self, mut call: HookCall) -> HookFuture<'_> {
///         Box::pin(async move {
///             call.body["temperature"] = 0.into();
///             Ok(Decision::change(call.body).with_tag("quiet", "yes"))
///         })
///     }
/// }
/// ```
pub trait Hook: Send + Sync + 'static {
    /// Its name in errors.
    fn name(&self) -> &str {
        "hook"
    }

    /// Whether it sees to `HookCall::timeout` itself, as one does that has to wait for its turn before it begins.
    fn keeps_time(&self) -> bool {
        false
    }

    /// Decides about a request.
    fn before(&self, call: HookCall) -> HookFuture<'_> {
        let _ = call;
        Box::pin(ready(Ok(Decision::pass())))
    }

    /// Decides about an answer.
    fn after(&self, call: HookCall) -> HookFuture<'_> {
        let _ = call;
        Box::pin(ready(Ok(Decision::pass())))
    }
}

/// How one hook is treated, in place of the configuration's `hooks`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookOptions {
    /// What its failure means.
    pub on_failure: Option<OnHookFailure>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
}

impl HookOptions {
    /// With this meaning of its failure.
    #[must_use]
    pub fn on_failure(mut self, policy: OnHookFailure) -> Self {
        self.on_failure = Some(policy);
        self
    }

    /// With this much time, in milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, limit: u64) -> Self {
        self.timeout_ms = Some(limit);
        self
    }
}

/// A plain function at one stage.
pub(super) struct Plain<F> {
    pub(super) stage: Stage,
    pub(super) decide: F,
}

impl<F: Fn(HookCall) -> Decision + Send + Sync + 'static> Hook for Plain<F> {
    fn before(&self, call: HookCall) -> HookFuture<'_> {
        self.at(Stage::Before, call)
    }

    fn after(&self, call: HookCall) -> HookFuture<'_> {
        self.at(Stage::After, call)
    }
}

impl<F: Fn(HookCall) -> Decision + Send + Sync + 'static> Plain<F> {
    fn at(&self, stage: Stage, call: HookCall) -> HookFuture<'_> {
        let same = stage == self.stage;
        Box::pin(async move { Ok(if same { (self.decide)(call) } else { Decision::pass() }) })
    }
}
