//! Which store: the configuration in, the store of a router out. Nothing is asked over the network.

use std::sync::Arc;

use secrecy::SecretString;

use super::{MemoryStore, StateStore};
use crate::config::StateConfig;
use crate::error::Error;

/// The shared state where one is configured, else the state of this process.
pub(crate) fn open(config: Option<&StateConfig>) -> Result<Arc<dyn StateStore>, Error> {
    match config {
        None => Ok(Arc::new(MemoryStore::default())),
        Some(config) => shared(config),
    }
}

#[cfg(feature = "redis")]
fn shared(config: &StateConfig) -> Result<Arc<dyn StateStore>, Error> {
    use super::redis::{Address, Policy, RedisStore};
    use crate::config::OnFailure;
    use secrecy::ExposeSecret;
    use std::time::Duration;

    let address = Address::read(config.url.expose_secret())?;
    let policy = Policy {
        limits_open: config.on_failure.limits == OnFailure::Open,
        budgets_open: config.on_failure.budgets == OnFailure::Open,
    };
    Ok(Arc::new(RedisStore::new(address, &config.prefix, Duration::from_millis(config.timeout_ms), policy)))
}

#[cfg(not(feature = "redis"))]
fn shared(config: &StateConfig) -> Result<Arc<dyn StateStore>, Error> {
    check_address(&config.url).map(|()| Arc::new(MemoryStore::default()) as Arc<dyn StateStore>)
}

/// Whether shared state can be had and its address read.
#[cfg(feature = "redis")]
pub(crate) fn check_address(url: &SecretString) -> Result<(), Error> {
    use secrecy::ExposeSecret;
    super::redis::Address::read(url.expose_secret()).map(|_| ())
}

/// Whether shared state can be had: not in this build.
#[cfg(not(feature = "redis"))]
pub(crate) fn check_address(_: &SecretString) -> Result<(), Error> {
    let fix = "needs a build with the feature redis; leave it out, or build the crate with that feature";
    Err(Error::invalid_config("state", fix))
}
