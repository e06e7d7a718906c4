//! Config, vendor table and environment in; one deployment a reachable provider out.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::pool::pool;
use super::{Environment, SANDBOX, bedrock, clouds};
use crate::balance::Pools;
use crate::catalog::{Auth, Catalog, Quirks, Vendor};
use crate::config::{Config, ProviderConfig, SandboxConfig};
use crate::credential::Credentials;
use crate::error::Error;
use crate::provider::{Cloud, Deployment, Family, Limits};

pub(super) struct Found {
    pub(super) deployments: BTreeMap<String, Arc<Deployment>>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) pools: Pools,
    pub(super) eligible: Vec<String>,
    pub(super) sandboxes: BTreeMap<String, SandboxConfig>,
}

pub(super) fn find(config: &Config, catalog: &Catalog, env: &Environment) -> Result<Found, Error> {
    let mut found = Found {
        deployments: BTreeMap::new(),
        aliases: BTreeMap::new(),
        pools: Pools::default(),
        eligible: Vec::new(),
        sandboxes: BTreeMap::new(),
    };
    let named = named_in_environment(catalog, env)?;
    for (name, own) in &config.providers {
        let build = |own: &ProviderConfig| match clouds::configured(name, own, catalog, env)? {
            Some(deployment) => Ok(deployment),
            None => configured(name, own, catalog.vendor(name), env),
        };
        let pool = pool(name, own, build)?;
        let Some(first) = pool.iter().min_by_key(|d| d.priority) else { continue };
        if first.sandbox {
            found.sandboxes.insert(name.clone(), own.sandbox.clone().unwrap_or_default());
        }
        found.eligible.push(name.clone());
        found.deployments.insert(name.clone(), Arc::clone(first));
        if pool.len() > 1 {
            found.pools.add(name, own.balance.unwrap_or(config.balance), pool);
        }
    }
    let sandboxed = config.providers.is_empty() && env.flag("CLAWROUTERS_SANDBOX");
    for vendor in catalog.vendors() {
        let is_named = named.contains(&vendor.name);
        let wanted = is_named || config.providers.is_empty();
        if !wanted || config.providers.contains_key(&vendor.name) || speaks(vendor, &config.providers) {
            continue;
        }
        if sandboxed {
            if clouds::is_cloud(&vendor.kind) {
                found.deployments.insert(vendor.name.clone(), Arc::new(sandbox(&vendor.name)));
            } else if Family::parse(&vendor.kind).is_some() && !vendor.local {
                if is_named || !vendor.general_credentials {
                    found.eligible.push(vendor.name.clone());
                }
                found.deployments.insert(vendor.name.clone(), Arc::new(sandbox(&vendor.name)));
            }
            continue;
        }
        let discovered = match clouds::is_cloud(&vendor.kind) {
            true => clouds::discovered(vendor, is_named, catalog, env)?,
            false => discovered(vendor, is_named, env)?,
        };
        if let Some(deployment) = discovered {
            if is_named || !(vendor.general_credentials || vendor.local) {
                found.eligible.push(vendor.name.clone());
            }
            found.deployments.insert(vendor.name.clone(), Arc::new(deployment));
        }
    }
    found.deployments.entry(SANDBOX.into()).or_insert_with(|| Arc::new(sandbox(SANDBOX)));
    aliases(catalog, &mut found);
    Ok(found)
}

/// True when the config names this vendor by another of its names.
fn speaks(vendor: &Vendor, providers: &BTreeMap<String, ProviderConfig>) -> bool {
    vendor.aliases.iter().any(|alias| providers.contains_key(alias))
}

/// Every other name of a vendor leads to the one that is configured.
fn aliases(catalog: &Catalog, found: &mut Found) {
    for vendor in catalog.vendors() {
        let names: Vec<&String> = std::iter::once(&vendor.name).chain(&vendor.aliases).collect();
        let Some(configured) = names.iter().find(|n| found.deployments.contains_key(n.as_str())) else { continue };
        for name in &names {
            if name != configured && !found.deployments.contains_key(name.as_str()) {
                found.aliases.insert((*name).clone(), (*configured).clone());
            }
        }
    }
}

