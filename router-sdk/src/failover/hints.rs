//! What processes tell each other of places that rest: what happened here out to the shared state, what others met in. In
//! the background only; a request neither waits for it nor sees it fail.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Health;
use crate::store::StateStore;

const SPACE: &str = "hints";
/// How often what others met is read.
const ROUND: Duration = Duration::from_secs(1);
/// A rest that is over before others have read of it is not worth telling.
const WORTH_TELLING: Duration = Duration::from_millis(500);
/// The longest rest that is believed of others, who find out for themselves after it.
const LONGEST: Duration = Duration::from_secs(60);
/// After so long without a send nobody listens any more, until the next.
const QUIET: Duration = Duration::from_secs(60);

/// The exchange of a router whose state is shared.
#[derive(Debug)]
pub(crate) struct Hints {
    store: Arc<dyn StateStore>,
    health: Weak<Health>,
    post: Mutex<Post>,
}

#[derive(Debug, Default)]
struct Post {
    task: Option<(tokio::runtime::Id, JoinHandle<()>)>,
    sent_at: Option<Instant>,
}

impl Hints {
    pub(crate) fn new(store: Arc<dyn StateStore>, health: &Arc<Health>) -> Arc<Self> {
        health.tell_news();
        Arc::new(Self { store, health: Arc::downgrade(health), post: Mutex::default() })
    }

    fn post(&self) -> std::sync::MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is sent: somebody listens from now on, on the runtime of this call.
    pub(crate) fn attend(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut post = self.post();
        post.sent_at = Some(Instant::now());
        if post.task.as_ref().is_some_and(|(id, task)| *id == runtime.id() && !task.is_finished()) {
            return;
        }
        let task = runtime.spawn(exchange(Arc::downgrade(self)));
        if let Some((_, old)) = post.task.replace((runtime.id(), task)) {
            old.abort();
        }
    }

    /// Tells what is new here and reads what others met.
    async fn round(&self, health: &Health) {
        let wall_ms = Timestamp::now().as_millisecond();
        let now_ms = self.store.clock(wall_ms);
        for (place, rest) in health.take_news(Instant::now()) {
            let Ok(ms) = u64::try_from(rest.as_millis()) else { continue };
            if rest >= WORTH_TELLING {
                let until = now_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
                let told = self.store.put(SPACE, &place, Bytes::from(until.to_string()), Some(ms), wall_ms);
                if told.await.is_err() {
                    return;
                }
            }
        }
        let Ok(told) = self.store.list(SPACE, wall_ms).await else { return };
        let now_ms = self.store.clock(Timestamp::now().as_millisecond());
        for (place, until) in told {
            let until = std::str::from_utf8(&until).ok().and_then(|text| text.parse::<i64>().ok());
            let left = until.and_then(|until| u64::try_from(until.saturating_sub(now_ms)).ok());
            if let Some(left) = left.map(Duration::from_millis).filter(|left| !left.is_zero()) {
                health.heard_of(&place, left.min(LONGEST), Instant::now());
            }
        }
    }
}

async fn exchange(hints: Weak<Hints>) {
    loop {
        let Some(strong) = hints.upgrade() else { return };
        let Some(health) = strong.health.upgrade() else { return };
        if strong.post().sent_at.is_none_or(|at| at.elapsed() > QUIET) {
            return;
        }
        strong.round(&health).await;
        let news = tokio::time::timeout(ROUND, health.news());
        drop(strong);
        // Either way the next round begins.
        let _ = news.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Breaker;
    use crate::store::MemoryStore;

    fn process(store: &Arc<dyn StateStore>) -> (Arc<Health>, Arc<Hints>) {
        let health = Health::new(Breaker::default());
        let hints = Hints::new(Arc::clone(store), &health);
        (health, hints)
    }

    #[tokio::test]
    async fn what_one_process_meets_the_others_hear_of() {
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::default());
        let ((one, told), (other, heard)) = (process(&store), process(&store));
        one.throttled_for_test("p/slow", Duration::from_secs(30));
        one.throttled_for_test("p/short", Duration::from_millis(100));
        one.throttled_for_test("p/long", Duration::from_secs(3_600));
        told.round(&one).await;
        heard.round(&other).await;
        let left = |place: &str| other.rest_for_test(place).map(|left| left.as_secs());
        assert!(left("p/slow").is_some_and(|s| (28..=30).contains(&s)), "{:?}", left("p/slow"));
        assert!(left("p/long").is_some_and(|s| (58..=60).contains(&s)), "{:?}", left("p/long"));
        assert_eq!(left("p/short"), None);
        // Hearsay is not told on as news.
        assert!(other.take_news(Instant::now()).is_empty());
    }

    #[tokio::test]
    async fn odd_hints_are_passed_over() {
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::default());
        let now = Timestamp::now().as_millisecond();
        for (place, value) in [("p/a", "soon"), ("p/b", "-5"), ("p/c", "99999999999999999999"), ("p/d", "")] {
            store.put(SPACE, place, Bytes::from(value), None, now).await.unwrap();
        }
        let (health, hints) = process(&store);
        hints.round(&health).await;
        assert!(["p/a", "p/b", "p/c", "p/d"].iter().all(|place| health.rest_for_test(place).is_none()));
    }
}
