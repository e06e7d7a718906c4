//! The bytes of a whole reply in; the JSON object that they are, or the failure of not being one, out.

use serde_json::Value;

use crate::provider::{Cause, Failure};
use crate::wire::Object;

/// Reads an object. What is no JSON is told apart by its look and never quoted, since it may hold the prompt.
pub(in crate::provider) fn json_object(bytes: &[u8]) -> Result<Object, Failure> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let failure = match serde_json::from_slice::<Value>(text) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(_) => Failure::malformed("the reply is JSON of another shape"),
        Err(_) if text.is_empty() => Failure::new(Cause::Empty, "the reply is empty"),
        Err(_) if text.starts_with(b"<") => Failure::malformed("the reply is HTML, not JSON"),
        Err(fault) if fault.is_eof() => Failure::new(Cause::Truncated, "the reply breaks off in the middle"),
        Err(_) => Failure::malformed("the reply is not JSON"),
    };
    Err(failure.with_status(200))
}
