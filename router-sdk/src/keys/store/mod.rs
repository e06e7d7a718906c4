//! Where keys are kept: records in, records out by digest or id. A file, this process's memory, or a state that many share.

mod memory;
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

use futures_util::future::BoxFuture;

pub(crate) use memory::MemoryKeys;
pub(crate) use shared::SharedKeys;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::SqliteKeys;

use super::record::Record;
use super::secret::Digest;
use crate::error::{Error, ErrorKind};

/// A future of a store.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Keys by digest and by id. Every call is atomic. A store that cannot be read says so with `ProviderUnavailable`.
pub(crate) trait KeyStore: Send + Sync + std::fmt::Debug {
    /// The key that one of its secrets has this digest of. `id` is the key that it belonged to when last seen.
    fn find<'a>(&'a self, digest: Digest, id: Option<&'a str>) -> Answer<'a, Option<Record>>;

    /// The same without waiting; nothing where the store is too far away for that.
    fn find_now(&self, digest: Digest) -> Option<Result<Option<Record>, Error>>;

    /// The key of an id.
    fn get<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Record>>;

    /// Every key, the oldest first.
    fn list(&self) -> Answer<'_, Vec<Record>>;

    /// Keeps a new key.
    fn insert(&self, record: Record) -> Answer<'_, ()>;

    /// Puts a changed key in the place of the one whose version is one less; false when that is no longer there.
    fn replace(&self, record: Record) -> Answer<'_, bool>;

    /// Takes a key away; false when there was none.
    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, bool>;
}

/// A store that cannot be read or written for now.
pub(crate) fn unavailable(why: impl std::fmt::Display) -> Error {
    let message = format!("the key store cannot be asked: {why}");
    Error::new(ErrorKind::ProviderUnavailable, message).with_retry_after(Some(std::time::Duration::from_secs(1)))
}
