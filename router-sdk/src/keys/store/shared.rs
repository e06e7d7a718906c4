//! Keys in a state that many processes share: records under their ids, ids under the digests of their secrets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use jiff::Timestamp;

use super::{Answer, KeyStore, unavailable};
use crate::error::Error;
use crate::keys::record::{Record, written};
use crate::keys::secret::Digest;
use crate::store::{Claim, Denied, Hold, Measure, Span, StateStore, Unavailable};

/// Records by id.
const RECORDS: &str = "keys";
/// Ids by digest.
const SECRETS: &str = "key_secrets";
/// How often a change is tried while another process makes one.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Keys in a shared state.
#[derive(Debug)]
pub(crate) struct SharedKeys {
    state: Arc<dyn StateStore>,
}

impl SharedKeys {
    pub(crate) fn new(state: Arc<dyn StateStore>) -> Self {
        Self { state }
    }

    async fn record(&self, id: &str) -> Result<Option<Record>, Error> {
        let found = self.state.get(RECORDS, id, now_ms()).await.map_err(down)?;
        let Some(bytes) = found else { return Ok(None) };
        Record::from_text(&bytes).map(Some).ok_or_else(|| unavailable(format!("{id} is not as it was written")))
    }

    async fn holder(&self, digest: Digest, id: Option<&str>) -> Result<Option<Record>, Error> {
        let digest = written(&digest);
        let holds = |record: &Record| record.secrets.iter().any(|held| held.digest == digest);
        // Who was known a moment ago is asked for at once, which saves a way.
        if let Some(id) = id
            && let Some(record) = self.record(id).await?.filter(holds)
        {
            return Ok(Some(record));
        }
        let found = self.state.get(SECRETS, &digest, now_ms()).await.map_err(down)?;
        let Some(id) = found.as_deref().and_then(|id| std::str::from_utf8(id).ok()) else { return Ok(None) };
        Ok(self.record(id).await?.filter(holds))
    }

    /// Leave to change a key, held by one at a time.
    async fn turn(&self, id: &str) -> Result<Hold, Error> {
        let claim = Claim {
            subject: format!("change:{id}").into(),
            measure: Measure::Concurrency,
            span: Span::Held,
            cap: 1,
            amount: 1,
        };
        for _ in 0..TRIES {
            match self.state.reserve(std::slice::from_ref(&claim), now_ms()).await {
                Ok(hold) => return Ok(hold),
                Err(Denied::Unavailable(why)) => return Err(down(why)),
                Err(Denied::Full { .. } | Denied::Elsewhen) => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(unavailable(format!("{id} is being changed by somebody else for too long")))
    }

    /// The record before the digests that lead to it would lose one: a secret that is found finds what it belongs to.
    async fn write(&self, record: &Record) -> Result<(), Error> {
        let text = Bytes::from(record.to_text()?);
        self.state.put(RECORDS, &record.id, text, None, now_ms()).await.map_err(down)?;
        for held in &record.secrets {
            let id = Bytes::from(record.id.clone());
            self.state.put(SECRETS, &held.digest, id, None, now_ms()).await.map_err(down)?;
        }
        Ok(())
    }
}

/// Stores of many processes go by their own clock; the one in memory is told the moment.
fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

fn down(why: Unavailable) -> Error {
    unavailable(why.0)
}

impl KeyStore for SharedKeys {
    fn find<'a>(&'a self, digest: Digest, id: Option<&'a str>) -> Answer<'a, Option<Record>> {
        self.holder(digest, id).boxed()
    }

    fn find_now(&self, digest: Digest) -> Option<Result<Option<Record>, Error>> {
        // A state in this process answers at once, one elsewhere cannot.
        self.holder(digest, None).now_or_never()
    }

    fn get<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Record>> {
        self.record(id).boxed()
    }

    fn list(&self) -> Answer<'_, Vec<Record>> {
        async move {
            let all = self.state.list(RECORDS, now_ms()).await.map_err(down)?;
            let mut records: Vec<Record> = all.iter().filter_map(|(_, bytes)| Record::from_text(bytes)).collect();
            records.sort_by(|a, b| (a.created_ms, &a.id).cmp(&(b.created_ms, &b.id)));
            Ok(records)
        }
        .boxed()
    }

    fn insert(&self, record: Record) -> Answer<'_, ()> {
        async move { self.write(&record).await }.boxed()
    }

    fn replace(&self, record: Record) -> Answer<'_, bool> {
        async move {
            let _turn = self.turn(&record.id).await?;
            let Some(before) = self.record(&record.id).await?.filter(|there| there.version + 1 == record.version)
            else {
                return Ok(false);
            };
            self.write(&record).await?;
            for gone in before.secrets.iter().filter(|old| !record.secrets.iter().any(|new| new.digest == old.digest)) {
                self.state.remove(SECRETS, &gone.digest).await.map_err(down)?;
            }
            Ok(true)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        async move {
            let _turn = self.turn(id).await?;
            let before = self.record(id).await?;
            let there = self.state.remove(RECORDS, id).await.map_err(down)?;
            for held in before.iter().flat_map(|record| &record.secrets) {
                self.state.remove(SECRETS, &held.digest).await.map_err(down)?;
            }
            Ok(there)
        }
        .boxed()
    }
}
