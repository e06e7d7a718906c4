//! The configuration: TOML, JSON or Rust values in, checked settings out. Unknown keys and impossible values are errors.

mod check;
mod model;
mod settings;

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

pub use model::{ModelConfig, PriceConfig};
pub use settings::{Breaker, LedgerConfig, Retry, SandboxConfig, SandboxFailure, Timeouts};

use crate::error::Error;
use crate::wire::Strategy;

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
    /// Own names for ordered lists of models.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Own models, and corrections of the catalogue's.
    pub models: Vec<ModelConfig>,
    /// Time limits.
    pub timeouts: Timeouts,
    /// How often the same request is sent again.
    pub retry: Retry,
    /// When a failing target is left alone.
    pub breaker: Breaker,
    /// The model against which savings are counted; default the dearest that could have answered.
    pub baseline: Option<String>,
    /// The in-memory ledger.
    pub ledger: LedgerConfig,
}

/// One provider.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ProviderConfig {
    /// The wire family: `openai`, `anthropic`, `gemini`, `bedrock` or `sandbox`. Needed for names that are not known.
    pub kind: Option<String>,
    /// Base URL, http or https.
    pub base_url: Option<String>,
    /// The key itself; better kept in the environment.
    pub api_key: Option<SecretString>,
    /// The environment variable that holds the key, in place of the known one.
    pub api_key_env: Option<String>,
    /// Further headers of every request; kept as secrets, for they may carry credentials.
    pub headers: BTreeMap<String, SecretString>,
    /// How the sandbox behaves, for `kind = "sandbox"`.
    pub sandbox: Option<SandboxConfig>,
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
