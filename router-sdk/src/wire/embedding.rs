//! Embeddings in OpenAI's shape: a request's JSON in, checked once; vectors with usage and route out.

use secrecy::SecretString;
use serde_json::Value;

use super::{Object, RouteOptions, estimate_tokens, validate};
use crate::catalog::InputType;
use crate::error::Error;

/// Fields that are read here; everything else is passed on.
const READ: [&str; 9] =
    ["model", "input", "dimensions", "encoding_format", "user", "input_type", "route", "models", "clawrouters"];

/// How vectors are written in the reply's JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodingFormat {
    /// Lists of numbers.
    #[default]
    Float,
    /// Base64 of 32-bit floats, lowest byte first.
    Base64,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbeddingInput {
    /// A text.
    Text(String),
    /// The ids of a text's tokens.
    Tokens(Vec<u32>),
}

impl EmbeddingInput {
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Tokens(ids) => ids.clone().into(),
        }
    }

    /// Tokens, counted or estimated.
    pub(crate) fn tokens(&self) -> u64 {
        match self {
            Self::Text(text) => estimate_tokens(text),
            Self::Tokens(ids) => ids.len() as u64,
        }
    }
}

/// A request for embeddings.
///
/// `route` and `models` are read here and never sent; `input_type` is put into the provider's own words.
#[derive(Clone)]
pub struct EmbeddingRequest {
    model: String,
    models: Vec<String>,
    input: Vec<EmbeddingInput>,
    alone: bool,
    dimensions: Option<u32>,
    encoding: EncodingFormat,
    user: Option<String>,
    input_type: Option<InputType>,
    extra: Object,
    route: RouteOptions,
    size: usize,
    api_key: Option<SecretString>,
}

