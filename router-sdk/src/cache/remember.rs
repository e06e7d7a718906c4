//! A request that goes to a provider in; its answer, once it is whole, kept for others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::canonical::Key;
use super::fit;
use super::flight::{Landing, Lead};
use super::gather::Gathered;
use super::kept::Kept;
use super::semantic::Place;
use super::{Cache, Missed};
use crate::stream::ChatStream;
use crate::wire::{Cached, EmbeddingResponse, Object, RouteInfo, Usage};

/// What is to be remembered of the answer to a request. Dropped, nothing is, and who waits for it asks for itself.
pub(crate) struct Remembering {
    cached: Cached,
    terms: Option<Box<Terms>>,
}

struct Terms {
    cache: Arc<Cache>,
    at_ms: i64,
    exact: Option<(Key, Duration)>,
    lead: Option<Lead>,
    semantic: Option<Box<(Place, Duration)>>,
}

impl Remembering {
    /// Of a request that the cache has no part in.
    pub(crate) fn nothing() -> Self {
        Self { cached: Cached::Bypass, terms: None }
    }

    pub(super) fn new(cache: Arc<Cache>, at_ms: i64, missed: Missed) -> Self {
        let Missed { asked, exact, lead, semantic } = missed;
        let terms = Terms { cache, at_ms, exact, lead, semantic };
        let terms = (terms.exact.is_some() || terms.semantic.is_some()).then(|| Box::new(terms));
        Self { cached: if asked { Cached::Miss } else { Cached::Bypass }, terms }
    }

    /// What the cache did for the request.
    pub(crate) fn cached(&self) -> Cached {
        self.cached
    }

    /// A whole reply.
    pub(crate) fn whole(self, body: &Object, usage: Option<Usage>, route: &RouteInfo) {
        if let Some(terms) = self.terms {
            terms.keep(body, usage, route);
        }
    }

    /// Vectors.
    pub(crate) fn vectors(self, reply: &EmbeddingResponse) {
        let Some(Terms { cache, at_ms, exact, lead, .. }) = self.terms.map(|terms| *terms) else { return };
        if let Some((key, ttl)) = exact {
            cache.store(key, Kept::of_vectors(reply, at_ms, ttl), lead);
        }
    }

    /// The same stream, whose answer is kept when its last chunk has come.
    pub(crate) fn stream(self, stream: ChatStream) -> ChatStream {
        let Some(terms) = self.terms else { return stream };
        let mut following = Some((Gathered::new(terms.cache.largest()), terms));
        let head = stream.route().clone();
        let watched = stream.inspect(move |next| {
            let Some((gathered, _)) = &mut following else { return };
            let Ok(chunk) = next else {
                following = None;
                return;
            };
            gathered.note(chunk);
            let ended = chunk.route.clone();
            if gathered.is_void() || ended.is_some() {
                let Some((gathered, terms)) = following.take() else { return };
                let usage = gathered.usage;
                match (gathered.into_body(), ended) {
                    (Some(body), Some(route)) => terms.keep(&body, usage, &route),
                    _ => terms.give_up(),
                }
            }
        });
        ChatStream::new(head, Box::pin(watched))
    }
}

impl Terms {
    fn keep(self, body: &Object, usage: Option<Usage>, route: &RouteInfo) {
        if !fit::may_be_kept(body, route) {
            return self.give_up();
        }
        if let Some(shared) = self.semantic.filter(|_| fit::may_be_shared(body)) {
            let (place, ttl) = *shared;
            self.cache.share(place, Kept::of_chat(body, usage, route, self.at_ms, ttl), ttl);
        }
        if let Some((key, ttl)) = self.exact {
            self.cache.store(key, Kept::of_chat(body, usage, route, self.at_ms, ttl), self.lead);
        }
    }

    /// There is an answer, but not for others.
    fn give_up(self) {
        if let Some(lead) = self.lead {
            lead.land(Landing::Unkept);
        }
    }
}
