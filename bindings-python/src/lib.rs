//! The native half of the Python package: JSON bytes in, feeds of JSON bytes out. The public face is `python/clawrouters`.

mod door;
mod errors;
mod feed;
mod hooks;
mod keys;
mod learning;
mod ledger;
mod port;
mod quota;
mod router;
mod runtime;
mod shadow;
mod telemetry;

/// The module `clawrouters._native`.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::feed::Feed;
    #[pymodule_export]
    use super::hooks::Ask;
    #[pymodule_export]
    use super::ledger::{after_fork, before_fork, ledger_export, ledger_report, ledger_usage};
    #[pymodule_export]
    use super::port::Port;
    #[pymodule_export]
    use super::router::Router;
    #[pymodule_export]
    use super::telemetry::{instruments, logs};
}
