//! The router class: request JSON in, reply JSON out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use clawrouters::{ChatRequest, Config, EmbeddingRequest, Entry, Error, ErrorKind};
use napi::Env;
use napi::bindgen_prelude::{Function, Promise, PromiseRaw};
use napi_derive::napi;
use serde_json::Value;

use crate::call::{Canceller, until_cancelled};
use crate::door::{Door, Inbound};
use crate::errors::{guarded, guarded_now, thrown};
use crate::keys::{self, Keyed};
use crate::stream::NativeStream;
use crate::{hooks, quota, shadow, telemetry};

/// A router of its own: configuration, connections, health and ledger.
#[napi]
#[derive(Debug)]
pub struct NativeRouter {
    pub(crate) core: clawrouters::Router,
    closed: AtomicBool,
    /// Records handed over to JavaScript.
    told: Arc<AtomicU32>,
    /// Set when no function is called with entries any more.
    pub(crate) ended: Arc<AtomicBool>,
}

impl NativeRouter {
    fn new(core: clawrouters::Router) -> Self {
        Self { core, closed: AtomicBool::new(false), told: Arc::default(), ended: Arc::default() }
    }

    /// The core router, for what sends nothing.
    pub(crate) fn core(&self) -> &clawrouters::Router {
        &self.core
    }

    /// The core router, for a call that sends something.
    fn open(&self) -> napi::Result<clawrouters::Router> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(thrown(&Error::invalid_request("router", "is closed; make a new one")));
        }
        Ok(self.core.clone())
    }
}

#[napi]
impl NativeRouter {
    /// Reads the configuration from the environment.
    #[napi(factory)]
    pub fn from_env() -> napi::Result<Self> {
        guarded_now(clawrouters::Router::from_env).map(Self::new)
    }

    /// Reads the configuration from JSON text.
    #[napi(factory)]
    pub fn from_config(json: String) -> napi::Result<Self> {
        guarded_now(|| {
            let value: Value = serde_json::from_str(&json)
                .map_err(|_| Error::invalid_config("config", "must be a plain object without lone surrogates"))?;
            clawrouters::Router::new(Config::from_value(value)?)
        })
        .map(Self::new)
    }

    /// Reads the configuration from a TOML file.
    #[napi(factory)]
    pub fn from_toml_file(path: String) -> napi::Result<Self> {
        guarded_now(|| clawrouters::Router::new(Config::from_toml_file(&path)?)).map(Self::new)
    }

