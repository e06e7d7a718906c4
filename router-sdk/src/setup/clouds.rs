//! Providers of kind `azure` and `vertex`: config, vendor row and environment in; their deployments and model facts out.

use std::sync::Arc;

use super::{Environment, azure, vertex};
use crate::catalog::{Catalog, Model, Vendor};
use crate::config::ProviderConfig;
use crate::error::Error;
use crate::provider::{Cloud, Deployment};

/// Whether providers of this kind are set up here.
pub(super) fn is_cloud(kind: &str) -> bool {
    matches!(kind, "azure" | "vertex")
}

/// The deployment of a configured provider, if it is of such a kind.
pub(super) fn configured(
    name: &str,
    own: &ProviderConfig,
    catalog: &Catalog,
    env: &Environment,
) -> Result<Option<Deployment>, Error> {
    let kind = own.kind.as_deref().or(catalog.vendor(name).map(|v| v.kind.as_str())).unwrap_or("openai");
    own.check_cloud(name, kind)?;
    match kind {
        "azure" => azure::deployment(name, own, catalog, env).map(Some),
        "vertex" => vertex::deployment(name, own, catalog, env).map(Some),
        _ => Ok(None),
    }
}

/// The deployment of a provider of such a kind that the environment alone describes.
pub(super) fn discovered(
    vendor: &Vendor,
    named: bool,
    catalog: &Catalog,
    env: &Environment,
) -> Result<Option<Deployment>, Error> {
    let own = ProviderConfig::default();
    let described = match vendor.kind.as_str() {
        "azure" => named || azure::is_described(vendor, env),
        _ => named || vertex::is_described(env),
    };
    if !described {
        return Ok(None);
    }
    match configured(&vendor.name, &own, catalog, env) {
        // Variables that other programs use may say too little for us; only who names the provider hears of it.
        Err(_) if !named => Ok(None),
        found => found,
    }
}

/// What is known of a model that a cloud serves: the cloud's own entry, else its maker's.
pub(super) fn facts(catalog: &Catalog, listed: &str, deployment: &Deployment, id: &str) -> Option<Arc<Model>> {
    let makers = || catalog.makers_of(id).into_iter().find_map(|maker| catalog.get(maker, id));
    let found = catalog.get(listed, id).or_else(|| makers().filter(|_| matches!(deployment.cloud, Cloud::Azure(_))))?;
    // Azure's deployments have any name; one that is not listed is asked for as the caller wrote it.
    let mapped = !matches!(deployment.cloud, Cloud::Azure(_)) || deployment.cloud.offers(&found.id);
    if found.provider == deployment.provider && (mapped || found.id == id) {
        return Some(found);
    }
    let id = if mapped { found.id.clone() } else { id.to_owned() };
    Some(Arc::new(Model { provider: deployment.provider.clone(), id, ..Model::clone(&found) }))
}
