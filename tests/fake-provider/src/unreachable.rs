//! Ports that do not answer: none in, a refusing and a silent loopback port out.

use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Loopback ports for connections that fail.
#[derive(Debug)]
pub(crate) struct Unreachable {
    /// A port nobody listens on: connections are refused.
    pub(crate) refused: u16,
    silent: u16,
    // The full queue lives as long as these sockets do.
    _full_queue: Vec<Socket>,
}

impl Unreachable {
    pub(crate) fn open() -> io::Result<Self> {
        let refused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (silent, full_queue) = silent()?;
        Ok(Self { refused, silent, _full_queue: full_queue })
    }

    /// A port where connecting takes for ever: its queue is full and nobody accepts.
    pub(crate) fn silent(&self) -> u16 {
        self.silent
    }
}

fn silent() -> io::Result<(u16, Vec<Socket>)> {
    const ENOUGH_TO_FILL: usize = 4;
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(0)?;
    let address: SockAddr = listener.local_addr()?;
    let port = address.as_socket().map_or(0, |address| address.port());
    let mut sockets = vec![listener];
    for _ in 0..ENOUGH_TO_FILL {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        // It is in progress by nature of a non-blocking connect.
        let _ = socket.connect(&address);
        sockets.push(socket);
    }
    Ok((port, sockets))
}
