//! Which targets a caller's key lets answer, as plain names: a target's names in, yes or no out.

use std::collections::HashSet;

/// The targets within which a request stays, whatever its own options say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// `provider/model`s; absent: all.
    pub(crate) models: Option<HashSet<String>>,
    /// Providers; absent: all.
    pub(crate) providers: Option<HashSet<String>>,
}

impl Bounds {
    /// Whether a provider may be asked for a model, which is named `provider/model`.
    pub(crate) fn hold(&self, provider: &str, model: &str) -> bool {
        let among = |names: &Option<HashSet<String>>, name: &str| names.as_ref().is_none_or(|all| all.contains(name));
        among(&self.providers, provider) && among(&self.models, model)
    }
}
