//! In place of a model on disk, in a build that can read none: its address in, an error that names the feature out.

use std::convert::Infallible;
use std::path::Path;

/// There is none.
#[derive(Debug)]
pub(crate) struct LocalModel(Infallible);

impl LocalModel {
    pub(super) fn open(_: &Path) -> Result<Self, String> {
        let fix = "a model on disk needs a build with the feature local-embedder; use an embedding model as \"provider/model\", or \
                   build the crate with that feature";
        Err(fix.to_owned())
    }

    pub(crate) fn vector(&self, _: &str) -> Option<Vec<f32>> {
        match self.0 {}
    }

    pub(crate) fn nothing(&self) -> Vec<f32> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::open;
    use crate::config::SemanticCache;

    #[test]
    fn a_model_on_disk_is_refused_by_name() {
        let settings = SemanticCache { embedder: "./model".into(), ..SemanticCache::default() };
        let error = open(settings.folder(), "cache.semantic.embedder").unwrap_err();
        assert_eq!(error.param(), Some("cache.semantic.embedder"));
        assert!(error.to_string().contains("local-embedder"), "{error}");
        assert!(open(SemanticCache::default().folder(), "cache.semantic.embedder").unwrap().is_none());
    }
}
