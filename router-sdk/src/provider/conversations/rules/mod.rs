//! What each provider accepts, as strict as its documentation and its recorded refusals: the body of a request in, the
//! first rule that it breaks out.

pub(super) mod anthropic;
pub(super) mod bedrock;
pub(super) mod cohere;
pub(super) mod gemini;
pub(super) mod mistral;
pub(super) mod ollama;
pub(super) mod openai;
pub(super) mod responses;

use serde_json::Value;

/// The fields of an object are all among these.
fn only(object: &Value, known: &[&str], what: &str) -> Result<(), String> {
    let fields = object.as_object().ok_or(format!("{what} is no object"))?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{what} has the unknown field {name}")),
        None => Ok(()),
    }
}

fn text<'a>(object: &'a Value, field: &str, what: &str) -> Result<&'a str, String> {
    let text = object[field].as_str().filter(|text| !text.is_empty());
    text.ok_or(format!("{what} needs the text {field}"))
}

fn list<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    value.as_array().map(Vec::as_slice).ok_or(format!("{what} is no list"))
}

fn ensure(holds: bool, rule: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule.into()) }
}
