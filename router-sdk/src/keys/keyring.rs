//! Keys of one router: a secret in, its caller out; and every change of keys, seen at once by this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::cache::{Cache, Freshness, Known};
use super::judge::{judge, misshapen, missing};
use super::record::{Held, IssuedKey, KeyInfo, Record};
use super::seal::Sealer;
use super::secret::{Digest, Hasher, Secret, new_id};
use super::settings::{NewKey, credentials};
use super::store::KeyStore;
use crate::admit::{Budgets, Caller, Grant, Limits, Rules};
use crate::error::{Error, ErrorKind};

/// How often a change is made anew when somebody else changed the key in between.
const TRIES: usize = 32;
/// Secrets that a key has at once: the newest, and those in their time of grace.
const MOST_SECRETS: usize = 8;
/// The longest time of grace, in seconds: a year.
const LONGEST_GRACE_S: u64 = 366 * 24 * 3600;

/// The keys of one router.
#[derive(Debug)]
pub(crate) struct Keyring {
    store: Arc<dyn KeyStore>,
    hasher: Hasher,
    sealer: Option<Sealer>,
    cache: Cache,
    stale: Duration,
}

impl Keyring {
    pub(crate) fn new(
        store: Arc<dyn KeyStore>,
        hasher: Hasher,
        sealer: Option<Sealer>,
        refresh: Duration,
        stale: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { store, hasher, sealer, cache: Cache::new(refresh), stale })
    }

    fn digest(&self, key: Option<&SecretString>) -> Result<Digest, Error> {
        let text = key.map(ExposeSecret::expose_secret).filter(|text| !text.trim().is_empty()).ok_or_else(missing)?;
        Secret::parse(text).map(|secret| self.hasher.digest(&secret)).map_err(misshapen)
    }

    /// Who a key belongs to. Asks the store for keys that were not used for a while, and for the others now and then in
    /// the background. While the store cannot be asked, keys that were known go on for a time.
    ///
    /// # Errors
    /// As [`judge`] says, and `ProviderUnavailable`.
    pub(crate) async fn recognise(self: &Arc<Self>, key: Option<&SecretString>, at_ms: i64) -> Result<Caller, Error> {
        let digest = self.digest(key)?;
        let found = self.cache.look(digest, Instant::now());
        match &found {
            Some(found) if found.freshness != Freshness::Stale => {
                if found.freshness == Freshness::Aging {
                    self.look_up_aside(digest, found.key.as_ref());
                }
                judge(found.key.as_deref(), digest, at_ms)
            }
            _ => {
                let before = found.as_ref().and_then(|found| found.key.clone());
                match self.look_up(digest, before.as_deref()).await {
                    Ok(key) => judge(key.as_deref(), digest, at_ms),
                    Err(error) => match found.filter(|found| found.age < self.stale && found.key.is_some()) {
                        Some(found) => {
                            tracing::warn!("a key is taken as it was known {} s ago: {error}", found.age.as_secs());
                            judge(found.key.as_deref(), digest, at_ms)
                        }
                        None => Err(error),
                    },
                }
            }
        }
    }

    /// The same without waiting: a file is read at once, a store elsewhere answers only for keys used a moment ago.
    pub(crate) fn recognise_now(&self, key: Option<&SecretString>, at_ms: i64) -> Result<Caller, Error> {
        let digest = self.digest(key)?;
        let now = Instant::now();
        if let Some(found) = self.cache.look(digest, now).filter(|found| found.freshness != Freshness::Stale) {
            self.cache.release(digest);
            return judge(found.key.as_deref(), digest, at_ms);
        }
        let changes = self.cache.changes();
        let Some(record) = self.store.find_now(digest) else {
            let fix = "keys of this store are looked up over a network; await Router::caller with this key first";
            return Err(Error::invalid_request("api_key", fix));
        };
        let key = record?.map(|record| Arc::new(self.known(record)));
        self.cache.keep(digest, key.clone(), changes, now);
        judge(key.as_deref(), digest, at_ms)
    }

    async fn look_up(&self, digest: Digest, before: Option<&Known>) -> Result<Option<Arc<Known>>, Error> {
        let (changes, now) = (self.cache.changes(), Instant::now());
        let record = self.store.find(digest, before.map(|known| known.caller.id())).await?;
        let key = record.map(|record| Arc::new(self.known(record)));
        self.cache.keep(digest, key.clone(), changes, now);
        Ok(key)
    }

    fn look_up_aside(self: &Arc<Self>, digest: Digest, before: Option<&Arc<Known>>) {
        let (this, before) = (Arc::clone(self), before.cloned());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            this.cache.release(digest);
            return;
        };
        runtime.spawn(async move {
            if this.look_up(digest, before.as_deref()).await.is_err() {
                // The next request that finds it stale says why.
                this.cache.release(digest);
            }
        });
    }

    /// A record as the hot path needs it.
    fn known(&self, record: Record) -> Known {
        let mut sealed_shut = None;
        let mut credentials = BTreeMap::new();
        for (provider, sealed) in &record.sealed {
            let opened = self.sealer.as_ref().and_then(|sealer| sealer.open(sealed, &place(&record.id, provider)));
            match opened {
                Some(secret) => {
                    credentials.insert(provider.clone(), secret);
                }
                None => sealed_shut = Some(provider.clone()),
            }
        }
        let digests = record.digests();
        let settings = record.settings;
        let grant = Grant {
            models: settings.models,
            providers: settings.providers,
            strategies: settings.strategies,
            strategy: settings.strategy,
            rules: rules(&record.id, &settings.limits, &settings.budgets),
            credentials,
            ..Grant::default()
        };
        Known {
            caller: Caller::of_key(record.id, settings.name, settings.owner, settings.tags, grant),
            digests,
            expires_ms: settings.expires_at.map(|at| at.as_millisecond()),
            disabled: record.disabled,
            sealed_shut,
        }
    }

    fn seal(&self, id: &str, all: &BTreeMap<String, SecretString>) -> Result<BTreeMap<String, String>, Error> {
        if all.is_empty() {
            return Ok(BTreeMap::new());
        }
        let Some(sealer) = &self.sealer else {
            let fix = "is needed to keep credentials, which are never written down unsealed; set it to the name of a \
                       variable with 32 random bytes, such as `openssl rand -base64 32` prints";
            return Err(Error::invalid_config("keys.seal_env", fix));
        };
        all.iter().map(|(name, secret)| Ok((name.clone(), sealer.seal(secret, &place(id, name))?))).collect()
    }

    pub(crate) async fn create(&self, new: NewKey, at_ms: i64) -> Result<IssuedKey, Error> {
        let secret = Secret::generate()?;
        let id = new_id()?;
        let record = Record {
            version: 1,
            created_ms: at_ms,
            disabled: false,
            hint: secret.hint(),
            sealed: self.seal(&id, &new.credentials)?,
            settings: new.settings,
            secrets: vec![Held::new(&self.hasher.digest(&secret))],
            id,
        };
        let key = record.info();
        self.store.insert(record).await?;
        self.cache.forget(&key.id);
        Ok(IssuedKey { key, secret: secret.text() })
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Option<KeyInfo>, Error> {
        Ok(self.store.get(id).await?.map(|record| record.info()))
    }

    /// The limits and budgets of a key.
    pub(crate) async fn rules(&self, id: &str) -> Result<Option<Arc<Rules>>, Error> {
        let found = self.store.get(id).await?;
        Ok(found.and_then(|record| rules(id, &record.settings.limits, &record.settings.budgets)))
    }

    pub(crate) async fn list(&self) -> Result<Vec<KeyInfo>, Error> {
        Ok(self.store.list().await?.iter().map(Record::info).collect())
    }

    /// Makes a change of one key, anew where somebody else made one at the same time.
    async fn change<T: Send>(
        &self,
        id: &str,
        mut how: impl FnMut(&mut Record) -> Result<T, Error> + Send,
    ) -> Result<(KeyInfo, T), Error> {
        for _ in 0..TRIES {
            let Some(mut record) = self.store.get(id).await? else {
                return Err(Error::invalid_request("id", "is the id of no key; see keys.list"));
            };
            let out = how(&mut record)?;
            record.version += 1;
            let info = record.info();
            if self.store.replace(record).await? {
                self.cache.forget(id);
                return Ok((info, out));
            }
        }
        Err(Error::new(ErrorKind::Internal, "the key was changed by others all the time; try again"))
    }

    /// Lays fields over the settings. `settle` looks at the result and may put it right.
    pub(crate) async fn update(
        &self,
        id: &str,
        mut fields: Map<String, Value>,
        settle: impl Fn(&mut NewKey) -> Result<(), Error> + Send + Sync,
    ) -> Result<KeyInfo, Error> {
        let replaced = fields.shift_remove("credentials").map(|value| credentials(Some(value))).transpose()?;
        let change = |record: &mut Record| {
            let settings = record.settings.changed(fields.clone())?;
            let mut new = NewKey { settings, credentials: replaced.clone().unwrap_or_default() };
            settle(&mut new)?;
            if replaced.is_some() {
                record.sealed = self.seal(&record.id, &new.credentials)?;
            }
            record.settings = new.settings;
            Ok(())
        };
        Ok(self.change(id, change).await?.0)
    }

    pub(crate) async fn switch(&self, id: &str, disabled: bool) -> Result<KeyInfo, Error> {
        let change = |record: &mut Record| {
            record.disabled = disabled;
            Ok(())
        };
        Ok(self.change(id, change).await?.0)
    }

    /// Gives a key another secret. The one before goes on for so many seconds; with 0 it ends at once, and with it those
    /// that are in their time of grace still.
    pub(crate) async fn rotate(&self, id: &str, grace_s: u64, at_ms: i64) -> Result<IssuedKey, Error> {
        if grace_s > LONGEST_GRACE_S {
            return Err(Error::invalid_request("grace_s", format!("must be at most {LONGEST_GRACE_S} seconds")));
        }
        let secret = Secret::generate()?;
        let digest = self.hasher.digest(&secret);
        let until = at_ms.saturating_add(i64::try_from(grace_s.saturating_mul(1_000)).unwrap_or(i64::MAX));
        let change = |record: &mut Record| {
            let old = record
                .secrets
                .iter()
                .map(|held| Held { until_ms: Some(held.until_ms.unwrap_or(until).min(until)), ..held.clone() });
            let old = old.filter(|held| held.until_ms.is_some_and(|until| until > at_ms));
            record.secrets = std::iter::once(Held::new(&digest)).chain(old).take(MOST_SECRETS).collect();
            record.hint = secret.hint();
            Ok(())
        };
        let (key, ()) = self.change(id, change).await?;
        Ok(IssuedKey { key, secret: secret.text() })
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<bool, Error> {
        let gone = self.store.remove(id).await?;
        self.cache.forget(id);
        Ok(gone)
    }
}

/// What a key may use, under the name that it is counted by.
fn rules(id: &str, limits: &Limits, budgets: &Budgets) -> Option<Arc<Rules>> {
    Rules::of(format!("key:{id}"), limits, &budgets.0)
}

/// What sealed credentials are bound to: they open for no other key and no other provider.
fn place(id: &str, provider: &str) -> String {
    format!("{id}/{provider}")
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
