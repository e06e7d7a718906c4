//! A model on disk: where it lies in, texts and their vectors by it out. It is read once, and nothing is ever fetched.

#[cfg(feature = "local-embedder")]
mod model;
#[cfg(not(feature = "local-embedder"))]
mod without;

#[cfg(feature = "local-embedder")]
pub(crate) use model::LocalModel;
#[cfg(not(feature = "local-embedder"))]
pub(crate) use without::LocalModel;

use std::path::Path;
use std::sync::Arc;

use crate::error::Error;

/// The model on disk that a field of the configuration names; nothing where it names none.
///
/// # Errors
/// `InvalidConfig` where none can be read there, and in a build without the feature `local-embedder`.
pub(crate) fn open(folder: Option<&Path>, field: &'static str) -> Result<Option<Arc<LocalModel>>, Error> {
    let Some(path) = folder else { return Ok(None) };
    LocalModel::open(path).map(|model| Some(Arc::new(model))).map_err(|fix| Error::invalid_config(field, fix))
}
