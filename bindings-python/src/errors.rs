//! The error table: a core error in, the Python exception of its kind out.

use clawrouters::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

static BUILD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception that `clawrouters._errors` makes of this error's JSON.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let built = BUILD
        .import(py, "clawrouters._errors", "from_native")
        .and_then(|build| build.call1((error.to_json().to_string(),)));
    match built {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

/// An `InternalError` with this message.
pub(crate) fn internal(py: Python<'_>, message: impl Into<String>) -> PyErr {
    exception(py, &Error::new(ErrorKind::Internal, message))
}
