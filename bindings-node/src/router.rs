//! The router class: request JSON in, reply JSON out.

use clawrouters::{ChatRequest, Config, Entry, Error, ErrorKind};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::Value;

use crate::call::{Canceller, until_cancelled};
use crate::door::{Door, Inbound};
use crate::errors::{guarded, guarded_now};
use crate::stream::NativeStream;

/// A router of its own: configuration, connections, health and ledger.
#[napi]
#[derive(Debug)]
pub struct NativeRouter(clawrouters::Router);

#[napi]
impl NativeRouter {
    /// Reads the configuration from the environment.
    #[napi(factory)]
    pub fn from_env() -> napi::Result<Self> {
        guarded_now(clawrouters::Router::from_env).map(Self)
    }

    /// Reads the configuration from JSON text.
    #[napi(factory)]
    pub fn from_config(json: String) -> napi::Result<Self> {
        guarded_now(|| {
            let value: Value = serde_json::from_str(&json)
                .map_err(|_| Error::invalid_config("config", "must be a plain object without lone surrogates"))?;
            clawrouters::Router::new(Config::from_value(value)?)
        })
        .map(Self)
    }

    /// Reads the configuration from a TOML file.
    #[napi(factory)]
    pub fn from_toml_file(path: String) -> napi::Result<Self> {
        guarded_now(|| clawrouters::Router::new(Config::from_toml_file(&path)?)).map(Self)
    }

    /// Answers a request whole.
    #[napi]
    pub fn chat<'env>(
        &self,
        env: &'env Env,
        json: String,
        canceller: Option<&Canceller>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (router, canceller) = (self.0.clone(), canceller.cloned());
        env.spawn_future(guarded(until_cancelled(canceller, async move {
            let request = ChatRequest::from_json(json.as_bytes())?;
            Ok(router.chat(request).await?.to_json().to_string())
        })))
    }

    /// Opens a streamed answer; settles when the answer has begun.
    #[napi]
    pub fn stream<'env>(
        &self,
        env: &'env Env,
        json: String,
        canceller: Option<&Canceller>,
    ) -> napi::Result<PromiseRaw<'env, NativeStream>> {
        let (router, canceller) = (self.0.clone(), canceller.cloned());
        env.spawn_future(guarded(until_cancelled(canceller, async move {
            let request = ChatRequest::from_json(json.as_bytes())?;
            Ok(NativeStream::new(router.stream(request).await?))
        })))
    }

    /// What a request asks for.
    #[napi]
    pub fn classify<'env>(&self, env: &'env Env, json: String) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.0.clone();
        env.spawn_future(guarded(async move {
            let task = router.classify(&ChatRequest::from_json(json.as_bytes())?);
            serde_json::to_string(&task)
                .map_err(|e| Error::new(ErrorKind::Internal, format!("a task is not JSON: {e}")))
        }))
    }

    /// How a request would be answered.
    #[napi]
    pub fn explain<'env>(&self, env: &'env Env, json: String) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.0.clone();
        env.spawn_future(guarded(async move {
            let request = ChatRequest::from_json(json.as_bytes())?;
            Ok(router.explain(&request)?.to_json().to_string())
        }))
    }

    /// The models that can be asked for, as a JSON list.
    #[napi]
    pub fn models<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.0.clone();
        env.spawn_future(guarded(async move { Ok(Value::Array(router.models()).to_string()) }))
    }

    /// The ledger's entries as a JSON list.
    #[napi]
    pub fn entries(&self) -> napi::Result<String> {
        guarded_now(|| Ok(Value::Array(self.0.entries().iter().map(Entry::to_json).collect()).to_string()))
    }

    /// Answers an HTTP request in the OpenAI shape.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        inbound: Inbound<'_>,
        canceller: Option<&Canceller>,
    ) -> napi::Result<PromiseRaw<'env, Door>> {
        let endpoint = self.0.endpoint();
        let canceller = canceller.cloned();
        let request = guarded_now(|| inbound.into_request())?;
        env.spawn_future(guarded(until_cancelled(
            canceller,
            async move { Door::open(endpoint.call(request).await).await },
        )))
    }

    /// Waits until every closed request is in the ledger.
    #[napi]
    pub fn flush<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let router = self.0.clone();
        env.spawn_future(guarded(async move {
            drop(router);
            Ok(())
        }))
    }

    /// Flushes and takes no more requests.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let router = self.0.clone();
        env.spawn_future(guarded(async move {
            drop(router);
            Ok(())
        }))
    }
}
