//! Objects of a reply, one of a whole or many of a stream, in; pieces, and how it ended, out.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::turns::{Piece, digest, given};
use crate::provider::{Failure, errors};
use crate::wire::{Object, UNDATED, Usage};

/// What a reply has said so far.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
    pub(super) calls: usize,
    /// The word that it ended with, once it has.
    pub(super) ended: Option<String>,
    pub(super) usage: Option<Usage>,
    /// Fields of its end that OpenAI's shape has no place for.
    pub(super) rest: Object,
}

impl Fold {
    pub(super) fn new(model: &str) -> Self {
        Self {
            id: String::new(),
            created: UNDATED,
            model: model.to_owned(),
            calls: 0,
            ended: None,
            usage: None,
            rest: Object::new(),
        }
    }

    /// Takes one object; gives its pieces and the probabilities of its text.
    pub(super) fn take(&mut self, object: &Value) -> Result<(Vec<Piece>, Value), Failure> {
        if given(object, "error").is_some() {
            return Err(errors::explain_in_stream(object, 200));
        }
        self.head(object);
        let message = object.get("message").unwrap_or(&Value::Null);
        let text = |field: &str| message.get(field).and_then(Value::as_str).filter(|t| !t.is_empty());
        let mut pieces = Vec::new();
        pieces.extend(text("thinking").map(|t| Piece::Thought(t.to_owned())));
        pieces.extend(text("content").map(|t| Piece::Text(t.to_owned())));
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            pieces.extend(self.call(call));
        }
        for image in message.get("images").and_then(Value::as_array).into_iter().flatten() {
            pieces.extend(image.as_str().map(|data| Piece::Image(format!("data:image/png;base64,{data}"))));
        }
        if object.get("done").and_then(Value::as_bool) == Some(true) {
            self.end(object);
        }
        Ok((pieces, logprobs(object.get("logprobs"))))
    }

    fn head(&mut self, object: &Value) {
        if !self.id.is_empty() {
            return;
        }
        let at = object.get("created_at").and_then(Value::as_str).unwrap_or_default();
        if let Ok(at) = at.parse::<Timestamp>() {
            self.created = at.as_second();
        }
        if let Some(model) = object.get("model").and_then(Value::as_str).filter(|m| !m.is_empty()) {
            self.model = model.to_owned();
        }
        // Ollama gives no id; the moment, down to the nanosecond, tells replies apart.
        let told = if at.is_empty() { self.created.to_string() } else { at.to_owned() };
        self.id = format!("chatcmpl-{}", digest(&[&self.model, &told]));
    }

    /// Calls come whole. Their arguments are an object; older versions give no id.
    fn call(&mut self, call: &Value) -> Option<Piece> {
        let function = call.get("function").filter(|f| f.is_object())?;
        let index = self.calls;
        self.calls += 1;
        let own = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = own.map_or_else(|| format!("call_{}", digest(&[&self.id, &index.to_string()])), str::to_owned);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let arguments = match given(function, "arguments") {
            Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
            Some(Value::String(_)) | None => "{}".to_owned(),
            Some(object) => object.to_string(),
        };
        Some(Piece::Call { index, id, name, arguments })
    }

    fn end(&mut self, object: &Value) {
        let reason = object.get("done_reason").and_then(Value::as_str).unwrap_or("stop");
        self.ended = Some(reason.to_owned());
        self.usage = usage(object).or(self.usage);
        const PLACED: [&str; 8] =
            ["model", "created_at", "message", "done", "done_reason", "logprobs", "prompt_eval_count", "eval_count"];
        for (name, value) in object.as_object().into_iter().flatten() {
            if !PLACED.contains(&name.as_str()) && !value.is_null() {
                self.rest.insert(name.clone(), value.clone());
            }
        }
    }

    /// OpenAI's word for how it ended: calls count by being there, since Ollama always says `stop`.
    pub(super) fn finish(&self) -> Option<(&'static str, &str)> {
        let reason = self.ended.as_deref()?;
        let finish = match reason {
            "length" => "length",
            _ if self.calls > 0 => "tool_calls",
            _ => "stop",
        };
        Some((finish, reason))
    }
}

/// The counts. The prompt's is missing where all of it was in the cache; what is missing is estimated later.
fn usage(object: &Value) -> Option<Usage> {
    let count = |name: &str| {
        let value = object.get(name)?;
        value.as_u64().or_else(|| value.as_f64().filter(|f| f.is_finite() && *f >= 0.0).map(|f| f as u64))
    };
    let (input, output) = (count("prompt_eval_count"), count("eval_count"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let estimated = input.is_none();
    Some(Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), estimated, ..Usage::default() })
}

/// Ollama writes an entry as OpenAI does.
fn logprobs(listed: Option<&Value>) -> Value {
    match listed {
        Some(Value::Array(entries)) if !entries.is_empty() => json!({"content": entries, "refusal": null}),
        _ => Value::Null,
    }
}
