//! The configuration: TOML, JSON or Rust values in, checked settings out. Unknown keys and impossible values are errors.

mod alias;
mod cache;
mod check;
mod cloud;
mod hooks;
mod judge;
mod keys;
mod learning;
mod ledger;
mod media;
mod model;
mod price;
mod quota;
mod redact;
mod rule;
mod sessions;
mod settings;
mod state;
mod telemetry;

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

pub use alias::{Alias, AliasModel};
pub use cache::{CacheConfig, CacheScope, ExactCache, SemanticCache};
pub use hooks::{HooksConfig, OnHookFailure};
pub use judge::{JudgeConfig, JudgeExample};
pub use keys::KeysConfig;
pub use learning::LearningConfig;
pub use ledger::{JsonLines, LedgerConfig};
pub(crate) use media::MEDIA_TOGETHER;
pub use media::MediaConfig;
pub use model::ModelConfig;
pub use price::{OffPeakConfig, PriceConfig, RatesConfig, TierConfig, WindowConfig};
pub use quota::{BudgetsConfig, LimitsConfig};
pub use redact::Redact;
pub use rule::RuleConfig;
pub use sessions::SessionsConfig;
pub use settings::{Balance, Breaker, Hedge, Retry, SandboxConfig, SandboxFailure, Shadow, Timeouts, TokensConfig};

pub use telemetry::TelemetryConfig;

pub use state::{OnFailure, StateConfig, StateFailure};

use crate::error::Error;
use crate::wire::{OnInterrupt, OnMalformed, ParameterPolicy, Strategy};

/// Everything a router is built from. The same keys in TOML, Python dicts, JS objects and here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// What `auto` optimises; default `balanced`.
    pub strategy: Strategy,
    /// Providers by name. A known name needs nothing but its key variable. Empty: every known provider whose key is in
    /// the environment.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// Own names for ordered lists and balanced groups of models.
    pub aliases: BTreeMap<String, Alias>,
    /// Own models, and corrections of the catalogue's.
    pub models: Vec<ModelConfig>,
    /// Time limits.
    pub timeouts: Timeouts,
    /// How often the same request is sent again.
    pub retry: Retry,
    /// When a failing target is left alone.
    pub breaker: Breaker,
    /// How requests are spread over the deployments of a provider that has several.
    pub balance: Balance,
    /// What becomes of a stream that breaks after output has begun.
    pub on_interrupt: OnInterrupt,
    /// What becomes of a chunk that is not valid JSON.
    pub on_malformed: OnMalformed,
    /// Asking a second target when the first is slow to start.
    pub hedge: Hedge,
    /// Copies of requests to another model.
    pub shadow: Option<Shadow>,
    /// Who is asked for a second opinion on how hard a request is.
    pub judge: Option<JudgeConfig>,
    /// Learning from scores of answers. Absent: nothing is learned.
    pub learning: Option<LearningConfig>,
    /// True leaves thinking at each model's default: `auto` chooses no level of effort. Default false.
    pub default_effort: bool,
    /// What requests to `auto` are taken for and who answers them, in place of the classifier's word.
    pub rules: Vec<RuleConfig>,
    /// What becomes of parameters that a model or its provider does not take; default `adapt`.
    pub parameters: ParameterPolicy,
    /// Media fetched for providers that do not fetch addresses themselves.
    pub media: MediaConfig,
    /// The model against which savings are counted; default the dearest that could have answered.
    pub baseline: Option<String>,
    /// Answers that are kept to be given again.
    pub cache: CacheConfig,
    /// How many requests and tokens may be used.
    pub limits: LimitsConfig,
    /// How much money may be spent.
    pub budgets: BudgetsConfig,
    /// Where closed requests are kept.
    pub ledger: LedgerConfig,
    /// How tokens are counted before a call.
    pub tokens: TokensConfig,
    /// Callers' keys. Absent: every caller is anonymous and may do everything.
    pub keys: Option<KeysConfig>,
    /// What is taken out of text before it leaves for a provider; default nothing.
    pub redact: Redact,
    /// How the application's hooks are run.
    pub hooks: HooksConfig,
    /// What telemetry may hold.
    pub telemetry: TelemetryConfig,
    /// Conversations that stay with their model.
    pub sessions: SessionsConfig,
    /// State that processes share, in Redis or Valkey. Absent: each process has its own.
    pub state: Option<StateConfig>,
}

