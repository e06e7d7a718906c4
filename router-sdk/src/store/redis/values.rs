//! Small values by space and key: reads and writes in, bytes out. Each is a key of its own with an index by space, so that
//! a cluster spreads them.

use bytes::Bytes;
use futures_util::future;
use redis::{Cmd, Value, cmd};

use super::link::Fault;
use super::local::Local;
use crate::store::Unavailable;

/// Values asked for at once.
const TOGETHER: usize = 500;
/// Keys whose values expired so long ago leave the index, in milliseconds.
const MARGIN_MS: i64 = 60_000;

fn unavailable(fault: Fault) -> Unavailable {
    Unavailable(fault.words().to_owned())
}

fn strange() -> Unavailable {
    unavailable(Fault::Refused("the shared state answered in another language"))
}

impl Local {
    fn value_key(&self, space: &str, key: &str) -> String {
        format!("{}:v:{space}:{key}", self.link.prefix())
    }

    fn index_key(&self, space: &str) -> String {
        format!("{}:i:{space}", self.link.prefix())
    }

    async fn value(&self, command: &Cmd) -> Result<Value, Unavailable> {
        if self.state().breaker.is_open() {
            return Err(unavailable(Fault::Gone));
        }
        let answer = self.link.ask(command).await;
        match &answer {
            Ok(_) => self.well(),
            Err(fault) => self.failed(*fault),
        }
        answer.map_err(unavailable)
    }

    pub(super) async fn get(&self, space: &str, key: &str) -> Result<Option<Bytes>, Unavailable> {
        let at = self.value_key(space, key);
        bytes(self.value(cmd("GET").arg(&at)).await?).ok_or_else(strange)
    }

    pub(super) async fn put(
        &self,
        space: &str,
        key: &str,
        value: Bytes,
        ttl_ms: Option<u64>,
    ) -> Result<(), Unavailable> {
        let at = self.value_key(space, key);
        let mut set = cmd("SET");
        set.arg(&at).arg(&value[..]);
        if let Some(ttl) = ttl_ms {
            set.arg("PX").arg(ttl.max(1));
        }
        let now_ms = self.clock(jiff::Timestamp::now().as_millisecond());
        let expires = ttl_ms.map(|ttl| now_ms.saturating_add(super::keys::signed(ttl)));
        let mut note = cmd("ZADD");
        note.arg(self.index_key(space)).arg(expires.map_or_else(|| "+inf".to_owned(), |ms| ms.to_string())).arg(key);
        let (set, noted) = future::join(self.value(&set), self.value(&note)).await;
        set.and(noted).map(|_| ())
    }

    /// Outside the index, which would grow with every value that nobody lists.
    pub(super) async fn keep(&self, space: &str, key: &str, value: Bytes, ttl_ms: u64) -> Result<(), Unavailable> {
        let at = self.value_key(space, key);
        self.value(cmd("SET").arg(&at).arg(&value[..]).arg("PX").arg(ttl_ms.max(1))).await.map(|_| ())
    }

    pub(super) async fn remove(&self, space: &str, key: &str) -> Result<bool, Unavailable> {
        let at = self.value_key(space, key);
        let (mut delete, mut forget) = (cmd("DEL"), cmd("ZREM"));
        delete.arg(&at);
        forget.arg(self.index_key(space)).arg(key);
        let (deleted, forgotten) = future::join(self.value(&delete), self.value(&forget)).await;
        forgotten?;
        Ok(matches!(deleted?, Value::Int(count) if count > 0))
    }

    pub(super) async fn list(&self, space: &str) -> Result<Vec<(String, Bytes)>, Unavailable> {
        let index = self.index_key(space);
        let now_ms = self.clock(jiff::Timestamp::now().as_millisecond());
        let mut tidy = cmd("ZREMRANGEBYSCORE");
        tidy.arg(&index).arg("-inf").arg(now_ms.saturating_sub(MARGIN_MS));
        let mut names = cmd("ZRANGE");
        names.arg(&index).arg(0).arg(-1);
        let (tidied, names) = future::join(self.value(&tidy), self.value(&names)).await;
        tidied?;
        let Value::Array(names) = names? else { return Err(strange()) };
        let mut names: Vec<String> = names.into_iter().filter_map(text).collect();
        names.sort_unstable();
        let mut found = Vec::with_capacity(names.len());
        for names in names.chunks(TOGETHER) {
            let mut read = cmd("MGET");
            names.iter().for_each(|name| {
                read.arg(self.value_key(space, name));
            });
            let Value::Array(values) = self.value(&read).await? else { return Err(strange()) };
            for (name, value) in names.iter().zip(values) {
                if let Some(value) = bytes(value).ok_or_else(strange)? {
                    found.push((name.clone(), value));
                }
            }
        }
        Ok(found)
    }
}

/// The bytes of an answer, or that there are none; nothing when it is no such answer.
fn bytes(value: Value) -> Option<Option<Bytes>> {
    match value {
        Value::Nil => Some(None),
        Value::BulkString(bytes) => Some(Some(Bytes::from(bytes))),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}
