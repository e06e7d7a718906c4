//! Hooks in Python: a call of the core in, a call of a Python function by whoever reads the feed out, and its decision back.

use std::sync::{Mutex, PoisonError};

use clawrouters::{Decision, Error, Hook, HookCall, HookFailure, HookFuture, HookOptions, OnHookFailure, Stage};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{errors, feed};

static SERVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A hook that was added, kept to add it again in a forked child.
pub(crate) struct Added {
    stage: Stage,
    callable: Py<PyAny>,
    name: String,
    options: HookOptions,
}

impl Added {
    /// Reads what Python gave.
    ///
    /// # Errors
    /// `InvalidRequest` that names the argument.
    pub(crate) fn new(
        py: Python<'_>,
        stage: &str,
        callable: Py<PyAny>,
        name: String,
        on_failure: Option<&str>,
        timeout_ms: Option<u64>,
    ) -> PyResult<Self> {
        let fault = |param: &str, fix: &str| Err(errors::exception(py, &Error::invalid_request(param, fix)));
        let mut options = HookOptions::default();
        options = match on_failure {
            None => options,
            Some("refuse") => options.on_failure(OnHookFailure::Refuse),
            Some("pass") => options.on_failure(OnHookFailure::Pass),
            Some(_) => return fault("on_failure", "must be 'refuse' or 'pass'"),
        };
        options = match timeout_ms {
            None => options,
            Some(0) => return fault("timeout_ms", "must be above 0"),
            Some(limit) => options.timeout_ms(limit),
        };
        let stage = if stage == "before" { Stage::Before } else { Stage::After };
        Ok(Self { stage, callable, name, options })
    }

    /// Adds it to a core router.
    pub(crate) fn to(&self, py: Python<'_>, router: &clawrouters::Router) {
        let hook = PyHook { callable: self.callable.clone_ref(py), name: self.name.clone() };
        router.add_hook_at(self.stage, hook, self.options);
    }
}

/// A Python function as the core sees it.
struct PyHook {
    callable: Py<PyAny>,
    name: String,
}

impl Hook for PyHook {
    fn name(&self) -> &str {
        &self.name
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn before(&self, call: HookCall) -> HookFuture<'_> {
        self.ask(call)
    }

    fn after(&self, call: HookCall) -> HookFuture<'_> {
        self.ask(call)
    }
}

impl PyHook {
    fn ask(&self, call: HookCall) -> HookFuture<'_> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let (begin, begun) = oneshot::channel();
            // Attaching here may wait for the interpreter lock, so the function is handed over without it.
            let Some(callable) = Python::try_attach(|py| self.callable.clone_ref(py)) else {
                return Err(HookFailure::new("cannot be called while the interpreter shuts down"));
            };
            let (stage, limit) = (call.stage, call.timeout);
            let ask = Ask {
                callable,
                body: call.body.to_string().into_bytes(),
                context: call.context().to_string().into_bytes(),
                begin: Mutex::new(Some(begin)),
                answer: Mutex::new(Some(answer)),
            };
            if !feed::ask(ask) {
                return Err(HookFailure::new("has nobody to call it"));
            }
            // The reader of a stream may come for its next piece whenever it likes: that is not the hook's time.
            let given_up = || HookFailure::new("was given up");
            begun.await.map_err(|_| given_up())?;
            match tokio::time::timeout(limit, answered).await {
                Ok(Ok(Ok(returned))) => Decision::from_json(stage, returned),
                Ok(Ok(Err(what))) => Err(HookFailure::new(what)),
                Ok(Err(_)) => Err(given_up()),
                Err(_) => Err(HookFailure::too_slow(limit)),
            }
        })
    }
}

/// A hook that waits to be called, with what it is called with.
#[pyclass(frozen, module = "clawrouters._native")]
pub(crate) struct Ask {
    callable: Py<PyAny>,
    body: Vec<u8>,
    context: Vec<u8>,
    begin: Mutex<Option<oneshot::Sender<()>>>,
    answer: Mutex<Option<oneshot::Sender<Result<Value, String>>>>,
}

impl Ask {
    fn settle(&self, answer: Result<Value, String>) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waits any more when the call was cancelled or its time was over.
            let _ = sender.send(answer);
        }
    }
}

#[pymethods]
impl Ask {
    /// The function.
    #[getter]
    fn hook(&self, py: Python<'_>) -> Py<PyAny> {
        self.callable.clone_ref(py)
    }

    /// The request or the answer, as JSON.
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    /// What is known beside it, as JSON.
    fn context<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.context)
    }

    /// Whether the router still waits.
    fn waiting(&self) -> bool {
        let held = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// What the function returned, as JSON.
    fn decide(&self, returned: &[u8]) {
        self.settle(serde_json::from_slice(returned).map_err(|_| "returned what JSON cannot carry".into()));
    }

    /// That the function failed, in words without what it was called with.
    fn fail(&self, what: String) {
        self.settle(Err(what));
    }
}

/// Has Python call the hook, now or on another thread; its decision comes back through the ask.
pub(crate) fn serve(py: Python<'_>, ask: Ask, blocking: bool) -> PyResult<()> {
    if let Some(begin) = ask.begin.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = begin.send(());
    }
    SERVE.import(py, "clawrouters._hooks", "serve")?.call1((ask, blocking))?;
    Ok(())
}
