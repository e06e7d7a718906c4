//! What the languages of embeddings share when a call is written: fields in, JSON out, and a word for all that was changed.

use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::Value;

use super::{Batch, Place};
use crate::provider::{Cause, Failure};
use crate::wire::{EmbeddingInput, EmbeddingRequest, Object};

/// The inputs of a batch as a list, or as they stand when the caller gave one by itself.
pub(super) struct Inputs<'a>(pub(super) Batch<'a>);

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (true, [only]) = (self.0.request.alone(), self.0.input) {
            return Input(only).serialize(serializer);
        }
        let mut list = serializer.serialize_seq(Some(self.0.input.len()))?;
        for input in self.0.input {
            list.serialize_element(&Input(input))?;
        }
        list.end()
    }
}

struct Input<'a>(&'a EmbeddingInput);

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            EmbeddingInput::Text(text) => serializer.serialize_str(text),
            EmbeddingInput::Tokens(ids) => ids.serialize(serializer),
        }
    }
}

/// The texts of a batch; a failure where token ids stand in their place.
pub(super) fn texts<'a>(batch: Batch<'a>, place: &Place) -> Result<Vec<&'a str>, Failure> {
    let read = batch.input.iter().map(|input| match input {
        EmbeddingInput::Text(text) => Some(text.as_str()),
        EmbeddingInput::Tokens(_) => None,
    });
    read.collect::<Option<_>>().ok_or_else(|| {
        let provider = &place.target.deployment.provider;
        Failure::new(Cause::Unsupported, format!("input: {provider} takes texts only, no token ids"))
    })
}

/// The fields beside model and input, in the place's names; what is changed or left out is added to `adapted`.
pub(super) fn fields(request: &EmbeddingRequest, place: &Place, adapted: &mut Vec<String>) -> Object {
    let (rules, provider) = (&place.rules, &place.target.deployment.provider);
    let mut out = Object::new();
    if let Some(dimensions) = request.dimensions() {
        match rules.dimensions_field.as_str() {
            "" => adapted.push(format!("dimensions left out: {provider} does not take it")),
            field => {
                out.insert(field.to_owned(), dimensions.into());
            }
        }
    }
    if let Some(user) = request.user() {
        if rules.user {
            out.insert("user".into(), user.into());
        } else {
            adapted.push(format!("user left out: {provider} does not take it"));
        }
    }
    for (name, value) in request.extra() {
        out.insert(name.clone(), value.clone());
    }
    out
}

/// The place's word for what the inputs are for.
pub(super) fn input_type<'a>(
    request: &EmbeddingRequest,
    place: &'a Place,
    adapted: &mut Vec<String>,
) -> Option<&'a str> {
    let (rules, provider) = (&place.rules, &place.target.deployment.provider);
    let fallback = || rules.default_input_type.and_then(|kind| rules.input_types.get(&kind)).map(String::as_str);
    let Some(asked) = request.input_type() else {
        let word = fallback()?;
        adapted.push(format!("input_type set to {word}: {provider} wants to know and none was given"));
        return Some(word);
    };
    if let Some(word) = rules.input_types.get(&asked) {
        return Some(word);
    }
    let word = fallback();
    adapted.push(match word {
        Some(word) => format!("input_type {} replaced by {word}: {provider} has no such type", asked.as_str()),
        None => format!("input_type left out: {provider} has none for {}", asked.as_str()),
    });
    word
}

/// A JSON object as bytes.
pub(super) fn write(body: &impl Serialize) -> Vec<u8> {
    // Writing JSON values into memory cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// A field of a reply as a count.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0).map(|f| f as u64))
}
