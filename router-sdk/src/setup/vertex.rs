//! A provider of kind `vertex`: config, credentials file and environment in; the addresses of each publisher out.

use std::sync::Arc;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{Environment, azure::twin, deployments};
use crate::catalog::{Catalog, Quirks};
use crate::config::ProviderConfig;
use crate::credential::{Credentials, GoogleFile, TokenSource, is_private_address};
use crate::error::Error;
use crate::provider::{Cloud, Deployment, Family, Vertex};

const TOKENS: [&str; 2] = ["GOOGLE_VERTEX_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"];
const KEY: &str = "GOOGLE_VERTEX_API_KEY";
const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const PROJECTS: [&str; 5] = [
    "GOOGLE_VERTEX_PROJECT",
    "VERTEXAI_PROJECT",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
];
const LOCATIONS: [&str; 4] =
    ["GOOGLE_VERTEX_LOCATION", "VERTEXAI_LOCATION", "GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION"];

/// Whether the environment holds credentials for Vertex AI.
pub(super) fn is_described(env: &Environment) -> bool {
    [FILE, KEY].iter().chain(&TOKENS).any(|name| env.get(name).is_some())
}

pub(super) fn deployment(
    name: &str,
    own: &ProviderConfig,
    catalog: &Catalog,
    env: &Environment,
) -> Result<Deployment, Error> {
    let proof = Proof::of(name, own, env)?;
    let parent = parent(name, own, &proof, env)?;
    let (key, credentials, bearer) = match proof.way {
        Way::Key(key) => (Some(key), Credentials::InHeaders, false),
        Way::Token(token) => (Some(token), Credentials::InHeaders, true),
        Way::Source(source) => (None, Credentials::Token(Arc::new(source)), true),
    };
    let place = format!("{parent}/publishers/google");
    let mut built = deployments::assemble(name, own, catalog.vendor("vertex"), Family::Gemini, place, key)?;
    built.key_header = match bearer {
        true => Some(http::header::AUTHORIZATION),
        false => Some(http::HeaderName::from_static("x-goog-api-key")),
    };
    built.credentials = credentials;
    let branch = |family, place: String, path: &str, quirks: Quirks| {
        let branch = Deployment { family, base_url: place, chat_path: path.to_owned(), quirks, ..twin(&built) };
        Some(Arc::new(Deployment { cloud: Cloud::Vertex(Vertex::default()), ..branch }))
    };
    let quirks_of = |vendor: &str| catalog.vendor(vendor).map(|v| v.quirks.clone()).unwrap_or_default();
    let publishers = format!("{parent}/publishers");
    let vertex = Vertex {
        claude: branch(Family::Anthropic, format!("{publishers}/anthropic"), "", quirks_of("anthropic")),
        mistral: branch(
            Family::OpenAi,
            format!("{publishers}/mistralai"),
            "/models/{model}:rawPredict",
            quirks_of("mistral"),
        ),
        partners: branch(Family::OpenAi, format!("{parent}/endpoints/openapi"), "/chat/completions", Quirks::default()),
    };
    built.cloud = Cloud::Vertex(vertex);
    Ok(built)
}

/// The address of project and location, below which every publisher has its own.
fn parent(name: &str, own: &ProviderConfig, proof: &Proof, env: &Environment) -> Result<String, Error> {
    let at = |field: &str| format!("providers.{name}.{field}");
    let from_env = |names: &[&str]| names.iter().find_map(|name| env.get(name));
    let express = matches!(proof.way, Way::Key(_));
    let project = own.project.clone().or_else(|| from_env(&PROJECTS)).or_else(|| proof.project.clone());
    let location = own.location.clone().or_else(|| from_env(&LOCATIONS)).unwrap_or_else(|| "global".to_owned());
    for (field, value) in [("project", project.as_deref().unwrap_or("p")), ("location", &location)] {
        if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_')) {
            return Err(Error::invalid_config(at(field), "must be a name of Google Cloud"));
        }
    }
    let root = own.base_url.as_deref().map_or_else(|| host(&location, express && project.is_none()), str::to_owned);
    let root = root.trim_end_matches('/');
    if !express && !is_private_address(root) {
        return Err(Error::invalid_config(at("base_url"), "must be https, or on this machine: tokens are sent there"));
    }
    let versioned = ["/v1", "/v1beta1"].iter().any(|version| root.ends_with(version)) || root.contains("/projects/");
    let root = if versioned { root.to_owned() } else { format!("{root}/v1") };
    match &project {
        _ if root.contains("/projects/") => Ok(root),
        Some(project) => Ok(format!("{root}/projects/{project}/locations/{location}")),
        // Keys stand for a project, but only on this address.
        None if express => Ok(root),
        None => Err(Error::invalid_config(at("project"), "is needed: set GOOGLE_CLOUD_PROJECT or project")),
    }
}

