//! Answers that are kept to be given again: a request in, a kept answer or what to remember of the new one out.

mod canonical;
mod exact;
mod far;
mod fit;
mod flight;
mod gather;
mod kept;
mod key;
mod near;
mod remember;
mod replay;
mod stats;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use exact::{Exact, Found};
pub(crate) use kept::Kept;
pub(crate) use remember::Remembering;
pub(crate) use replay::stream_of;
pub use stats::CacheStats;
use stats::Counts;
use wish::Wish;

use crate::config::{CacheConfig, CacheScope};
use crate::setup::Setup;
use crate::wire::{Cached, ChatRequest, EmbeddingRequest};

/// The caches of a router.
#[derive(Debug)]
pub(crate) struct Cache {
    exact: Option<Exact>,
    counts: Counts,
}

/// What a cache made of a request.
pub(crate) enum Recalled {
    /// A kept answer.
    Hit(Arc<Kept>, Cached),
    /// None; what to remember of the new one.
    Miss(Remembering),
}

/// Who asks, and how long the answer may be waited for.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) caller: &'a str,
    pub(crate) stream: bool,
    pub(crate) deadline: Instant,
    /// The moment of the request, in milliseconds since 1970.
    pub(crate) at_ms: i64,
}

impl Cache {
    pub(crate) fn new(config: &CacheConfig) -> Self {
        Self { exact: config.exact.clone().map(Exact::new), counts: Counts::default() }
    }

    /// Looks for the answer to a chat request.
    pub(crate) async fn recall(self: &Arc<Self>, asking: Asking<'_>, request: &ChatRequest) -> Recalled {
        let Some(exact) = &self.exact else { return Recalled::Miss(Remembering::nothing()) };
        let temperature = request.get("temperature").and_then(serde_json::Value::as_f64);
        let wish = Wish::of(request.route().cache, exact.settings.ttl_s, exact.settings.max_temperature, temperature);
        let key = |tenant: Option<&str>| key::chat(asking.setup, request, tenant);
        self.recalled(exact, asking, wish, key).await
    }

    /// Looks for the answer to a request for embeddings.
    pub(crate) async fn recall_vectors(self: &Arc<Self>, asking: Asking<'_>, request: &EmbeddingRequest) -> Recalled {
        let Some(exact) = &self.exact else { return Recalled::Miss(Remembering::nothing()) };
        let wish = Wish::of(request.route().cache, exact.settings.ttl_s, None, None);
        let key = |tenant: Option<&str>| key::embedding(asking.setup, request, tenant);
        self.recalled(exact, asking, wish, key).await
    }

    async fn recalled(
        self: &Arc<Self>,
        exact: &Exact,
        asking: Asking<'_>,
        wish: Wish,
        key: impl FnOnce(Option<&str>) -> canonical::Key,
    ) -> Recalled {
        if !wish.read && !wish.write {
            self.counts.bypassed();
            return Recalled::Miss(Remembering::nothing());
        }
        let key = key(tenant(exact.settings.scope, asking.caller));
        let patience = if asking.stream { exact.settings.stream_wait_ms } else { exact.settings.wait_ms };
        match exact.recall(key, wish, Duration::from_millis(patience), asking.deadline, asking.at_ms).await {
            Found::Kept { kept, cached, waited } => {
                self.counts.hit(&kept, cached, waited);
                Recalled::Hit(kept, cached)
            }
            Found::Nothing(lead) => {
                let cached = if wish.read { Cached::Miss } else { Cached::Bypass };
                if wish.read {
                    self.counts.missed()
                } else {
                    self.counts.bypassed()
                }
                let exact = wish.write.then_some((key, wish.ttl));
                Recalled::Miss(Remembering::new(Arc::clone(self), cached, asking.at_ms, exact, lead))
            }
        }
    }

    /// Keeps an answer and tells those who wait for it.
    fn store(&self, key: canonical::Key, kept: Kept, lead: Option<flight::Lead>) {
        let Some(exact) = &self.exact else { return };
        let kept = Arc::new(kept);
        exact.put(key, Arc::clone(&kept));
        self.counts.stored();
        if let Some(lead) = lead {
            lead.land(flight::Landing::Kept(kept, Cached::Hit));
        }
    }

    /// The largest answer worth keeping, in bytes.
    fn largest(&self) -> usize {
        self.exact.as_ref().map_or(0, |exact| usize::try_from(exact.settings.max_bytes).unwrap_or(usize::MAX))
    }

    /// How the caches stand.
    pub(crate) fn stats(&self) -> CacheStats {
        self.counts.told(self.exact.as_ref().map_or((0, 0), Exact::size), (0, 0))
    }

    /// Forgets everything that this process keeps.
    pub(crate) fn clear(&self) {
        if let Some(exact) = &self.exact {
            exact.clear();
        }
    }
}

fn tenant(scope: CacheScope, caller: &str) -> Option<&str> {
    (scope == CacheScope::Tenant).then_some(caller)
}
