//! What a caller wrote for a model in; `auto` or an ordered list of targets out.

use std::borrow::Cow;

use super::{SANDBOX, Setup};
use crate::error::{Error, ErrorKind, Refusal};
use crate::provider::Target;
use crate::wire::{ChatRequest, RouteOptions, Strategy};

/// What the caller asked for.
pub(crate) enum Asked {
    /// The router chooses, under this strategy if one was named.
    Auto(Option<Strategy>),
    /// These, in this order.
    Listed(Named),
}

/// Models that the caller named.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Those that can be reached, each once.
    pub(crate) targets: Vec<Target>,
    /// Those whose provider has no key.
    pub(crate) refusals: Vec<Refusal>,
}

impl Setup {
    /// Reads the `model` and `models` of a request.
    pub(crate) fn asked(&self, request: &ChatRequest) -> Result<Asked, Error> {
        let model = request.model();
        if model == "auto" && request.models().is_empty() {
            return Ok(Asked::Auto(None));
        }
        if let Some(word) = model.strip_prefix("auto:") {
            if !request.models().is_empty() {
                let fix = "cannot stand beside auto with a strategy; leave out one of them";
                return Err(Error::invalid_request("models", fix));
            }
            return Strategy::parse(word)
                .map(|s| Asked::Auto(Some(s)))
                .ok_or_else(|| Error::invalid_request("model", "auto takes :cheapest, :balanced, :best or :fastest"));
        }
        let mut named = Named::default();
        if model != "auto" {
            self.named(model, "model", &mut named)?;
        }
        for (i, name) in request.models().iter().enumerate() {
            self.named(name, &format!("models[{i}]"), &mut named)?;
        }
        Ok(Asked::Listed(named))
    }

    /// The targets of one name: an alias gives several. Each target is listed once; what has no key is a refusal.
    pub(crate) fn named(&self, name: &str, field: &str, out: &mut Named) -> Result<(), Error> {
        match self.config.aliases.get(name) {
            Some(alias) => alias.models.iter().map(|m| &m.model).try_for_each(|model| {
                // What an alias lists is the configuration's word, not the request's.
                self.add(model, field, out).map_err(|e| match e.kind() {
                    ErrorKind::InvalidRequest => Error::invalid_config(
                        format!("aliases.{name}"),
                        format!("{model} is no model of a known provider"),
                    ),
                    _ => e,
                })
            }),
            None => self.add(name, field, out),
        }
    }

    fn add(&self, name: &str, field: &str, out: &mut Named) -> Result<(), Error> {
        match self.resolve(name, field) {
            Ok(target) => {
                push(&mut out.targets, target);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NoCandidate => {
                out.refusals.extend_from_slice(error.refusals());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Route options with the names of providers as they are configured, whichever of their names was used.
    pub(crate) fn canonical_options<'a>(&self, options: &'a RouteOptions) -> Cow<'a, RouteOptions> {
        if options.only.is_empty() && options.ignore.is_empty() && options.order.is_empty() {
            return Cow::Borrowed(options);
        }
        let mut own = options.clone();
        for name in own.only.iter_mut().chain(&mut own.ignore).chain(&mut own.order) {
            *name = match name.split_once('/') {
                Some((provider, model)) => format!("{}/{model}", self.canonical(provider)),
                None => self.canonical(name).to_owned(),
            };
        }
        Cow::Owned(own)
    }

    /// The target of `provider/model` or of a bare model name.
    pub(crate) fn resolve(&self, name: &str, field: &str) -> Result<Target, Error> {
        if let Some((provider, model)) = name.split_once('/')
            && let Some(deployment) = self.deployments.get(self.canonical(provider)).filter(|_| !model.is_empty())
        {
            return Ok(self.target(deployment, model));
        }
        if let Some(target) = self.bare(name) {
            return Ok(target);
        }
        Err(self.unknown(name, field))
    }

    /// A bare name among the configured providers, the maker's own first.
    fn bare(&self, name: &str) -> Option<Target> {
        let own = self.overrides.keys().find_map(|key| {
            let (provider, id) = key.split_once('/')?;
            (id == name).then_some(provider)
        });
        let makers = self.catalog.makers_of(name);
        let providers = makers.iter().copied().map(|p| self.canonical(p)).chain(own);
        let deployment = providers.filter(|p| *p != SANDBOX).find_map(|p| self.deployments.get(p))?;
        Some(self.target(deployment, name))
    }

    fn unknown(&self, name: &str, field: &str) -> Error {
        let reachable = |d: &&String| *d != SANDBOX;
        if self.deployments.keys().filter(reachable).count() == 0 {
            return Setup::nothing_configured();
        }
        let vendor = name.split_once('/').and_then(|(p, m)| self.catalog.vendor(p).filter(|_| !m.is_empty()));
        let vendor = vendor.or_else(|| self.catalog.makers_of(name).first().and_then(|p| self.catalog.vendor(p)));
        let Some(vendor) = vendor else {
            let known: Vec<_> = self.deployments.keys().filter(reachable).map(String::as_str).collect();
            let fix = format!("no such model; use auto, an alias, or provider/model with one of {}", known.join(", "));
            return Error::invalid_request(field, fix);
        };
        let keys = vendor.key_env.join(" or ");
        let reason = if keys.is_empty() {
            format!("the provider {} is not configured; add it under providers", vendor.name)
        } else {
            format!("the provider {} has no key: set {keys} or configure it under providers", vendor.name)
        };
        let refusal = Refusal { model: name.to_owned(), gate: "key", reason: reason.clone() };
        Error::new(ErrorKind::NoCandidate, format!("{name}: {reason}")).with_param(field).with_refusals(vec![refusal])
    }
}

fn push(out: &mut Vec<Target>, target: Target) {
    let same = |t: &Target| t.model.id == target.model.id && t.deployment.provider == target.deployment.provider;
    if !out.iter().any(same) {
        out.push(target);
    }
}