fn host(location: &str, express: bool) -> String {
    match location {
        _ if express => "https://aiplatform.googleapis.com".to_owned(),
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

/// How it is shown who asks, and the project that goes with it.
struct Proof {
    way: Way,
    project: Option<String>,
}

enum Way {
    Key(SecretString),
    Token(SecretString),
    Source(TokenSource),
}

impl Proof {
    fn of(name: &str, own: &ProviderConfig, env: &Environment) -> Result<Self, Error> {
        let at = |field: &str| format!("providers.{name}.{field}");
        let ways = [
            ("api_key", own.api_key.is_some() || own.api_key_env.is_some()),
            ("access_token", own.access_token.is_some()),
            ("credentials", own.credentials.is_some()),
            ("credentials_file", own.credentials_file.is_some()),
        ];
        let given: Vec<&str> = ways.iter().filter(|(_, given)| *given).map(|(field, _)| *field).collect();
        if let [first, second, ..] = given.as_slice() {
            return Err(Error::invalid_config(at(second), format!("cannot stand beside {first}; give one")));
        }
        let plain = |way| Ok(Self { way, project: None });
        if let Some(key) = deployments::own_key(name, own, env)? {
            return plain(Way::Key(key));
        }
        if let Some(token) = &own.access_token {
            let sound =
                HeaderValue::from_str(token.expose_secret()).is_ok() && !token.expose_secret().trim().is_empty();
            return match sound {
                true => plain(Way::Token(token.clone())),
                false => Err(Error::invalid_config(at("access_token"), "must be a token that can stand in a header")),
            };
        }
        if let Some(text) = &own.credentials {
            return Self::file(text.expose_secret()).map_err(|why| Error::invalid_config(at("credentials"), why));
        }
        if own.credentials_file.is_none() {
            if let Some(token) = TOKENS.iter().find_map(|name| env.get(name)) {
                return plain(Way::Token(token.into()));
            }
            if let Some(key) = env.get(KEY) {
                return plain(Way::Key(key.into()));
            }
        }
        let path =
            own.credentials_file.clone().or_else(|| env.get(FILE)).or_else(|| signed_in(env)).ok_or_else(|| {
                Error::invalid_config(at("credentials"), format!("are needed: set {FILE}, credentials or access_token"))
            })?;
        let fault = |why: String| Error::invalid_config(at("credentials_file"), format!("{path} {why}"));
        let text = std::fs::read_to_string(&path).map_err(|e| fault(format!("cannot be read: {}", e.kind())))?;
        let text = SecretString::from(text);
        Self::file(text.expose_secret()).map_err(fault)
    }

    fn file(text: &str) -> Result<Self, String> {
        let file = GoogleFile::read(text)?;
        Ok(Self { way: Way::Source(TokenSource::new(file.grant)), project: file.project })
    }
}

/// The file that `gcloud auth application-default login` leaves behind.
fn signed_in(env: &Environment) -> Option<String> {
    let folder = env
        .get("CLOUDSDK_CONFIG")
        .or_else(|| env.get("HOME").map(|home| format!("{home}/.config/gcloud")))
        .or_else(|| env.get("APPDATA").map(|data| format!("{data}/gcloud")))?;
    let path = format!("{folder}/application_default_credentials.json");
    std::path::Path::new(&path).is_file().then_some(path)
}
