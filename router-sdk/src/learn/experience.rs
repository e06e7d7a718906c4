//! What scores taught of all models: a model's name and a request's features in, a lesson out.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::adapter::{Adapter, Lesson, Level, Record};
use super::features::Features;
use crate::error::Error;

/// The form of what is exported, raised when features or weights come to mean something else.
const VERSION: u64 = 1;

/// Adapters by `provider/model`. Never changed once it is there: a change makes another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Experience {
    adapters: BTreeMap<String, Arc<Adapter>>,
    level: Level,
    taught: u64,
}

/// Experience as it is exported.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    version: u64,
    all: Level,
    models: BTreeMap<String, Record>,
}

impl Experience {
    /// What is known of a model for a request, with what all models share; nothing where it has no scores.
    pub(crate) fn lesson(&self, model: &str, features: &Features) -> Option<Lesson> {
        let own = self.adapters.get(model)?.lesson(features);
        Some(Lesson { better: own.better + self.level.mean, ..own })
    }

    /// What is known of models without scores.
    pub(crate) fn blank(&self, features: &Features) -> Lesson {
        Lesson { better: self.level.mean, ..Adapter::default().lesson(features) }
    }

    /// How much better than expected all models do, in log odds.
    pub(crate) fn common(&self) -> f64 {
        self.level.mean
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.adapters.is_empty()
    }

    /// Whether a model has scores.
    pub(crate) fn knows(&self, model: &str) -> bool {
        self.adapters.contains_key(model)
    }

    /// A number for the models that have scores; the same number is the same models, 0 is none.
    pub(crate) fn taught(&self) -> u64 {
        self.taught
    }

    fn of(adapters: BTreeMap<String, Arc<Adapter>>, level: Level) -> Self {
        let mut hasher = DefaultHasher::new();
        adapters.keys().for_each(|model| model.hash(&mut hasher));
        let taught = if adapters.is_empty() { 0 } else { hasher.finish() };
        Self { adapters, level, taught }
    }

    pub(super) fn adapter(&self, model: &str) -> Option<&Arc<Adapter>> {
        self.adapters.get(model)
    }

    /// The same with another adapter for one model, and another level of all.
    pub(super) fn with(&self, model: &str, adapter: Adapter, level: Level) -> Self {
        let mut adapters = self.adapters.clone();
        adapters.insert(model.to_owned(), Arc::new(adapter));
        Self::of(adapters, level)
    }

    /// The same after one more score.
    #[cfg(test)]
    pub(crate) fn scored(&self, model: &str, features: &Features, expected: f64, score: f64) -> Self {
        let (mut adapter, mut level) = (self.adapter(model).cloned().unwrap_or_default(), self.level);
        Arc::make_mut(&mut adapter).learn(&mut level, features, expected, score);
        self.with(model, Arc::unwrap_or_clone(adapter), level)
    }

    pub(super) fn from_adapters(adapters: impl Iterator<Item = (String, Adapter)>, level: Level) -> Self {
        Self::of(adapters.map(|(model, adapter)| (model, Arc::new(adapter))).collect(), level)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Adapter)> {
        self.adapters.iter().map(|(model, adapter)| (model.as_str(), adapter.as_ref()))
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        let models = self.iter().map(|(model, adapter)| (model.to_owned(), adapter.to_record())).collect();
        // Numbers and names are always JSON.
        serde_json::to_value(Export { version: VERSION, all: self.level, models }).unwrap_or_default()
    }

    /// # Errors
    /// `InvalidRequest` that names the part which cannot be read.
    pub(super) fn from_json(state: &serde_json::Value) -> Result<Self, Error> {
        let fault = |param: &str, fix: &str| Error::invalid_request(param, fix);
        if state.get("version").and_then(serde_json::Value::as_u64) != Some(VERSION) {
            let fix = format!("is not {VERSION}: give it what learning.export() of this version returned");
            return Err(fault("state.version", &fix));
        }
        let export = Export::deserialize(state)
            .map_err(|_| fault("state", "must be what learning.export() returned: a version, all and models"))?;
        let adapter = |(model, record): (String, Record)| {
            let at = || format!("state.models.{model}");
            match record.adapter() {
                _ if model.split_once('/').is_none_or(|(p, m)| p.is_empty() || m.is_empty()) => {
                    Err(fault(&at(), "must be named \"provider/model\""))
                }
                Some(adapter) => Ok((model, adapter)),
                None => Err(fault(&at(), "holds numbers that no scores can have led to; export it again")),
            }
        };
        let adapters = export.models.into_iter().map(adapter).collect::<Result<Vec<_>, _>>()?;
        if !export.all.is_possible() {
            return Err(fault("state.all", "holds numbers that no scores can have led to; export it again"));
        }
        Ok(Self::from_adapters(adapters.into_iter(), export.all))
    }
}

/// An adapter as bytes of the store.
pub(super) fn written(adapter: &Adapter) -> Vec<u8> {
    serde_json::to_vec(&adapter.to_record()).unwrap_or_default()
}

/// The level of all models as bytes of the store.
pub(super) fn written_level(level: Level) -> Vec<u8> {
    serde_json::to_vec(&level).unwrap_or_default()
}

/// The level of bytes; nothing where they are none.
pub(super) fn read_level(bytes: &[u8]) -> Option<Level> {
    serde_json::from_slice::<Level>(bytes).ok().filter(Level::is_possible)
}

/// The adapter of bytes; nothing where they are none.
pub(super) fn read(bytes: &[u8]) -> Option<Adapter> {
    serde_json::from_slice::<Record>(bytes).ok()?.adapter()
}
