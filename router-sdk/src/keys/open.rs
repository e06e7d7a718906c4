//! The key store that a configuration names: settings and environment in, an open keyring out.

use std::sync::Arc;
use std::time::Duration;

use super::keyring::Keyring;
use super::seal::Sealer;
use super::secret::Hasher;
use super::store::{KeyStore, MemoryKeys, SharedKeys};
use crate::config::KeysConfig;
use crate::error::Error;
use crate::setup::Environment;
use crate::store::StateStore;

/// A pepper shorter than this could be guessed.
const SHORTEST_PEPPER: usize = 16;

/// A key store that has been found and, where it is a file, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Absent where keys are in the shared state, which is built later.
    store: Option<Arc<dyn KeyStore>>,
    hasher: Hasher,
    sealer: Option<Sealer>,
    refresh: Duration,
    stale: Duration,
}

impl Opened {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// `InvalidConfig` that names the key and the fix.
    pub(crate) fn new(config: &KeysConfig, env: &Environment) -> Result<Self, Error> {
        let variable = |key: &str, name: &str| {
            let missing = || Error::invalid_config(key, format!("names {name}, which is not set"));
            env.get(name).ok_or_else(missing)
        };
        let hasher = match &config.pepper_env {
            None => Hasher::default(),
            Some(name) => {
                let pepper = variable("keys.pepper_env", name)?;
                if pepper.len() < SHORTEST_PEPPER {
                    let fix = format!("{name} must hold at least {SHORTEST_PEPPER} characters");
                    return Err(Error::invalid_config("keys.pepper_env", fix));
                }
                Hasher::peppered(&pepper)
            }
        };
        let sealer = match &config.seal_env {
            Some(name) => Some(Sealer::from_text(&variable("keys.seal_env", name)?, name)?),
            // What never leaves the process needs no master key that outlives it.
            None if config.memory => Some(Sealer::fleeting()?),
            None => None,
        };
        let store = match &config.path {
            Some(path) => Some(file(path, &hasher)?),
            None if config.memory => Some(Arc::new(MemoryKeys::default()) as Arc<dyn KeyStore>),
            None => None,
        };
        let (refresh, stale) = (Duration::from_millis(config.refresh_ms), Duration::from_millis(config.stale_ms));
        Ok(Self { store, hasher, sealer, refresh, stale })
    }

    /// The keyring, with keys in `state` where the configuration says so.
    pub(crate) fn into_keyring(self, state: &Arc<dyn StateStore>) -> Arc<Keyring> {
        let store = self.store.unwrap_or_else(|| Arc::new(SharedKeys::new(Arc::clone(state))));
        Keyring::new(store, self.hasher, self.sealer, self.refresh, self.stale)
    }
}

#[cfg(feature = "sqlite")]
fn file(path: &str, hasher: &Hasher) -> Result<Arc<dyn KeyStore>, Error> {
    let keys = super::store::SqliteKeys::open(std::path::Path::new(path), &hasher.mark())?;
    Ok(Arc::new(keys))
}

#[cfg(not(feature = "sqlite"))]
fn file(_: &str, _: &Hasher) -> Result<Arc<dyn KeyStore>, Error> {
    let fix = "needs a build with the feature sqlite; use keys.shared, or build the crate with that feature";
    Err(Error::invalid_config("keys.path", fix))
}
