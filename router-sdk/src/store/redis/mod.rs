//! State that processes share, in Redis or Valkey: claims and values in, holds and values out.
//!
//! The server holds the truth and its clock decides. All counters of one prefix lie in one slot, so that one script grants
//! all claims of a request in one round trip; values are spread. Slices of large caps are charged in advance and spent
//! here, so that the common request asks nobody. While the server cannot be asked, the policy of each concern decides.

mod address;
mod breaker;
mod keys;
mod link;
mod local;
mod queue;
mod reserve;
mod script;
mod search;
mod slices;
mod stopgap;
#[cfg(test)]
mod tests;
mod values;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};

use super::{Claim, Denied, Hold, Level, Near, Spot, StateStore, Unavailable};
pub(crate) use address::Address;
use keys::Meter;
use link::{Fault, Link};
use local::Local;
pub(crate) use local::Policy;

/// What tells this process from others: chance, because a restarted process and a forked one are others.
fn name() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 8];
    match ring::rand::SystemRandom::new().fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => format!("{}-{}", std::process::id(), jiff::Timestamp::now().as_nanosecond()),
    }
}

/// The state of a fleet. Made without a word to the server, which is asked at the first use.
#[derive(Debug)]
pub(crate) struct RedisStore {
    local: Arc<Local>,
}

impl RedisStore {
    pub(crate) fn new(address: Address, prefix: &str, timeout: Duration, policy: Policy) -> Self {
        let link = Link::new(address, prefix.to_owned(), timeout);
        Self { local: Arc::new(Local::new(name(), link, policy)) }
    }

    async fn levels_now(&self, claims: &[Claim], at_ms: i64) -> Result<Vec<Level>, Unavailable> {
        let local = &self.local;
        local.worker.attend(local);
        if local.state().breaker.is_open() {
            return Err(Unavailable(Fault::Gone.words().to_owned()));
        }
        let meters: Vec<_> = claims.iter().map(|claim| Meter::new(local.link.prefix(), claim)).collect();
        let call = script::levels(local.at(Some(at_ms)), &local.process, meters.iter());
        let answer = local.run(&call).await.map_err(|fault| Unavailable(fault.words().to_owned()))?;
        let state = local.state();
        let told = answer.numbers.chunks_exact(3).zip(claims).map(|(numbers, claim)| {
            let level = script::level(numbers[0], numbers[1], numbers[2]);
            let ours = state.slices.left(claim);
            Level { used: level.used.saturating_sub(ours), held: level.held.saturating_sub(ours), ..level }
        });
        Ok(told.collect())
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        if self.local.is_ours() {
            self.local.closing.store(true, Ordering::Relaxed);
            self.local.wake.notify_one();
        }
    }
}

impl StateStore for RedisStore {
    fn reserve<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Hold, Denied>> {
        reserve::reserve(&self.local, claims, at_ms).boxed()
    }

    fn clock(&self, at_ms: i64) -> i64 {
        self.local.clock(at_ms)
    }

    fn levels<'a>(&'a self, claims: &'a [Claim], at_ms: i64) -> BoxFuture<'a, Result<Vec<Level>, Unavailable>> {
        self.levels_now(claims, at_ms).boxed()
    }

    fn get<'a>(&'a self, space: &'a str, key: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Bytes>, Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.get(space, key).boxed()
    }

    fn put<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: Option<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.put(space, key, value, ttl_ms).boxed()
    }

    fn keep<'a>(
        &'a self,
        space: &'a str,
        key: &'a str,
        value: Bytes,
        ttl_ms: u64,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.keep(space, key, value, ttl_ms).boxed()
    }

    fn remove<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<bool, Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.remove(space, key).boxed()
    }

    fn list<'a>(&'a self, space: &'a str, _: i64) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.list(space).boxed()
    }

    fn nearest<'a>(&'a self, spot: &'a Spot, most: usize) -> BoxFuture<'a, Result<Vec<Near>, Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.nearest(spot, most).boxed()
    }

    fn put_near<'a>(
        &'a self,
        spot: &'a Spot,
        key: &'a str,
        value: Bytes,
        ttl_ms: u64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        self.local.worker.attend(&self.local);
        self.local.put_near(spot, key, value, ttl_ms).boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.local.flush().boxed()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.local.give_back();
        self.local.flush().boxed()
    }
}
