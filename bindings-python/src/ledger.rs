//! Questions about the ledger as JSON in, answers as JSON out; and entries for a callback that may be slow.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clawrouters::{Error, LedgerFile, Strategy, UsageQuery};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use tokio::sync::mpsc;

use crate::feed::{Feed, Item};
use crate::{errors, router};

/// Entries between the ledger's thread, which waits, and the feed.
const WAITING: usize = 64;

/// A question from its JSON.
pub(crate) fn query(py: Python<'_>, query: &[u8]) -> PyResult<UsageQuery> {
    serde_json::from_slice(query)
        .map_err(|_| Error::invalid_request("query", "must be a JSON object"))
        .and_then(UsageQuery::from_value)
        .map_err(|e| errors::exception(py, &e))
}

/// A strategy from its name.
pub(crate) fn strategy(py: Python<'_>, name: &str) -> PyResult<Strategy> {
    name.parse().map_err(|e| errors::exception(py, &e))
}

/// A feed of one answer, or of the error in its place.
pub(crate) fn answer<T>(
    py: Python<'_>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
    json: impl FnOnce(T) -> serde_json::Value + Send + 'static,
) -> PyResult<Feed> {
    Feed::start(py, move |sink| async move {
        let item = match work.await {
            Ok(done) => Item::Json(json(done).to_string().into_bytes()),
            Err(error) => Item::Failed(error),
        };
        sink.push([item]);
        sink.finish();
    })
}

/// The way of entries to one callback; emptied to end it.
pub(crate) type Line = Arc<Mutex<Option<mpsc::Sender<Vec<u8>>>>>;

/// A feed of every entry that is closed from now on, and what ends it once all that were handed over are read.
pub(crate) fn entries(py: Python<'_>, router: &clawrouters::Router) -> PyResult<(Feed, Line)> {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(WAITING);
    let line: Line = Arc::new(Mutex::new(Some(sender)));
    let own = Arc::clone(&line);
    // Runs on a thread of the ledger's own, which may wait: what finds no room meanwhile is counted there.
    let hand_over = move |entry: &clawrouters::Entry| {
        let sender = own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(sender) = sender {
            // An error says that nobody reads any more.
            let _ = sender.blocking_send(entry.to_json().to_string().into_bytes());
        }
    };
    router.on_entry(hand_over).map_err(|e| errors::exception(py, &e))?;
    let feed = Feed::start(py, move |sink| async move {
        while let Some(entry) = receiver.recv().await {
            sink.push([Item::Json(entry)]);
            sink.room().await;
        }
        sink.finish();
    })?;
    Ok((feed, line))
}

/// What a ledger's database used and cost, as JSON.
#[pyfunction]
pub(crate) fn ledger_usage<'py>(py: Python<'py>, db: PathBuf, query: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let query = self::query(py, query)?;
    let report = py.detach(|| LedgerFile::new(db).usage(&query)).map_err(|e| errors::exception(py, &e))?;
    router::json(py, &report.to_json())
}

/// Writes the requests of a ledger's database to a file; returns their number.
#[pyfunction]
pub(crate) fn ledger_export(py: Python<'_>, db: PathBuf, path: PathBuf, query: &[u8]) -> PyResult<u64> {
    let query = self::query(py, query)?;
    py.detach(|| LedgerFile::new(db).export(path, &query)).map_err(|e| errors::exception(py, &e))
}

/// Writes a report of a ledger's database.
#[pyfunction]
pub(crate) fn ledger_report(py: Python<'_>, db: PathBuf, path: PathBuf, query: &[u8]) -> PyResult<()> {
    let query = self::query(py, query)?;
    py.detach(|| LedgerFile::new(db).report(path, &query)).map_err(|e| errors::exception(py, &e))
}

/// Closes connections to databases, which no fork may meet open.
#[pyfunction]
pub(crate) fn before_fork() {
    clawrouters::before_fork();
}

/// Lets them be opened again: in the process that forked, or in its child.
#[pyfunction]
pub(crate) fn after_fork(child: bool) {
    if child { clawrouters::after_fork_in_child() } else { clawrouters::after_fork_in_parent() }
}

/// The JSON of an answer that is a number or nothing.
pub(crate) fn number(count: u64) -> serde_json::Value {
    json!(count)
}