impl std::fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddingRequest")
            .field("model", &self.model)
            .field("inputs", &self.input.len())
            .field("dimensions", &self.dimensions)
            .field("input_type", &self.input_type)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl EmbeddingRequest {
    /// A request for the vectors of some texts.
    ///
    /// # Errors
    /// `InvalidRequest` when there is no text, or one of them is empty or too large.
    ///
    /// # Examples
    /// ```
    /// use clawrouters::EmbeddingRequest;
    ///
    /// let request = EmbeddingRequest::new("openai/text-embedding-3-small", ["a cat", "a dog"])?;
    /// assert_eq!(request.input().len(), 2);
    /// # Ok::<(), clawrouters::Error>(())
    /// ```
    pub fn new(model: impl Into<String>, texts: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, Error> {
        let texts: Vec<Value> = texts.into_iter().map(|t| Value::String(t.into())).collect();
        Self::from_value(serde_json::json!({"model": model.into(), "input": texts}))
    }

    /// Reads and checks a request from JSON text.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        size(json.len())?;
        let body: Value = serde_json::from_slice(json)
            .map_err(|e| Error::invalid_request("body", format!("must be valid JSON: {}", validate::json_fault(&e))))?;
        Self::build(body, json.len())
    }

    /// Checks a request that is JSON already.
    ///
    /// # Errors
    /// `InvalidRequest` that names the field and the fix.
    pub fn from_value(body: Value) -> Result<Self, Error> {
        let bytes = validate::value_size(&body);
        size(bytes)?;
        Self::build(body, bytes)
    }

    fn build(body: Value, size: usize) -> Result<Self, Error> {
        let Value::Object(mut body) = body else {
            return Err(Error::invalid_request("body", "must be a JSON object"));
        };
        body.retain(|_, value| !value.is_null());
        let model = match body.get("model") {
            Some(Value::String(model)) if !model.trim().is_empty() => model.clone(),
            Some(Value::String(_)) | None => {
                return Err(Error::invalid_request("model", "is required: name an embedding model"));
            }
            Some(_) => return Err(Error::invalid_request("model", "must be a string such as \"provider/model\"")),
        };
        let alone = body.get("input").is_some_and(|input| !input.is_array() || is_ids(input));
        let input = inputs(body.shift_remove("input"))?;
        let route = validate::route(body.shift_remove("route"))?;
        let models = validate::models(body.shift_remove("models"))?;
        let request = Self {
            model,
            models,
            input,
            alone,
            dimensions: dimensions(body.get("dimensions"))?,
            encoding: encoding(body.get("encoding_format"))?,
            user: text(&body, "user")?,
            input_type: input_type(&body)?,
            route,
            size,
            api_key: None,
            extra: body.into_iter().filter(|(name, _)| !READ.contains(&name.as_str())).collect(),
        };
        floats_only(&request.extra)?;
        Ok(request)
    }

    /// The request as its caller wrote it, with `models` and those options of `route` that are set.
    pub fn to_json(&self) -> Value {
        let mut body = Object::new();
        body.insert("model".into(), self.model.clone().into());
        let input: Vec<Value> = self.input.iter().map(EmbeddingInput::to_json).collect();
        body.insert("input".into(), if self.alone { input.into_iter().next().into() } else { input.into() });
        let known = [
            ("dimensions", self.dimensions.map(Value::from)),
            ("user", self.user.clone().map(Value::from)),
            ("encoding_format", (self.encoding == EncodingFormat::Base64).then(|| "base64".into())),
            ("input_type", self.input_type.and_then(|kind| serde_json::to_value(kind).ok())),
            ("models", (!self.models.is_empty()).then(|| self.models.clone().into())),
        ];
        body.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        body.extend(self.extra.clone());
        self.route.insert_into(&mut body);
        Value::Object(body)
    }

    /// Says what the other says; what never stands in JSON stays.
    pub(crate) fn replace_by(&mut self, other: Self) {
        let api_key = self.api_key.take();
        *self = Self { api_key, ..other };
    }

    /// What it says in words: the inputs that are text, and who asks.
    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let inputs = self.input.iter_mut().filter_map(|input| match input {
            EmbeddingInput::Text(text) => Some(text),
            EmbeddingInput::Tokens(_) => None,
        });
        inputs.chain(self.user.as_mut())
    }

    /// Asks for vectors of this length.
    #[must_use]
    pub fn with_dimensions(mut self, dimensions: u32) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// Says what the vectors are for.
    #[must_use]
    pub fn with_input_type(mut self, input_type: InputType) -> Self {
        self.input_type = Some(input_type);
        self
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

    /// The model asked for.
    pub fn model(&self) -> &str {
        &self.model
    }
    /// Further deployments of the same model, to be tried in this order.
    pub fn models(&self) -> &[String] {
        &self.models
    }
    /// The inputs, each of which gets a vector.
    pub fn input(&self) -> &[EmbeddingInput] {
        &self.input
    }
    /// The length of vectors asked for.
    pub fn dimensions(&self) -> Option<u32> {
        self.dimensions
    }
    /// How vectors are written in the reply's JSON.
    pub fn encoding_format(&self) -> EncodingFormat {
        self.encoding
    }
    /// The end user that the caller names.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
    /// What the vectors are for.
    pub fn input_type(&self) -> Option<InputType> {
        self.input_type
    }
    /// Fields that are not known here.
    pub fn extra(&self) -> &Object {
        &self.extra
    }
    /// The routing options.
    pub fn route(&self) -> &RouteOptions {
        &self.route
    }
    pub(crate) fn route_mut(&mut self) -> &mut RouteOptions {
        &mut self.route
    }
    /// True when one input was given by itself and not in a list.
    pub(crate) fn alone(&self) -> bool {
        self.alone
    }
    /// Checks what callers of the typed interface can set past the checks of the JSON.
    pub(crate) fn check(&self) -> Result<(), Error> {
        size(self.size)?;
        if self.dimensions == Some(0) {
            return Err(Error::invalid_request("dimensions", "must be a whole number above 0"));
        }
        validate::route_options(&self.route)
    }
}

