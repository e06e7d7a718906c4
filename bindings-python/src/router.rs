//! The class: configuration and request JSON in, feeds and JSON out, over a core router that is rebuilt after a fork.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use clawrouters::{
    ChatChunk, ChatRequest, ChatResponse, Config, EmbeddingRequest, Entry, Error, RouteInfo, RouteOptions,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

use crate::feed::{Feed, Item, Sink};
use crate::hooks::Added;
use crate::keys::{self, Keyed};
use crate::{door, errors, learning, ledger, quota, runtime, shadow, telemetry};

/// Chunks that cross in one batch at most.
const BATCH: usize = 64;

/// What a router is built from, kept to build it again in a forked child.
enum Source {
    Environment,
    Config(Box<Config>),
}

impl Source {
    fn build(&self) -> Result<clawrouters::Router, Error> {
        match self {
            Self::Environment => clawrouters::Router::from_env(),
            Self::Config(config) => clawrouters::Router::new((**config).clone()),
        }
    }
}

/// A core router and the process it was built in.
struct Built {
    pid: u32,
    router: clawrouters::Router,
}

/// The native router.
#[pyclass(frozen, weakref, module = "clawrouters._native")]
pub(crate) struct Router {
    source: Source,
    // Held only while attached to the interpreter, so no other thread can hold it during a fork.
    built: Mutex<Option<Built>>,
    closed: AtomicBool,
    /// The process in which the replies of the shadow are asked for, and what asks for them in another one.
    reopen: Mutex<Option<(u32, Py<PyAny>)>>,
    /// The same of those that are called with entries, and the ways to end them.
    listeners: Mutex<Vec<(u32, Py<PyAny>, ledger::Line)>>,
    /// The same for budgets that run out.
    reopen_budgets: quota::Reopen,
    hooks: Mutex<Vec<Added>>,
    records: Mutex<Records>,
}

/// Who is told of closed requests in spans, and what says which span a call is made in.
#[derive(Default)]
struct Records {
    reopen: Option<(u32, Py<PyAny>)>,
    within: Option<Py<PyAny>>,
    told: telemetry::Told,
}

impl Router {
    fn open(py: Python<'_>, source: Source) -> PyResult<Self> {
        let router = Self {
            source,
            built: Mutex::new(None),
            closed: AtomicBool::new(false),
            reopen: Mutex::new(None),
            hooks: Mutex::default(),
            records: Mutex::default(),
            listeners: Mutex::new(Vec::new()),
            reopen_budgets: quota::Reopen::default(),
        };
        router.core(py)?;
        Ok(router)
    }

    /// The core router of this process, for a call that sends something.
    fn open_core(slf: &Bound<'_, Self>) -> PyResult<clawrouters::Router> {
        let (py, this) = (slf.py(), slf.get());
        if this.closed.load(Ordering::Relaxed) {
            let error = Error::invalid_request("router", "is closed; make a new one");
            return Err(errors::exception(py, &error));
        }
        let core = this.core(py)?;
        for reopen in [this.parents_reopen(py), this.reopen_budgets.due(py)].into_iter().flatten() {
            reopen.call1(py, (slf,))?;
        }
        if let Some(reopen) = this.parents_records(py) {
            reopen.call1(py, (slf,))?;
        }
        for reopen in this.parents_listeners(py) {
            reopen.call1(py, (slf,))?;
        }
        Ok(core)
    }

    /// What a forked child has to call, once: its core knows no callback yet.
    fn parents_reopen(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let mut kept = self.reopen.lock().unwrap_or_else(PoisonError::into_inner);
        let (pid, reopen) = kept.as_mut().filter(|(pid, _)| *pid != std::process::id())?;
        *pid = std::process::id();
        Some(reopen.clone_ref(py))
    }

    /// What a forked child has to call for its spans, once.
    fn parents_records(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let (pid, reopen) = records.reopen.as_mut().filter(|(pid, _)| *pid != std::process::id())?;
        *pid = std::process::id();
        Some(reopen.clone_ref(py))
    }

    /// The options of a call with the span in which it is made; nothing where they stay as they are.
    fn within(&self, py: Python<'_>, options: &RouteOptions) -> PyResult<Option<RouteOptions>> {
        let source = {
            let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            records.within.as_ref().map(|source| source.clone_ref(py))
        };
        telemetry::within(py, source.as_ref(), options)
    }

