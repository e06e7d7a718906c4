//! Spans, measurements and log lines: what the core tells on its worker in, feeds of JSON for readers that may be slow out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clawrouters::{Error, Instrument, LogLevel, RouteOptions, on_log};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use tokio::sync::mpsc;

use crate::errors;
use crate::feed::{Feed, Item};

/// Records that wait for a slow reader besides those in its feed; what comes then is counted and dropped.
const WAITING: usize = 4096;

/// Counts what was handed to the readers of a router's records.
pub(crate) type Told = Arc<AtomicU64>;

/// A bounded way from the worker to a feed; what finds no room is told as `{"lost": n}` before the next that does.
fn line(
    py: Python<'_>,
    open: impl FnOnce(Box<dyn Fn(Vec<u8>) -> bool + Send + Sync>) -> Result<(), Error>,
) -> PyResult<Feed> {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&lost);
    open(Box::new(move |json| {
        let sent = sender.try_send(json).is_ok();
        if !sent {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }))
    .map_err(|e| errors::exception(py, &e))?;
    Feed::start(py, move |sink| async move {
        while let Some(item) = receiver.recv().await {
            let gone = lost.swap(0, Ordering::Relaxed);
            let told = (gone > 0).then(|| Item::Json(json!({"lost": gone}).to_string().into_bytes()));
            sink.push(told.into_iter().chain([Item::Json(item)]));
            sink.room().await;
        }
        sink.finish();
    })
}

/// A feed of the record of every request that closes from now on.
pub(crate) fn records(py: Python<'_>, router: &clawrouters::Router, told: &Told) -> PyResult<Feed> {
    let told = Arc::clone(told);
    line(py, |hand_over| {
        router.on_record(move |record| {
            if hand_over(record.to_json().to_string().into_bytes()) {
                told.fetch_add(1, Ordering::Release);
            }
        })
    })
}

/// A feed of the log lines of this process's routers at this level and above; the last one asked for counts.
#[pyfunction]
pub(crate) fn logs(py: Python<'_>, level: &str) -> PyResult<Feed> {
    line(py, |hand_over| {
        on_log(LogLevel::parse(level), move |event| {
            hand_over(event.to_json().to_string().into_bytes());
        });
        Ok(())
    })
}

/// The instruments that records measure, as JSON.
#[pyfunction]
pub(crate) fn instruments(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, Instrument::all_json().to_string().as_bytes())
}

/// The span that runs where a call is made, by what Python says of it: `(traceparent, tracestate)` or nothing.
pub(crate) fn within(
    py: Python<'_>,
    source: Option<&Py<PyAny>>,
    options: &RouteOptions,
) -> PyResult<Option<RouteOptions>> {
    let Some(source) = source.filter(|_| options.traceparent.is_none()) else { return Ok(None) };
    let Some((parent, state)) = source.call0(py)?.extract::<Option<(String, Option<String>)>>(py)? else {
        return Ok(None);
    };
    let mut options = options.clone();
    (options.traceparent, options.tracestate) = (Some(parent), state);
    Ok(Some(options))
}
