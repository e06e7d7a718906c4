//! The text of an embedded data file comes in; typed rows go out, or the reason why not.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};

use super::error::CatalogError;
use super::model::Model;
use super::row::{ModelRow, ScoreRow, Scored};
use super::vendor::Vendor;
use crate::fork::once;

/// Scores by canonical name.
pub(super) type ScoreTable = HashMap<&'static str, Scored>;

/// Models of one provider, and where each of their names is.
pub(super) struct ProviderModels {
    pub(super) models: Vec<Arc<Model>>,
    by_name: OnceLock<HashMap<String, usize>>,
}

impl ProviderModels {
    /// The model of this id or alias.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Model>> {
        let by_name = once(&self.by_name, || index(&self.models));
        self.models.get(*by_name.get(name)?)
    }
}

/// Reads the rows of vendors.
pub(super) fn vendors(text: &'static str) -> Result<Vec<Vendor>, CatalogError> {
    serde_json::from_str(text).map_err(|error| broken("providers.json", error))
}

/// Reads the index of bare names: the providers that have it, its maker first.
pub(super) fn names(text: &'static str) -> Result<HashMap<&'static str, &'static str>, CatalogError> {
    serde_json::from_str(text).map_err(|error| broken("names.json", error))
}

/// Reads the scores.
pub(super) fn scores(text: &'static str) -> Result<ScoreTable, CatalogError> {
    let rows: HashMap<&'static str, ScoreRow<'static>> =
        serde_json::from_str(text).map_err(|error| broken("scores.json", error))?;
    rows.into_iter()
        .map(|(name, row)| match row.into_scored() {
            Ok(scored) => Ok((name, scored)),
            Err(message) => Err(broken("scores.json", format_args!("{name}: {message}"))),
        })
        .collect()
}

/// Reads one provider's models and gives them their scores.
pub(super) fn models(provider: &str, text: &'static str, scores: &ScoreTable) -> Result<ProviderModels, CatalogError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let models = reader
        .deserialize_seq(Rows { provider, scores })
        .and_then(|models| reader.end().map(|()| models))
        .map_err(|error| broken(&format!("models/{provider}.json"), error))?;
    Ok(ProviderModels { models, by_name: OnceLock::new() })
}

/// Turns each row into a model as it is read, so that rows never pile up.
struct Rows<'a> {
    provider: &'a str,
    scores: &'a ScoreTable,
}

impl Visitor<'static> for Rows<'_> {
    type Value = Vec<Arc<Model>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of models")
    }

    fn visit_seq<A: SeqAccess<'static>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut models = Vec::new();
        while let Some(row) = seq.next_element::<ModelRow<'static>>()? {
            let mut model = row.into_model(self.provider).map_err(A::Error::custom)?;
            if let Some(scored) = self.scores.get(model.canonical.as_str()) {
                model.scores = scored.scores;
                model.verbosity = scored.verbosity;
                model.efforts.clone_from(&scored.efforts);
            }
            models.push(Arc::new(model));
        }
        Ok(models)
    }
}

/// An id outweighs an alias of the same spelling.
fn index(models: &[Arc<Model>]) -> HashMap<String, usize> {
    let mut by_name = HashMap::with_capacity(models.len() * 2);
    for (at, model) in models.iter().enumerate() {
        for alias in &model.aliases {
            by_name.insert(alias.clone(), at);
        }
    }
    for (at, model) in models.iter().enumerate() {
        by_name.insert(model.id.clone(), at);
    }
    by_name
}

fn broken(file: &str, error: impl ToString) -> CatalogError {
    CatalogError { file: file.to_owned(), message: error.to_string() }
}
