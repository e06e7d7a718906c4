//! A provider's settings in; one deployment for each of its keys or addresses out.

use std::sync::Arc;

use crate::config::{DeploymentConfig, ProviderConfig};
use crate::error::Error;
use crate::provider::{Deployment, Limits};

/// Every deployment of a provider, at least one. `build` makes one of settings that name a single key and address.
pub(super) fn pool(
    provider: &str,
    own: &ProviderConfig,
    build: impl Fn(&ProviderConfig) -> Result<Deployment, Error>,
) -> Result<Vec<Arc<Deployment>>, Error> {
    let limits = Limits {
        concurrency: own.max_concurrency,
        requests_per_minute: own.requests_per_minute,
        tokens_per_minute: own.tokens_per_minute,
    };
    if own.api_keys.is_empty() && own.deployments.is_empty() {
        return Ok(vec![Arc::new(build(own)?.placed(None, 1.0, 0, limits))]);
    }
    let keys = own.api_keys.iter().enumerate().map(|(i, key)| {
        let name = format!("key-{}", i + 1);
        let one = ProviderConfig { api_key: Some(key.clone()), ..own.clone() };
        let built = build(&one).map_err(|e| at(e, provider, "api_key", &format!("api_keys[{i}]")))?;
        Ok(Arc::new(built.placed(Some(name), 1.0, 0, limits)))
    });
    let listed = own.deployments.iter().enumerate().map(|(i, d)| {
        let built = build(&laid_over(own, d)).map_err(|e| at(e, provider, "", &format!("deployments[{i}].")))?;
        let limits = Limits {
            concurrency: d.max_concurrency.or(limits.concurrency),
            requests_per_minute: d.requests_per_minute.or(limits.requests_per_minute),
            tokens_per_minute: d.tokens_per_minute.or(limits.tokens_per_minute),
        };
        let name = d.name.clone().unwrap_or_else(|| (i + 1).to_string());
        Ok(Arc::new(built.placed(Some(name), d.weight.unwrap_or(1.0), d.priority, limits)))
    });
    keys.chain(listed).collect()
}

/// The provider's settings with those of one deployment in their place.
fn laid_over(own: &ProviderConfig, deployment: &DeploymentConfig) -> ProviderConfig {
    let mut one = own.clone();
    one.base_url = deployment.base_url.clone().or(one.base_url);
    if deployment.api_key.is_some() || deployment.api_key_env.is_some() {
        one.api_key.clone_from(&deployment.api_key);
        one.api_key_env.clone_from(&deployment.api_key_env);
    }
    one.headers.extend(deployment.headers.clone());
    one
}

/// The same error, naming the key where it was written.
fn at(error: Error, provider: &str, written: &str, place: &str) -> Error {
    let before = format!("providers.{provider}.{written}");
    let Some(rest) = error.param().and_then(|p| p.strip_prefix(&before)) else { return error };
    let key = format!("providers.{provider}.{place}{rest}");
    let message = error.message().to_owned();
    let fix = error.param().and_then(|p| message.strip_prefix(p)).map(|m| m.trim_start_matches(": "));
    Error::invalid_config(key, fix.unwrap_or(&message))
}
