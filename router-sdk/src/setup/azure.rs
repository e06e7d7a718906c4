//! A provider of kind `azure`: config and environment in; its addresses, deployment names and credentials out.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{Environment, deployments};
use crate::catalog::{Catalog, Quirks, Vendor};
use crate::config::ProviderConfig;
use crate::credential::{Credentials, Grant, Kind, TokenSource, is_private_address};
use crate::error::Error;
use crate::provider::{Azure, Cloud, Deployment, Family};

/// What tokens are asked for unless the config says otherwise.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const VERSIONS: [&str; 3] = ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION", "AZURE_API_VERSION"];
const TOKENS: [&str; 2] = ["AZURE_OPENAI_AD_TOKEN", "AZURE_AD_TOKEN"];
const RESOURCE: &str = "AZURE_RESOURCE_NAME";
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
/// The first versions that take `stream_options` and `max_completion_tokens`, and the role `developer`.
const COUNTS_STREAMS: &str = "2024-09";
const KNOWS_DEVELOPERS: &str = "2024-12";

/// Whether the environment says where Azure is and how to get in.
pub(super) fn is_described(vendor: &Vendor, env: &Environment) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| env.get(name).is_some());
    let place = any(&[RESOURCE]) || vendor.base_url_env.iter().any(|name| env.get(name).is_some());
    let key = vendor.key_env.iter().any(|name| env.get(name).is_some());
    place && (key || any(&TOKENS) || [TENANT, CLIENT, SECRET].iter().all(|name| env.get(name).is_some()))
}

pub(super) fn deployment(
    name: &str,
    own: &ProviderConfig,
    catalog: &Catalog,
    env: &Environment,
) -> Result<Deployment, Error> {
    let row = catalog.vendor("azure");
    let address = Address::of(name, own, row, env)?;
    let (key, credentials, bearer) = credentials(name, own, row, &address, env)?;
    let mut built = deployments::assemble(name, own, row, Family::OpenAi, address.base.clone(), key)?;
    built.chat_path = address.path("chat/completions");
    if bearer {
        built.key_header = Some(http::header::AUTHORIZATION);
    }
    built.credentials = credentials;
    built.quirks = address.quirks(built.quirks);
    let names = names(name, own, catalog)?;
    // Grok's counts of a prompt leave out what was read from the cache.
    let grok = Deployment {
        quirks: Quirks { cached_in_prompt: false, ..built.quirks.clone() },
        cloud: Cloud::Azure(Azure { names: names.clone(), uncounted_cache: None }),
        ..twin(&built)
    };
    built.cloud = Cloud::Azure(Azure { names, uncounted_cache: Some(Arc::new(grok)) });
    Ok(built)
}

/// The same way once more, for a branch.
pub(super) fn twin(built: &Deployment) -> Deployment {
    Deployment { cloud: Cloud::Plain, ..built.clone() }
}

/// Deployment names by the catalogue's ids.
fn names(name: &str, own: &ProviderConfig, catalog: &Catalog) -> Result<BTreeMap<String, String>, Error> {
    let mut names = BTreeMap::new();
    for (model, deployed) in &own.deployment_names {
        let at = || format!("providers.{name}.deployment_names.{model}");
        if !is_segment(deployed) {
            return Err(Error::invalid_config(at(), "must be the name of a deployment: letters, digits, - . and _"));
        }
        let maker = || catalog.makers_of(model).into_iter().find_map(|maker| catalog.get(maker, model));
        let id = catalog.get("azure", model).or_else(maker).map_or_else(|| model.clone(), |m| m.id.clone());
        if names.insert(id, deployed.clone()).is_some() {
            return Err(Error::invalid_config(at(), "names a model that another entry names too; keep one of them"));
        }
    }
    Ok(names)
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

/// Where the resource is and which of its two interfaces is spoken to.
struct Address {
    base: String,
    /// Set where the model's deployment stands in the path.
    classic: bool,
    version: Option<String>,
}

impl Address {
    fn of(name: &str, own: &ProviderConfig, row: Option<&Vendor>, env: &Environment) -> Result<Self, Error> {
        let at = |field: &str| format!("providers.{name}.{field}");
        let endpoint = match (&own.base_url, &own.resource) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_config(
                    at("resource"),
                    "cannot stand beside base_url; leave out one of them",
                ));
            }
            (Some(url), None) => url.clone(),
            (None, Some(resource)) if is_segment(resource) => format!("https://{resource}.openai.azure.com"),
            (None, Some(_)) => {
                return Err(Error::invalid_config(at("resource"), "must be the name of an Azure resource"));
            }
            (None, None) => {
                let url = row.and_then(|row| row.base_url_env.iter().find_map(|name| env.get(name)));
                let named =
                    || Some(format!("https://{}.openai.azure.com", env.get(RESOURCE).filter(|r| is_segment(r))?));
                url.or_else(named).ok_or_else(|| {
                    Error::invalid_config(at("base_url"), "is needed: set AZURE_OPENAI_ENDPOINT, resource or base_url")
                })?
            }
        };
        let (url, query) = endpoint.split_once('?').unwrap_or((&endpoint, ""));
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix("/chat/completions").unwrap_or(url);
        if url.contains("/deployments/") {
            return Err(Error::invalid_config(
                at("base_url"),
                "must end before /openai; list deployments by model under deployment_names",
            ));
        }
        let in_url = query.split('&').find_map(|pair| pair.strip_prefix("api-version=")).map(str::to_owned);
        let stated = own.api_version.clone().or(in_url);
        let says_v1 = url.ends_with("/openai/v1");
        let dated = |version: &String| version.starts_with(|c: char| c.is_ascii_digit());
        if says_v1 && stated.as_ref().is_some_and(dated) {
            let fix = "is not for a base_url that ends in /openai/v1; leave out one of them";
            return Err(Error::invalid_config(at("api_version"), fix));
        }
        // The environment's version is meant for clients that only know the older interface.
        let version = match says_v1 {
            true => stated,
            false => stated.or_else(|| VERSIONS.iter().find_map(|name| env.get(name))),
        };
        if version.as_ref().is_some_and(|version| !is_segment(version)) {
            return Err(Error::invalid_config(at("api_version"), "must be a version such as 2024-10-21 or preview"));
        }
        let version = version.filter(|version| version != "v1");
        let root = url.strip_suffix("/v1").filter(|_| says_v1).unwrap_or(url);
        let root = root.strip_suffix("/openai").unwrap_or(root);
        let classic = version.as_ref().is_some_and(dated);
        let base = if classic { format!("{root}/openai") } else { format!("{root}/openai/v1") };
        Ok(Self { base, classic, version })
    }

    /// The path of an operation, with the place of the deployment's name marked.
    fn path(&self, operation: &str) -> String {
        let path = if self.classic { format!("/deployments/{{model}}/{operation}") } else { format!("/{operation}") };
        match &self.version {
            Some(version) => format!("{path}?api-version={version}"),
            None => path,
        }
    }

    /// What older versions of the interface do not know.
    fn quirks(&self, row: Quirks) -> Quirks {
        let Some(version) = self.version.as_deref().filter(|_| self.classic) else { return row };
        let counts = version >= COUNTS_STREAMS;
        Quirks {
            stream_options: row.stream_options && counts,
            max_tokens_field: if counts { row.max_tokens_field } else { "max_tokens".to_owned() },
            developer_role: row.developer_role && version >= KNOWS_DEVELOPERS,
            ..row
        }
    }
}

