//! The keys of a router as its owner handles them: calls in, keys without their secrets out, save the new one.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::keyring::Keyring;
use super::record::{IssuedKey, KeyInfo};
use super::settings::NewKey;
use crate::error::{Error, ErrorKind};
use crate::pipeline::Shared;
use crate::setup::{Named, Setup};

/// Makes, changes and ends the keys of a router. Each call needs a key store: `keys` in the configuration.
///
/// A change takes effect at once in this process, and within `keys.refresh_ms` in others that use the same store. All
/// calls fail with `InvalidConfig` where no key store is configured, and with `ProviderUnavailable` while it cannot be
/// asked.
///
/// # Examples
/// ```
/// # async fn example() -> Result<(), clawrouters::Error> {
/// use clawrouters::{ChatRequest, Config, NewKey, Router};
/// use serde_json::json;
///
/// let router = Router::new(Config::from_value(json!({"keys": {"path": "keys.db"}}))?)?;
/// let acme = router.keys().create(NewKey::from_value(json!({"name": "acme", "strategy": "cheapest"}))?).await?;
/// let request = ChatRequest::new("auto", "Say hello.").with_api_key(acme.secret);
/// router.chat(request).await?;
/// router.keys().disable(&acme.key.id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("configured", &self.shared.keys.is_some()).finish()
    }
}

impl Keys {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn ring(&self) -> Result<&Arc<Keyring>, Error> {
        let fix = "no key store is configured; set keys = {path = \"keys.db\"}";
        self.shared.keys.as_ref().ok_or_else(|| Error::invalid_config("keys", fix))
    }

    /// Makes a key. Its secret is told here and never again.
    ///
    /// # Errors
    /// `InvalidRequest` that names the setting; `InvalidConfig` for credentials without `keys.seal_env`.
    pub async fn create(&self, key: NewKey) -> Result<IssuedKey, Error> {
        let (ring, mut key) = (self.ring()?, key);
        settle(&self.shared.setup, &mut key)?;
        ring.create(key, now_ms()).await
    }

    /// The key of an id, if there is one.
    ///
    /// # Errors
    /// As every call here.
    pub async fn get(&self, id: &str) -> Result<Option<KeyInfo>, Error> {
        self.ring()?.get(id).await
    }

    /// Every key, the oldest first, disabled and expired ones too.
    ///
    /// # Errors
    /// As every call here.
    pub async fn list(&self) -> Result<Vec<KeyInfo>, Error> {
        self.ring()?.list().await
    }

    /// Replaces settings: an object of those that change, with null for those that go back to their default.
    /// `credentials` are replaced as a whole.
    ///
    /// # Errors
    /// `InvalidRequest` that names the setting, or `id` where there is no such key.
    pub async fn update(&self, id: &str, change: Value) -> Result<KeyInfo, Error> {
        let ring = self.ring()?;
        let Value::Object(fields) = change else {
            return Err(Error::invalid_request("change", "must be an object of settings"));
        };
        ring.update(id, fields, |key| settle(&self.shared.setup, key)).await
    }

    /// Refuses the key's requests until it is enabled again. Requests under way are answered.
    ///
    /// # Errors
    /// `InvalidRequest` where there is no such key.
    pub async fn disable(&self, id: &str) -> Result<KeyInfo, Error> {
        self.ring()?.switch(id, true).await
    }

    /// Lets a disabled key be used again.
    ///
    /// # Errors
    /// `InvalidRequest` where there is no such key.
    pub async fn enable(&self, id: &str) -> Result<KeyInfo, Error> {
        self.ring()?.switch(id, false).await
    }

    /// Gives a key another secret, with the same id and settings. The one before goes on for `grace_s` seconds; 0 ends
    /// it at once, and with it those that are in their time of grace still.
    ///
    /// # Errors
    /// `InvalidRequest` where there is no such key, or for a grace of more than 366 days.
    pub async fn rotate(&self, id: &str, grace_s: u64) -> Result<IssuedKey, Error> {
        self.ring()?.rotate(id, grace_s, now_ms()).await
    }

    /// Takes a key away for good; false when there was none. Ledger entries keep its id and name.
    ///
    /// # Errors
    /// As every call here.
    pub async fn delete(&self, id: &str) -> Result<bool, Error> {
        self.ring()?.delete(id).await
    }
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Checks what needs to know what this router can reach, and puts credentials under the names of its providers.
fn settle(setup: &Setup, key: &mut NewKey) -> Result<(), Error> {
    for (i, name) in key.settings.models.iter().enumerate() {
        let field = format!("models[{i}]");
        match setup.named(name, &field, &mut Named::default()) {
            // A model whose provider has no key here may have one later.
            Err(error) if error.kind() == ErrorKind::InvalidRequest => return Err(error),
            _ => {}
        }
    }
    let known =
        |name: &str| setup.deployments.contains_key(setup.canonical(name)) || setup.catalog.vendor(name).is_some();
    if let Some(at) = key.settings.providers.iter().position(|name| !known(name)) {
        return Err(Error::invalid_request(format!("providers[{at}]"), "is no provider that is configured or known"));
    }
    for provider in key.credentials.keys() {
        let fix = match setup.deployments.get(setup.canonical(provider)) {
            None => "is no provider that this router reaches; configure it under providers",
            Some(deployment) if !deployment.takes_own_key() => {
                "is asked in another way than with a key in a header, so a key alone cannot stand in"
            }
            Some(_) => continue,
        };
        return Err(Error::invalid_request(format!("credentials.{provider}"), fix));
    }
    let named = std::mem::take(&mut key.credentials).into_iter();
    key.credentials = named.map(|(name, secret)| (setup.canonical(&name).to_owned(), secret)).collect();
    Ok(())
}
