//! Limits and budgets: how a subject stands, and budgets that run out, as feeds of JSON.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

use crate::feed::{Feed, Item};
use crate::shadow;

/// How the limits and budgets of a subject stand: a feed of one object.
pub(crate) fn state(py: Python<'_>, router: clawrouters::Router, subject: String) -> PyResult<Feed> {
    Feed::start(py, move |sink| async move {
        sink.push([match router.quota(&subject).await {
            Ok(state) => Item::Json(state.to_json().to_string().into_bytes()),
            Err(error) => Item::Failed(error),
        }]);
        sink.finish();
    })
}

/// A feed of the budgets that run out from now on, each `{"reply": ...}`, or `{"lost": n}` after n were dropped.
pub(crate) fn events(py: Python<'_>, router: &clawrouters::Router) -> PyResult<Feed> {
    shadow::handed(py, |hand| router.on_budget(move |event| hand(event.to_json())))
}

/// What has to be called once in a forked child, whose core knows no callback yet.
#[derive(Default)]
pub(crate) struct Reopen(Mutex<Option<(u32, Py<PyAny>)>>);

impl Reopen {
    /// Sets or forgets it. What is replaced is dropped once the lock is free: it may be the last that holds objects of
    /// Python. Says whether there was one.
    pub(crate) fn set(&self, reopen: Option<Py<PyAny>>) -> bool {
        let next = reopen.map(|reopen| (std::process::id(), reopen));
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), next);
        before.is_some()
    }

    /// The function, in a process in which it was not called yet.
    pub(crate) fn due(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (pid, reopen) = kept.as_mut().filter(|(pid, _)| *pid != std::process::id())?;
        *pid = std::process::id();
        Some(reopen.clone_ref(py))
    }
}