    /// A chat request with the span in which it is made.
    fn traced(&self, py: Python<'_>, request: ChatRequest) -> PyResult<ChatRequest> {
        Ok(match self.within(py, request.route())? {
            Some(options) => request.with_route(options),
            None => request,
        })
    }

    /// The same of those that are called with entries; they ask anew.
    fn parents_listeners(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        let mut kept = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let parents = kept.iter().filter(|(pid, ..)| *pid != std::process::id());
        let parents: Vec<_> = parents.map(|(_, reopen, _)| reopen.clone_ref(py)).collect();
        // What the parent's threads hold is not ours to drop.
        kept.extract_if(.., |(pid, ..)| *pid != std::process::id()).for_each(std::mem::forget);
        parents
    }

    /// The core router of this process.
    fn core(&self, py: Python<'_>) -> PyResult<clawrouters::Router> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = std::process::id();
        if let Some(current) = built.as_ref().filter(|b| b.pid == pid) {
            return Ok(current.router.clone());
        }
        let runtime =
            runtime::current().map_err(|e| errors::internal(py, format!("the runtime's thread did not start: {e}")))?;
        let entered = runtime.enter();
        let router = self.source.build().map_err(|e| errors::exception(py, &e))?;
        drop(entered);
        for hook in self.hooks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            hook.to(py, &router);
        }
        // Dropping the parent's router would close connections that the parent still uses.
        std::mem::forget(built.replace(Built { pid, router: router.clone() }));
        Ok(router)
    }
}

#[pymethods]
impl Router {
    /// A router configured by a JSON object.
    #[staticmethod]
    fn from_json(py: Python<'_>, config: &[u8]) -> PyResult<Self> {
        let config = serde_json::from_slice(config)
            .map_err(|e| Error::invalid_config("config", format!("must be a JSON object: {e}")))
            .and_then(Config::from_value)
            .map_err(|e| errors::exception(py, &e))?;
        Self::open(py, Source::Config(Box::new(config)))
    }

