//! A deployment asked with a caller's own key: the router's way and somebody's key in, a way of that somebody alone out.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderName};
use secrecy::SecretString;

use super::Deployment;

/// Headers by which a provider tells whose request it is: ours have no place beside another's key.
const OURS: [&str; 5] = ["x-api-key", "api-key", "x-goog-api-key", "openai-organization", "openai-project"];
/// What parts a name from the caller whose key it is; no name of a provider, model or deployment holds it with `key_`.
const MARK: char = '~';
/// The deployment's name in records.
const NAME: &str = "own_key";

impl Deployment {
    /// Whether a key in a header is all that it takes to be asked.
    pub(crate) fn takes_own_key(&self) -> bool {
        !self.sandbox && self.credentials.leave_a_key_in_place()
    }

    /// The same way with the key of a caller, with health of its own. Nothing where a key alone is not enough.
    pub(crate) fn with_own_key(&self, caller: &str, key: &SecretString) -> Option<Arc<Self>> {
        if !self.takes_own_key() {
            return None;
        }
        let mut own = self.clone();
        own.key = Some(key.clone());
        own.owner = Some(caller.into());
        own.name = Some(NAME.into());
        own.headers.remove(AUTHORIZATION);
        OURS.into_iter().for_each(|name| {
            own.headers.remove(HeaderName::from_static(name));
        });
        Some(Arc::new(own))
    }

    /// A name of this deployment's health, as it stands for whoever asks with this key.
    pub(super) fn owned(&self, name: String) -> String {
        match (&self.owner, &self.name) {
            (Some(owner), _) => format!("{name}{MARK}{owner}"),
            (None, Some(own)) => format!("{name}#{own}"),
            (None, None) => name,
        }
    }
}

/// Reads a name of health: the target or provider, and the caller whose key it stands for.
pub(crate) fn owner_of(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once(MARK).filter(|(_, owner)| owner.starts_with("key_"))
}
