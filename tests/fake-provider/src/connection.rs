//! One connection: requests off it, answers from the scripts or the control interface onto it.

use crate::book::{Book, Place};
use crate::control;
use crate::player::{Outcome, play};
use crate::request;
use crate::unreachable::Unreachable;
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) addr: SocketAddr,
    pub(crate) book: Book,
    pub(crate) unreachable: Unreachable,
}

/// Serves a connection until either side closes it.
pub(crate) async fn serve(mut stream: TcpStream, shared: Arc<Shared>, number: u64) {
    // Without this, the small writes of a split reply would be gathered into one.
    let _ = stream.set_nodelay(true);
    let mut inbound = Vec::new();
    // A request that is no HTTP ends the connection, as a TLS greeting does.
    while let Ok(Some(request)) = request::read(&mut stream, &mut inbound).await {
        let outcome = if control::addressed(request.path()) {
            play(&mut stream, &mut inbound, control::answer(&shared, &request)).await
        } else {
            let place = Place::of(request.path());
            let base = format!("http://{}/{}", shared.addr, place.id);
            let (ticket, plan) = shared.book.take(&request, &place, &base, number);
            let outcome = play(&mut stream, &mut inbound, plan).await;
            if let Some(ticket) = ticket {
                shared.book.end(&ticket, outcome == Outcome::Left);
            }
            outcome
        };
        match outcome {
            Outcome::Kept => {}
            Outcome::Reset => {
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                return;
            }
            Outcome::Closed | Outcome::Left => return,
        }
    }
}
