//! Config and environment in; deployments, models and names that this router can reach out.

mod azure;
mod bedrock;
mod clouds;
mod deployments;
mod embedding;
mod environment;
mod names;
mod pool;
mod quota;
#[cfg(test)]
pub(crate) mod tests;
mod vertex;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use environment::Environment;
pub(crate) use names::{Asked, Named};

use crate::admit::Subjects;
use crate::balance::Pools;
use crate::cache::{LocalModel, open_model};
use crate::catalog::{Catalog, Mode, Model, Status};
use crate::config::{Config, JudgeConfig, SandboxConfig, SemanticCache};
use crate::error::Error;
use crate::keys;
use crate::provider::{Cloud, Deployment, Target};
use crate::session::HistoryKey;
use crate::steer::Rules;
use crate::store::{self, StateStore};

/// What this router can reach. Built once; immutable.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) catalog: Catalog,
    /// Deployments by provider name.
    pub(crate) deployments: BTreeMap<String, Arc<Deployment>>,
    /// Providers with several deployments.
    pub(crate) pools: Pools,
    /// Names under which the same provider is also known.
    provider_aliases: BTreeMap<String, String>,
    /// Providers whose models `auto` may choose.
    pub(crate) eligible: Vec<String>,
    /// Models that the config adds or corrects, by `provider/model`.
    overrides: BTreeMap<String, Arc<Model>>,
    /// Limits and budgets by whom they are for.
    pub(crate) subjects: Subjects,
    /// What is counted and kept, in this process or with others.
    pub(crate) state: Arc<dyn StateStore>,
    /// The secret under which the histories of conversations are hashed.
    pub(crate) history_key: HistoryKey,
    /// Sandbox behaviour by provider name.
    pub(crate) sandboxes: BTreeMap<String, SandboxConfig>,
    /// The user's own word on what requests are.
    pub(crate) rules: Rules,
    /// Embedding models on disk, until the router takes them over.
    pub(crate) embedders: Embedders,
    /// The key store, until the router takes it over.
    pub(crate) keys: Option<keys::Opened>,
}

/// Embedding models on disk, by who makes vectors with them.
#[derive(Default)]
pub(crate) struct Embedders {
    pub(crate) cache: Option<Arc<LocalModel>>,
    pub(crate) judge: Option<Arc<LocalModel>>,
}

/// The provider name under which the built-in sandbox can always be asked for.
pub(crate) const SANDBOX: &str = "sandbox";

impl Setup {
    pub(crate) fn build(config: Config, env: &Environment) -> Result<Self, Error> {
        config.check()?;
        let catalog = Catalog::builtin();
        let found = deployments::find(&config, &catalog, env)?;
        let state = store::open(config.state.as_ref())?;
        let mut setup = Self {
            catalog,
            deployments: found.deployments,
            pools: found.pools,
            provider_aliases: found.aliases,
            eligible: found.eligible,
            overrides: BTreeMap::new(),
            subjects: Subjects::default(),
            state,
            history_key: HistoryKey::new(&config, env)?,
            sandboxes: found.sandboxes,
            rules: Rules::compile(&config.rules)?,
            embedders: Embedders::default(),
            keys: None,
            config,
        };
        setup.overrides = setup.read_models()?;
        setup.subjects = setup.subjects()?;
        if let Some(baseline) = &setup.config.baseline {
            let fault = |_| Error::invalid_config("baseline", "no such model; use provider/model");
            setup.baseline(baseline, "baseline").map_err(fault)?;
        }
        if let Some(shadow) = &setup.config.shadow {
            let fault = |_| Error::invalid_config("shadow.model", "no such model of a configured provider");
            setup.resolve(&shadow.model, "shadow.model").map_err(fault)?;
        }
        for (i, model) in setup.config.rules.iter().enumerate().filter_map(|(i, r)| r.model.as_ref().map(|m| (i, m))) {
            let field = format!("rules[{i}].model");
            let fault = |_| Error::invalid_config(&field, "no such model of a configured provider, and no alias");
            let mut named = Named::default();
            setup.named(model, &field, &mut named).map_err(fault)?;
        }
        if let Some(judge) = &setup.config.judge {
            let named = judge.model.as_deref().map(|model| (model, "judge.model"));
            if let Some((name, field)) = named.or_else(|| judge.remote().map(|name| (name, "judge.embedder"))) {
                let fault = |_| Error::invalid_config(field, "no such model of a configured provider");
                setup.resolve(name, field).map_err(fault)?;
            }
        }
        let cache = setup.config.cache.semantic.as_ref().and_then(SemanticCache::folder);
        setup.embedders.cache = open_model(cache, "cache.semantic.embedder")?;
        let judge = setup.config.judge.as_ref().and_then(JudgeConfig::folder);
        setup.embedders.judge = open_model(judge, "judge.embedder")?;
        // Last: what is wrong elsewhere must not leave a new file behind.
        setup.keys = setup.config.keys.as_ref().map(|own| keys::Opened::new(own, env)).transpose()?;
        Ok(setup)
    }

