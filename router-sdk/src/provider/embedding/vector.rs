//! Replies full of numbers: bytes in, vectors of 32-bit floats out without a tree of values in between.

use std::fmt;

use http::HeaderMap;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Decoded;
use crate::provider::{Cause, Failure, errors};
use crate::wire::{Usage, from_base64};

/// One vector: a list of numbers, or base64 of 32-bit floats.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Vector(pub(super) Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers or base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vector, E> {
                from_base64(text).map(Vector).ok_or_else(|| E::custom("not base64 of 32-bit floats"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vector, A::Error> {
                let mut values = Vec::with_capacity(seq.size_hint().unwrap_or(1_536).min(65_536));
                while let Some(value) = seq.next_element::<f64>()? {
                    let value = value as f32;
                    if !value.is_finite() {
                        return Err(A::Error::custom("a number beyond 32-bit floats"));
                    }
                    values.push(value);
                }
                Ok(Vector(values))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads a reply into its shape.
///
/// # Errors
/// Truncated, malformed, or what a page or an error in its place tells.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if !text.starts_with(b"{") {
        return Err(match errors::explain(200, &HeaderMap::new(), text) {
            failure if text.starts_with(b"<") => failure,
            _ => Failure::malformed("the provider answered with something that is not a JSON object").with_status(200),
        });
    }
    serde_json::from_slice(text).map_err(|error| {
        let failure = if error.is_eof() {
            Failure::new(Cause::Truncated, "the provider's answer breaks off in the middle")
        } else {
            // The words of the parser may quote the reply.
            Failure::malformed("the provider answered with vectors that cannot be read")
        };
        failure.with_status(200)
    })
}

/// One vector an input, all of one length, or the failure that the rest of the reply tells of.
///
/// # Errors
/// As said.
pub(super) fn settled(
    vectors: Option<Vec<Vector>>,
    count: usize,
    usage: Option<Usage>,
    rest: Map<String, Value>,
) -> Result<Decoded, Failure> {
    let Some(vectors) = vectors.filter(|v| !v.is_empty()) else {
        let error = ["error", "message", "detail", "msg"].iter().any(|name| rest.get(*name).is_some_and(is_told));
        if error {
            return Err(errors::explain_in_stream(&Value::Object(rest), 200));
        }
        return Err(Failure::new(Cause::Empty, "the provider answered with no vectors").with_status(200));
    };
    if vectors.len() != count {
        let message = format!("the provider answered with {} vectors for {count} inputs", vectors.len());
        return Err(Failure::malformed(message).with_status(200));
    }
    let length = vectors.first().map_or(0, |v| v.0.len());
    if length == 0 || vectors.iter().any(|v| v.0.len() != length) {
        return Err(Failure::malformed("the provider answered with vectors of different lengths").with_status(200));
    }
    Ok(Decoded { vectors: vectors.into_iter().map(|v| v.0).collect(), usage })
}

fn is_told(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != ""
}
