//! Learning from scores: the name of a call and JSON in, a feed of its outcome out.

use clawrouters::{Error, Router};
use pyo3::prelude::*;
use serde_json::Value;

use crate::errors;
use crate::feed::{Feed, Item};

/// Makes a call of the router's learning: a feed of one JSON value.
pub(crate) fn call(py: Python<'_>, router: Router, name: String, arguments: &[u8]) -> PyResult<Feed> {
    let arguments: Value = serde_json::from_slice(arguments)
        .map_err(|_| errors::exception(py, &Error::invalid_request("arguments", "must be JSON")))?;
    Feed::start(py, move |sink| async move {
        let item = match router.learning().call(&name, arguments).await {
            Ok(value) => Item::Json(value.to_string().into_bytes()),
            Err(error) => Item::Failed(error),
        };
        sink.push([item]);
        sink.finish();
    })
}
