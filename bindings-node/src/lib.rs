//! The Node binding: JSON text and bytes in, promises of JSON text and bytes out. `ts/` gives them their types.

pub mod cache;
pub mod call;
pub mod door;
pub mod errors;
pub mod hooks;
mod keys;
pub mod learning;
pub mod ledger;
pub mod quota;
pub mod router;
pub mod shadow;
pub mod stream;
pub mod telemetry;

use std::sync::OnceLock;

use napi_derive::module_init;
use tokio::runtime::{Builder, Handle};

static HANDLE: OnceLock<Handle> = OnceLock::new();

/// Gives napi a runtime with one worker: it owns every connection, and the JavaScript thread does the rest.
#[module_init]
fn runtime() {
    let built = Builder::new_multi_thread().worker_threads(1).thread_name("clawrouters").enable_all().build();
    // Without it napi builds its own with a worker a core, which answers just as well.
    if let Ok(runtime) = built {
        let _ = HANDLE.set(runtime.handle().clone());
        napi::bindgen_prelude::create_custom_tokio_runtime(runtime);
    }
}

/// Drops a value on the runtime's worker: what holds a connection must not be dropped on the JavaScript thread.
pub(crate) fn drop_on_worker<T: Send + 'static>(value: T) {
    if let Some(handle) = HANDLE.get() {
        handle.spawn(async move { drop(value) });
    }
}
