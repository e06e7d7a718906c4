//! Questions about the ledger as JSON text in, answers as JSON text out; and entries for a JavaScript function.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clawrouters::{Error, ErrorKind, LedgerFile, UsageQuery};
use napi::bindgen_prelude::{Function, PromiseRaw};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;

use crate::errors::{guarded, guarded_now, thrown};
use crate::router::NativeRouter;

/// Entries that wait for a JavaScript thread that is busy; beyond them the ledger's own queue waits.
const WAITING: usize = 256;

/// A function that is called from a thread of the ledger's and keeps no process alive.
type Callback = ThreadsafeFunction<String, (), String, Status, false, true, WAITING>;

fn query(json: &str) -> std::result::Result<UsageQuery, Error> {
    let value = serde_json::from_str(json).map_err(|_| Error::invalid_request("query", "must be a plain object"))?;
    UsageQuery::from_value(value)
}

#[napi]
impl NativeRouter {
    /// What requests used and cost, as JSON text.
    #[napi]
    pub fn usage<'env>(&self, env: &'env Env, json: String) -> Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move { Ok(router.usage(query(&json)?).await?.to_json().to_string()) }))
    }

    /// Writes requests to a file; settles with their number.
    #[napi]
    pub fn export<'env>(&self, env: &'env Env, path: String, json: String) -> Result<PromiseRaw<'env, f64>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move { Ok(router.export(path, query(&json)?).await? as f64) }))
    }

    /// Writes a report.
    #[napi]
    pub fn report<'env>(&self, env: &'env Env, path: String, json: String) -> Result<PromiseRaw<'env, ()>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move { router.report(path, query(&json)?).await }))
    }

    /// What another strategy would have made of past requests, of the ledger or of an exported file, as JSON text.
    #[napi]
    pub fn what_if<'env>(
        &self,
        env: &'env Env,
        strategy: String,
        entries: Option<String>,
        json: String,
    ) -> Result<PromiseRaw<'env, String>> {
        let router = self.core.clone();
        env.spawn_future(guarded(async move {
            let (strategy, query) = (strategy.parse()?, query(&json)?);
            let told = match entries {
                Some(path) => router.what_if_of(path, strategy, query).await?,
                None => router.what_if(strategy, query).await?,
            };
            Ok(told.to_json().to_string())
        }))
    }

    /// How the ledger stands, as JSON text.
    #[napi]
    pub fn ledger(&self) -> Result<String> {
        guarded_now(|| {
            serde_json::to_string(&self.core.ledger())
                .map_err(|e| Error::new(ErrorKind::Internal, format!("the ledger's state is not JSON: {e}")))
        })
    }

    /// Calls a function with every entry that is closed from now on, as JSON text.
    #[napi]
    pub fn on_entry(&self, callback: Function<'_, String, ()>) -> Result<()> {
        let callback: Callback =
            callback.build_threadsafe_function().weak::<true>().max_queue_size::<WAITING>().build()?;
        let ended: Arc<AtomicBool> = Arc::clone(&self.ended);
        let hand_over = move |entry: &clawrouters::Entry| {
            if !ended.load(Ordering::Relaxed) {
                // It fails when the JavaScript side has gone, and nobody is left to tell.
                callback.call(entry.to_json().to_string(), ThreadsafeFunctionCallMode::Blocking);
            }
        };
        self.core.on_entry(hand_over).map_err(|e| thrown(&e))
    }

    /// Waits until calls that have ended are with every sink, so many milliseconds at most; for the end of the process.
    #[napi]
    pub fn flush_within(&self, ms: u32) -> bool {
        self.core.flush_within(Duration::from_millis(u64::from(ms)))
    }
}

/// What a ledger's database used and cost, as JSON text.
#[napi]
pub fn ledger_usage<'env>(env: &'env Env, db: String, json: String) -> Result<PromiseRaw<'env, String>> {
    aside(env, move || Ok(LedgerFile::new(db).usage(&query(&json)?)?.to_json().to_string()))
}

/// Writes the requests of a ledger's database to a file; settles with their number.
#[napi]
pub fn ledger_export<'env>(env: &'env Env, db: String, path: String, json: String) -> Result<PromiseRaw<'env, f64>> {
    aside(env, move || Ok(LedgerFile::new(db).export(PathBuf::from(path), &query(&json)?)? as f64))
}

/// Writes a report of a ledger's database.
#[napi]
pub fn ledger_report<'env>(env: &'env Env, db: String, path: String, json: String) -> Result<PromiseRaw<'env, ()>> {
    aside(env, move || LedgerFile::new(db).report(PathBuf::from(path), &query(&json)?))
}

/// Work that blocks, on a thread that may.
fn aside<'env, T: Send + 'static + napi::bindgen_prelude::ToNapiValue>(
    env: &'env Env,
    work: impl FnOnce() -> std::result::Result<T, Error> + Send + 'static,
) -> Result<PromiseRaw<'env, T>> {
    env.spawn_future(guarded(async move {
        let joined = tokio::task::spawn_blocking(work).await;
        joined.map_err(|_| Error::new(ErrorKind::Internal, "reading the ledger broke off"))?
    }))
}
