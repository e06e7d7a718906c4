//! Records of closed requests and log lines: what the core tells on its worker in, calls of JavaScript functions out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use clawrouters::{Instrument, LogLevel, Record, on_log};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};
use napi_derive::napi;

use crate::errors::thrown;

/// Calls that wait for a JavaScript thread that is busy; what comes then is dropped.
const WAITING: usize = 4096;

/// A function that is called from the worker and keeps no process alive.
type Callback = ThreadsafeFunction<String, (), String, Status, false, true, WAITING>;

fn callback(function: &Function<'_, String, ()>) -> Result<Callback> {
    function.build_threadsafe_function().weak::<true>().max_queue_size::<WAITING>().build()
}

/// Calls a function with the record of every request that closes from now on, as JSON text; `told` counts the calls.
pub(crate) fn records(
    router: &clawrouters::Router,
    function: &Function<'_, String, ()>,
    told: &Arc<AtomicU32>,
) -> Result<()> {
    let (callback, told) = (callback(function)?, Arc::clone(told));
    let tell = move |record: &Record| {
        let called = callback.call(record.to_json().to_string(), ThreadsafeFunctionCallMode::NonBlocking);
        if called == Status::Ok {
            told.fetch_add(1, Ordering::Release);
        }
    };
    router.on_record(tell).map_err(|e| thrown(&e))
}

/// Calls a function with every log line of this library at a level and above, as JSON text; the last one set counts.
#[napi]
pub fn on_log_line(level: String, function: Function<'_, String, ()>) -> Result<()> {
    let callback = callback(&function)?;
    on_log(LogLevel::parse(&level), move |line| {
        callback.call(line.to_json().to_string(), ThreadsafeFunctionCallMode::NonBlocking);
    });
    Ok(())
}

/// The instruments that records measure, as JSON text.
#[napi]
pub fn instruments() -> String {
    Instrument::all_json().to_string()
}
