//! Deployments, keys and limits of one provider: settings in, nothing or the key and the fix out.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::config::ProviderConfig;
use crate::error::Error;

/// A share that counts.
pub(super) fn weighs(weight: f64) -> bool {
    weight.is_finite() && weight > 0.0 && weight <= 1e6
}

pub(super) const WEIGHT: &str = "must be above 0 and at most 1000000";

/// Deployments and keys of a provider.
pub(super) fn pool(key: &dyn Fn(&str) -> String, provider: &ProviderConfig) -> Result<(), Error> {
    if !provider.api_keys.is_empty() && (provider.api_key.is_some() || provider.api_key_env.is_some()) {
        return Err(Error::invalid_config(
            key("api_keys"),
            "stands in place of api_key and api_key_env; leave one out",
        ));
    }
    if !provider.api_keys.is_empty() && !provider.deployments.is_empty() {
        return Err(Error::invalid_config(key("api_keys"), "cannot stand beside deployments; give each its api_key"));
    }
    if let Some(at) = provider.api_keys.iter().position(|k| k.expose_secret().trim().is_empty()) {
        return Err(Error::invalid_config(key(&format!("api_keys[{at}]")), "must not be empty"));
    }
    let mut names = std::collections::BTreeSet::new();
    for (i, d) in provider.deployments.iter().enumerate() {
        let at = |field: &str| key(&format!("deployments[{i}].{field}"));
        let name = d.name.clone().unwrap_or_else(|| (i + 1).to_string());
        if name.is_empty() || name.contains(['/', '#']) || name.chars().any(char::is_whitespace) {
            return Err(Error::invalid_config(at("name"), "must be a name without slashes, # or spaces"));
        }
        if !names.insert(name) {
            return Err(Error::invalid_config(at("name"), "is taken by another deployment of the provider"));
        }
        if d.weight.is_some_and(|w| !weighs(w)) {
            return Err(Error::invalid_config(at("weight"), WEIGHT));
        }
        if let Some(url) = &d.base_url {
            address(&at("base_url"), url)?;
        }
        headers(&|header| at(&format!("headers.{header}")), &d.headers)?;
        limits(&at, d.max_concurrency, d.requests_per_minute, d.tokens_per_minute)?;
    }
    limits(key, provider.max_concurrency, provider.requests_per_minute, provider.tokens_per_minute)
}

fn limits(
    at: &dyn Fn(&str) -> String,
    concurrency: Option<u32>,
    requests: Option<u64>,
    tokens: Option<u64>,
) -> Result<(), Error> {
    let given = [
        ("max_concurrency", concurrency.map(u64::from)),
        ("requests_per_minute", requests),
        ("tokens_per_minute", tokens),
    ];
    match given.iter().find(|(_, limit)| *limit == Some(0)) {
        Some((name, _)) => Err(Error::invalid_config(at(name), "must be above 0; leave it out for no limit")),
        None => Ok(()),
    }
}

pub(super) fn address(key: &str, url: &str) -> Result<(), Error> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(|h| h.is_empty() || h.starts_with('/')) || http::Uri::try_from(url).is_err() {
        return Err(Error::invalid_config(key, "must be an http or https URL"));
    }
    Ok(())
}

pub(super) fn headers(key: &dyn Fn(&str) -> String, headers: &BTreeMap<String, SecretString>) -> Result<(), Error> {
    for (header, value) in headers {
        let sound = http::HeaderName::try_from(header.as_str()).is_ok()
            && http::HeaderValue::from_str(value.expose_secret()).is_ok();
        if !sound {
            return Err(Error::invalid_config(key(header), "is not a valid HTTP header"));
        }
    }
    Ok(())
}
