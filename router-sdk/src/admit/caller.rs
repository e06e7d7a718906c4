//! Who asks and what they may do: a key's grant and a request in, the same request within the grant out.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use secrecy::SecretString;

use super::Rules;
use crate::error::{Error, ErrorKind};
use crate::setup::{Named, Setup};
use crate::wire::{Bounds, ChatRequest, EmbeddingRequest, RouteOptions, Strategy};

/// Names that an error lists at most.
const LISTED: usize = 8;

/// Who asks: nobody in particular, or the holder of a key. Cloning shares everything.
#[derive(Debug, Clone, Default)]
pub struct Caller(Option<Arc<Identity>>);

#[derive(Debug)]
struct Identity {
    id: String,
    name: Option<String>,
    owner: Option<String>,
    tags: BTreeMap<String, String>,
    grant: Arc<Grant>,
}

/// What a key allows.
#[derive(Debug, Default)]
pub(crate) struct Grant {
    /// Models that may answer, as they were written; empty: all.
    pub(crate) models: Vec<String>,
    /// Providers that may answer; empty: all.
    pub(crate) providers: Vec<String>,
    /// Strategies that may be asked for; empty: all.
    pub(crate) strategies: Vec<Strategy>,
    /// The strategy of requests that ask for none.
    pub(crate) strategy: Option<Strategy>,
    /// Its limits and budgets; absent: none.
    pub(crate) rules: Option<Arc<Rules>>,
    /// The key's own credentials by provider. Shown by nothing.
    pub(crate) credentials: BTreeMap<String, SecretString>,
    /// Models and providers by the names of this router's targets, found at the first request.
    pub(crate) bounds: OnceLock<Option<Arc<Bounds>>>,
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Caller {}

impl Caller {
    /// Everybody where no key store is configured.
    pub(crate) const ANONYMOUS: Self = Self(None);

    /// The holder of a key.
    pub(crate) fn of_key(
        id: String,
        name: Option<String>,
        owner: Option<String>,
        tags: BTreeMap<String, String>,
        grant: Grant,
    ) -> Self {
        Self(Some(Arc::new(Identity { id, name, owner, tags, grant: Arc::new(grant) })))
    }

    /// The caller's id in the ledger and in the keys of counters: `anonymous`, or the id of the key.
    pub fn id(&self) -> &str {
        self.0.as_ref().map_or("anonymous", |known| &known.id)
    }

    /// The name of the key.
    pub fn name(&self) -> Option<&str> {
        self.0.as_ref().and_then(|known| known.name.as_deref())
    }

    /// Whose key it is.
    pub fn owner(&self) -> Option<&str> {
        self.0.as_ref().and_then(|known| known.owner.as_deref())
    }

    /// The labels that every request of the key carries.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.0.as_ref().map_or(&NONE, |known| &known.tags)
    }

    /// What the key allows; nothing for callers without one, who may do everything.
    pub(crate) fn grant(&self) -> Option<&Arc<Grant>> {
        self.0.as_ref().map(|known| &known.grant)
    }

    /// The limits and budgets of the key.
    pub(crate) fn rules(&self) -> Option<Arc<Rules>> {
        self.grant().and_then(|grant| grant.rules.clone())
    }

    /// The key's own credentials with a provider.
    pub(crate) fn credential(&self, provider: &str) -> Option<&SecretString> {
        self.grant().and_then(|grant| grant.credentials.get(provider))
    }

    /// True when some provider is asked with credentials of the caller's own.
    pub(crate) fn has_credentials(&self) -> bool {
        self.grant().is_some_and(|grant| !grant.credentials.is_empty())
    }

    /// Which targets may answer; nothing where all may.
    pub(crate) fn bounds(&self, setup: &Setup) -> Option<Arc<Bounds>> {
        self.grant()?.bounds(setup)
    }

    /// Brings a request's options within the grant: they may narrow it and never widen it.
    ///
    /// # Errors
    /// `Forbidden` that names a model, a strategy or a baseline that the key does not allow.
    pub(crate) fn narrow_chat(&self, setup: &Setup, request: &mut ChatRequest) -> Result<(), Error> {
        let Some(known) = &self.0 else { return Ok(()) };
        let names: Vec<_> = request.names().map(|(name, field)| (name.to_owned(), field)).collect();
        self.narrow(known, setup, &names, request.route_mut())
    }

    /// The same for a request for embeddings.
    ///
    /// # Errors
    /// As [`Self::narrow_chat`].
    pub(crate) fn narrow_embedding(&self, setup: &Setup, request: &mut EmbeddingRequest) -> Result<(), Error> {
        let Some(known) = &self.0 else { return Ok(()) };
        let names: Vec<_> = request.names().map(|(name, field)| (name.to_owned(), field)).collect();
        self.narrow(known, setup, &names, request.route_mut())
    }

