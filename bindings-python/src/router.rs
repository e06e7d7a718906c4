//! The class: configuration and request JSON in, feeds and JSON out, over a core router that is rebuilt after a fork.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use clawrouters::{ChatChunk, ChatRequest, ChatResponse, Config, EmbeddingRequest, Entry, Error, RouteInfo};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

use crate::feed::{Feed, Item, Sink};
use crate::{door, errors, quota, runtime, shadow};

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
#[pyclass(frozen, module = "clawrouters._native")]
pub(crate) struct Router {
    source: Source,
    // Held only while attached to the interpreter, so no other thread can hold it during a fork.
    built: Mutex<Option<Built>>,
    closed: AtomicBool,
    /// The process in which the replies of the shadow are asked for, and what asks for them in another one.
    reopen: Mutex<Option<(u32, Py<PyAny>)>>,
    /// The same for budgets that run out.
    reopen_budgets: quota::Reopen,
}

impl Router {
    fn open(py: Python<'_>, source: Source) -> PyResult<Self> {
        let router = Self {
            source,
            built: Mutex::new(None),
            closed: AtomicBool::new(false),
            reopen: Mutex::new(None),
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
        Ok(core)
    }

    /// What a forked child has to call, once: its core knows no callback yet.
    fn parents_reopen(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let mut kept = self.reopen.lock().unwrap_or_else(PoisonError::into_inner);
        let (pid, reopen) = kept.as_mut().filter(|(pid, _)| *pid != std::process::id())?;
        *pid = std::process::id();
        Some(reopen.clone_ref(py))
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
    fn chat(slf: &Bound<'_, Self>, request: &[u8]) -> PyResult<Feed> {
        let py = slf.py();
        let (router, request) = (Self::open_core(slf)?, read(py, request)?);
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
    fn stream(slf: &Bound<'_, Self>, request: &[u8]) -> PyResult<Feed> {
        let py = slf.py();
        let (router, request) = (Self::open_core(slf)?, read(py, request)?);
        Feed::start(py, move |sink| pump(router, request, sink))
    }

    /// Starts a call for embeddings: a feed of one reply.
    fn embed(slf: &Bound<'_, Self>, request: &[u8]) -> PyResult<Feed> {
        let py = slf.py();
        let router = Self::open_core(slf)?;
        let request = py.detach(|| EmbeddingRequest::from_json(request)).map_err(|e| errors::exception(py, &e))?;
        Feed::start(py, move |sink| async move {
            let item = match router.embed(request).await {
                Ok(reply) => Item::Json(reply.to_json_bytes()),
                Err(error) => Item::Failed(error),
            };
            sink.push([item]);
            sink.finish();
        })
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
        let request = door::request(method, url, &headers, Bytes::copy_from_slice(body))
            .map_err(|e| errors::exception(py, &e))?;
        Feed::start(py, move |sink| door::answer(router.endpoint(), request, sink))
    }

    /// The plan for a request, as JSON; nothing is sent.
    fn explain<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (router, request) = (self.core(py)?, read(py, request)?);
        let explained = py.detach(|| router.explain(&request).map(|e| e.to_json()));
        json(py, &explained.map_err(|e| errors::exception(py, &e))?)
    }

    /// The task of a request, as JSON; nothing is sent.
    fn classify<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (router, request) = (self.core(py)?, read(py, request)?);
        let task = py.detach(|| router.classify(&request));
        json(py, &task)
    }

    /// The models that can be asked for, as a JSON list.
    fn models<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.core(py)?;
        let models = py.detach(|| router.models());
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

    /// Waits until calls that have ended are in the books: a feed without items.
    fn flush(&self, py: Python<'_>) -> PyResult<Feed> {
        Feed::start(py, settled)
    }

    /// Refuses further calls and waits as `flush` does.
    fn close(&self, py: Python<'_>) -> PyResult<Feed> {
        self.closed.store(true, Ordering::Relaxed);
        Feed::start(py, settled)
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
async fn settled(sink: Sink) {
    tokio::task::yield_now().await;
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

fn json<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyBytes>> {
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
