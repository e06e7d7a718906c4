//! Answers that the processes of a fleet share: a key in, what another process kept out. It never delays a reply.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::canonical::Key;
use super::kept::Kept;
use crate::store::{Near, Spot};

/// How long an answer of another process is waited for; asking a model takes longer by far.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// Where bytes are kept under names for a time, by all processes together. What fails is absent.
pub(crate) trait Shelf: Send + Sync + std::fmt::Debug {
    fn get(&self, name: String) -> BoxFuture<'static, Option<Bytes>>;
    fn put(&self, name: String, value: Bytes, ttl: Duration) -> BoxFuture<'static, ()>;

    /// What stands nearest to a place, at most so much of it; nothing where vectors cannot be compared.
    fn nearest(&self, spot: Spot, most: usize) -> BoxFuture<'static, Vec<Near>>;

    fn put_near(&self, spot: Spot, name: String, value: Bytes, ttl: Duration) -> BoxFuture<'static, ()>;
}

/// The answers of the fleet.
#[derive(Debug, Clone)]
pub(super) struct Far {
    shelf: Arc<dyn Shelf>,
}

impl Far {
    pub(super) fn new(shelf: Arc<dyn Shelf>) -> Self {
        Self { shelf }
    }

    pub(super) async fn get(&self, key: Key, now_ms: i64) -> Option<Kept> {
        let bytes = tokio::time::timeout(PATIENCE, self.shelf.get(name(&key))).await.ok()??;
        Kept::from_bytes(&bytes, now_ms)
    }

    /// Puts it there in the background.
    pub(super) fn put(&self, key: Key, kept: &Kept) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(self.shelf.put(name(&key), kept.to_bytes(), kept.ttl));
    }
}

pub(super) fn name(key: &Key) -> String {
    use std::fmt::Write;
    key.iter().fold(String::with_capacity(64), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug, Default)]
    struct Board {
        values: Mutex<HashMap<String, Bytes>>,
        near: Mutex<Vec<(Spot, String, Bytes)>>,
    }

    impl Shelf for Arc<Board> {
        fn get(&self, name: String) -> BoxFuture<'static, Option<Bytes>> {
            let board = Arc::clone(self);
            Box::pin(async move { board.values.lock().unwrap().get(&name).cloned() })
        }

        fn put(&self, name: String, value: Bytes, _: Duration) -> BoxFuture<'static, ()> {
            let board = Arc::clone(self);
            Box::pin(async move {
                board.values.lock().unwrap().insert(name, value);
            })
        }

        fn nearest(&self, spot: Spot, most: usize) -> BoxFuture<'static, Vec<Near>> {
            let board = Arc::clone(self);
            Box::pin(async move {
                let near = board.near.lock().unwrap();
                let same = near.iter().filter(|(at, ..)| at.space == spot.space && at.scope == spot.scope);
                let cosine = |at: &Spot| at.vector.iter().zip(&spot.vector).map(|(x, y)| x * y).sum();
                same.map(|(at, _, value)| Near { cosine: cosine(at), value: value.clone() }).take(most).collect()
            })
        }

        fn put_near(&self, spot: Spot, name: String, value: Bytes, _: Duration) -> BoxFuture<'static, ()> {
            let board = Arc::clone(self);
            Box::pin(async move {
                board.near.lock().unwrap().push((spot, name, value));
            })
        }
    }

    pub(in crate::cache) fn shelf() -> Arc<dyn Shelf> {
        Arc::new(Arc::new(Board::default()))
    }

    #[derive(Debug)]
    struct Silent;

    impl Shelf for Silent {
        fn get(&self, _: String) -> BoxFuture<'static, Option<Bytes>> {
            Box::pin(std::future::pending())
        }

        fn put(&self, _: String, _: Bytes, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn nearest(&self, _: Spot, _: usize) -> BoxFuture<'static, Vec<Near>> {
            Box::pin(std::future::pending())
        }

        fn put_near(&self, _: Spot, _: String, _: Bytes, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    pub(in crate::cache) fn silent() -> Arc<dyn Shelf> {
        Arc::new(Silent)
    }

    #[tokio::test(start_paused = true)]
    async fn a_shelf_that_hangs_has_nothing() {
        assert!(Far::new(Arc::new(Silent)).get([1; 32], 0).await.is_none());
    }
}
