//! The face of the library: requests in, replies out.

mod ledger;

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::account::Entry;
use crate::admit::{self, BudgetEvent, Caller, QuotaState};
use crate::cache::CacheStats;
use crate::classify::{self, Task};
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::failover::TargetHealth;
use crate::hooks::{Decision, Hook, HookCall, HookOptions, Stage};
use crate::keys::Keys;
use crate::learn::Learning;
use crate::pipeline::{self, Reply, Shared, Spending};
use crate::select::{Explanation, Plan};
use crate::setup::{Environment, Setup};
use crate::shadow::ShadowReply;
use crate::stream::ChatStream;
use crate::telemetry::Record;
use crate::wire::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse};

#[cfg(feature = "sqlite")]
pub use ledger::LedgerFile;

/// Routes chat requests to models, in this process. Cloning shares everything.
///
/// Building one does no I/O beyond reading environment variables and opening the files of the ledger that are
/// configured: connections, certificates and the catalogue are touched at first use. When the last clone is dropped, what
/// the ledger has not written yet is written; that waits two seconds at most. Calls need a tokio runtime; a router must not be shared between runtimes.
///
/// # Examples
/// ```
/// # async fn example() -> Result<(), clawrouters::Error> {
/// use clawrouters::{ChatRequest, Router};
///
/// let router = Router::from_env()?;
/// let reply = router.chat(ChatRequest::new("auto", "What is the capital of Peru?")).await?;
/// println!("{} said: {}", reply.model(), reply.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Router {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("providers", &self.shared.setup.deployments.keys()).finish_non_exhaustive()
    }
}

impl Router {
    /// A router of every known provider whose key is in the environment.
    ///
    /// # Errors
    /// `InvalidConfig` when an environment variable of this library has an impossible value.
    pub fn from_env() -> Result<Self, Error> {
        Self::new(Config::default())
    }

    /// A router of this configuration; keys that it does not hold are taken from the environment.
    ///
    /// # Errors
    /// `InvalidConfig` that names the key and the fix.
    pub fn new(config: Config) -> Result<Self, Error> {
        let setup = Setup::build(config, &Environment::Process)?;
        Ok(Self { shared: Arc::new(Shared::new(setup)?) })
    }

    /// Answers a request with a whole reply.
    ///
    /// # Errors
    /// Every kind but `StreamInterrupted`; the error lists the attempts made.
    pub async fn chat(&self, request: ChatRequest) -> Result<ChatResponse, Error> {
        match pipeline::walk(&self.shared, request, false).await? {
            Reply::Whole(response) => Ok(*response),
            Reply::Stream(_) => Err(Error::new(ErrorKind::Internal, "a stream came where a whole reply was asked for")),
        }
    }

    /// Answers a request with a stream. It returns when the first output is there, so that every failure before that
    /// has already gone to another candidate.
    ///
    /// # Errors
    /// As [`Router::chat`]; failures after the first output come from the stream itself.
    pub async fn stream(&self, request: ChatRequest) -> Result<ChatStream, Error> {
        match pipeline::walk(&self.shared, request, true).await? {
            Reply::Stream(stream) => Ok(stream),
            Reply::Whole(_) => Err(Error::new(ErrorKind::Internal, "a whole reply came where a stream was asked for")),
        }
    }