fn named_in_environment(catalog: &Catalog, env: &Environment) -> Result<Vec<String>, Error> {
    let Some(list) = env.get("CLAWROUTERS_PROVIDERS") else { return Ok(Vec::new()) };
    let names = list.split(',').map(str::trim).filter(|n| !n.is_empty());
    names
        .map(|name| {
            catalog.vendor(name).map(|v| v.name.clone()).ok_or_else(|| {
                Error::invalid_config(
                    "CLAWROUTERS_PROVIDERS",
                    format!("{name} is not a known provider; configure it under providers"),
                )
            })
        })
        .collect()
}

/// The sandbox in place of a provider: it answers in the OpenAI shape whoever it stands for.
fn sandbox(provider: &str) -> Deployment {
    Deployment {
        provider: provider.to_owned(),
        name: None,
        weight: 1.0,
        priority: 0,
        limits: Limits::default(),
        family: Family::OpenAi,
        base_url: "sandbox://local".into(),
        chat_path: "/chat/completions".into(),
        key: None,
        credentials: Credentials::default(),
        key_header: None,
        headers: HeaderMap::new(),
        quirks: Quirks { developer_role: true, ..Quirks::default() },
        sandbox: true,
        local: false,
        zdr: false,
        cloud: Cloud::Plain,
        owner: None,
    }
}

/// The place of a model that is compared with and never sent to.
pub(super) fn unreachable(provider: &str) -> Deployment {
    Deployment { sandbox: false, base_url: String::new(), ..sandbox(provider) }
}

/// A known vendor whose key is in the environment, or that needs none and was named.
fn discovered(vendor: &Vendor, named: bool, env: &Environment) -> Result<Option<Deployment>, Error> {
    if Family::parse(&vendor.kind).is_none() {
        return Ok(None);
    }
    if vendor.kind == bedrock::KIND {
        return bedrock::discovered(vendor, named, env);
    }
    let key = vendor.key_env.iter().find_map(|name| env.get(name));
    let base = base_url(vendor, env);
    if (key.is_none() && !(vendor.local && named)) || base.contains('{') {
        if named {
            let fix = format!("needs a key: set {}", vendor.key_env.join(" or "));
            return Err(Error::invalid_config(format!("providers.{}.api_key", vendor.name), fix));
        }
        return Ok(None);
    }
    build(&vendor.name, &ProviderConfig::default(), Some(vendor), base, key.map(SecretString::from)).map(Some)
}

pub(super) fn base_url(vendor: &Vendor, env: &Environment) -> String {
    vendor.base_url_env.iter().find_map(|name| env.get(name)).unwrap_or_else(|| vendor.base_url.clone())
}

fn configured(
    name: &str,
    own: &ProviderConfig,
    vendor: Option<&Vendor>,
    env: &Environment,
) -> Result<Deployment, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    if own.kind.as_deref() == Some("sandbox") {
        return Ok(sandbox(name));
    }
    if own.kind.as_deref().or(vendor.map(|v| v.kind.as_str())) == Some(bedrock::KIND) {
        return bedrock::configured(name, own, vendor, env);
    }
    bedrock::refuse_elsewhere(name, own)?;
    let base = match (&own.base_url, vendor) {
        (Some(url), _) => url.clone(),
        (None, Some(vendor)) => base_url(vendor, env),
        (None, None) => {
            return Err(Error::invalid_config(at("base_url"), "is needed for a provider that is not known by name"));
        }
    };
    if base.contains('{') || base.is_empty() {
        return Err(Error::invalid_config(at("base_url"), format!("is needed in full, of the form {base}")));
    }
    let from_env = |names: &[String]| names.iter().find_map(|n| env.get(n)).map(SecretString::from);
    let key = own_key(name, own, env)?.or_else(|| vendor.and_then(|v| from_env(&v.key_env)));
    let needs_key = own.base_url.is_none() && vendor.is_some_and(|v| !v.local);
    if key.is_none() && needs_key {
        let variables = vendor.map(|v| v.key_env.join(" or ")).unwrap_or_default();
        return Err(Error::invalid_config(at("api_key"), format!("is needed: set {variables} or api_key")));
    }
    build(name, own, vendor, base, key)
}

/// The key that the config gives or whose variable it names.
pub(super) fn own_key(name: &str, own: &ProviderConfig, env: &Environment) -> Result<Option<SecretString>, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    match (&own.api_key, &own.api_key_env) {
        (Some(key), _) if !key.expose_secret().trim().is_empty() => Ok(Some(key.clone())),
        (Some(_), _) => {
            Err(Error::invalid_config(at("api_key"), "must not be empty; leave it out to use the environment"))
        }
        (None, Some(variable)) => match env.get(variable) {
            Some(key) => Ok(Some(key.into())),
            None => Err(Error::invalid_config(at("api_key_env"), format!("names {variable}, which is not set"))),
        },
        (None, None) => Ok(None),
    }
}

