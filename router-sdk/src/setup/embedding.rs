//! A target in; where and how embeddings are asked for there out, if they can be.

use super::Setup;
use crate::catalog::{EmbeddingRules, Vendor};
use crate::provider::Target;
use crate::provider::embedding::Place;

/// The path of OpenAI's embeddings.
const OPENAI_PATH: &str = "/embeddings";

impl Setup {
    /// The place of a target; nothing where its provider makes no embeddings.
    pub(crate) fn place(&self, target: &Target) -> Option<Place> {
        let (rules, path) = self.rules(target)?;
        Some(Place { target: target.clone(), rules, path })
    }

    fn rules(&self, target: &Target) -> Option<(EmbeddingRules, String)> {
        let deployment = &target.deployment;
        if deployment.sandbox {
            return Some((EmbeddingRules::default(), OPENAI_PATH.to_owned()));
        }
        let own = self.config.providers.get(&deployment.provider).and_then(|p| p.kind.as_deref());
        let row = self.catalog.vendor(&deployment.provider);
        match (own, row) {
            // The vendor's row speaks of its own interface only.
            (own, Some(row)) if own.is_none_or(|kind| kind == row.kind || row.aliases.iter().any(|a| a == kind)) => {
                of_row(row)
            }
            // A server of which nothing is known but its shape.
            (None | Some("openai"), _) => {
                Some((EmbeddingRules { base64: false, ..EmbeddingRules::default() }, OPENAI_PATH.to_owned()))
            }
            (Some(kind), _) => of_row(self.catalog.vendor(kind)?),
        }
    }
}

fn of_row(row: &Vendor) -> Option<(EmbeddingRules, String)> {
    (!row.embeddings_path.is_empty()).then(|| (row.embeddings.clone(), row.embeddings_path.clone()))
}