fn size(bytes: usize) -> Result<(), Error> {
    let most = validate::MAX_REQUEST_BYTES;
    if bytes > most {
        let fix = format!("the request has {bytes} bytes of JSON, at most {most} are accepted; ask in several calls");
        return Err(Error::invalid_request("input", fix));
    }
    Ok(())
}

/// A list of token ids is one input.
fn is_ids(input: &Value) -> bool {
    input.as_array().is_some_and(|items| items.first().is_some_and(Value::is_number))
}

fn inputs(input: Option<Value>) -> Result<Vec<EmbeddingInput>, Error> {
    let shape = "must be a string, a list of strings, a list of token ids or a list of such lists";
    let fault = || Error::invalid_request("input", shape);
    let input = input.ok_or_else(|| Error::invalid_request("input", format!("is required and {shape}")))?;
    if is_ids(&input) {
        return Ok(vec![ids(&input, "input")?]);
    }
    match input {
        Value::String(_) => Ok(vec![one(input, "input")?]),
        Value::Array(items) if items.is_empty() => Err(Error::invalid_request("input", "must hold at least one text")),
        Value::Array(items) if items.iter().any(Value::is_string) && items.iter().any(Value::is_array) => {
            Err(Error::invalid_request("input", "must be all texts or all lists of token ids, not both"))
        }
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(i, item)| one(item, &format!("input[{i}]"))).collect()
        }
        _ => Err(fault()),
    }
}

fn one(item: Value, at: &str) -> Result<EmbeddingInput, Error> {
    match item {
        Value::String(text) if text.is_empty() => Err(Error::invalid_request(at, "must not be empty")),
        Value::String(text) => Ok(EmbeddingInput::Text(text)),
        Value::Array(_) => ids(&item, at),
        _ => Err(Error::invalid_request(at, "must be a string or a list of token ids")),
    }
}

fn ids(list: &Value, at: &str) -> Result<EmbeddingInput, Error> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Option<Vec<u32>> = items.iter().map(|v| v.as_u64().and_then(|id| u32::try_from(id).ok())).collect();
    match ids {
        Some(ids) if ids.is_empty() => Err(Error::invalid_request(at, "must not be empty")),
        Some(ids) => Ok(EmbeddingInput::Tokens(ids)),
        None => Err(Error::invalid_request(at, "must hold token ids: whole numbers, 0 or more")),
    }
}

fn dimensions(value: Option<&Value>) -> Result<Option<u32>, Error> {
    let Some(value) = value else { return Ok(None) };
    let given = value.as_u64().and_then(|d| u32::try_from(d).ok()).filter(|d| *d > 0);
    given.map(Some).ok_or_else(|| Error::invalid_request("dimensions", "must be a whole number above 0"))
}

fn encoding(value: Option<&Value>) -> Result<EncodingFormat, Error> {
    match value.map(|v| v.as_str().unwrap_or_default()) {
        None | Some("float") => Ok(EncodingFormat::Float),
        Some("base64") => Ok(EncodingFormat::Base64),
        Some(_) => Err(Error::invalid_request("encoding_format", "must be float or base64")),
    }
}

fn text(body: &Object, field: &str) -> Result<Option<String>, Error> {
    match body.get(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::invalid_request(field, "must be a string")),
    }
}

fn input_type(body: &Object) -> Result<Option<InputType>, Error> {
    let Some(word) = body.get("input_type") else { return Ok(None) };
    word.as_str().and_then(InputType::parse).map(Some).ok_or_else(|| {
        Error::invalid_request("input_type", "must be query, document, classification, clustering or similarity")
    })
}

