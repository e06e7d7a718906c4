//! One running call: items pushed by a task on the worker in, batches of Python values out, blocking or awaited.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clawrouters::{Error, ErrorKind};
use pyo3::exceptions::PyTimeoutError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::hooks::{self, Ask};
use crate::port::{Lobby, Port};
use crate::{errors, runtime};

/// How often a blocked call looks for signals such as Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// One round of waiting for what may never come.
const LONG: Duration = Duration::from_secs(3600);
/// Items that may wait unread before the task stops reading from the provider.
const ROOM: usize = 256;

/// What a task hands over.
pub(crate) enum Item {
    /// JSON text of a reply or chunk.
    Json(Vec<u8>),
    /// Bytes of a body.
    Body(Bytes),
    /// Status and headers of the door's answer.
    Head(u16, Vec<(Vec<u8>, Vec<u8>)>),
    /// The end by failure.
    Failed(Error),
}

/// An event loop and the future on it that waits for the next item.
struct Waiter {
    lobby: Arc<Lobby>,
    future: Py<PyAny>,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    /// Hooks that wait for someone to call them.
    asks: VecDeque<Ask>,
    ended: bool,
    closed: bool,
    waiter: Option<Waiter>,
}

tokio::task_local! {
    /// The feed that the running task fills: whoever reads it calls the hooks.
    static READER: Arc<Shared>;
}

/// Hands a hook to the reader of the running task's feed; false when there is none.
pub(crate) fn ask(ask: Ask) -> bool {
    let handed = READER.try_with(|shared| {
        let mut state = shared.state();
        if state.closed {
            return false;
        }
        state.asks.push_back(ask);
        let waiter = state.waiter.take();
        drop(state);
        shared.wake(waiter);
        true
    });
    handed.unwrap_or(false)
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    room: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, waiter: Option<Waiter>) {
        self.ready.notify_all();
        if let Some(waiter) = waiter {
            Lobby::announce(&waiter.lobby, waiter.future);
        }
    }
}

/// The task's end of a feed. Dropping it without `finish` ends the feed with an error: no call ends in silence.
pub(crate) struct Sink(Arc<Shared>);

impl Sink {
    /// Hands over items.
    pub(crate) fn push(&self, items: impl IntoIterator<Item = Item>) {
        let mut state = self.0.state();
        state.items.extend(items);
        let waiter = state.waiter.take();
        drop(state);
        self.0.wake(waiter);
    }

    /// Ends the feed in good order.
    pub(crate) fn finish(self) {
        self.0.state().ended = true;
    }

    /// Waits until the reader has room for more.
    pub(crate) async fn room(&self) {
        while self.0.state().items.len() >= ROOM {
            self.0.room.notified().await;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if !state.ended && !state.closed {
            let error = Error::new(ErrorKind::Internal, "the call broke off inside the router");
            state.items.push_back(Item::Failed(error));
        }
        state.ended = true;
        let waiter = state.waiter.take();
        drop(state);
        self.0.wake(waiter);
    }
}

/// The reader's end of one running call. Dropping or closing it cancels the call.
#[pyclass(frozen, module = "clawrouters._native")]
pub(crate) struct Feed {
    shared: Arc<Shared>,
    task: AbortHandle,
    pid: u32,
}

impl Feed {
    /// Starts a task on the worker that fills a feed.
    pub(crate) fn start<F>(py: Python<'_>, task: impl FnOnce(Sink) -> F) -> PyResult<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime =
            runtime::current().map_err(|e| errors::internal(py, format!("the runtime's thread did not start: {e}")))?;
        let shared = Arc::new(Shared::default());
        let filled = READER.scope(Arc::clone(&shared), task(Sink(Arc::clone(&shared))));
        let task = runtime.spawn(filled).abort_handle();
        Ok(Self { shared, task, pid: std::process::id() })
    }

    fn check_process(&self, py: Python<'_>) -> PyResult<()> {
        if self.pid == std::process::id() {
            return Ok(());
        }
        Err(errors::internal(py, "this stream belongs to the parent process: start a new one after the fork"))
    }

    /// Has the hooks called that wait for it. `blocking` says that this thread goes on to wait for the feed.
    fn serve(&self, py: Python<'_>, blocking: bool) -> PyResult<()> {
        loop {
            let Some(ask) = self.shared.state().asks.pop_front() else { return Ok(()) };
            hooks::serve(py, ask, blocking)?;
        }
    }

