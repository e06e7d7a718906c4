//! What sends requests, and what is remembered between them.

use std::sync::Arc;
use std::time::Duration;

use super::share::Share;
use super::{Health, Hints, RetryBudget};
use crate::balance::Draw;
use crate::config::{Breaker, Config, Hedge, Retry, Timeouts};
use crate::media::Fetcher;
use crate::provider::{Failure, HttpRequest, Target};
use crate::transport::{HttpReply, SandboxTransport, Transport};
use crate::wire::ParameterPolicy;

/// What all requests of one router share in sending.
pub(crate) struct Sender {
    pub(crate) http: Box<dyn Transport>,
    pub(crate) sandbox: SandboxTransport,
    pub(crate) media: Fetcher,
    pub(crate) health: Arc<Health>,
    pub(crate) budget: RetryBudget,
    pub(crate) ids: crate::ids::Ids,
    pub(crate) draw: Draw,
    pub(crate) settings: Settings,
    pub(super) hedges: Share,
    /// Tells other processes of places that rest, where state is shared.
    pub(crate) hints: Option<Arc<Hints>>,
}

/// The configuration as far as sending reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Retry,
    pub(crate) breaker: Breaker,
    pub(crate) hedge: Hedge,
    pub(crate) parameters: ParameterPolicy,
}

impl Sender {
    pub(crate) fn new(config: &Config, http: Box<dyn Transport>, sandbox: SandboxTransport, draw: Draw) -> Self {
        Self {
            http,
            sandbox,
            media: Fetcher::new(config.media.clone(), Duration::from_millis(config.timeouts.connect_ms)),
            health: Health::new(config.breaker),
            budget: RetryBudget::new(&config.retry),
            ids: crate::ids::Ids::new(),
            draw,
            hedges: Share::new(config.hedge.share),
            hints: None,
            settings: Settings {
                timeouts: config.timeouts,
                retry: config.retry,
                breaker: config.breaker,
                hedge: config.hedge,
                parameters: config.parameters,
            },
        }
    }

    pub(crate) async fn send(&self, target: &Target, request: HttpRequest) -> Result<HttpReply, Failure> {
        if let Some(hints) = &self.hints {
            hints.attend();
        }
        if target.deployment.sandbox {
            return self.sandbox.send(target, request).await;
        }
        let (credentials, http) = (&target.deployment.credentials, self.http.as_ref());
        let kept = credentials.renewable().then(|| request.clone());
        let reply = http.send(credentials.apply(http, request).await?).await?;
        match kept {
            Some(request) if credentials.renewed(reply.status, &reply.headers) => {
                http.send(credentials.apply(http, request).await?).await
            }
            _ => Ok(reply),
        }
    }
}
