//! A provider's and a model's name come in; the catalogue's entry goes out, read on first need.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::embedded;
use super::error::CatalogError;
use super::load::{self, ProviderModels, ScoreTable};
use super::model::Model;
use super::vendor::Vendor;
use crate::fork::once;

type Lazy<T> = OnceLock<Result<T, CatalogError>>;

/// The models, prices and vendors known to this version. Cloning shares the data.
#[derive(Clone)]
pub struct Catalog {
    read: Arc<Read>,
}

/// What has been read so far.
struct Read {
    vendors: Lazy<Vec<Vendor>>,
    names: Lazy<HashMap<&'static str, &'static str>>,
    scores: Lazy<ScoreTable>,
    models: [Lazy<ProviderModels>; embedded::PROVIDERS.len()],
}

impl Catalog {
    /// The catalogue shipped with this version. Nothing is read yet, and all
    /// callers of one process share what is read later.
    pub fn builtin() -> Catalog {
        static SHARED: OnceLock<Catalog> = OnceLock::new();
        let unread = || Catalog {
            read: Arc::new(Read {
                vendors: OnceLock::new(),
                names: OnceLock::new(),
                scores: OnceLock::new(),
                models: [const { OnceLock::new() }; embedded::PROVIDERS.len()],
            }),
        };
        once(&SHARED, unread).clone()
    }

    /// The day up to which the facts were gathered.
    pub fn as_of(&self) -> Date {
        embedded::AS_OF
    }

    /// Names of the providers that have models here, in alphabetical order.
    pub fn providers(&self) -> &'static [&'static str] {
        &embedded::PROVIDERS
    }

    /// Every vendor that is known by name, with models here or not.
    pub fn vendors(&self) -> &[Vendor] {
        self.try_vendors().unwrap_or_default()
    }

    /// The vendor of this name or alias.
    pub fn vendor(&self, name: &str) -> Option<&Vendor> {
        self.vendors().iter().find(|row| row.name == name || row.aliases.iter().any(|alias| alias == name))
    }

    /// The models of a provider (by name or alias); empty when it is unknown
    /// or its file is broken, which [`Catalog::check`] tells apart.
    pub fn models(&self, provider: &str) -> &[Arc<Model>] {
        self.provider(provider).map_or(&[], |found| found.models.as_slice())
    }

    /// A model of a provider, by id or alias.
    pub fn get(&self, provider: &str, model: &str) -> Option<Arc<Model>> {
        self.provider(provider)?.get(model).cloned()
    }

    /// The providers that have a model of this bare name, its maker's own
    /// first. Does not read any provider's models.
    pub fn makers_of(&self, bare_name: &str) -> Vec<&'static str> {
        let names = once(&self.read.names, || load::names(embedded::NAMES)).as_ref();
        names
            .ok()
            .and_then(|names| names.get(bare_name))
            .map(|providers| providers.split(' ').collect())
            .unwrap_or_default()
    }

    /// Every model of every provider. Reads what has not been read yet.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Model>> {
        embedded::PROVIDERS.iter().flat_map(|provider| self.models(provider))
    }

    /// Reads everything and says which data file is broken, if one is.
    pub fn check(&self) -> Result<(), CatalogError> {
        self.try_vendors().map_err(Clone::clone)?;
        once(&self.read.names, || load::names(embedded::NAMES)).as_ref().map_err(Clone::clone)?;
        for at in 0..embedded::PROVIDERS.len() {
            self.try_provider(at).transpose().map_err(Clone::clone)?;
        }
        Ok(())
    }

    fn try_vendors(&self) -> Result<&[Vendor], &CatalogError> {
        once(&self.read.vendors, || load::vendors(embedded::VENDORS)).as_deref()
    }

    fn provider(&self, name: &str) -> Option<&ProviderModels> {
        let at = position(name).or_else(|| position(&self.vendor(name)?.name))?;
        self.try_provider(at)?.ok()
    }

    fn try_provider(&self, at: usize) -> Option<Result<&ProviderModels, &CatalogError>> {
        let provider = embedded::PROVIDERS.get(at)?;
        let text = embedded::MODELS.get(at)?;
        let slot = once(self.read.models.get(at)?, || {
            let scores = once(&self.read.scores, || load::scores(embedded::SCORES)).as_ref().map_err(Clone::clone)?;
            load::models(provider, text, scores)
        });
        Some(slot.as_ref())
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("as_of", &self.as_of()).field("providers", &embedded::PROVIDERS.len()).finish()
    }
}

fn position(provider: &str) -> Option<usize> {
    embedded::PROVIDERS.binary_search(&provider).ok()
}