/// One provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// The wire family: `openai`, `openai-responses`, `anthropic`, `gemini`, `cohere`, `ollama`, `bedrock` or `sandbox`, or
    /// a cloud: `azure` or `vertex`. Needed for names that are not known.
    pub kind: Option<String>,
    /// Which interface of an OpenAI-shaped provider its chat models are reached by: `chat` (default) or `responses`.
    /// Models that live behind the Responses interface alone are reached by it in any case.
    pub api: Option<String>,
    /// Base URL, http or https.
    pub base_url: Option<String>,
    /// The key itself; better kept in the environment.
    pub api_key: Option<SecretString>,
    /// The environment variable that holds the key, in place of the known one.
    pub api_key_env: Option<String>,
    /// Further headers of every request; kept as secrets, for they may carry credentials.
    pub headers: BTreeMap<String, SecretString>,
    /// Several keys in place of one: each is a deployment of its own, and requests are spread over them.
    pub api_keys: Vec<SecretString>,
    /// Several ways to reach the provider: addresses, regions, accounts. What one leaves out it takes from here.
    pub deployments: Vec<DeploymentConfig>,
    /// How requests are spread over deployments or keys; default the router's.
    pub balance: Option<Balance>,
    /// Requests at the same time to one model of a deployment; more go elsewhere, or wait where there is no elsewhere.
    pub max_concurrency: Option<u32>,
    /// Requests in a minute to one model of a deployment.
    pub requests_per_minute: Option<u64>,
    /// Tokens in a minute to one model of a deployment, input and output.
    pub tokens_per_minute: Option<u64>,
    /// True where a contract says that this provider keeps nothing of a request: `route.zdr` asks for it.
    pub zdr: bool,
    /// The AWS region, for `bedrock`; else `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's.
    pub region: Option<String>,
    /// The AWS access key, for `bedrock`; else `AWS_ACCESS_KEY_ID` or the profile's.
    pub access_key_id: Option<SecretString>,
    /// The secret of `access_key_id`.
    pub secret_access_key: Option<SecretString>,
    /// The session token of temporary AWS keys.
    pub session_token: Option<SecretString>,
    /// The profile of AWS's shared files that holds keys or region, for `bedrock`; else `AWS_PROFILE` or `default`.
    pub profile: Option<String>,
    /// The inference profiles, such as `us`, `eu` or `global`, by which `bedrock` reaches the models that have one there.
    pub inference_profile: Option<String>,
    /// How the sandbox behaves, for `kind = "sandbox"`.
    pub sandbox: Option<SandboxConfig>,
    /// Azure: the resource, in place of `base_url`: `https://{resource}.openai.azure.com`.
    pub resource: Option<String>,
    /// Azure: the dated version of the interface below `/openai/deployments`, such as `2024-10-21`. Absent: `/openai/v1`.
    pub api_version: Option<String>,
    /// Azure: the names of deployments by the models that they serve, such as `{"gpt-5" = "my-deployment"}`. Models that
    /// are not in here are asked for under their own names, and `auto` never chooses them.
    pub deployment_names: BTreeMap<String, String>,
    /// Azure: an Entra token, in place of a key.
    pub azure_ad_token: Option<SecretString>,
    /// Azure: the Entra tenant of the application that asks.
    pub tenant_id: Option<String>,
    /// Azure: the application's id.
    pub client_id: Option<String>,
    /// Azure: the application's secret.
    pub client_secret: Option<SecretString>,
    /// Azure: where the application gets tokens, in place of Entra's public address for the tenant.
    pub token_url: Option<String>,
    /// Azure: what tokens are asked for; default `https://cognitiveservices.azure.com/.default`.
    pub scope: Option<String>,
    /// Vertex: the Google Cloud project.
    pub project: Option<String>,
    /// Vertex: the region, `us`, `eu` or `global`; default `global`.
    pub location: Option<String>,
    /// Vertex: an access token, in place of credentials.
    pub access_token: Option<SecretString>,
    /// Vertex: the JSON of a service account or of a person's sign-in, as a table or as text.
    #[serde(deserialize_with = "cloud::json_as_secret")]
    pub credentials: Option<SecretString>,
    /// Vertex: the file that holds such JSON, in place of the one that `GOOGLE_APPLICATION_CREDENTIALS` names.
    pub credentials_file: Option<String>,
}

/// One of several ways to reach a provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct DeploymentConfig {
    /// Its own name, shown in records and health; default its number, from 1.
    pub name: Option<String>,
    /// Base URL in place of the provider's.
    pub base_url: Option<String>,
    /// The key in place of the provider's.
    pub api_key: Option<SecretString>,
    /// The environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// Further headers, laid over the provider's.
    pub headers: BTreeMap<String, SecretString>,
    /// Its share of the requests, relative to the others'; default 1.
    pub weight: Option<f64>,
    /// Deployments of a lower number are asked first; default 0.
    pub priority: u32,
    /// Requests at the same time to one model, in place of the provider's.
    pub max_concurrency: Option<u32>,
    /// Requests in a minute to one model, in place of the provider's.
    pub requests_per_minute: Option<u64>,
    /// Tokens in a minute to one model, in place of the provider's.
    pub tokens_per_minute: Option<u64>,
}

impl Config {
    /// Reads a configuration from TOML text.
    ///
    /// # Errors
    /// `InvalidConfig` that names the key and the fix.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let table = toml::Table::try_from_str(text)?;
        check::numbers(&toml::Value::Table(table.clone()), "")?;
        let value = serde_json::to_value(table)
            .map_err(|_| Error::invalid_config("config", "holds a value that is no text, number, list or table"))?;
        Self::from_value(value)
    }

    /// Reads a configuration from a TOML file.
    ///
    /// # Errors
    /// `InvalidConfig` when the file cannot be read or is not a valid configuration.
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::invalid_config("config", format!("the file {} cannot be read: {}", path.display(), e.kind()))
        })?;
        Self::from_toml(&text)
    }

    /// Reads a configuration from JSON.
    ///
    /// # Errors
    /// `InvalidConfig` that names the key and the fix.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        if !value.is_object() {
            return Err(Error::invalid_config("config", "must be a table of settings"));
        }
        check::tables(&value)?;
        let config: Self = serde_path_to_error::deserialize(value).map_err(|e| {
            let path = e.path().to_string();
            let key = if path == "." { "config".to_owned() } else { path };
            Error::invalid_config(key, check::describe(&e.inner().to_string()))
        })?;
        config.check()?;
        Ok(config)
    }

    /// Checks values that types alone cannot.
    ///
    /// # Errors
    /// `InvalidConfig` that names the key and the fix.
    pub fn check(&self) -> Result<(), Error> {
        check::config(self)
    }
}

/// Parsing TOML into a table with an error that quotes no value.
trait TryFromStr: Sized {
    fn try_from_str(text: &str) -> Result<Self, Error>;
}

impl TryFromStr for toml::Table {
    fn try_from_str(text: &str) -> Result<Self, Error> {
        text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].lines().count().max(1));
            Error::invalid_config("config", format!("is not valid TOML near line {line}: {}", e.message()))
        })
    }
}
