//! Values that are found by their vectors, where the server can compare vectors: places and values in, the nearest out.
//!
//! A value is a hash of its own with the scope as a tag; an index for each space is made at its first use. What the server
//! cannot do, or does too slowly, is left alone without a word to the breaker of everything else.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use redis::{Cmd, Value, cmd};

use super::breaker::Breaker;
use super::link::{Fault, Link};
use super::local::Local;
use crate::store::{Near, Spot, Unavailable};

/// A hash with its time in one step: without one it would stay for ever.
const KEEP: &str = "redis.call('HSET',KEYS[1],'scope',ARGV[1],'vector',ARGV[2],'value',ARGV[3]) return redis.call('PEXPIRE',KEYS[1],ARGV[4])";

/// What is known of the server's search.
#[derive(Debug)]
pub(super) struct Search {
    /// A search keeps its connection waiting, which must not be that of the counters.
    link: Link,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    found: Found,
    /// Its own: a search that is slow says nothing of counters.
    breaker: Breaker,
    /// It was said that there is none.
    told: bool,
}

#[derive(Debug, Default)]
enum Found {
    #[default]
    Unasked,
    Absent,
    /// With these indexes.
    There(HashSet<String>),
}

impl Search {
    pub(super) fn new(link: Link) -> Self {
        Self { link, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server may be another one now.
    pub(super) fn forget(&self) {
        self.known().found = Found::Unasked;
    }

    /// Whether it is worth asking; nothing when that is not known yet.
    fn has(&self, index: &str) -> Option<bool> {
        let known = self.known();
        if known.breaker.probe_at().is_some_and(|due| Instant::now() < due) {
            return Some(false);
        }
        match &known.found {
            Found::Absent => Some(false),
            Found::There(indexes) if indexes.contains(index) => Some(true),
            Found::There(_) | Found::Unasked => None,
        }
    }

    fn absent(&self) {
        let mut known = self.known();
        known.found = Found::Absent;
        if !std::mem::replace(&mut known.told, true) {
            tracing::info!("the shared state has no vector search: answers to other words stay in each process");
        }
    }

    fn there(&self, index: &str) {
        let mut known = self.known();
        match &mut known.found {
            Found::There(indexes) => {
                indexes.insert(index.to_owned());
            }
            other => *other = Found::There(HashSet::from([index.to_owned()])),
        }
    }

    fn heard(&self, answer: &Result<Value, Fault>) {
        let mut known = self.known();
        match answer {
            Ok(_) => {
                known.breaker.well();
            }
            // An index that is gone is looked for again after a rest.
            Err(fault) => {
                let gone = *fault != Fault::Silent;
                known.breaker.failed(gone, Instant::now());
                if gone {
                    known.found = Found::Unasked;
                }
            }
        }
    }
}

impl Local {
    fn space(&self, spot: &Spot) -> String {
        format!("{}:s:{}", self.link.prefix(), spot.space)
    }

    /// Asks within the time limit, unless the server is known to fail.
    async fn searched(&self, command: &Cmd) -> Result<Value, Fault> {
        if self.state().breaker.is_open() {
            return Err(Fault::Gone);
        }
        self.search.link.ask(command).await
    }

    /// Whether there is an index of this space, which is made where the server can.
    async fn indexed(&self, spot: &Spot) -> Result<bool, Fault> {
        let space = self.space(spot);
        if let Some(known) = self.search.has(&space) {
            return Ok(known);
        }
        let names = match self.searched(&cmd("FT._LIST")).await {
            Ok(Value::Array(names) | Value::Set(names)) => names,
            Ok(_) | Err(Fault::Refused(_) | Fault::Unfit(_)) => {
                self.search.absent();
                return Ok(false);
            }
            Err(fault) => {
                self.search.heard(&Err(fault));
                return Err(fault);
            }
        };
        if !names.iter().any(|name| text(name).as_deref() == Some(space.as_str())) {
            match self.searched(&create(&space, spot.vector.len())).await {
                // Another process may have made it in the meantime; if not, the first search says so.
                Ok(_) | Err(Fault::Refused(_)) => {}
                Err(Fault::Unfit(_)) => {
                    self.search.absent();
                    return Ok(false);
                }
                Err(fault) => {
                    self.search.heard(&Err(fault));
                    return Err(fault);
                }
            }
        }
        self.search.there(&space);
        Ok(true)
    }

    pub(super) async fn nearest(&self, spot: &Spot, most: usize) -> Result<Vec<Near>, Unavailable> {
        let words = |fault: Fault| Unavailable(fault.words().to_owned());
        if !self.indexed(spot).await.map_err(words)? {
            return Ok(Vec::new());
        }
        let answer = self.searched(&search(&self.space(spot), spot, most)).await;
        self.search.heard(&answer);
        found(answer.map_err(words)?)
            .ok_or_else(|| words(Fault::Refused("the shared state answered in another language")))
    }

    pub(super) async fn put_near(&self, spot: &Spot, key: &str, value: Bytes, ttl_ms: u64) -> Result<(), Unavailable> {
        let words = |fault: Fault| Unavailable(fault.words().to_owned());
        if !self.indexed(spot).await.map_err(words)? {
            return Ok(());
        }
        let mut keep = cmd("EVAL");
        keep.arg(KEEP).arg(1).arg(format!("{}:{key}", self.space(spot)));
        keep.arg(&spot.scope).arg(blob(&spot.vector)).arg(&value[..]).arg(ttl_ms.max(1));
        self.searched(&keep).await.map_err(words).map(|_| ())
    }
}

fn create(space: &str, numbers: usize) -> Cmd {
    let mut create = cmd("FT.CREATE");
    create.arg(space).arg("ON").arg("HASH").arg("PREFIX").arg(1).arg(format!("{space}:"));
    create.arg("SCHEMA").arg("scope").arg("TAG").arg("vector").arg("VECTOR").arg("FLAT").arg(6);
    create.arg("TYPE").arg("FLOAT32").arg("DIM").arg(numbers).arg("DISTANCE_METRIC").arg("COSINE");
    create
}

fn search(space: &str, spot: &Spot, most: usize) -> Cmd {
    let mut search = cmd("FT.SEARCH");
    search.arg(space).arg(format!("@scope:{{{}}}=>[KNN {most} @vector $near AS distance]", spot.scope));
    search.arg("PARAMS").arg(2).arg("near").arg(blob(&spot.vector));
    search.arg("RETURN").arg(2).arg("distance").arg("value").arg("LIMIT").arg(0).arg(most).arg("DIALECT").arg(2);
    search
}

fn blob(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// The values of an answer, the nearest first: a count, then for each a key and its fields.
fn found(answer: Value) -> Option<Vec<Near>> {
    let Value::Array(items) = answer else { return None };
    let mut near: Vec<Near> = items.into_iter().skip(1).filter_map(fields).collect();
    near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    Some(near)
}

/// One hit; nothing for its key, and for one that ran out of time between being found and being read.
fn fields(item: Value) -> Option<Near> {
    let Value::Array(fields) = item else { return None };
    let field = |name: &str| {
        let (pairs, _) = fields.as_chunks::<2>();
        pairs.iter().find(|[field, _]| text(field).as_deref() == Some(name)).map(|[_, value]| value)
    };
    let distance: f32 = text(field("distance")?)?.parse().ok()?;
    let Value::BulkString(value) = field("value")? else { return None };
    Some(Near { cosine: 1.0 - distance, value: Bytes::copy_from_slice(value) })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}
