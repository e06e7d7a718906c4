//! ClawRouters: an LLM router that lives inside your process.
//!
//! It classifies a request, chooses the model whose expected quality and cost suit it, sends it, moves on to another
//! provider when one fails, and says what it did and what it cost. There is no server.
//!
//! Start at [`Router`]. [`Config`] says what a router is built from, [`ChatRequest`] what it takes, [`RouteInfo`] what
//! it tells about a reply.

mod account;
mod admit;
mod balance;
mod cache;
mod catalog;
mod classify;
mod config;
mod credential;
mod endpoint;
mod error;
mod failover;
mod field;
mod fork;
mod hooks;
mod ids;
mod judge;
mod keys;
mod learn;
mod media;
mod pipeline;
mod provider;
mod redact;
mod router;
mod select;
mod session;
mod setup;
mod shadow;
mod steer;
mod store;
mod stream;
mod telemetry;
mod transport;
mod wire;

pub use account::{
    Against, CacheUse, Content, Entry, Fault, Figures, LedgerState, Percentiles, Sink, SinkState, TokenSums,
    UsageQuery, UsageReport, UsageRow, usd,
};
pub use admit::{
    Allowance, Allowances, Budget, BudgetEvent, BudgetState, Budgets, Caller, LimitState, Limits, QuotaState, Window,
};
pub use cache::CacheStats;
pub use catalog::{
    Auth, Basis, Capabilities, Catalog, CatalogError, DayWindow, EffortScores, EffortStyle, EmbeddingKind,
    EmbeddingRules, InputType, Mode, Model, OffPeak, ParameterRules, PricePeriod, Quirks, Rates, Reasoning,
    ReasoningControl, Score, Scores, Status, TaskClass, Tier, ToolIdFormat, Vendor, usd_per_million_to_pico,
    utc_week_minute,
};
pub use classify::{Evidence, Needs, Script, Success, Task, TaskKind};
#[doc(hidden)]
pub use classify::{TrainingRow, training_features};
pub use config::{
    Alias, AliasModel, Balance, Breaker, BudgetsConfig, CacheConfig, CacheScope, Config, DeploymentConfig, ExactCache,
    Hedge, HooksConfig, JsonLines, JudgeConfig, JudgeExample, KeysConfig, LearningConfig, LedgerConfig, LimitsConfig,
    MediaConfig, ModelConfig, OffPeakConfig, OnFailure, OnHookFailure, PriceConfig, ProviderConfig, RatesConfig,
    Redact, Retry, RuleConfig, SandboxConfig, SandboxFailure, SemanticCache, SessionsConfig, Shadow, StateConfig,
    StateFailure, TelemetryConfig, TierConfig, Timeouts, TokensConfig, WindowConfig,
};
pub use credential::Credentials;
pub use endpoint::{Body, Endpoint};
pub use error::{Error, ErrorKind, Partial, Refusal};
pub use failover::TargetHealth;
#[doc(hidden)]
pub use fork::{after_fork_in_child, after_fork_in_parent, before_fork};
pub use hooks::{Decision, Hook, HookCall, HookFailure, HookFuture, HookOptions, HookRefusal, Operation, Stage};
pub use keys::{IssuedKey, KeyInfo, KeySettings, Keys, NewKey};
pub use learn::Learning;
pub use pipeline::{Compared, LeftOut, Moved, Side, Spending, WhatIf};
pub use provider::{Azure, Cloud, Deployment, Family, Limits as DeploymentLimits, Target, Vertex};
pub use redact::RedactKind;
#[cfg(feature = "sqlite")]
pub use router::LedgerFile;
pub use router::Router;
pub use select::{Candidate, Explanation, Plan};
pub use shadow::ShadowReply;
pub use stream::ChatStream;
#[cfg(any(test, feature = "otel"))]
pub use telemetry::Export;
pub use telemetry::{
    Attribute, Facts, Instrument, InstrumentKind, LogLevel, LogLine, Measurement, Record, Span, TraceContext, on_log,
};
pub use wire::{
    AttemptRecord, CacheMode, CacheOptions, Cached, ChatChunk, ChatRequest, ChatResponse, CostSource, EmbeddingInput,
    EmbeddingRequest, EmbeddingResponse, EncodingFormat, Judged, MaxPrice, Object, OnInterrupt, OnMalformed,
    ParameterPolicy, Priority, Resumption, RouteInfo, RouteOptions, SessionDecision, SessionInfo, Strategy, TokenCount,
    Tokenizer, Usage, count_tokens, estimate_request_tokens, estimate_request_tokens_for, estimate_tokens,
    estimate_tokens_for,
};
