//! Answers that are kept to be given again: a request in, a kept answer or what to remember of the new one out.

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
mod semantic;
mod shelf;
mod stats;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use canonical::Key;
use exact::{Exact, Found};
use far::Far;
use far::Shelf;
use flight::{Landing, Lead};
pub(crate) use kept::Kept;
pub(crate) use remember::Remembering;
pub(crate) use replay::stream_of;
pub(crate) use semantic::{LocalModel, open_model};
use semantic::{Place, Semantic};
pub(crate) use shelf::fleet_shelf;
pub use stats::CacheStats;
use stats::Counts;
use wish::Wish;

use crate::config::{CacheConfig, CacheScope};
use crate::setup::Setup;
use crate::wire::canonical;
use crate::wire::{Cached, ChatRequest, EmbeddingRequest};

/// The caches of a router.
#[derive(Debug)]
pub(crate) struct Cache {
    exact: Option<Exact>,
    semantic: Option<Semantic>,
    counts: Counts,
}

/// What a cache made of a request.
pub(crate) enum Recalled {
    /// A kept answer.
    Hit(Arc<Kept>, Cached),
    /// None; what to remember of the new one.
    Miss(Remembering),
}

/// Asks an embedding model for the vector of a text; nothing when it cannot tell.
pub(crate) type Embed<'a> = &'a (dyn Fn(String) -> BoxFuture<'a, Option<Vec<f32>>> + Send + Sync);

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

/// What is known of a request that nothing was found for.
struct Missed {
    /// It was looked for.
    asked: bool,
    exact: Option<(Key, Duration)>,
    lead: Option<Lead>,
    semantic: Option<Box<(Place, Duration)>>,
}

impl Cache {
    /// `shelf` is what the processes of a fleet share; without one every process keeps its own answers.
    /// `model` makes the vectors where a model on disk is configured.
    pub(crate) fn new(config: &CacheConfig, shelf: Option<Arc<dyn Shelf>>, model: Option<Arc<LocalModel>>) -> Self {
        let exact = config.exact.clone().map(|settings| Exact::new(settings, shelf.clone().map(Far::new)));
        let semantic = config.semantic.clone().map(|settings| Semantic::new(settings, shelf, model));
        Self { exact, semantic, counts: Counts::default() }
    }

    /// Looks for the answer to a chat request: to the same one, then to one that asks the same.
    pub(crate) async fn recall(
        self: &Arc<Self>,
        asking: Asking<'_>,
        request: &ChatRequest,
        embed: Embed<'_>,
    ) -> Recalled {
        if self.exact.is_none() && self.semantic.is_none() {
            return Recalled::Miss(Remembering::nothing());
        }
        let temperature = request.get("temperature").and_then(serde_json::Value::as_f64);
        let options = request.route().cache;
        let exact = self
            .exact
            .as_ref()
            .map(|exact| (exact, Wish::of(options, exact.settings.ttl_s, exact.settings.max_temperature, temperature)));
        let mut missed = match self.same(exact, asking, |tenant| key::chat(asking.setup, request, tenant)).await {
            Ok(recalled) => return recalled,
            Err(missed) => missed,
        };
        if let Some(semantic) = &self.semantic {
            let most = Some(semantic.settings.max_temperature);
            let wish = Wish::of(options, semantic.settings.ttl_s, most, temperature);
            let place = self.place(semantic, wish, asking, request, embed).await;
            if let Some(place) = place {
                missed.asked |= wish.read;
                let kept = match semantic.recall(&place).filter(|_| wish.read) {
                    Some((kept, _)) => Some(kept),
                    None if wish.read => semantic.recall_afar(&place, asking.at_ms).await,
                    None => None,
                };
                if let Some(kept) = kept {
                    self.counts.hit(&kept, Cached::Semantic, false);
                    if let Some(lead) = missed.lead {
                        lead.land(Landing::Kept(Arc::clone(&kept), Cached::Semantic));
                    }
                    return Recalled::Hit(kept, Cached::Semantic);
                }
                missed.semantic = wish.write.then(|| Box::new((place, wish.ttl)));
            }
        }
        self.missed(missed, asking)
    }

    /// Looks for the answer to a request for embeddings.
    pub(crate) async fn recall_vectors(self: &Arc<Self>, asking: Asking<'_>, request: &EmbeddingRequest) -> Recalled {
        let Some(exact) = &self.exact else { return Recalled::Miss(Remembering::nothing()) };
        let wish = Wish::of(request.route().cache, exact.settings.ttl_s, None, None);
        let key = |tenant: Option<&str>| key::embedding(asking.setup, request, tenant);
        match self.same(Some((exact, wish)), asking, key).await {
            Ok(recalled) => recalled,
            Err(missed) => self.missed(missed, asking),
        }
    }

    /// The answer to the same request, or what is known without one.
    async fn same(
        &self,
        exact: Option<(&Exact, Wish)>,
        asking: Asking<'_>,
        key: impl FnOnce(Option<&str>) -> Key,
    ) -> Result<Recalled, Missed> {
        let nothing = Missed { asked: false, exact: None, lead: None, semantic: None };
        let Some((exact, wish)) = exact.filter(|(_, wish)| wish.read || wish.write) else { return Err(nothing) };
        let key = key(tenant(exact.settings.scope, asking.caller));
        let patience = if asking.stream { exact.settings.stream_wait_ms } else { exact.settings.wait_ms };
        match exact.recall(key, wish, Duration::from_millis(patience), asking.deadline, asking.at_ms).await {
            Found::Kept { kept, cached, waited } => {
                self.counts.hit(&kept, cached, waited);
                Ok(Recalled::Hit(kept, cached))
            }
            Found::Nothing(lead) => {
                Err(Missed { asked: wish.read, exact: wish.write.then_some((key, wish.ttl)), lead, semantic: None })
            }
        }
    }

    /// The ask of a request in its scope; nothing when it has none, or its embedding model does not answer in time.
    async fn place(
        &self,
        semantic: &Semantic,
        wish: Wish,
        asking: Asking<'_>,
        request: &ChatRequest,
        embed: Embed<'_>,
    ) -> Option<Place> {
        let ask = semantic::ask(request).filter(|_| wish.read || wish.write)?;
        let tenant = tenant(semantic.settings.scope, asking.caller);
        let scope = key::around(asking.setup, request, tenant, ask.message);
        let vector = match (semantic.model(), semantic.settings.model()) {
            (Some(model), _) => Some(model.vector(&ask.text)?),
            (None, None) => None,
            (None, Some(_)) => {
                let until = asking.deadline.min(Instant::now() + Duration::from_millis(semantic.settings.timeout_ms));
                Some(timeout_at(until, embed(ask.text.clone())).await.ok()??)
            }
        };
        semantic.place(scope, &ask.text, vector)
    }

    fn missed(self: &Arc<Self>, missed: Missed, asking: Asking<'_>) -> Recalled {
        if missed.asked {
            self.counts.missed()
        } else {
            self.counts.bypassed()
        }
        Recalled::Miss(Remembering::new(Arc::clone(self), asking.at_ms, missed))
    }

    /// Keeps an answer for other words that ask the same.
    fn share(&self, place: Place, kept: Kept, ttl: Duration) {
        let Some(semantic) = &self.semantic else { return };
        semantic.put(place, Arc::new(kept), ttl);
        self.counts.stored();
    }

    /// Keeps an answer and tells those who wait for it.
    fn store(&self, key: Key, kept: Kept, lead: Option<Lead>) {
        let Some(exact) = &self.exact else { return };
        let kept = Arc::new(kept);
        exact.put(key, Arc::clone(&kept));
        self.counts.stored();
        if let Some(lead) = lead {
            lead.land(Landing::Kept(kept, Cached::Hit));
        }
    }

    /// The largest answer worth keeping, in bytes.
    fn largest(&self) -> usize {
        let exact = self.exact.as_ref().map_or(0, |e| usize::try_from(e.settings.max_bytes).unwrap_or(usize::MAX));
        exact.max(self.semantic.as_ref().map_or(0, |semantic| semantic.settings.max_bytes))
    }

    /// How the caches stand.
    pub(crate) fn stats(&self) -> CacheStats {
        let semantic = self.semantic.as_ref().map_or((0, 0), Semantic::size);
        self.counts.told(self.exact.as_ref().map_or((0, 0), Exact::size), semantic)
    }

    /// Forgets everything that this process keeps.
    pub(crate) fn clear(&self) {
        if let Some(exact) = &self.exact {
            exact.clear();
        }
        if let Some(semantic) = &self.semantic {
            semantic.clear();
        }
    }
}

fn tenant(scope: CacheScope, caller: &str) -> Option<&str> {
    (scope == CacheScope::Tenant).then_some(caller)
}