/// Vectors of other numbers than floats have no place in this shape.
fn floats_only(extra: &Object) -> Result<(), Error> {
    let fault =
        |field: &str| Error::invalid_request(field, "must be float or left out: vectors are lists of floats here");
    if extra.get("output_dtype").is_some_and(|v| v != "float") {
        return Err(fault("output_dtype"));
    }
    let types = extra.get("embedding_types");
    if types.is_some_and(|v| v.as_array().is_none_or(|list| list.iter().any(|t| t != "float"))) {
        return Err(fault("embedding_types"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(body: Value) -> (String, String) {
        let error = EmbeddingRequest::from_value(body).unwrap_err();
        (error.param().unwrap_or_default().to_owned(), error.message().to_owned())
    }

    #[test]
    fn all_four_forms_of_input_are_read() {
        let read = |input: Value| EmbeddingRequest::from_value(json!({"model": "m", "input": input})).unwrap();
        assert_eq!(read(json!("a")).input(), [EmbeddingInput::Text("a".into())]);
        assert!(read(json!("a")).alone() && read(json!([1, 2])).alone());
        assert!(!read(json!(["a"])).alone() && !read(json!([[1, 2]])).alone());
        assert_eq!(read(json!([1, 2])).input(), [EmbeddingInput::Tokens(vec![1, 2])]);
        let lists = read(json!([[1], [2, 3]]));
        assert_eq!(lists.input()[1], EmbeddingInput::Tokens(vec![2, 3]));
        assert_eq!(lists.input()[1].tokens(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, param) in [
            (json!({"input": "a"}), "model"),
            (json!({"model": 5, "input": "a"}), "model"),
            (json!({"model": "m"}), "input"),
            (json!({"model": "m", "input": []}), "input"),
            (json!({"model": "m", "input": {"text": "a"}}), "input"),
            (json!({"model": "m", "input": ["a", ""]}), "input[1]"),
            (json!({"model": "m", "input": ["a", 5]}), "input[1]"),
            (json!({"model": "m", "input": [[1], [-1]]}), "input[1]"),
            (json!({"model": "m", "input": [1, "a"]}), "input"),
            (json!({"model": "m", "input": ["a", [1]]}), "input"),
            (json!({"model": "m", "input": "a", "dimensions": 0}), "dimensions"),
            (json!({"model": "m", "input": "a", "dimensions": 1.5}), "dimensions"),
            (json!({"model": "m", "input": "a", "encoding_format": "hex"}), "encoding_format"),
            (json!({"model": "m", "input": "a", "input_type": "poem"}), "input_type"),
            (json!({"model": "m", "input": "a", "user": 5}), "user"),
            (json!({"model": "m", "input": "a", "output_dtype": "int8"}), "output_dtype"),
            (json!({"model": "m", "input": "a", "embedding_types": ["float", "int8"]}), "embedding_types"),
            (json!({"model": "m", "input": "a", "route": {"fastest": true}}), "route"),
        ] {
            let (got, message) = fault(body.clone());
            assert!(got.starts_with(param), "{body}: {got}: {message}");
        }
    }

    #[test]
    fn nulls_count_as_absent_and_unknown_fields_are_kept() {
        let body = json!({"model": "m", "input": "a", "dimensions": null, "encoding_format": null, "truncate": "END"});
        let request = EmbeddingRequest::from_value(body).unwrap();
        assert_eq!((request.dimensions(), request.encoding_format()), (None, EncodingFormat::Float));
        assert_eq!(Value::Object(request.extra().clone()), json!({"truncate": "END"}));
    }

    #[test]
    fn debug_shows_no_text() {
        let request = EmbeddingRequest::new("m", ["secret words"]).unwrap();
        assert!(!format!("{request:?}").contains("secret"));
    }

    #[test]
    fn a_length_of_none_is_refused_however_it_was_set() {
        let request = EmbeddingRequest::new("m", ["a"]).unwrap().with_dimensions(0);
        assert_eq!(request.check().unwrap_err().param(), Some("dimensions"));
    }

    #[test]
    fn too_large_a_request_is_refused_before_it_is_read() {
        let error = EmbeddingRequest::from_json(&vec![b' '; validate::MAX_REQUEST_BYTES + 1]).unwrap_err();
        assert_eq!(error.param(), Some("input"));
    }
}