    /// Everything ready: a list, empty when nothing is there yet, or nothing when the feed has ended.
    fn ready<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let mut state = self.shared.state();
        if let Some(Item::Failed(_)) = state.items.front() {
            let failed = state.items.pop_front();
            drop(state);
            return match failed {
                Some(Item::Failed(error)) => Err(errors::exception(py, &error)),
                _ => Ok(None),
            };
        }
        if state.items.is_empty() && state.ended {
            return Ok(None);
        }
        let good = state.items.iter().take_while(|i| !matches!(i, Item::Failed(_))).count();
        let items: Vec<Item> = state.items.drain(..good).collect();
        drop(state);
        self.shared.room.notify_one();
        let list = PyList::empty(py);
        for item in items {
            match item {
                Item::Json(json) => list.append(PyBytes::new(py, &json))?,
                Item::Body(bytes) => list.append(PyBytes::new(py, &bytes))?,
                Item::Head(status, headers) => list.append(head(py, status, &headers)?)?,
                Item::Failed(_) => {}
            }
        }
        Ok(Some(list))
    }

    /// Waits for an item, the end, or `until`; true when there is something to read.
    fn block(&self, until: Instant) -> bool {
        let mut state = self.shared.state();
        loop {
            if !state.items.is_empty() || !state.asks.is_empty() || state.ended {
                return true;
            }
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) else {
                return false;
            };
            state = self.shared.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn cancel(&self) {
        // The parent's runtime is not ours to touch after a fork.
        if self.pid == std::process::id() {
            self.task.abort();
        }
    }
}

fn head<'py>(py: Python<'py>, status: u16, headers: &[(Vec<u8>, Vec<u8>)]) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    for (name, value) in headers {
        list.append((PyBytes::new(py, name), PyBytes::new(py, value)))?;
    }
    Ok((status, list).into_pyobject(py)?.into_any())
}

#[pymethods]
impl Feed {
    /// Blocks until something is ready and takes all of it; `None` at the end.
    #[pyo3(signature = (timeout=None))]
    fn take<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Bound<'py, PyList>>> {
        self.check_process(py)?;
        let deadline = timeout
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .and_then(|wait| Instant::now().checked_add(wait));
        loop {
            let slice = Instant::now() + SIGNAL_CHECK;
            let until = deadline.map_or(slice, |d| d.min(slice));
            if py.detach(|| self.block(until)) {
                self.serve(py, true)?;
                match self.ready(py)? {
                    // A hook was served and nothing else came yet.
                    Some(list) if list.is_empty() => {}
                    ready => return Ok(ready),
                }
            }
            if let Err(signal) = py.check_signals() {
                self.cancel();
                return Err(signal);
            }
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Err(PyTimeoutError::new_err("nothing came in time"));
            }
        }
    }

    /// Blocks as `take` does without looking for signals: for a thread that gets none and may wait for hours.
    fn wait<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        self.check_process(py)?;
        while !py.detach(|| self.block(Instant::now() + LONG)) {}
        self.ready(py)
    }

    /// Takes what is ready: `[]` when nothing is there yet, `None` at the end.
    fn poll<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        self.check_process(py)?;
        self.serve(py, false)?;
        self.ready(py)
    }

    /// Sets `future` on `port`'s loop once there is something to read; false when there is already.
    fn notify(&self, py: Python<'_>, port: &Port, future: Py<PyAny>) -> PyResult<bool> {
        self.check_process(py)?;
        let mut state = self.shared.state();
        if !state.items.is_empty() || !state.asks.is_empty() || state.ended {
            return Ok(false);
        }
        let before = state.waiter.replace(Waiter { lobby: Arc::clone(&port.lobby), future });
        drop(state);
        // A second reader of one feed wakes the first, which then looks again.
        if let Some(before) = before {
            Lobby::announce(&before.lobby, before.future);
        }
        Ok(true)
    }

    /// Cancels the call if it is still running and forgets what was not read.
    fn close(&self) {
        // A thread of the parent may have held the lock during the fork; nothing runs here that could be closed.
        if self.pid != std::process::id() {
            return;
        }
        let mut state = self.shared.state();
        state.items.clear();
        let asks = std::mem::take(&mut state.asks);
        state.closed = true;
        state.ended = true;
        let waiter = state.waiter.take();
        drop(state);
        drop(asks);
        self.cancel();
        self.shared.wake(waiter);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.cancel();
    }
}
