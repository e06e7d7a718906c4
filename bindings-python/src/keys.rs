//! Callers' keys: the name of a call and JSON in, a feed of its outcome out; and the key of a call read once.

use clawrouters::{ChatRequest, EmbeddingRequest, Error, Router};
use pyo3::prelude::*;
use serde_json::Value;

use crate::feed::{Feed, Item};
use crate::{errors, runtime};

/// Makes a call of the router's keys: a feed of one JSON value.
pub(crate) fn call(py: Python<'_>, router: Router, name: String, arguments: &[u8]) -> PyResult<Feed> {
    let arguments: Value = serde_json::from_slice(arguments)
        .map_err(|_| errors::exception(py, &Error::invalid_request("arguments", "must be JSON")))?;
    Feed::start(py, move |sink| async move {
        let item = match router.keys().call(&name, arguments).await {
            Ok(value) => Item::Json(value.to_string().into_bytes()),
            Err(error) => Item::Failed(error),
        };
        sink.push([item]);
        sink.finish();
    })
}

/// The models that the holder of a key may ask for.
pub(crate) fn models(py: Python<'_>, router: &Router, api_key: String) -> PyResult<Vec<Value>> {
    waited(py, router.models_of(Some(&api_key.into())))
}

/// Looks a key up where that may need a store that is far away, for a call that cannot wait for it.
pub(crate) fn warm(py: Python<'_>, router: &Router, api_key: Option<&String>) -> PyResult<()> {
    match api_key {
        Some(key) => waited(py, router.caller(Some(&key.clone().into()))).map(drop),
        None => Ok(()),
    }
}

fn waited<T: Send>(py: Python<'_>, asked: impl Future<Output = Result<T, Error>> + Send) -> PyResult<T> {
    let runtime =
        runtime::current().map_err(|e| errors::internal(py, format!("the runtime's thread did not start: {e}")))?;
    py.detach(|| runtime.block_on(asked)).map_err(|e| errors::exception(py, &e))
}

/// A request with the caller's key.
pub(crate) trait Keyed: Sized {
    fn keyed(self, api_key: Option<String>) -> Self;
}

impl Keyed for ChatRequest {
    fn keyed(self, api_key: Option<String>) -> Self {
        match api_key {
            Some(key) => self.with_api_key(key),
            None => self,
        }
    }
}

impl Keyed for EmbeddingRequest {
    fn keyed(self, api_key: Option<String>) -> Self {
        match api_key {
            Some(key) => self.with_api_key(key),
            None => self,
        }
    }
}