    /// `names` are the models that the request names, each with its field.
    fn narrow(
        &self,
        known: &Identity,
        setup: &Setup,
        names: &[(String, String)],
        options: &mut RouteOptions,
    ) -> Result<(), Error> {
        options.tags.extend(known.tags.iter().map(|(name, value)| (name.clone(), value.clone())));
        let grant = &known.grant;
        let mut asked = None;
        let bounds = grant.bounds(setup);
        for (name, field) in names {
            match (name.as_str(), name.strip_prefix("auto:")) {
                // What is no strategy is told apart where the model is read.
                (_, Some(word)) => asked = Strategy::parse(word).map(|strategy| (strategy, field.clone())),
                ("auto", None) => {}
                (name, None) => self.named(setup, bounds.as_deref(), name, field)?,
            }
        }
        let fallbacks = options.fallbacks.iter().enumerate().map(|(i, name)| (name, format!("route.fallbacks[{i}]")));
        let baseline = options.baseline.iter().map(|name| (name, "route.baseline".to_owned()));
        for (name, field) in fallbacks.chain(baseline) {
            self.named(setup, bounds.as_deref(), name, &field)?;
        }
        let own = options.strategy.map(|strategy| (strategy, "route.strategy".to_owned()));
        if let Some((strategy, field)) = own.or(asked) {
            self.strategy(grant, strategy, &field)?;
        } else {
            options.strategy = grant.strategy_or(setup.config.strategy);
        }
        options.within = bounds;
        Ok(())
    }

    /// Whether a model that the request names may answer. What is no model at all is told apart where it is resolved.
    fn named(&self, setup: &Setup, bounds: Option<&Bounds>, name: &str, field: &str) -> Result<(), Error> {
        let Some(bounds) = bounds else { return Ok(()) };
        let mut named = Named::default();
        // A name that leads nowhere has an error of its own later.
        let known = setup.named(name, field, &mut named).is_ok() && !named.targets.is_empty();
        let held = named.targets.iter().any(|t| bounds.hold(&t.deployment.provider, &t.key()));
        if !known || held {
            return Ok(());
        }
        Err(self.forbidden(field, name, &allowed_names(self.grant())))
    }

    /// Whether a model, as the list of models names it, may be asked for.
    pub(crate) fn may_ask(&self, setup: &Setup, bounds: Option<&Bounds>, name: &str) -> bool {
        let Some(grant) = self.grant() else { return true };
        let strategies = |word| Strategy::parse(word).is_some_and(|s| grant.allows(s));
        match name.strip_prefix("auto:") {
            Some(word) => strategies(word),
            None => name == "auto" || self.named(setup, bounds, name, "model").is_ok(),
        }
    }

    fn strategy(&self, grant: &Grant, strategy: Strategy, field: &str) -> Result<(), Error> {
        if grant.allows(strategy) {
            return Ok(());
        }
        let words: Vec<&str> = grant.strategies.iter().map(|s| s.as_str()).collect();
        Err(self.forbidden(field, strategy.as_str(), &words.join(", ")))
    }

    fn forbidden(&self, field: &str, what: &str, allowed: &str) -> Error {
        let message = format!("{field}: the key {} does not allow {what}; it allows {allowed}", self.id());
        Error::new(ErrorKind::Forbidden, message).with_param(field).with_code(Some("not_allowed".into()))
    }
}

impl Grant {
    /// The strategy of a request that asks for none: the key's, else the configured one where the key allows it.
    fn strategy_or(&self, configured: Strategy) -> Option<Strategy> {
        self.strategy.or_else(|| if self.allows(configured) { None } else { self.strategies.first().copied() })
    }

    fn allows(&self, strategy: Strategy) -> bool {
        self.strategies.is_empty() || self.strategies.contains(&strategy)
    }

    /// Models and providers by the names of this router's targets.
    fn bounds(&self, setup: &Setup) -> Option<Arc<Bounds>> {
        let find = || {
            if self.models.is_empty() && self.providers.is_empty() {
                return None;
            }
            let providers = self.providers.iter().map(|name| setup.canonical(name).to_owned()).collect();
            let models = self.models.iter().flat_map(|name| {
                let mut named = Named::default();
                // A model that this router does not know allows nothing here.
                let _ = setup.named(name, "models", &mut named);
                named.targets.into_iter().map(|target| target.key())
            });
            Some(Arc::new(Bounds {
                models: (!self.models.is_empty()).then(|| models.collect()),
                providers: (!self.providers.is_empty()).then_some(providers),
            }))
        };
        self.bounds.get_or_init(find).clone()
    }
}

fn allowed_names(grant: Option<&Arc<Grant>>) -> String {
    let names = |all: &[String]| {
        let more = all.len().saturating_sub(LISTED);
        let listed = all.iter().take(LISTED).map(String::as_str).collect::<HashSet<_>>();
        let mut listed: Vec<&str> = listed.into_iter().collect();
        listed.sort_unstable();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", listed.join(", "))
    };
    let Some(grant) = grant else { return String::new() };
    match (grant.models.is_empty(), grant.providers.is_empty()) {
        (false, true) => names(&grant.models),
        (true, _) => format!("models of {}", names(&grant.providers)),
        (false, false) => format!("{}, at {}", names(&grant.models), names(&grant.providers)),
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