/// A key or token, else what fetches tokens; and whether it is a bearer.
fn credentials(
    name: &str,
    own: &ProviderConfig,
    row: Option<&Vendor>,
    address: &Address,
    env: &Environment,
) -> Result<(Option<SecretString>, Credentials, bool), Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    let application = [own.tenant_id.is_some(), own.client_id.is_some(), own.client_secret.is_some()];
    let application = application.contains(&true) || own.token_url.is_some();
    let ways = [own.api_key.is_some() || own.api_key_env.is_some(), own.azure_ad_token.is_some(), application];
    if ways.iter().filter(|way| **way).count() > 1 {
        let fix = "cannot stand beside other credentials; give a key, azure_ad_token, or tenant, client and secret";
        let field = if own.azure_ad_token.is_some() { "azure_ad_token" } else { "client_secret" };
        return Err(Error::invalid_config(at(field), fix));
    }
    if let Some(key) = deployments::own_key(name, own, env)? {
        return Ok((Some(key), Credentials::InHeaders, false));
    }
    if let Some(token) = &own.azure_ad_token {
        let sound = HeaderValue::from_str(token.expose_secret()).is_ok() && !token.expose_secret().trim().is_empty();
        return match sound {
            true => Ok((Some(token.clone()), Credentials::InHeaders, true)),
            false => Err(Error::invalid_config(at("azure_ad_token"), "must be a token that can stand in a header")),
        };
    }
    if !application {
        let key = row.and_then(|row| row.key_env.iter().find_map(|name| env.get(name)));
        if let Some(key) = key {
            return Ok((Some(key.into()), Credentials::InHeaders, false));
        }
        if let Some(token) = TOKENS.iter().find_map(|name| env.get(name)) {
            return Ok((Some(token.into()), Credentials::InHeaders, true));
        }
    }
    let source = application_of(name, own, address, env)?;
    Ok((None, Credentials::Token(Arc::new(source)), true))
}

/// The application that asks for tokens in its own name.
fn application_of(
    name: &str,
    own: &ProviderConfig,
    address: &Address,
    env: &Environment,
) -> Result<TokenSource, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    let needed = |field: &str, variable: &str| {
        Error::invalid_config(at(field), format!("is needed: set AZURE_OPENAI_API_KEY, {variable} or {field}"))
    };
    let id = own.client_id.clone().or_else(|| env.get(CLIENT)).ok_or_else(|| needed("api_key", CLIENT))?;
    let secret = own.client_secret.clone().or_else(|| env.get(SECRET).map(SecretString::from));
    let secret = secret.ok_or_else(|| needed("client_secret", SECRET))?;
    let url = match &own.token_url {
        Some(url) => url.clone(),
        None => {
            let tenant =
                own.tenant_id.clone().or_else(|| env.get(TENANT)).ok_or_else(|| needed("tenant_id", TENANT))?;
            if !is_segment(&tenant) {
                return Err(Error::invalid_config(at("tenant_id"), "must be a tenant's id or domain"));
            }
            let authority =
                env.get("AZURE_AUTHORITY_HOST").unwrap_or_else(|| "https://login.microsoftonline.com".into());
            format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'))
        }
    };
    if !is_private_address(&url) {
        return Err(Error::invalid_config(
            at("token_url"),
            "must be https, or on this machine: a secret is sent there",
        ));
    }
    if !is_private_address(&address.base) {
        return Err(Error::invalid_config(at("base_url"), "must be https, or on this machine: tokens are sent there"));
    }
    let scope = own.scope.clone().unwrap_or_else(|| SCOPE.to_owned());
    Ok(TokenSource::new(Grant { url, kind: Kind::Client { id, secret, scope }, quota_project: None }))
}
