//! The fleet's shelf: names and bytes in, the same in the state that processes share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::far::Shelf;
use crate::store::{Near, Spot, StateStore};

/// Where answers stand within the state.
const SPACE: &str = "cache";

#[derive(Debug)]
struct State(Arc<dyn StateStore>);

/// The answers that processes keep for each other.
pub(crate) fn fleet_shelf(state: &Arc<dyn StateStore>) -> Arc<dyn Shelf> {
    Arc::new(State(Arc::clone(state)))
}

impl Shelf for State {
    fn get(&self, name: String) -> BoxFuture<'static, Option<Bytes>> {
        let state = Arc::clone(&self.0);
        Box::pin(async move { state.get(SPACE, &name, now_ms()).await.ok().flatten() })
    }

    fn put(&self, name: String, value: Bytes, ttl: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Box::pin(async move {
            // An answer that cannot be shared is asked for again elsewhere.
            let _ = state.keep(SPACE, &name, value, ttl_ms, now_ms()).await;
        })
    }

    fn nearest(&self, spot: Spot, most: usize) -> BoxFuture<'static, Vec<Near>> {
        let state = Arc::clone(&self.0);
        Box::pin(async move { state.nearest(&spot, most).await.unwrap_or_default() })
    }

    fn put_near(&self, spot: Spot, name: String, value: Bytes, ttl: Duration) -> BoxFuture<'static, ()> {
        let state = Arc::clone(&self.0);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Box::pin(async move {
            let _ = state.put_near(&spot, &name, value, ttl_ms).await;
        })
    }
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn what_one_process_puts_up_another_takes_down_for_a_time() {
        let state: Arc<dyn StateStore> = Arc::new(MemoryStore::default());
        let (one, other) = (fleet_shelf(&state), fleet_shelf(&state));
        one.put("a".into(), Bytes::from_static(b"kept"), Duration::from_secs(60)).await;
        one.put("b".into(), Bytes::from_static(b"gone"), Duration::ZERO).await;
        assert_eq!(other.get("a".into()).await.as_deref(), Some(&b"kept"[..]));
        assert_eq!(other.get("b".into()).await, None);
        assert_eq!(other.get("c".into()).await, None);
    }
}
