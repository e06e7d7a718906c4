//! Admission under virtual time: waiting, giving back, and stores that cannot be asked.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::*;
use crate::admit::{Budget, Limits, Window};
use crate::error::ErrorKind;
use crate::store::{Claim, MemoryStore, Unavailable};

/// A store that is far away and gone.
#[derive(Debug)]
struct Gone;

fn gone<T: Send + 'static>() -> BoxFuture<'static, Result<T, Unavailable>> {
    ready(Err(Unavailable("it is gone".into()))).boxed()
}

impl StateStore for Gone {
    fn reserve<'a>(&'a self, _: &'a [Claim], _: i64) -> BoxFuture<'a, Result<Hold, crate::store::Denied>> {
        ready(Err(crate::store::Denied::Unavailable(Unavailable("it is gone".into())))).boxed()
    }
    fn levels<'a>(&'a self, _: &'a [Claim], _: i64) -> BoxFuture<'a, Result<Vec<Level>, Unavailable>> {
        gone()
    }
    fn get<'a>(&'a self, _: &'a str, _: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Bytes>, Unavailable>> {
        gone()
    }
    fn put<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: Bytes,
        _: Option<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        gone()
    }
    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<bool, Unavailable>> {
        gone()
    }
    fn list<'a>(&'a self, _: &'a str, _: i64) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, Unavailable>> {
        gone()
    }
}

fn quota(store: Arc<dyn StateStore>, limits: Limits, budgets: &[Budget], queue_ms: u64) -> Arc<Quota> {
    let by = Subjects { global: Rules::of("global".into(), &limits, budgets), ..Subjects::default() };
    let clock = Clock::new(jiff::Timestamp::now().as_millisecond(), Instant::now());
    Arc::new(Quota::new(store, clock, by, queue_ms))
}

fn memory(limits: Limits, queue_ms: u64) -> Arc<Quota> {
    quota(Arc::new(MemoryStore::default()), limits, &[], queue_ms)
}

async fn enter(quota: &Arc<Quota>, priority: Priority) -> Result<Arc<Ticket>, Error> {
    let tags = BTreeMap::new();
    let visit = Visit {
        tags: &tags,
        own: None,
        input: &|| 10,
        output: (100, false),
        choices: 1,
        priority,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    quota.admit(visit).await.map(|ticket| ticket.unwrap())
}

fn used(requests: u64) -> Amounts {
    Amounts { requests, ..Amounts::default() }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_refusal_is_the_first_at_which_a_request_is_admitted() {
    let quota = memory(Limits { requests_per_minute: Some(3), ..Limits::default() }, 0);
    for _ in 0..3 {
        enter(&quota, Priority::Normal).await.unwrap().settle(used(1));
        tokio::time::advance(Duration::from_secs(7)).await;
    }
    let error = enter(&quota, Priority::Normal).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.limits().unwrap().requests.as_ref().unwrap().remaining),
        (ErrorKind::RateLimited, 0)
    );
    let wait = error.retry_after().unwrap();
    assert!(wait >= Duration::from_secs(39) && wait <= Duration::from_millis(40_200), "{wait:?}");
    tokio::time::advance(wait - Duration::from_millis(1)).await;
    assert!(enter(&quota, Priority::Normal).await.is_err());
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(enter(&quota, Priority::Normal).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_until_there_is_room_and_no_longer() {
    let limits = Limits { requests_per_second: Some(1), concurrency: Some(2), ..Limits::default() };
    let quota = memory(limits, 5_000);
    let started = Instant::now();
    let first = enter(&quota, Priority::Normal).await.unwrap();
    let second = enter(&quota, Priority::Normal).await.unwrap();
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited <= Duration::from_millis(1_030), "{waited:?}");
    // The third waits for one of the two to end.
    let third = tokio::spawn({
        let quota = Arc::clone(&quota);
        async move { enter(&quota, Priority::High).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    first.settle(used(1));
    assert!(third.await.unwrap().is_ok());
    assert!(started.elapsed() < Duration::from_millis(4_200), "{:?}", started.elapsed());
    drop(second);
    let quota = memory(Limits { concurrency: Some(1), ..Limits::default() }, 500);
    let _all = enter(&quota, Priority::Normal).await.unwrap();
    let started = Instant::now();
    let error = enter(&quota, Priority::Normal).await.err().unwrap();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, None));
    assert_eq!(started.elapsed().as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_while_waiting_leaves_no_place_behind() {
    let quota = memory(Limits { concurrency: Some(1), ..Limits::default() }, 5_000);
    let all = enter(&quota, Priority::Normal).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(100), enter(&quota, Priority::High));
    assert!(waiting.await.is_err());
    assert!(quota.queue.is_empty());
    drop(all);
    assert!(enter(&quota, Priority::Low).now_or_never().unwrap().is_ok());
}

/// Whether limits go on without the state that they are counted in is decided by the store, for it knows how to go on.
#[tokio::test]
async fn a_store_that_cannot_be_asked_refuses() {
    let limits = Limits { requests_per_minute: Some(1), ..Limits::default() };
    for budgets in [&[][..], &[Budget::new(1.0, Window::Day)]] {
        let quota = quota(Arc::new(Gone), limits, budgets, 0);
        let error = enter(&quota, Priority::Normal).await.err().unwrap();
        assert_eq!((error.kind(), error.code()), (ErrorKind::ProviderUnavailable, Some("state_unavailable")));
        assert!(quota.state("global", None).await.is_err());
    }
}