    fn read_models(&self) -> Result<BTreeMap<String, Arc<Model>>, Error> {
        let mut models = BTreeMap::new();
        for (i, own) in self.config.models.iter().enumerate() {
            let Some((provider, id)) = own.id.split_once('/') else { continue };
            let provider = self.canonical(provider);
            let base = self.catalog.get(provider, id).map_or_else(
                || Model { provider: provider.to_owned(), id: id.to_owned(), name: id.to_owned(), ..Model::default() },
                |m| Model::clone(&m),
            );
            models.insert(format!("{provider}/{}", base.id), Arc::new(own.over(base, i)?));
        }
        Ok(models)
    }

    /// The configured name of a provider that may be given by another of its names.
    pub(crate) fn canonical<'a>(&'a self, provider: &'a str) -> &'a str {
        if self.deployments.contains_key(provider) {
            return provider;
        }
        self.provider_aliases.get(provider).map_or(provider, String::as_str)
    }

    /// The model of a deployment, from the config, the catalogue, or as an unknown with plain values.
    pub(crate) fn target(&self, deployment: &Arc<Deployment>, id: &str) -> Target {
        let provider = deployment.provider.as_str();
        let id = self.profiled(deployment, deployment.cloud.model_named(id));
        let id = id.as_ref();
        let own = self.overrides.get(&format!("{provider}/{id}")).cloned();
        let listed = self.catalog_model(deployment, id).or_else(|| self.behind_profile(deployment, id));
        let catalogued = listed.is_some();
        let found = own.or(listed);
        let known = found.is_some();
        let model = found.unwrap_or_else(|| {
            Arc::new(Model {
                provider: provider.to_owned(),
                id: id.to_owned(),
                name: id.to_owned(),
                ..Model::default()
            })
        });
        Target { deployment: deployment.for_model(&model), model, known, catalogued, effort: None }
    }

    fn catalog_model(&self, deployment: &Deployment, id: &str) -> Option<Arc<Model>> {
        if let Some(listed) = deployment.cloud.catalogue() {
            let found = clouds::facts(&self.catalog, listed, deployment, id)?;
            let own = self.overrides.get(&format!("{}/{}", deployment.provider, found.id));
            return Some(own.cloned().unwrap_or(found));
        }
        if deployment.provider != SANDBOX {
            let found = self.catalog.get(&deployment.provider, id)?;
            let own = self.overrides.get(&format!("{}/{}", deployment.provider, found.id));
            return Some(own.cloned().unwrap_or(found));
        }
        // `sandbox/openai/gpt-x` and `sandbox/gpt-x` stand for the catalogue's model.
        let found = match id.split_once('/') {
            Some((provider, model)) => self.catalog.get(provider, model),
            None => None,
        };
        let found = found.or_else(|| {
            let maker = self.catalog.makers_of(id).into_iter().next()?;
            self.catalog.get(maker, id)
        })?;
        Some(Arc::new(Model { provider: SANDBOX.into(), id: id.to_owned(), ..Model::clone(&found) }))
    }

