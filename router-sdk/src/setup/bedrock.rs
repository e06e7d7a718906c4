//! Config and environment in; how Amazon Bedrock is reached, and which of its models by which name, out.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::deployments::{base_url, build};
use super::{Environment, Setup};
use crate::catalog::{Model, Vendor};
use crate::config::ProviderConfig;
use crate::credential::Credentials;
use crate::credential::aws::profile::Profile;
use crate::credential::aws::{Aws, Keys, Proof, REGION, is_region};
use crate::error::Error;
use crate::provider::{Deployment, Family};

/// The word for this family in the config and the catalogue.
pub(super) const KIND: &str = "bedrock";
const ADDRESS: &str = "https://bedrock-runtime.{region}.amazonaws.com";
const BEARER: &str = "AWS_BEARER_TOKEN_BEDROCK";
/// Where inference profiles route to, as the ids of models begin.
const PLACES: [&str; 11] = ["us-gov", "us", "eu", "apac", "global", "jp", "au", "ca", "in", "sa", "me"];

/// Bedrock as the environment alone makes it reachable.
pub(super) fn discovered(vendor: &Vendor, named: bool, env: &Environment) -> Result<Option<Deployment>, Error> {
    let keys = env.get("AWS_ACCESS_KEY_ID").is_some() && env.get("AWS_SECRET_ACCESS_KEY").is_some();
    let signs = cfg!(feature = "bedrock") && (keys || env.get("AWS_PROFILE").is_some() || named);
    if env.get(BEARER).is_none() && !signs {
        return Ok(None);
    }
    match configured(&vendor.name, &ProviderConfig::default(), Some(vendor), env) {
        // General credentials that are not whole were not meant for this.
        Err(_) if !named => Ok(None),
        found => found.map(Some),
    }
}

/// Bedrock as the config has it.
pub(super) fn configured(
    name: &str,
    own: &ProviderConfig,
    vendor: Option<&Vendor>,
    env: &Environment,
) -> Result<Deployment, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    let region = match &own.region {
        Some(region) => Some((region.clone(), at("region"))),
        None => ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|v| Some((env.get(v)?, (*v).to_owned()))),
    };
    if let Some((_, key)) = region.as_ref().filter(|(region, _)| !is_region(region)) {
        return Err(Error::invalid_config(key.as_str(), "must be a region of AWS such as us-east-1"));
    }
    let region = region.map(|(region, _)| region);
    if own.inference_profile.as_deref().is_some_and(|place| !PLACES.contains(&place)) {
        return Err(Error::invalid_config(at("inference_profile"), format!("must be one of {}", PLACES.join(", "))));
    }
    let (proof, key) = proof(own, env, &at)?;
    let profile = shared_files(own, env);
    let signs = !matches!(proof, Proof::Bearer);
    if signs && !cfg!(feature = "bedrock") {
        return Err(Error::invalid_config(
            at("api_key"),
            format!("is needed: this build signs no requests; set {BEARER} or build with the feature bedrock"),
        ));
    }
    let listed = vendor.filter(|vendor| vendor.kind == KIND).map(|vendor| base_url(vendor, env));
    let base = own.base_url.clone().or(listed).unwrap_or_else(|| ADDRESS.to_owned());
    let base = match &region {
        Some(region) => base.replacen(REGION, region, 1),
        None => base,
    };
    let mut deployment = build(name, own, vendor, base, key)?;
    deployment.credentials = Credentials::Aws(std::sync::Arc::new(Aws::new(region, proof, profile)));
    Ok(deployment)
}

/// What proves who asks: the config's own before the environment's, keys before profiles.
fn proof(
    own: &ProviderConfig,
    env: &Environment,
    at: &impl Fn(&str) -> String,
) -> Result<(Proof, Option<SecretString>), Error> {
    use secrecy::ExposeSecret;
    if let Some(key) = &own.api_key {
        if key.expose_secret().trim().is_empty() {
            let fix = "must not be empty; leave it out to use the environment";
            return Err(Error::invalid_config(at("api_key"), fix));
        }
        return Ok((Proof::Bearer, Some(key.clone())));
    }
    if let Some(variable) = &own.api_key_env {
        let unset = || Error::invalid_config(at("api_key_env"), format!("names {variable}, which is not set"));
        return Ok((Proof::Bearer, Some(SecretString::from(env.get(variable).ok_or_else(unset)?))));
    }
    let given = |id: String, secret: SecretString, token: Option<SecretString>| {
        Proof::Given(Arc::new(Keys {
            access_key_id: id,
            secret_access_key: secret,
            session_token: token,
            expires: None,
        }))
    };
    match (&own.access_key_id, &own.secret_access_key) {
        (Some(id), Some(secret)) => {
            let id = id.expose_secret().trim().to_owned();
            return Ok((given(id, secret.clone(), own.session_token.clone()), None));
        }
        (Some(_), None) => return Err(Error::invalid_config(at("secret_access_key"), "is needed with access_key_id")),
        (None, Some(_)) => return Err(Error::invalid_config(at("access_key_id"), "is needed with secret_access_key")),
        (None, None) if own.session_token.is_some() => {
            return Err(Error::invalid_config(at("access_key_id"), "is needed with session_token"));
        }
        (None, None) if own.profile.is_some() => return Ok((Proof::Profile, None)),
        (None, None) => {}
    }
    if let Some(key) = env.get(BEARER) {
        return Ok((Proof::Bearer, Some(SecretString::from(key))));
    }
    let token = env.get("AWS_SESSION_TOKEN").map(SecretString::from);
    match (env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Ok((given(id, SecretString::from(secret), token), None)),
        (Some(_), None) => Err(Error::invalid_config(
            at("secret_access_key"),
            "is needed with AWS_ACCESS_KEY_ID: set AWS_SECRET_ACCESS_KEY",
        )),
        _ => Ok((Proof::Profile, None)),
    }
}

