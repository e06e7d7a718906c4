//! A model on disk: where it lies in, texts and their vectors by it out. It is read once, and nothing is ever fetched.

#[cfg(feature = "local-embedder")]
mod model;
#[cfg(not(feature = "local-embedder"))]
mod without;

#[cfg(feature = "local-embedder")]
pub(crate) use model::LocalModel;
#[cfg(not(feature = "local-embedder"))]
pub(crate) use without::LocalModel;

use std::sync::Arc;

use crate::config::SemanticCache;
use crate::error::Error;

/// What the errors name.
const FIELD: &str = "cache.semantic.embedder";

/// The model on disk that is configured; nothing where none is.
///
/// # Errors
/// `InvalidConfig` where none can be read there, and in a build without the feature `local-embedder`.
pub(crate) fn open(settings: Option<&SemanticCache>) -> Result<Option<Arc<LocalModel>>, Error> {
    let Some(path) = settings.and_then(SemanticCache::folder) else { return Ok(None) };
    LocalModel::open(path).map(|model| Some(Arc::new(model)))
}
