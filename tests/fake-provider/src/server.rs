//! The server: nothing in, a listening fake provider out; it stops when dropped.

use crate::book::Recorded;
use crate::connection::{Shared, serve};
use crate::script::Script;
use crate::unreachable::Unreachable;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A running fake provider on a loopback port.
///
/// Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct FakeProvider {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl FakeProvider {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(0).await
    }

    /// Starts on this port; 0 takes a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let shared = Arc::new(Shared {
            addr: listener.local_addr()?,
            book: Default::default(),
            unreachable: Unreachable::open()?,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, accepting })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.shared.addr
    }

    /// The URL under which a script's providers are reached: `{base}/{provider}/…`.
    pub fn base(&self, id: &str) -> String {
        format!("http://{}/{id}", self.shared.addr)
    }

    /// Starts a script, in place of one under the same id and its records.
    ///
    /// A script made by hand is not checked; [`Script::check`] does that.
    pub fn script(&self, id: &str, script: Script) {
        self.shared.book.put(id, script);
    }

    /// The requests that came in for a script, in order; none where there is no such script.
    pub fn requests(&self, id: &str) -> Vec<Recorded> {
        self.shared.book.requests(id).unwrap_or_default()
    }

    /// Forgets a script and its records; says whether there was one.
    pub fn remove(&self, id: &str) -> bool {
        self.shared.book.remove(id)
    }

    /// A port nobody listens on: connecting to it is refused.
    pub fn refused_port(&self) -> u16 {
        self.shared.unreachable.refused
    }

    /// A port where connecting never comes to an end.
    pub fn silent_port(&self) -> u16 {
        self.shared.unreachable.silent()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Owned by this task, so that aborting it ends every connection.
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    number += 1;
                    connections.spawn(serve(stream, Arc::clone(&shared), number));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