fn shared_files(own: &ProviderConfig, env: &Environment) -> Profile {
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"));
    let file = |variable: &str, name: &str| {
        let usual = home.as_ref().map(|home| PathBuf::from(home).join(".aws").join(name));
        env.get(variable).map(PathBuf::from).or(usual)
    };
    Profile {
        name: own.profile.clone().or_else(|| env.get("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned()),
        credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        config: file("AWS_CONFIG_FILE", "config"),
    }
}

/// Settings of AWS mean nothing to other providers.
pub(super) fn refuse_elsewhere(name: &str, own: &ProviderConfig) -> Result<(), Error> {
    let fields = [
        ("region", own.region.is_some()),
        ("access_key_id", own.access_key_id.is_some()),
        ("secret_access_key", own.secret_access_key.is_some()),
        ("session_token", own.session_token.is_some()),
        ("profile", own.profile.is_some()),
        ("inference_profile", own.inference_profile.is_some()),
    ];
    match fields.iter().find(|(_, given)| *given) {
        Some((field, _)) => {
            let fix = "is for Amazon Bedrock; leave it out, or set kind = \"bedrock\"";
            Err(Error::invalid_config(format!("providers.{name}.{field}"), fix))
        }
        None => Ok(()),
    }
}

/// Splits `us.anthropic.claude-x` into the place and the bare id.
fn split(id: &str) -> Option<(&str, &str)> {
    let (place, bare) = id.split_once('.')?;
    PLACES.contains(&place).then_some((place, bare))
}

/// Whether profiles of a place can be used from a region.
fn lies_in(place: &str, region: &str) -> bool {
    let starts = |heads: &[&str]| heads.iter().any(|head| region.starts_with(head));
    match place {
        "us-gov" => starts(&["us-gov-"]),
        "us" => starts(&["us-east-", "us-west-", "ca-"]),
        "eu" => starts(&["eu-"]),
        "apac" => starts(&["ap-"]),
        "jp" => ["ap-northeast-1", "ap-northeast-3"].contains(&region),
        "au" => ["ap-southeast-2", "ap-southeast-4"].contains(&region),
        "in" => ["ap-south-1", "ap-south-2"].contains(&region),
        "ca" => starts(&["ca-"]),
        "sa" => starts(&["sa-"]),
        "me" => starts(&["me-"]),
        _ => !starts(&["us-gov-", "cn-"]),
    }
}

impl Setup {
    /// The place whose inference profiles the config prefers for this deployment.
    fn preferred_place(&self, deployment: &Deployment) -> Option<&str> {
        if deployment.family != Family::Bedrock {
            return None;
        }
        self.config.providers.get(&deployment.provider)?.inference_profile.as_deref()
    }

    /// The id by which a model is reached: by the preferred profiles where one of them has it.
    pub(super) fn profiled<'a>(&self, deployment: &Deployment, id: &'a str) -> Cow<'a, str> {
        let Some(place) = self.preferred_place(deployment) else { return Cow::Borrowed(id) };
        if split(id).is_some() || id.starts_with("arn:") {
            return Cow::Borrowed(id);
        }
        // An alias leads to the bare id first.
        let bare = self.catalog.get(KIND, id).map_or_else(|| id.to_owned(), |model| model.id.clone());
        let profiled = format!("{place}.{bare}");
        if self.catalog.get(KIND, &profiled).is_some() { Cow::Owned(profiled) } else { Cow::Borrowed(id) }
    }

    /// The facts of the bare model behind an inference profile that the catalogue does not list itself.
    pub(super) fn behind_profile(&self, deployment: &Deployment, id: &str) -> Option<Arc<Model>> {
        if deployment.family != Family::Bedrock {
            return None;
        }
        // Addresses of profiles and models end in the name; those of own profiles tell nothing.
        let name = if id.starts_with("arn:") { id.rsplit_once('/').map_or(id, |(_, name)| name) } else { id };
        let listed = |name: &str| self.catalog.get(&deployment.provider, name);
        let found = listed(name).or_else(|| listed(split(name)?.1))?;
        let own = self.overrides.get(&format!("{}/{}", deployment.provider, found.id));
        let model = own.unwrap_or(&found);
        Some(Arc::new(Model { id: id.to_owned(), ..Model::clone(model) }))
    }

    /// Whether `auto` may choose this entry of the catalogue: from elsewhere a place's profiles cannot be used.
    pub(super) fn offers(&self, deployment: &Deployment, id: &str) -> bool {
        let Credentials::Aws(aws) = &deployment.credentials else { return true };
        let Some((place, bare)) = split(id) else { return true };
        match self.preferred_place(deployment) {
            // The bare entry stands for it.
            Some(preferred) => place == preferred && self.catalog.get(&deployment.provider, bare).is_none(),
            None => aws.region().is_some_and(|region| lies_in(place, region)),
        }
    }
}

#[cfg(all(test, feature = "bedrock"))]
mod tests;
