//! Clouds that serve models under names and addresses of their own: a deployment and a model in, the name on the wire and
//! the branch that serves it out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Deployment, Family, Limits, Target};
use crate::catalog::Model;

/// The cloud that a deployment stands in, where that changes how models are named, reached or asked.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Cloud {
    /// The vendor's own servers, or anything else that is spoken to as its family is.
    #[default]
    Plain,
    /// Azure OpenAI and Azure AI Foundry.
    Azure(Azure),
    /// Google Vertex AI.
    Vertex(Vertex),
}

/// What is special about a deployment in Azure.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Azure {
    /// Azure's deployment names by the id of the model that they serve.
    pub names: BTreeMap<String, String>,
    /// For models whose prompt counts leave cached tokens out.
    pub uncounted_cache: Option<Arc<Deployment>>,
}

/// What is special about a deployment in Vertex AI. Each publisher has an address of its own there.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Vertex {
    /// Where Claude is.
    pub claude: Option<Arc<Deployment>>,
    /// Where Mistral's models are.
    pub mistral: Option<Arc<Deployment>>,
    /// Where the models of all other publishers are, behind an interface in the OpenAI shape.
    pub partners: Option<Arc<Deployment>>,
}

/// Who publishes a model in Vertex AI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Publisher {
    Google,
    Anthropic,
    Mistral,
    Partner,
}

/// Read off the id, since models that the catalogue does not know can be asked for too.
fn publisher(id: &str) -> Publisher {
    let name = id.rsplit('/').next().unwrap_or(id);
    if id.starts_with("anthropic/") || name.starts_with("claude") {
        Publisher::Anthropic
    } else if id.starts_with("mistralai/") || ["mistral", "codestral", "ministral"].iter().any(|m| name.starts_with(m))
    {
        Publisher::Mistral
    } else if id.contains('/') && !id.starts_with("endpoints/") && !id.starts_with("publishers/google/") {
        Publisher::Partner
    } else {
        Publisher::Google
    }
}

impl Cloud {
    /// The catalogue's name of the provider that this cloud is, whatever the deployment is called.
    pub(crate) fn catalogue(&self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Azure(_) => Some("azure"),
            Self::Vertex(_) => Some("vertex"),
        }
    }

    /// The model behind a name: callers may write the name of Azure's deployment for it.
    pub(crate) fn model_named<'a>(&'a self, name: &'a str) -> &'a str {
        match self {
            Self::Azure(azure) if !azure.names.contains_key(name) => {
                azure.names.iter().find(|(_, deployed)| *deployed == name).map_or(name, |(model, _)| model)
            }
            _ => name,
        }
    }

    /// Whether a model of the catalogue is known to be there. In Azure only what was deployed is.
    pub(crate) fn offers(&self, model: &str) -> bool {
        match self {
            Self::Azure(azure) => azure.names.contains_key(model),
            Self::Plain | Self::Vertex(_) => true,
        }
    }
}

impl Deployment {
    /// The same as one of several deployments of its provider, its branches included.
    pub(crate) fn placed(mut self, name: Option<String>, weight: f64, priority: u32, limits: Limits) -> Self {
        let again = |branch: &mut Option<Arc<Self>>| {
            if let Some(own) = branch {
                *own = Arc::new(Self::clone(own).placed(name.clone(), weight, priority, limits));
            }
        };
        match &mut self.cloud {
            Cloud::Plain => {}
            Cloud::Azure(azure) => again(&mut azure.uncounted_cache),
            Cloud::Vertex(vertex) => {
                [&mut vertex.claude, &mut vertex.mistral, &mut vertex.partners].into_iter().for_each(again)
            }
        }
        Self { name, weight, priority, limits, ..self }
    }

    /// The way to this model: the deployment itself, or the branch of it that speaks the model's language.
    pub(crate) fn for_model(self: &Arc<Self>, model: &Model) -> Arc<Self> {
        let branch = match &self.cloud {
            Cloud::Plain => None,
            Cloud::Azure(azure) => {
                let grok = model.maker == "xai" || model.id.to_ascii_lowercase().starts_with("grok");
                azure.uncounted_cache.as_ref().filter(|_| grok)
            }
            Cloud::Vertex(vertex) => match publisher(&model.id) {
                Publisher::Google => None,
                Publisher::Anthropic => vertex.claude.as_ref(),
                Publisher::Mistral => vertex.mistral.as_ref(),
                Publisher::Partner => vertex.partners.as_ref(),
            },
        };
        branch.map_or_else(|| Arc::clone(self), Arc::clone)
    }
}

impl Target {
    /// The model's name on the wire.
    pub(crate) fn wire_model(&self) -> Cow<'_, str> {
        let id = self.model.id.as_str();
        match &self.deployment.cloud {
            Cloud::Plain => Cow::Borrowed(id),
            Cloud::Azure(azure) => Cow::Borrowed(azure.names.get(id).map_or(id, String::as_str)),
            Cloud::Vertex(_) if self.deployment.family == Family::OpenAi && publisher(id) == Publisher::Partner => {
                Cow::Borrowed(id)
            }
            // The newest version is what an id without a version means.
            Cloud::Vertex(_) => {
                let bare = id.strip_prefix("anthropic/").or_else(|| id.strip_prefix("mistralai/")).unwrap_or(id);
                Cow::Borrowed(bare.strip_suffix("@default").unwrap_or(bare))
            }
        }
    }

    /// Whether Vertex AI serves this target.
    pub(crate) fn on_vertex(&self) -> bool {
        matches!(self.deployment.cloud, Cloud::Vertex(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_are_read_off_the_id() {
        let table = [
            ("gemini-3.5-flash", Publisher::Google),
            ("endpoints/123", Publisher::Google),
            ("gemma-4-26b-a4b-it", Publisher::Google),
            ("claude-opus-5@default", Publisher::Anthropic),
            ("anthropic/claude-opus-5", Publisher::Anthropic),
            ("codestral-2501", Publisher::Mistral),
            ("mistralai/mistral-medium-3@001", Publisher::Mistral),
            ("google/gemma-4-26b-a4b-it-maas", Publisher::Partner),
            ("meta/llama-4-scout-17b-16e-instruct-maas", Publisher::Partner),
        ];
        for (id, wanted) in table {
            assert_eq!(publisher(id), wanted, "{id}");
        }
    }

    #[test]
    fn a_deployment_can_be_asked_for_by_its_own_name() {
        let names =
            BTreeMap::from([("gpt-5".to_owned(), "prod".to_owned()), ("prod-2".to_owned(), "gpt-5-mini".to_owned())]);
        let cloud = Cloud::Azure(Azure { names, ..Azure::default() });
        assert_eq!(cloud.model_named("prod"), "gpt-5");
        assert_eq!(cloud.model_named("gpt-5"), "gpt-5");
        assert_eq!(cloud.model_named("other"), "other");
        assert!(cloud.offers("gpt-5") && !cloud.offers("other") && Cloud::Plain.offers("other"));
    }
}
