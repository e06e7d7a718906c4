//! Callers' keys: the name of a call and JSON text in, JSON text out; and the key of a call read once.

use clawrouters::{ChatRequest, EmbeddingRequest, Error, Router};
use serde_json::Value;

/// Makes a call of the router's keys.
pub(crate) async fn call(router: &Router, name: &str, arguments: &str) -> Result<String, Error> {
    let arguments: Value =
        serde_json::from_str(arguments).map_err(|_| Error::invalid_request("arguments", "must be JSON"))?;
    Ok(router.keys().call(name, arguments).await?.to_string())
}

/// The models that can be asked for, by the holder of a key where one is given.
pub(crate) async fn models(router: &Router, api_key: Option<String>) -> Result<Vec<Value>, Error> {
    match api_key {
        Some(key) => router.models_of(Some(&key.into())).await,
        None => Ok(router.models()),
    }
}

/// Looks a key up where that may need a store that is far away, for a call that cannot wait for it.
pub(crate) async fn warm(router: &Router, api_key: Option<&String>) -> Result<(), Error> {
    match api_key {
        Some(key) => router.caller(Some(&key.clone().into())).await.map(drop),
        None => Ok(()),
    }
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
