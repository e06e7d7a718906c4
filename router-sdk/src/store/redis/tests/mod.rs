//! The store against a real server: what it grants, what it costs, and what becomes of it when the server fails.

mod arithmetic;
mod faults;
mod fleet;
mod forms;
mod search;
mod searcher;
mod server;
mod slices;
mod values;

use std::time::Duration;

use super::*;
use crate::store::{Amounts, Measure, Span};
use server::Server;

const MINUTE: Span = Span::Sliding { ms: 60_000 };

const OPEN: Policy = Policy { limits_open: true, budgets_open: true };
const CLOSED: Policy = Policy { limits_open: false, budgets_open: false };

fn store(server: &Server, prefix: &str, policy: Policy) -> RedisStore {
    RedisStore::new(Address::read(&server.url()).unwrap(), prefix, Duration::from_millis(200), policy)
}

fn claim(subject: &str, measure: Measure, span: Span, cap: u64, amount: u64) -> Claim {
    Claim { subject: subject.into(), measure, span, cap, amount }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Today, by the machine's clock.
fn day() -> Span {
    let began_ms = now_ms().div_euclid(86_400_000) * 86_400_000;
    Span::Until { began_ms, ends_ms: began_ms + 86_400_000 }
}

async fn used(store: &RedisStore, claim: &Claim) -> u64 {
    store.levels(std::slice::from_ref(claim), now_ms()).await.unwrap()[0].used
}

fn is_full(denied: &Result<Hold, Denied>) -> bool {
    matches!(denied, Err(Denied::Full { .. }))
}

fn is_unavailable(denied: &Result<Hold, Denied>) -> bool {
    matches!(denied, Err(Denied::Unavailable(_)))
}

fn nanos(nanos: u64) -> Amounts {
    Amounts { nanos, ..Amounts::default() }
}

fn one_request() -> Amounts {
    Amounts { requests: 1, ..Amounts::default() }
}

/// Waits until something is so, for twenty seconds.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..2_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