    /// A router configured by a TOML file.
    #[staticmethod]
    fn from_toml_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let config = Config::from_toml_file(path).map_err(|e| errors::exception(py, &e))?;
        Self::open(py, Source::Config(Box::new(config)))
    }

    /// A router configured by the environment.
    #[staticmethod]
    fn from_env(py: Python<'_>) -> PyResult<Self> {
        Self::open(py, Source::Environment)
    }

    /// Starts a whole chat: a feed of one reply.
    #[pyo3(signature = (request, api_key=None))]
    fn chat(slf: &Bound<'_, Self>, request: &[u8], api_key: Option<String>) -> PyResult<Feed> {
        let py = slf.py();
        let (router, request) = (Self::open_core(slf)?, slf.get().traced(py, read(py, request)?)?.keyed(api_key));
        Feed::start(py, move |sink| async move {
            let item = match router.chat(request).await {
                Ok(reply) => Item::Json(reply_json(&reply)),
                Err(error) => Item::Failed(error),
            };
            sink.push([item]);
            sink.finish();
        })
    }

    /// Starts a streamed chat: a feed of an empty item once the stream is open, then chunks.
    #[pyo3(signature = (request, api_key=None))]
    fn stream(slf: &Bound<'_, Self>, request: &[u8], api_key: Option<String>) -> PyResult<Feed> {
        let py = slf.py();
        let (router, request) = (Self::open_core(slf)?, slf.get().traced(py, read(py, request)?)?.keyed(api_key));
        Feed::start(py, move |sink| pump(router, request, sink))
    }

    /// Starts a call for embeddings: a feed of one reply.
    #[pyo3(signature = (request, api_key=None))]
    fn embed(slf: &Bound<'_, Self>, request: &[u8], api_key: Option<String>) -> PyResult<Feed> {
        let py = slf.py();
        let router = Self::open_core(slf)?;
        let mut request = py.detach(|| EmbeddingRequest::from_json(request)).map_err(|e| errors::exception(py, &e))?;
        if let Some(options) = slf.get().within(py, request.route())? {
            request = request.with_route(options);
        }
        let request = request.keyed(api_key);
        Feed::start(py, move |sink| async move {
            let item = match router.embed(request).await {
                Ok(reply) => Item::Json(reply.to_json_bytes()),
                Err(error) => Item::Failed(error),
            };
            sink.push([item]);
            sink.finish();
        })
    }

    /// Makes a call of the router's keys: a feed of one JSON value.
    fn keys(slf: &Bound<'_, Self>, name: String, arguments: &[u8]) -> PyResult<Feed> {
        keys::call(slf.py(), Self::open_core(slf)?, name, arguments)
    }

    /// Makes a call of the router's learning: a feed of one JSON value.
    fn learning(&self, py: Python<'_>, name: String, arguments: &[u8]) -> PyResult<Feed> {
        learning::call(py, self.core(py)?, name, arguments)
    }

    /// Sends an HTTP request through the door: a feed of one head, then body bytes.
    fn door(
        slf: &Bound<'_, Self>,
        method: &str,
        url: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: &[u8],
    ) -> PyResult<Feed> {
        let py = slf.py();
        let router = Self::open_core(slf)?;
        let mut request = door::request(method, url, &headers, Bytes::copy_from_slice(body))
            .map_err(|e| errors::exception(py, &e))?;
        if !request.headers().contains_key("traceparent")
            && let Some(options) = slf.get().within(py, &RouteOptions::default())?
        {
            let told = [("traceparent", options.traceparent), ("tracestate", options.tracestate)];
            for (name, value) in told.into_iter().filter_map(|(name, value)| Some((name, value?.parse().ok()?))) {
                request.headers_mut().insert(name, value);
            }
        }
        Feed::start(py, move |sink| door::answer(router.endpoint(), request, sink))
    }

    /// The plan for a request, as JSON; nothing is sent.
    #[pyo3(signature = (request, api_key=None))]
    fn explain<'py>(&self, py: Python<'py>, request: &[u8], api_key: Option<String>) -> PyResult<Bound<'py, PyBytes>> {
        let (router, request) = (self.core(py)?, read(py, request)?);
        keys::warm(py, &router, api_key.as_ref())?;
        let request = request.keyed(api_key);
        let explained = py.detach(|| router.explain(&request).map(|e| e.to_json()));
        json(py, &explained.map_err(|e| errors::exception(py, &e))?)
    }

    /// The task of a request, as JSON; nothing is sent.
    fn classify<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (router, request) = (self.core(py)?, read(py, request)?);
        let task = py.detach(|| router.classify(&request));
        json(py, &task)
    }

    /// The models that can be asked for, by the holder of a key where one is given, as a JSON list.
    #[pyo3(signature = (api_key=None))]
    fn models<'py>(&self, py: Python<'py>, api_key: Option<String>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        let models = match api_key {
            Some(key) => keys::models(py, &router, key)?,
            None => py.detach(|| router.models()),
        };
        json(py, &models)
    }

    /// The ledger's entries, as a JSON list.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        let entries = py.detach(|| router.entries().iter().map(Entry::to_json).collect::<Vec<_>>());
        json(py, &entries)
    }

    /// How every target stands that was asked so far, as a JSON list.
    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        let health = py.detach(|| router.health());
        json(py, &health)
    }

    /// How the cache stands, as JSON.
    fn cache_stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        let stats = py.detach(|| router.cache_stats());
        json(py, &stats)
    }

    /// Forgets every answer that this process keeps.
    fn clear_cache(&self, py: Python<'_>) -> PyResult<()> {
        let router = self.core(py)?;
        py.detach(|| router.clear_cache());
        Ok(())
    }

    /// The replies of the shadow from now on: a feed of JSON that ends when another one is asked for or the feed is
    /// closed. `reopen` is called with this router in a forked child, where a feed has to be asked for anew.
    fn shadow_replies(&self, py: Python<'_>, reopen: Py<PyAny>) -> PyResult<Feed> {
        let router = self.core(py)?;
        let feed = shadow::feed(py, &router)?;
        // What is replaced is dropped once the lock is free: it may be the last that holds objects of Python.
        let before = self.reopen.lock().unwrap_or_else(PoisonError::into_inner).replace((std::process::id(), reopen));
        drop(before);
        Ok(feed)
    }

    /// Forgets who wants the replies of the shadow.
    fn end_shadow(&self, py: Python<'_>) -> PyResult<()> {
        let reopen = self.reopen.lock().unwrap_or_else(PoisonError::into_inner).take();
        if reopen.is_some() {
            self.core(py)?.on_shadow(|_| {});
        }
        Ok(())
    }

    /// Adds a function that is asked `before` requests are sent or `after` they are answered.
    #[pyo3(signature = (stage, callable, name, on_failure=None, timeout_ms=None))]
    fn add_hook(
        &self,
        py: Python<'_>,
        stage: &str,
        callable: Py<PyAny>,
        name: String,
        on_failure: Option<&str>,
        timeout_ms: Option<u64>,
    ) -> PyResult<()> {
        let added = Added::new(py, stage, callable, name, on_failure, timeout_ms)?;
        added.to(py, &self.core(py)?);
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(added);
        Ok(())
    }

    /// The records of requests that close from now on: a feed of JSON. `within` says in which span a call is made;
    /// `reopen` is called with this router in a forked child, where a feed has to be asked for anew.
    fn records(&self, py: Python<'_>, reopen: Py<PyAny>, within: Py<PyAny>) -> PyResult<Feed> {
        let told = telemetry::Told::default();
        let feed = telemetry::records(py, &self.core(py)?, &told)?;
        let next = Records { reopen: Some((std::process::id(), reopen)), within: Some(within), told };
        let before = std::mem::replace(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner), next);
        drop(before);
        Ok(feed)
    }

    /// How many records were handed over.
    fn records_told(&self) -> u64 {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).told.load(Ordering::Acquire)
    }

    /// Everything counted so far, as OpenMetrics text.
    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        let router = self.core(py)?;
        Ok(py.detach(|| router.metrics()))
    }

    /// Forgets all hooks.
    fn clear_hooks(&self, py: Python<'_>) -> PyResult<()> {
        self.core(py)?.clear_hooks();
        // What is forgotten is dropped once the lock is free: it may be the last that holds objects of Python.
        let before = std::mem::take(&mut *self.hooks.lock().unwrap_or_else(PoisonError::into_inner));
        drop(before);
        Ok(())
    }

    /// How the limits and budgets of a subject stand: a feed of one JSON object.
    fn quota(&self, py: Python<'_>, subject: String) -> PyResult<Feed> {
        quota::state(py, self.core(py)?, subject)
    }

    /// The budgets that run out from now on: a feed as `shadow_replies` gives.
    fn budget_events(&self, py: Python<'_>, reopen: Py<PyAny>) -> PyResult<Feed> {
        let feed = quota::events(py, &self.core(py)?)?;
        self.reopen_budgets.set(Some(reopen));
        Ok(feed)
    }

    /// Forgets who wants to know of budgets.
    fn end_budget(&self, py: Python<'_>) -> PyResult<()> {
        if self.reopen_budgets.set(None) {
            self.core(py)?.on_budget(|_| {});
        }
        Ok(())
    }

    /// Entries that are closed from now on: a feed of JSON that ends with `end_entries`. `reopen` is called with this
    /// router in a forked child, where a feed has to be asked for anew.
    fn entry_feed(&self, py: Python<'_>, reopen: Py<PyAny>) -> PyResult<Feed> {
        let (feed, line) = ledger::entries(py, &self.core(py)?)?;
        let listener = (std::process::id(), reopen, line);
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
        Ok(feed)
    }

    /// Ends the feeds of entries: what was handed over to them can still be read.
    fn end_entries(&self) {
        let listeners = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        for (pid, reopen, line) in listeners {
            if pid == std::process::id() {
                line.lock().unwrap_or_else(PoisonError::into_inner).take();
            } else {
                std::mem::forget((reopen, line));
            }
        }
    }

    /// What requests used and cost: a feed of one JSON object.
    fn usage(&self, py: Python<'_>, query: &[u8]) -> PyResult<Feed> {
        let (router, query) = (self.core(py)?, ledger::query(py, query)?);
        ledger::answer(py, async move { router.usage(query).await }, |report| report.to_json())
    }

    /// Writes requests to a file: a feed of their number.
    fn export(&self, py: Python<'_>, path: PathBuf, query: &[u8]) -> PyResult<Feed> {
        let (router, query) = (self.core(py)?, ledger::query(py, query)?);
        ledger::answer(py, async move { router.export(path, query).await }, ledger::number)
    }

    /// Writes a report: a feed of null.
    fn report(&self, py: Python<'_>, path: PathBuf, query: &[u8]) -> PyResult<Feed> {
        let (router, query) = (self.core(py)?, ledger::query(py, query)?);
        ledger::answer(py, async move { router.report(path, query).await }, |()| serde_json::Value::Null)
    }

    /// What another strategy would have made of past requests, of the ledger or of an exported file: a feed of one object.
    fn what_if(&self, py: Python<'_>, strategy: &str, entries: Option<PathBuf>, query: &[u8]) -> PyResult<Feed> {
        let (router, query) = (self.core(py)?, ledger::query(py, query)?);
        let strategy = ledger::strategy(py, strategy)?;
        let told = async move {
            match entries {
                Some(path) => router.what_if_of(path, strategy, query).await,
                None => router.what_if(strategy, query).await,
            }
        };
        ledger::answer(py, told, |told| told.to_json())
    }

    /// How the ledger stands, as JSON.
    fn ledger<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        json(py, &router.ledger())
    }

    /// Waits until calls that have ended are with every sink of the ledger: a feed without items.
    fn flush(&self, py: Python<'_>) -> PyResult<Feed> {
        let router = self.core(py)?;
        Feed::start(py, move |sink| settled(sink, async move { router.flush().await }))
    }

    /// The same at the end of the program, for so many seconds at most; true when all arrived.
    fn flush_within(&self, py: Python<'_>, seconds: f64) -> bool {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(router) = built.as_ref().filter(|b| b.pid == std::process::id()).map(|b| b.router.clone()) else {
            return true;
        };
        drop(built);
        let limit = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        py.detach(|| router.flush_within(limit))
    }

    /// Refuses further calls and waits as `flush` does.
    fn close(&self, py: Python<'_>) -> PyResult<Feed> {
        self.closed.store(true, Ordering::Relaxed);
        self.clear_hooks(py)?;
        let router = self.core(py)?;
        Feed::start(py, move |sink| settled(sink, async move { router.close().await }))
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let built = self.built.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(built) = built.filter(|b| b.pid != std::process::id()) {
            std::mem::forget(built);
        }
    }
}

