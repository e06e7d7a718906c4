//! A conversation on its way: the decision of one request in; when its answer is there, what is remembered of it out.

use std::sync::Arc;

use futures_util::StreamExt;

use super::history::Thread;
use super::kept::Sessions;
use super::record::Record;
use super::said::{self, Listener, Said};
use crate::stream::ChatStream;
use crate::wire::{Object, RouteInfo, Strategy};

/// What was decided for a request, as far as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Made {
    pub(crate) strategy: Strategy,
    pub(crate) difficulty: f64,
    /// How far stalls have raised it.
    pub(crate) raised: f64,
    /// Nano-dollars that the switch loses.
    pub(crate) loss_nanos: u64,
    /// How long the request asks the provider to keep its prompt, in seconds.
    pub(crate) life_s: Option<u64>,
}

/// What is to be remembered of an answer. Dropped, nothing is.
pub(crate) struct Following {
    pub(super) sessions: Arc<Sessions>,
    pub(super) thread: Thread,
    pub(super) base: Option<Arc<Record>>,
    pub(super) made: Made,
}

impl Following {
    pub(crate) fn new(sessions: &Arc<Sessions>, thread: Thread, base: Option<Arc<Record>>, made: Made) -> Self {
        Self { sessions: Arc::clone(sessions), thread, base, made }
    }

    /// A whole answer, as it was delivered.
    pub(crate) fn whole(self, body: &Object, route: &RouteInfo) {
        self.ended(&said::choices(body), route);
    }

    /// The same stream, which is remembered when its last chunk has come.
    pub(crate) fn stream(self, stream: ChatStream) -> ChatStream {
        let mut following = Some((self, Listener::default()));
        let head = stream.route().clone();
        let heard = stream.inspect(move |next| {
            let Some((_, listener)) = &mut following else { return };
            let Ok(chunk) = next else {
                following = None;
                return;
            };
            listener.note(chunk);
            if let Some(route) = &chunk.route
                && let Some((own, listener)) = following.take()
            {
                own.ended(&listener.choices(), route);
            }
        });
        ChatStream::new(head, Box::pin(heard))
    }

    fn ended(self, said: &[Said], route: &RouteInfo) {
        self.sessions.remember(&self, said, route);
    }
}