    /// The catalogue's models that a deployment is known to have.
    fn listed(&self, deployment: &Arc<Deployment>, wanted: impl Fn(&str) -> bool) -> Vec<Target> {
        if let Cloud::Azure(azure) = &deployment.cloud {
            return azure
                .names
                .keys()
                .filter(|id| wanted(id))
                .map(|id| self.target(deployment, id))
                .filter(|t| t.catalogued)
                .collect();
        }
        let name = deployment.cloud.catalogue().unwrap_or(&deployment.provider);
        // A target may have another id than its entry, so entries are chosen by their own.
        let entries = self.catalog.models(name).iter().filter(|model| wanted(&model.id));
        entries.map(|model| self.target(deployment, &model.id)).collect()
    }

    /// Whether [`Self::listed`] has this model.
    fn lists(&self, deployment: &Deployment, id: &str) -> bool {
        match &deployment.cloud {
            Cloud::Azure(azure) => {
                azure.names.contains_key(id) && clouds::facts(&self.catalog, "azure", deployment, id).is_some()
            }
            cloud => self.catalog.get(cloud.catalogue().unwrap_or(&deployment.provider), id).is_some(),
        }
    }

    /// Every model that `auto` may consider, the config's own included.
    pub(crate) fn auto_models(&self) -> Vec<Target> {
        let mut out = Vec::new();
        let real = self.eligible.iter().any(|p| self.deployments.get(p).is_some_and(|d| !d.sandbox));
        for provider in &self.eligible {
            let Some(deployment) = self.deployments.get(provider) else { continue };
            // Sandbox and real targets never stand in one plan.
            if deployment.sandbox == real {
                continue;
            }
            out.extend(self.listed(deployment, |id| self.offers(deployment, id)));
            let prefix = format!("{provider}/");
            for (key, _) in self.overrides.range(prefix.clone()..).take_while(|(k, _)| k.starts_with(&prefix)) {
                let id = &key[prefix.len()..];
                if !self.lists(deployment, id) {
                    out.push(self.target(deployment, id));
                }
            }
        }
        out
    }

    /// Every model that can be asked for by name and is not switched off.
    pub(crate) fn reachable(&self) -> Vec<Target> {
        let known = self.deployments.values().filter(|d| d.provider != SANDBOX).flat_map(|deployment| {
            let listed = self.listed(deployment, |_| true).into_iter();
            listed.filter(|t| t.model.mode != Mode::Embedding && t.model.status != Status::Retired)
        });
        let own = self.overrides.keys().filter_map(|key| {
            let (provider, id) = key.split_once('/')?;
            let deployment = self.deployments.get(provider)?;
            (!self.lists(deployment, id)).then(|| self.target(deployment, id))
        });
        known.chain(own).collect()
    }

    /// A baseline's facts; it is never sent to, so its provider need not be configured.
    pub(crate) fn baseline(&self, name: &str, field: &str) -> Result<Target, Error> {
        if let Ok(target) = self.resolve(name, field) {
            return Ok(target);
        }
        let by_maker = || self.catalog.makers_of(name).first().and_then(|p| self.catalog.get(p, name));
        let found = name.split_once('/').and_then(|(p, m)| self.catalog.get(p, m)).or_else(by_maker);
        let Some(model) = found else {
            return Err(Error::invalid_request(field, "no such model; use provider/model"));
        };
        let deployment = deployments::unreachable(&model.provider);
        Ok(Target { deployment: Arc::new(deployment), model, known: true, catalogued: true, effort: None })
    }

    /// The error of a router that can reach nothing.
    pub(crate) fn nothing_configured() -> Error {
        Error::invalid_config(
            "providers",
            "no provider is configured and no key was found: set a key variable such as OPENAI_API_KEY, \
             ANTHROPIC_API_KEY or GEMINI_API_KEY, or set CLAWROUTERS_SANDBOX=1 to use the built-in sandbox",
        )
    }
}
