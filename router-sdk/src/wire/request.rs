//! A chat request: OpenAI JSON in, checked once, every unknown field kept.

use std::sync::OnceLock;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Value;

use super::{Object, RouteOptions, validate};
use crate::error::Error;

/// Fields that steer this library and never reach a provider.
pub(crate) const OWN_FIELDS: [&str; 3] = ["route", "models", "clawrouters"];

/// A chat completion request in the OpenAI shape.
///
/// `route` and `models` are read here and never sent; every other field, known or not, reaches the provider.
#[derive(Clone)]
pub struct ChatRequest {
    body: Object,
    route: RouteOptions,
    models: Vec<String>,
    size: usize,
    tail: OnceLock<Bytes>,
    api_key: Option<SecretString>,
}

impl std::fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatRequest")
            .field("model", &self.model())
            .field("messages", &self.messages().len())
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl ChatRequest {
    /// A request of one user message.
    ///
    /// # Examples
    /// ```
    /// let request = clawrouters::ChatRequest::new("auto", "Translate 'good morning' into French.");
    /// assert_eq!(request.messages().len(), 1);
    /// ```
    pub fn new(model: impl Into<String>, user: impl Into<String>) -> Self {
        let mut body = Object::new();
        body.insert("model".into(), Value::String(model.into()));
        let user = user.into();
        let size = user.len();
        body.insert("messages".into(), serde_json::json!([{"role": "user", "content": user}]));
        Self { body, route: RouteOptions::default(), models: Vec::new(), size, tail: OnceLock::new(), api_key: None }
    }

    /// Reads and checks a request from JSON text.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        validate::size(json.len())?;
        let body: Value = serde_json::from_slice(json)
            .map_err(|e| Error::invalid_request("body", format!("must be valid JSON: {}", validate::json_fault(&e))))?;
        Self::build(body, json.len())
    }

    /// Checks a request that is JSON already.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix.
    pub fn from_value(body: Value) -> Result<Self, Error> {
        let size = validate::value_size(&body);
        validate::size(size)?;
        Self::build(body, size)
    }

    fn build(body: Value, size: usize) -> Result<Self, Error> {
        let Value::Object(mut body) = body else {
            return Err(Error::invalid_request("body", "must be a JSON object"));
        };
        validate::request(&body)?;
        let route = validate::route(body.shift_remove("route"))?;
        let models = validate::models(body.shift_remove("models"))?;
        Ok(Self { body, route, models, size, tail: OnceLock::new(), api_key: None })
    }

    /// Sets a request field such as `temperature`, `tools` or a provider's own.
    ///
    /// # Errors
    /// `InvalidRequest` when the request is no longer valid with it.
    pub fn with(self, field: &str, value: impl Into<Value>) -> Result<Self, Error> {
        let value = value.into();
        let size = self.size.saturating_add(field.len() + 4 + validate::value_size(&value));
        validate::size(size)?;
        let mut body = self.body;
        body.insert(field.to_owned(), value);
        let mut next = Self::build(Value::Object(body), size)?;
        next.api_key = self.api_key;
        if field != "route" {
            next.route = self.route;
        }
        if field != "models" {
            next.models = self.models;
        }
        Ok(next)
    }

    /// Sets the routing options.
    #[must_use]
    pub fn with_route(mut self, route: RouteOptions) -> Self {
        self.route = route;
        self
    }

    /// Sets the caller's key, `cr_…`. It is read before anything else, is never sent on, and is no part of the body.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The caller's key.
    pub(crate) fn api_key(&self) -> Option<&SecretString> {
        self.api_key.as_ref()
    }

    /// The names of models that the request gives, each with its field.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, String)> {
        let models = self.models.iter().enumerate().map(|(i, name)| (name.as_str(), format!("models[{i}]")));
        std::iter::once((self.model(), "model".to_owned())).chain(models)
    }

    /// The same request with another body, which must be as valid as this one's.
    pub(crate) fn with_body(&self, body: Object) -> Self {
        let size = body.iter().map(|(k, v)| k.len() + 4 + validate::value_size(v)).sum::<usize>() + 1;
        Self {
            body,
            route: self.route.clone(),
            models: self.models.clone(),
            size,
            tail: OnceLock::new(),
            api_key: None,
        }
    }

    /// The same request without a field.
    pub(crate) fn without(&self, field: &str) -> Self {
        let mut body = self.body.clone();
        body.shift_remove(field);
        self.with_body(body)
    }

    /// The same request with an output limit, where it has none.
    pub(crate) fn limited_to(&self, tokens: u64) -> Self {
        let mut body = self.body.clone();
        body.insert("max_tokens".into(), tokens.max(1).into());
        self.with_body(body)
    }

    /// The level of thinking that the caller names.
    pub(crate) fn effort(&self) -> Option<&str> {
        let nested = || self.get("reasoning").and_then(|r| r.get("effort"));
        self.get("reasoning_effort").or_else(nested).and_then(Value::as_str)
    }

    /// Whether the caller says anything of thinking, in whatever words.
    pub(crate) fn steers_thinking(&self) -> bool {
        const WORDS: [&str; 10] = [
            "reasoning_effort",
            "reasoning",
            "include_reasoning",
            "thinking",
            "thinking_budget",
            "enable_thinking",
            "think",
            "output_config",
            "chat_template_kwargs",
            "extra_body",
        ];
        WORDS.iter().any(|name| self.get(name).is_some())
    }

    /// The same request at a level of thinking; nothing where the caller says anything of it.
    pub(crate) fn thinking_at(&self, level: &str) -> Option<Self> {
        if self.steers_thinking() {
            return None;
        }
        let mut body = self.body.clone();
        body.insert("reasoning_effort".into(), level.into());
        Some(self.with_body(body))
    }

    /// Choices asked for.
    pub(crate) fn choices(&self) -> u64 {
        self.get("n").and_then(Value::as_u64).unwrap_or(1)
    }

    /// The model asked for: `auto`, `auto:STRATEGY`, an alias, `provider/model` or a bare model name.
    pub fn model(&self) -> &str {
        self.body.get("model").and_then(Value::as_str).unwrap_or_default()
    }
    /// The ordered list of models, when the request names several.
    pub fn models(&self) -> &[String] {
        &self.models
    }
    /// The messages.
    pub fn messages(&self) -> &[Value] {
        self.body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
    /// The tools.
    pub fn tools(&self) -> &[Value] {
        self.body.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
    /// A field that is present and not null.
    pub fn get(&self, field: &str) -> Option<&Value> {
        crate::field::field(&self.body, field).filter(|v| !v.is_null())
    }
    /// True when the caller asked for a stream.
    pub fn wants_stream(&self) -> bool {
        self.get("stream").and_then(Value::as_bool).unwrap_or(false)
    }
    /// The routing options.
    pub fn route(&self) -> &RouteOptions {
        &self.route
    }
    pub(crate) fn route_mut(&mut self) -> &mut RouteOptions {
        &mut self.route
    }
    /// The request as its caller wrote it: the body with `models` and those options of `route` that are set.
    pub fn to_json(&self) -> Value {
        let mut body = self.body.clone();
        if !self.models.is_empty() {
            body.insert("models".into(), self.models.clone().into());
        }
        self.route.insert_into(&mut body);
        Value::Object(body)
    }

    /// Says what the other says; what never stands in JSON stays.
    pub(crate) fn replace_by(&mut self, other: Self) {
        let Self { body, route, models, size, tail, api_key: _ } = other;
        (self.body, self.route, self.models, self.size, self.tail) = (body, route, models, size, tail);
    }

    /// The body, to be changed into one that is as valid as this one.
    pub(crate) fn body_mut(&mut self) -> &mut Object {
        self.tail = OnceLock::new();
        &mut self.body
    }
    /// The whole body, without the routing fields.
    pub fn body(&self) -> &Object {
        &self.body
    }
    /// Size of the request in bytes of JSON, exact or close.
    pub fn size(&self) -> usize {
        self.size
    }
    /// The output limit asked for, in tokens.
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.get("max_completion_tokens").or_else(|| self.get("max_tokens")).and_then(Value::as_u64)
    }

    /// The body's bytes without `model`, `stream` and `stream_options` and without the opening brace,
    /// made once and shared by all attempts that send the OpenAI shape unchanged.
    pub(crate) fn shared_tail(&self) -> Bytes {
        self.tail
            .get_or_init(|| {
                let mut out = Vec::with_capacity(self.size + 64);
                for (key, value) in &self.body {
                    if matches!(key.as_str(), "model" | "stream" | "stream_options")
                        || OWN_FIELDS.contains(&key.as_str())
                    {
                        continue;
                    }
                    out.push(b',');
                    // Writing JSON values into a Vec cannot fail.
                    let _ = serde_json::to_writer(&mut out, key);
                    out.push(b':');
                    let _ = serde_json::to_writer(&mut out, value);
                }
                out.push(b'}');
                Bytes::from(out)
            })
            .clone()
    }
}