    /// Makes one vector for each input.
    ///
    /// The model is always named: vectors of different models cannot be compared, so `auto` is refused, and fallbacks
    /// must be the same model at another provider. Inputs beyond the limit of one call are sent in several; all vectors
    /// come from one provider, in the order asked.
    ///
    /// # Errors
    /// As [`Router::chat`]; when one of several calls fails for good, the whole request does.
    ///
    /// # Examples
    /// ```
    /// # async fn example(router: clawrouters::Router) -> Result<(), clawrouters::Error> {
    /// use clawrouters::EmbeddingRequest;
    ///
    /// let request = EmbeddingRequest::new("openai/text-embedding-3-small", ["a cat", "a dog"])?;
    /// let reply = router.embed(request.with_dimensions(256)).await?;
    /// println!("{} vectors of {}", reply.vectors.len(), reply.vectors[0].len());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn embed(&self, request: EmbeddingRequest) -> Result<EmbeddingResponse, Error> {
        pipeline::embed(&self.shared, request).await
    }

    /// What a request would be taken for, which models could answer it and which are refused why. Sends nothing.
    ///
    /// # Errors
    /// `InvalidRequest` or `InvalidConfig`; that no model qualifies is part of the explanation.
    pub fn explain(&self, request: &ChatRequest) -> Result<Explanation, Error> {
        pipeline::explain(&self.shared, request)
    }

    /// The plan that a request would get: the candidates of [`Router::explain`] without the refusals, and quicker.
    ///
    /// # Errors
    /// As [`Router::chat`] before anything is sent, `NoCandidate` included.
    pub fn plan(&self, request: &ChatRequest) -> Result<Plan, Error> {
        pipeline::plan_only(&self.shared, request)
    }

    /// What a request would be taken for: kind, difficulty, needs, evidence. Offline, in microseconds.
    pub fn classify(&self, request: &ChatRequest) -> Task {
        classify::classify(request.body())
    }

    /// The models that can be asked for: `auto` and its strategies, aliases, own models and the reachable catalogue, as
    /// OpenAI model objects.
    pub fn models(&self) -> Vec<Value> {
        let setup = &self.shared.setup;
        let object = |id: &str, owner: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": owner});
        let auto = ["auto", "auto:cheapest", "auto:balanced", "auto:best", "auto:fastest"];
        let mut out: Vec<Value> = auto.iter().map(|id| object(id, "clawrouters")).collect();
        out.extend(setup.config.aliases.keys().map(|name| object(name, "clawrouters")));
        for target in setup.reachable() {
            let mut model = object(&target.key(), &target.deployment.provider);
            model["context_window"] = json!(target.model.context_window);
            model["max_output_tokens"] = json!(target.model.max_output_tokens);
            model["sandbox"] = json!(target.deployment.sandbox);
            out.push(model);
        }
        out
    }

    /// The models that the holder of a key may ask for, as [`Router::models`] lists them. Without a key store every model.
    ///
    /// # Errors
    /// `Unauthenticated` for a key that is missing or may not be used.
    pub async fn models_of(&self, api_key: Option<&SecretString>) -> Result<Vec<Value>, Error> {
        let caller = self.caller(api_key).await?;
        let bounds = caller.bounds(&self.shared.setup);
        let mut models = self.models();
        models.retain(|model| {
            let id = model.get("id").and_then(Value::as_str).unwrap_or_default();
            caller.may_ask(&self.shared.setup, bounds.as_deref(), id)
        });
        Ok(models)
    }

    /// Who a key belongs to; everybody is anonymous where no key store is configured.
    ///
    /// # Errors
    /// `Unauthenticated` for a key that is missing or may not be used, `InvalidRequest` for one where no key store is
    /// configured.
    pub async fn caller(&self, api_key: Option<&SecretString>) -> Result<Caller, Error> {
        admit::authorise(self.shared.keys.as_ref(), api_key).await
    }

    /// Takes in how good an answer was: `score` from 0 (useless) to 1 (just right) for the `request_id` of its RouteInfo.
    ///
    /// It says something of the model that answered for requests of the same kind, and counts once. Needs `learning` in
    /// the configuration.
    ///
    /// # Examples
    /// ```
    /// # async fn example(router: clawrouters::Router) -> Result<(), clawrouters::Error> {
    /// let reply = router.chat(clawrouters::ChatRequest::new("auto", "What is the capital of Peru?")).await?;
    /// router.feedback(&reply.route.request_id, 1.0).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidRequest` for another score and for a request that is not waiting for one: unknown, older than
    /// `learning.remember_s`, answered from the cache, or scored before. `InvalidConfig` where nothing is learned,
    /// `ProviderUnavailable` while the shared state cannot be asked.
    pub async fn feedback(&self, request_id: &str, score: f64) -> Result<(), Error> {
        self.learning().feedback(request_id, score).await
    }

    /// What scores taught: exported, put back, forgotten.
    pub fn learning(&self) -> Learning {
        Learning::new(Arc::clone(&self.shared))
    }

    /// The keys of callers.
    pub fn keys(&self) -> Keys {
        Keys::new(Arc::clone(&self.shared))
    }

    /// Whether callers need a key.
    pub(crate) fn has_keys(&self) -> bool {
        self.shared.keys.is_some()
    }

    /// The closed requests that the in-memory ledger holds, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.shared.ledger.entries().iter().map(|entry| Entry::clone(entry)).collect()
    }

    /// Requests begun and money held and spent so far, in nano-dollars. The sandbox spends none.
    pub fn spending(&self) -> Spending {
        self.shared.spending()
    }

    /// How the cache stands: hits, misses, what is kept and what was saved. All zeros where none is configured.
    pub fn cache_stats(&self) -> CacheStats {
        self.shared.cache.stats()
    }

    /// Forgets every answer that this process keeps. What a fleet shares stays until its time is over.
    pub fn clear_cache(&self) {
        self.shared.cache.clear();
    }

    /// How every target stands that was asked so far: breaker, rests, requests in flight, latency, use of the last minute.
    pub fn health(&self) -> Vec<TargetHealth> {
        self.shared.sender.health.snapshot(tokio::time::Instant::now())
    }

    /// Hands every reply of the shadow to a function, from a task of its own. The last one set counts.
    pub fn on_shadow(&self, callback: impl Fn(ShadowReply) + Send + Sync + 'static) {
        self.shared.shadow.set(Arc::new(callback));
    }

    /// Adds a hook that is asked about requests and answers, behind those that were added before it.
    pub fn add_hook(&self, hook: impl Hook, options: HookOptions) {
        self.shared.hooks.add(None, Arc::new(hook), options);
    }

    /// Adds a hook that is asked at one stage only.
    pub fn add_hook_at(&self, stage: Stage, hook: impl Hook, options: HookOptions) {
        self.shared.hooks.add(Some(stage), Arc::new(hook), options);
    }

    /// Asks a function about every request before it is admitted, classified and sent.
    ///
    /// # Examples
    /// ```
    /// # fn example(router: clawrouters::Router) {
    /// use clawrouters::{Decision, HookRefusal};
    ///
    /// router.before_request(|call| match call.body["messages"].to_string().contains("launch code") {
    ///     true => Decision::refuse(HookRefusal::ContentRefused, "we do not talk about that"),
    ///     false => Decision::pass(),
    /// });
    /// # }
    /// ```
    pub fn before_request(&self, decide: impl Fn(HookCall) -> Decision + Send + Sync + 'static) {
        self.shared.hooks.add_plain(Stage::Before, decide);
    }

    /// Asks a function about every chat answer: a whole one before it is returned, a streamed one after its last text.
    pub fn after_response(&self, decide: impl Fn(HookCall) -> Decision + Send + Sync + 'static) {
        self.shared.hooks.add_plain(Stage::After, decide);
    }

    /// Everything counted so far as OpenMetrics text, which Prometheus reads: requests, errors, tokens, cost, savings,
    /// times, attempts and how the targets stand. Counting begins with the first call, or with the router where the
    /// configuration's `telemetry.metrics` is true. Served as `application/openmetrics-text; version=1.0.0`.
    pub fn metrics(&self) -> String {
        // Writing into a String cannot fail.
        self.shared.ledger.metrics().text(&self.health()).unwrap_or_default()
    }

    /// Sends spans and measurements of every request that closes from now on to OpenTelemetry.
    ///
    /// A request belongs to the span that is running where it is made, or to the one that its `route.traceparent` names.
    ///
    /// # Examples
    /// ```no_run
    /// # fn example(router: clawrouters::Router) {
    /// router.instrument(clawrouters::Export::global());
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Internal` when a thread for it does not start.
    #[cfg(any(test, feature = "otel"))]
    pub fn instrument(&self, export: crate::telemetry::Export) -> Result<(), Error> {
        self.shared.tell(move |record| export.tell(record))
    }

    /// Calls a function with the spans and measurements of every request that closes from now on, for tracing systems of
    /// other kinds. It runs on a thread of its own, which [`Router::flush`] waits for.
    ///
    /// # Errors
    /// `Internal` when that thread does not start.
    pub fn on_record(&self, tell: impl Fn(&Record) + Send + 'static) -> Result<(), Error> {
        self.shared.tell(tell)
    }

    /// Forgets all hooks.
    pub fn clear_hooks(&self) {
        self.shared.hooks.clear();
    }

    /// How the limits and budgets of a subject stand: `global`, `key:ID`, `tag:NAME=VALUE`, `model:PROVIDER/MODEL` or
    /// `provider:NAME`.
    ///
    /// # Errors
    /// `InvalidRequest` for a subject that nothing is limited for.
    pub async fn quota(&self, subject: &str) -> Result<QuotaState, Error> {
        self.shared.quota_of(subject).await
    }

    /// Hands every budget that reaches its soft limit, or refuses a request for the first time in its window, to a
    /// function, from a task of its own. The last one set counts.
    pub fn on_budget(&self, callback: impl Fn(BudgetEvent) + Send + Sync + 'static) {
        self.shared.on_budget(Arc::new(callback));
    }

    /// What becomes of broken streams where a request does not say.
    pub(crate) fn on_interrupt(&self) -> crate::wire::OnInterrupt {
        self.shared.setup.config.on_interrupt
    }

    /// Ledger entries that made room for newer ones.
    pub fn dropped_entries(&self) -> u64 {
        self.shared.ledger.dropped()
    }

    /// The door: HTTP requests in the OpenAI shape in, HTTP responses out, without a network between.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.clone())
    }
}