pub(super) fn build(
    name: &str,
    own: &ProviderConfig,
    vendor: Option<&Vendor>,
    base: String,
    key: Option<SecretString>,
) -> Result<Deployment, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    let kind = own.kind.as_deref().or(vendor.map(|v| v.kind.as_str())).unwrap_or("openai");
    let family = Family::parse(kind).ok_or_else(|| {
        Error::invalid_config(
            at("kind"),
            format!(
                "{kind} is not supported here; use openai, openai-responses, anthropic, gemini, cohere, ollama, bedrock, \
                 azure, vertex or sandbox"
            ),
        )
    })?;
    let (family, responses) = interface(family, own.api.as_deref(), &at("api"))?;
    // The vendor's row speaks of its own family only; a proxy of another family under the same name is a plain one.
    let row = vendor.filter(|v| Family::parse(&v.kind) == Some(family));
    // A family that one vendor alone speaks has that vendor's ways under any name.
    let catalog = Catalog::builtin();
    let manners =
        row.or_else(|| matches!(family, Family::Cohere | Family::Ollama).then(|| catalog.vendor(kind)).flatten());
    let built = assemble(name, own, row, family, base, key)?;
    let mut quirks = manners.map(|v| v.quirks.clone()).unwrap_or_default();
    quirks.responses |= responses;
    Ok(Deployment { local: vendor.is_some_and(|v| v.local), quirks, ..built })
}

/// A deployment of this family out of its parts.
pub(super) fn assemble(
    name: &str,
    own: &ProviderConfig,
    row: Option<&Vendor>,
    family: Family,
    base: String,
    key: Option<SecretString>,
) -> Result<Deployment, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    if key.as_ref().is_some_and(|k| HeaderValue::from_str(k.expose_secret()).is_err()) {
        return Err(Error::invalid_config(at("api_key"), "has characters that cannot stand in a header"));
    }
    let zdr = own.zdr;
    let mut headers = HeaderMap::new();
    let listed = row.map(|v| v.version_headers.as_slice()).unwrap_or_default();
    let listed = listed.iter().map(|(header, value)| (header.as_str(), value.as_str(), false));
    // Own headers may carry credentials.
    let own = own.headers.iter().map(|(header, value)| (header.as_str(), value.expose_secret(), true));
    for (header, value, sensitive) in listed.chain(own) {
        if let (Ok(header), Ok(mut value)) = (HeaderName::try_from(header), HeaderValue::from_str(value)) {
            value.set_sensitive(sensitive);
            headers.insert(header, value);
        }
    }
    let key_header = match row.map(|v| &v.auth) {
        Some(Auth::Header { name }) => HeaderName::try_from(name.as_str()).ok(),
        _ => None,
    };
    Ok(Deployment {
        provider: name.to_owned(),
        name: None,
        weight: 1.0,
        priority: 0,
        limits: Limits::default(),
        family,
        base_url: base.trim_end_matches('/').to_owned(),
        chat_path: row
            .map(|v| v.chat_path.clone())
            .filter(|p| !p.is_empty())
            .unwrap_or_else(|| "/chat/completions".into()),
        key,
        credentials: Credentials::default(),
        key_header,
        headers,
        quirks: row.map(|v| v.quirks.clone()).unwrap_or_default(),
        sandbox: false,
        local: false,
        zdr,
        cloud: Cloud::Plain,
        owner: None,
    })
}

/// The family of a deployment, and whether its chat goes through the Responses interface. Both interfaces of OpenAI
/// are one family here, since one key and address serve them.
fn interface(family: Family, api: Option<&str>, at: &str) -> Result<(Family, bool), Error> {
    match (family, api) {
        (Family::Responses, None | Some("responses")) | (Family::OpenAi, Some("responses")) => {
            Ok((Family::OpenAi, true))
        }
        (Family::Responses, Some(_)) => Err(Error::invalid_config(at, "must be responses for kind openai-responses")),
        (Family::OpenAi, _) | (_, None) => Ok((family, false)),
        (_, Some(_)) => Err(Error::invalid_config(at, "chooses between the interfaces of kind openai; leave it out")),
    }
}
