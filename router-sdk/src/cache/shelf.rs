//! The shelf of a fleet: names and bytes in and out of the shared state. What fails is absent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Shelf;
use crate::store::StateStore;

const SPACE: &str = "cache";

/// Answers in the shared state.
#[derive(Debug)]
pub(crate) struct StateShelf {
    store: Arc<dyn StateStore>,
}

impl StateShelf {
    pub(crate) fn new(store: Arc<dyn StateStore>) -> Self {
        Self { store }
    }
}

impl Shelf for StateShelf {
    fn get(&self, name: String) -> BoxFuture<'static, Option<Bytes>> {
        let store = Arc::clone(&self.store);
        async move {
            let now_ms = Timestamp::now().as_millisecond();
            store.get(SPACE, &name, now_ms).await.ok().flatten()
        }
        .boxed()
    }

    fn put(&self, name: String, value: Bytes, ttl: Duration) -> BoxFuture<'static, ()> {
        let store = Arc::clone(&self.store);
        async move {
            let (now_ms, ttl_ms) = (Timestamp::now().as_millisecond(), u64::try_from(ttl.as_millis()).ok());
            // An answer that is not kept is asked for again.
            let _ = store.put(SPACE, &name, value, ttl_ms, now_ms).await;
        }
        .boxed()
    }
}