/// The books are written when a call's task is dropped, at the latest. The one worker takes its tasks in order, so
/// those cancelled before this one was started are gone when it has had its second turn.
async fn settled(sink: Sink, flushed: impl Future<Output = Result<(), Error>>) {
    tokio::task::yield_now().await;
    if let Err(error) = flushed.await {
        sink.push([Item::Failed(error)]);
    }
    sink.finish();
}

async fn pump(router: clawrouters::Router, request: ChatRequest, sink: Sink) {
    let mut stream = match router.stream(request).await {
        Ok(stream) => stream,
        Err(error) => {
            sink.push([Item::Failed(error)]);
            return sink.finish();
        }
    };
    sink.push([Item::Json(Vec::new())]);
    loop {
        let batch = stream.next_batch(BATCH).await;
        if batch.is_empty() {
            return sink.finish();
        }
        sink.push(batch.into_iter().map(|next| match next {
            Ok(chunk) => Item::Json(chunk_json(&chunk)),
            Err(error) => Item::Failed(error),
        }));
        sink.room().await;
    }
}

fn read(py: Python<'_>, request: &[u8]) -> PyResult<ChatRequest> {
    py.detach(|| ChatRequest::from_json(request)).map_err(|e| errors::exception(py, &e))
}

pub(crate) fn json<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyBytes>> {
    let text = serde_json::to_vec(value).map_err(|e| errors::internal(py, format!("a value is no JSON: {e}")))?;
    Ok(PyBytes::new(py, &text))
}

fn reply_json(reply: &ChatResponse) -> Vec<u8> {
    with_route(&reply.body, Some(&reply.route))
}

fn chunk_json(chunk: &ChatChunk) -> Vec<u8> {
    if chunk.restart {
        return chunk.to_json().to_string().into_bytes();
    }
    with_route(&chunk.body, chunk.route.as_deref())
}

/// The body's JSON with the route as its last field, written without a copy of the body.
fn with_route(body: &impl Serialize, route: Option<&RouteInfo>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    // Writing JSON values into a Vec cannot fail.
    let _ = serde_json::to_writer(&mut out, body);
    if let Some(route) = route {
        out.pop();
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(b"\"clawrouters\":");
        let _ = serde_json::to_writer(&mut out, &route.to_json());
        out.push(b'}');
    }
    out
}
