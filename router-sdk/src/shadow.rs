//! Copies of requests to another model: a request that is being answered in, a reply for whoever compares models out.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::account::Books;
use crate::config;
use crate::error::Error;
use crate::failover::{self, Sender, Share};
use crate::provider::Target;
use crate::wire::{ChatRequest, ChatResponse, RouteInfo};

/// Copies under way at once; more are left out, for they must not become a load of their own.
const AT_ONCE: usize = 16;

/// What a shadow made of a copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShadowReply {
    /// The id of the request that was copied.
    pub request_id: String,
    /// The shadow's answer, or why there is none.
    pub outcome: Result<ChatResponse, Error>,
    /// How the copy went and what it cost.
    pub route: Arc<RouteInfo>,
}

impl ShadowReply {
    /// The reply as JSON: `request_id`, `reply` or `error`, and `clawrouters` with the copy's own route.
    pub fn to_json(&self) -> Value {
        let reply = self.outcome.as_ref().ok().map(|reply| Value::Object(reply.body.clone()));
        let error = self.outcome.as_ref().err().map(|e| json!({"kind": e.kind().as_str(), "message": e.message()}));
        json!({"request_id": self.request_id, "reply": reply, "error": error, "clawrouters": self.route.to_json()})
    }
}

type Callback = Arc<dyn Fn(ShadowReply) + Send + Sync>;

/// The shadow of a router.
pub(crate) struct Shadow {
    share: Share,
    free: Arc<Semaphore>,
    callback: RwLock<Option<Callback>>,
}

impl Shadow {
    pub(crate) fn new(settings: Option<&config::Shadow>) -> Self {
        let share = Share::new(settings.map_or(0.0, |s| s.share));
        Self { share, free: Arc::new(Semaphore::new(AT_ONCE)), callback: RwLock::new(None) }
    }

    pub(crate) fn set(&self, callback: Callback) {
        *self.callback.write().unwrap_or_else(PoisonError::into_inner) = Some(callback);
    }

    /// Whether this request is one of the share that is copied.
    pub(crate) fn is_due(&self) -> bool {
        self.share.earn();
        self.share.take()
    }

    /// Sends a copy in the background. `books` are those of the request, whose caller pays for the copy too.
    pub(crate) fn send(&self, sender: &Arc<Sender>, target: Target, request: ChatRequest, tokens: u64, books: &Books) {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else { return };
        let (Some(mut own), Ok(runtime)) = (books.aside("shadow"), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let callback = self.callback.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (sender, request_id) = (Arc::clone(sender), books.route.request_id.clone());
        runtime.spawn(async move {
            let limit = sender.settings.timeouts.total_ms;
            let outcome =
                failover::ask_aside(&sender, &target, &request, tokens, limit, "it was a shadow", &mut own).await;
            let Some(outcome) = outcome else {
                own.discard();
                return;
            };
            let outcome = outcome.map_err(|f| failover::error_of(failover::error_kind(&f), &f, &target));
            let route = own.close(outcome.as_ref().err().map(Error::kind));
            drop(permit);
            if let Some(callback) = callback {
                callback(ShadowReply { request_id, outcome, route });
            }
        });
    }
}
