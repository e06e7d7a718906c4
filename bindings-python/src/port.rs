//! The way into an asyncio event loop: futures that became ready on the worker in, their results set on the loop's thread out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// How the worker gets the loop's attention.
enum Bell {
    /// A byte in a socket that the loop watches: the worker never waits for the interpreter lock.
    #[cfg(unix)]
    Socket(UnixStream),
    /// `loop.call_soon_threadsafe`, for loops that cannot watch a socket.
    CallSoon(Py<PyAny>),
}

/// Ready futures and the bell; shared with the worker.
pub(crate) struct Lobby {
    waiting: Mutex<Vec<Py<PyAny>>>,
    bell: Bell,
}

impl Lobby {
    fn waiting(&self) -> MutexGuard<'_, Vec<Py<PyAny>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over a future whose awaiter can go on; rings once for all futures that wait.
    pub(crate) fn announce(lobby: &Arc<Self>, future: Py<PyAny>) {
        let first = {
            let mut waiting = lobby.waiting();
            waiting.push(future);
            waiting.len() == 1
        };
        if first {
            lobby.ring(lobby);
        }
    }

    fn ring(&self, lobby: &Arc<Self>) {
        match &self.bell {
            #[cfg(unix)]
            Bell::Socket(socket) => {
                // A full socket means that the loop has been told already; a broken one that the loop is gone.
                let _ = (&*socket).write(&[1]);
            }
            Bell::CallSoon(call_soon) => {
                // Fails when the loop is closed or the interpreter shuts down: then nobody awaits the future.
                let _ = Python::try_attach(|py| {
                    let drain = Drain { lobby: Arc::clone(lobby) }.into_pyobject(py)?;
                    call_soon.call1(py, (drain,))
                });
            }
        }
    }

    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        let ready = std::mem::take(&mut *self.waiting());
        for future in ready {
            let future = future.bind(py);
            if !future.call_method0("done")?.is_truthy()? {
                future.call_method1("set_result", (py.None(),))?;
            }
        }
        Ok(())
    }
}

/// The callback that `call_soon_threadsafe` runs.
#[pyclass(frozen)]
struct Drain {
    lobby: Arc<Lobby>,
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.lobby.settle(py)
    }
}

/// One event loop's port; kept alive by the loop's own reader table.
#[pyclass(frozen, module = "clawrouters._native")]
pub(crate) struct Port {
    pub(crate) lobby: Arc<Lobby>,
    #[cfg(unix)]
    ear: Option<UnixStream>,
}

#[pymethods]
impl Port {
    /// Opens a port on `event_loop`.
    #[new]
    fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let call_soon = event_loop.getattr("call_soon_threadsafe")?.unbind();
        Ok(Self {
            lobby: Arc::new(Lobby { waiting: Mutex::default(), bell: Bell::CallSoon(call_soon) }),
            #[cfg(unix)]
            ear: None,
        })
    }

    /// A port that rings through a socket, for loops with `add_reader`.
    #[staticmethod]
    fn socket() -> PyResult<Self> {
        #[cfg(unix)]
        {
            let (bell, ear) = UnixStream::pair()?;
            bell.set_nonblocking(true)?;
            ear.set_nonblocking(true)?;
            let lobby = Arc::new(Lobby { waiting: Mutex::default(), bell: Bell::Socket(bell) });
            Ok(Self { lobby, ear: Some(ear) })
        }
        #[cfg(not(unix))]
        Err(PyNotImplementedError::new_err("sockets are for unix"))
    }

    /// The file descriptor that the loop watches.
    fn fileno(&self) -> PyResult<i32> {
        #[cfg(unix)]
        if let Some(ear) = &self.ear {
            return Ok(ear.as_raw_fd());
        }
        Err(PyNotImplementedError::new_err("this port has no socket"))
    }

    /// Sets the results of all ready futures; runs on the loop's thread.
    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        #[cfg(unix)]
        if let Some(ear) = &self.ear {
            let mut rung = [0_u8; 64];
            while matches!((&*ear).read(&mut rung), Ok(n) if n == rung.len()) {}
        }
        self.lobby.settle(py)
    }
}
