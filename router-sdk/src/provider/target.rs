//! Where one attempt goes: provider, model and deployment as plain facts.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::Cloud;
use crate::catalog::{Mode, Model, Quirks};
use crate::credential::Credentials;

/// A language that providers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// OpenAI chat completions and everything compatible.
    OpenAi,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
    /// Cohere chat, version 2.
    Cohere,
    /// Ollama's own chat.
    Ollama,
    /// OpenAI Responses.
    Responses,
    /// Amazon Bedrock Converse.
    Bedrock,
}

impl Family {
    /// The family of a `kind` word in the config or the catalogue, if it is one of these.
    pub fn parse(kind: &str) -> Option<Self> {
        match kind {
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            "gemini" | "google" => Some(Self::Gemini),
            "cohere" => Some(Self::Cohere),
            "ollama" => Some(Self::Ollama),
            "openai-responses" => Some(Self::Responses),
            "bedrock" => Some(Self::Bedrock),
            _ => None,
        }
    }
}

/// How much one deployment may be asked; absent means any amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests at the same time to one model.
    pub concurrency: Option<u32>,
    /// Requests in a minute to one model.
    pub requests_per_minute: Option<u64>,
    /// Tokens in a minute to one model, input and output.
    pub tokens_per_minute: Option<u64>,
}

/// One configured way to reach a provider.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The provider's name in the config.
    pub provider: String,
    /// The deployment's own name, where the provider has several.
    pub name: Option<String>,
    /// Its share of the provider's requests, relative to the others'.
    pub weight: f64,
    /// Deployments of a lower number are asked first.
    pub priority: u32,
    /// What it may be asked at once and in a minute.
    pub limits: Limits,
    /// The language it speaks.
    pub family: Family,
    /// Base URL without a trailing slash.
    pub base_url: String,
    /// Path of chat completions below the base URL, for the OpenAI family.
    pub chat_path: String,
    /// The key; absent for local servers.
    pub key: Option<SecretString>,
    /// How requests prove who asks beyond a key in a header.
    pub credentials: Credentials,
    /// The header that carries the key (`authorization` with `Bearer` when absent).
    pub key_header: Option<http::HeaderName>,
    /// Further headers from the config and the vendor table.
    pub headers: HeaderMap,
    /// Where the vendor differs from its family.
    pub quirks: Quirks,
    /// True when the built-in sandbox answers in its stead.
    pub sandbox: bool,
    /// True for servers on the user's own machine.
    pub local: bool,
    /// True where a contract says that the provider keeps nothing of a request.
    pub zdr: bool,
    /// The cloud it stands in, where that matters.
    pub cloud: Cloud,
    /// The id of the caller's key for which it stands alone, with credentials that the caller brought.
    pub owner: Option<Arc<str>>,
}

/// Values shorter than this are no secrets, and replacing them would garble messages.
const SHORTEST_SECRET: usize = 6;
/// Words of a header's value shorter than this are no secrets of their own.
const SHORTEST_WORD: usize = 12;

impl Deployment {
    /// True when nothing of a request is kept: by contract, on the user's own machine, or because nothing is sent.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.zdr || self.local || self.sandbox
    }

    /// The name under which its key rests: the provider's, with the deployment's where there are several.
    pub(crate) fn label(&self) -> String {
        self.owned(self.provider.clone())
    }

    /// The key, tokens and the words of own headers, longest first: `Bearer x` is echoed as `x`, `token=x` as either.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        use secrecy::ExposeSecret;
        let key = self.key.as_ref().map(|k| k.expose_secret().trim());
        let headers = self.headers.values().filter(|v| v.is_sensitive()).filter_map(|v| v.to_str().ok());
        let words = headers.flat_map(|value| {
            let parts = value.split(|c: char| c.is_whitespace() || matches!(c, '=' | ':' | ',' | ';' | '"'));
            // Schemes such as `Bearer` and plain words are no secrets.
            std::iter::once(value).chain(parts.filter(|part| part.len() >= SHORTEST_WORD))
        });
        let mut all: Vec<SecretString> = key.into_iter().chain(words).map(SecretString::from).collect();
        all.extend(self.credentials.secrets());
        all.retain(|secret| secret.expose_secret().len() >= SHORTEST_SECRET);
        all.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        all
    }
}

/// Provider, model and deployment of one attempt.
#[derive(Debug, Clone)]
pub struct Target {
    /// How the provider is reached.
    pub deployment: Arc<Deployment>,
    /// The catalogue's or the config's facts of the model.
    pub model: Arc<Model>,
    /// False when neither the catalogue nor the config knows the model.
    pub known: bool,
    /// True when the catalogue knows the model.
    pub catalogued: bool,
    /// The level of thinking that the router chose for it; absent where the model's default or the caller's own holds.
    pub effort: Option<Arc<str>>,
}

impl Target {
    /// The language spoken with this model: the deployment's, unless the model lives behind another interface there.
    pub fn family(&self) -> Family {
        let deployment = &self.deployment;
        let elsewhere = deployment.quirks.responses || self.model.mode == Mode::Responses;
        // The sandbox answers in the chat shape whoever it stands for.
        if elsewhere && deployment.family == Family::OpenAi && !deployment.sandbox {
            return Family::Responses;
        }
        deployment.family
    }

    /// Whether one request can ask it for several choices.
    pub(crate) fn takes_n(&self) -> bool {
        super::family(self.family()).takes_n(self)
    }

    /// `provider/model`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.deployment.provider, self.model.id)
    }

    /// The name under which health is kept: the key, with the deployment's name where there are several.
    pub(crate) fn place(&self) -> String {
        self.deployment.owned(self.key())
    }

    /// Headers of a request to this target: JSON, the vendor's and the user's, and the key marked sensitive.
    ///
    /// `bearer_unless` names the family's own key header where it is not `Authorization: Bearer`.
    pub(crate) fn headers(&self, own_key_header: Option<&'static str>) -> HeaderMap {
        use secrecy::ExposeSecret;
        let deployment = &self.deployment;
        let mut headers = deployment.headers.clone();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &deployment.key {
            let name = deployment
                .key_header
                .clone()
                .or_else(|| own_key_header.map(http::HeaderName::from_static))
                .unwrap_or(http::header::AUTHORIZATION);
            let text = if name == http::header::AUTHORIZATION {
                format!("Bearer {}", key.expose_secret())
            } else {
                key.expose_secret().to_owned()
            };
            // Keys are checked when the deployment is built, so this holds for every key that gets here.
            if let Ok(mut value) = HeaderValue::from_str(&text) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        headers
    }
}
