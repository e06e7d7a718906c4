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
mod catalog;
mod classify;
mod config;
mod credential;
mod endpoint;
mod error;
mod failover;
mod ids;
mod judge;
mod media;
mod pipeline;
mod provider;
mod router;
mod select;
mod setup;
mod shadow;
mod store;
mod stream;
mod transport;
mod wire;

pub use account::{Entry, usd};
pub use admit::{
    Allowance, Allowances, Budget, BudgetEvent, BudgetState, Budgets, Caller, LimitState, Limits, QuotaState, Window,
};
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
    Alias, AliasModel, Balance, Breaker, BudgetsConfig, Config, DeploymentConfig, Hedge, JudgeConfig, LedgerConfig,
    LimitsConfig, MediaConfig, ModelConfig, OffPeakConfig, OnFailure, PriceConfig, ProviderConfig, RatesConfig, Retry,
    SandboxConfig, SandboxFailure, Shadow, StateConfig, StateFailure, TierConfig, Timeouts, TokensConfig, WindowConfig,
};
pub use credential::Credentials;
pub use endpoint::{Body, Endpoint};
pub use error::{Error, ErrorKind, Partial, Refusal};
pub use failover::TargetHealth;
pub use pipeline::Spending;
pub use provider::{Azure, Cloud, Deployment, Family, Limits as DeploymentLimits, Target, Vertex};
pub use router::Router;
pub use select::{Candidate, Explanation, Plan};
pub use shadow::ShadowReply;
pub use stream::ChatStream;
pub use wire::{
    AttemptRecord, ChatChunk, ChatRequest, ChatResponse, CostSource, EmbeddingInput, EmbeddingRequest,
    EmbeddingResponse, EncodingFormat, Judged, MaxPrice, Object, OnInterrupt, OnMalformed, ParameterPolicy, Priority,
    Resumption, RouteInfo, RouteOptions, Strategy, TokenCount, Tokenizer, Usage, count_tokens, estimate_request_tokens,
    estimate_request_tokens_for, estimate_tokens, estimate_tokens_for,
};
