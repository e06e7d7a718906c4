//! The one way the catalogue can fail: a data file that is not what the code expects.

use std::fmt;

/// A broken data file, which is a mistake of the build and not of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// The file, as named in the repository.
    pub file: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "catalogue file {}: {}", self.file, self.message)
    }
}

impl std::error::Error for CatalogError {}