    /// Answers a request whole.
    #[napi]
    pub fn chat<'env>(
        &self,
        env: &'env Env,
        json: String,
        canceller: Option<&Canceller>,
        api_key: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (router, canceller) = (self.open()?, canceller.cloned());
        env.spawn_future(guarded(until_cancelled(canceller, async move {
            let request = ChatRequest::from_json(json.as_bytes())?.keyed(api_key);
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
        api_key: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, NativeStream>> {
        let (router, canceller) = (self.open()?, canceller.cloned());
        env.spawn_future(guarded(until_cancelled(canceller, async move {
            let request = ChatRequest::from_json(json.as_bytes())?.keyed(api_key);
            Ok(NativeStream::new(router.stream(request).await?))
        })))
    }

    /// Makes a vector for each input.
    #[napi]
    pub fn embed<'env>(
        &self,
        env: &'env Env,
        json: String,
        canceller: Option<&Canceller>,
        api_key: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let (router, canceller) = (self.open()?, canceller.cloned());
        env.spawn_future(guarded(until_cancelled(canceller, async move {
            let request = EmbeddingRequest::from_json(json.as_bytes())?.keyed(api_key);
            let reply = router.embed(request).await?.to_json_bytes();
            String::from_utf8(reply).map_err(|_| Error::new(ErrorKind::Internal, "a reply is not UTF-8"))
        })))
    }

    /// What a request asks for.
    #[napi]
    pub fn classify<'env>(&self, env: &'env Env, json: String) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move {
            let task = router.classify(&ChatRequest::from_json(json.as_bytes())?);
            serde_json::to_string(&task)
                .map_err(|e| Error::new(ErrorKind::Internal, format!("a task is not JSON: {e}")))
        }))
    }

    /// How a request would be answered.
    #[napi]
    pub fn explain<'env>(
        &self,
        env: &'env Env,
        json: String,
        api_key: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move {
            keys::warm(&router, api_key.as_ref()).await?;
            let request = ChatRequest::from_json(json.as_bytes())?.keyed(api_key);
            Ok(router.explain(&request)?.to_json().to_string())
        }))
    }

    /// The models that can be asked for, by the holder of a key where one is given, as a JSON list.
    #[napi]
    pub fn models<'env>(&self, env: &'env Env, api_key: Option<String>) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move { Ok(Value::Array(keys::models(&router, api_key).await?).to_string()) }))
    }

    /// Makes a call of the router's keys: its name and arguments in, one JSON value out.
    #[napi]
    pub fn keys<'env>(
        &self,
        env: &'env Env,
        name: String,
        arguments: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.open()?;
        env.spawn_future(guarded(async move { keys::call(&router, &name, &arguments).await }))
    }

    /// The ledger's entries as a JSON list.
    #[napi]
    pub fn entries(&self) -> napi::Result<String> {
        guarded_now(|| Ok(Value::Array(self.core.entries().iter().map(Entry::to_json).collect()).to_string()))
    }

    /// How every target stands that was asked so far, as a JSON list.
    #[napi]
    pub fn health(&self) -> napi::Result<String> {
        guarded_now(|| {
            serde_json::to_string(&self.core.health())
                .map_err(|e| Error::new(ErrorKind::Internal, format!("health is not JSON: {e}")))
        })
    }

    /// Calls a function with `{"reply": {...}, "lost": n}` as JSON text for each reply of the shadow.
    #[napi]
    pub fn on_shadow(&self, callback: Function<'_, String, ()>) -> napi::Result<()> {
        shadow::hand_over(&self.open()?, &callback)
    }

    /// Adds a function that is asked `before` requests are sent or `after` they are answered.
    #[napi]
    pub fn add_hook(
        &self,
        stage: String,
        callback: Function<'_, String, Promise<String>>,
        name: String,
        on_failure: Option<String>,
        timeout_ms: Option<f64>,
    ) -> napi::Result<()> {
        hooks::add(&self.open()?, &stage, &callback, name, on_failure.as_deref(), timeout_ms)
    }

    /// Calls a function with the record of every request that closes from now on, as JSON text.
    #[napi]
    pub fn on_record(&self, callback: Function<'_, String, ()>) -> napi::Result<()> {
        telemetry::records(&self.open()?, &callback, &self.told)
    }

    /// How many records were handed over.
    #[napi]
    pub fn records_told(&self) -> u32 {
        self.told.load(Ordering::Acquire)
    }

    /// Everything counted so far, as OpenMetrics text.
    #[napi]
    pub fn metrics(&self) -> napi::Result<String> {
        guarded_now(|| Ok(self.core.metrics()))
    }

    /// Calls a function with `{"reply": {...}, "lost": n}` as JSON text for each budget that runs out.
    #[napi]
    pub fn on_budget(&self, callback: Function<'_, String, ()>) -> napi::Result<()> {
        quota::hand_over(&self.open()?, &callback)
    }

    /// How the limits and budgets of a subject stand, as JSON.
    #[napi]
    pub fn quota<'env>(&self, env: &'env Env, subject: String) -> napi::Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move { Ok(router.quota(&subject).await?.to_json().to_string()) }))
    }

    /// Answers an HTTP request in the OpenAI shape.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        inbound: Inbound<'_>,
        canceller: Option<&Canceller>,
    ) -> napi::Result<PromiseRaw<'env, Door>> {
        let endpoint = self.open()?.endpoint();
        let canceller = canceller.cloned();
        let request = guarded_now(|| inbound.into_request())?;
        env.spawn_future(guarded(until_cancelled(
            canceller,
            async move { Door::open(endpoint.call(request).await).await },
        )))
    }

    /// Waits until calls that have ended are in the ledger.
    #[napi]
    pub fn flush<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let router = self.core.clone();
        env.spawn_future(guarded(settled(async move { router.flush().await })))
    }

    /// Refuses further calls and waits as `flush` does.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.closed.store(true, Ordering::Relaxed);
        self.core.on_shadow(|_| {});
        self.core.clear_hooks();
        self.core.on_budget(|_| {});
        let (router, ended) = (self.core.clone(), Arc::clone(&self.ended));
        env.spawn_future(guarded(settled(async move {
            let flushed = router.close().await;
            ended.store(true, Ordering::Relaxed);
            flushed
        })))
    }
}

/// A call's entry is written when its task is dropped, at the latest. The one worker takes its tasks in order, so those
/// stopped before this one was started are gone when it has had its second turn.
async fn settled(flushed: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    tokio::task::yield_now().await;
    flushed.await
}
