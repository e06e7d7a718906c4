//! Requests that wait for a limit to have room: by priority, then in the order in which they came, one line a subject.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::Claim;
use crate::wire::Priority;

/// A place in a line: smaller goes first.
type Rank = (Priority, u64);
type Line = BTreeMap<Rank, Arc<Notify>>;

/// The lines of one router.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lines: Mutex<HashMap<Arc<str>, Line>>,
    next: AtomicU64,
    /// Requests in all lines, so that one who finds none need not look.
    waiting: AtomicUsize,
}

/// A request's place in a line. Dropping it lets the next one go.
pub(crate) struct Place {
    queue: Arc<Queue>,
    subject: Arc<str>,
    rank: Rank,
    called: Arc<Notify>,
}

impl Queue {
    fn lines(&self) -> MutexGuard<'_, HashMap<Arc<str>, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that stands for the moment at which a request came.
    pub(crate) fn ticket(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// True when nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// The subject of a claim for which requests wait that go before one of this rank.
    pub(crate) fn ahead(&self, claims: &[Claim], rank: Rank) -> Option<Arc<str>> {
        if self.is_empty() {
            return None;
        }
        let lines = self.lines();
        let before = |subject: &&Arc<str>| {
            lines.get(*subject).and_then(|line| line.first_key_value()).is_some_and(|(first, _)| *first < rank)
        };
        claims.iter().map(|claim| &claim.subject).find(before).cloned()
    }

    /// A place in the line of a subject.
    pub(crate) fn enter(self: &Arc<Self>, subject: Arc<str>, rank: Rank) -> Place {
        let called = Arc::new(Notify::new());
        self.lines().entry(Arc::clone(&subject)).or_default().insert(rank, Arc::clone(&called));
        self.waiting.fetch_add(1, Ordering::Release);
        Place { queue: Arc::clone(self), subject, rank, called }
    }

    /// Something was given back: the first of each line may try.
    pub(crate) fn freed<'a>(&self, claims: impl Iterator<Item = &'a Claim>) {
        if self.is_empty() {
            return;
        }
        let lines = self.lines();
        for claim in claims {
            if let Some((_, first)) = lines.get(&claim.subject).and_then(|line| line.first_key_value()) {
                first.notify_one();
            }
        }
    }
}

impl Place {
    pub(crate) fn subject(&self) -> &Arc<str> {
        &self.subject
    }

    pub(crate) fn is_first(&self) -> bool {
        let lines = self.queue.lines();
        lines.get(&self.subject).and_then(|line| line.first_key_value()).is_some_and(|(first, _)| *first == self.rank)
    }

    /// Waits for a call: it is this one's turn, or something was given back.
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.waiting.fetch_sub(1, Ordering::Release);
        let mut lines = self.queue.lines();
        let Some(line) = lines.get_mut(&self.subject) else { return };
        line.remove(&self.rank);
        match line.first_key_value() {
            Some((_, next)) => next.notify_one(),
            None => {
                lines.remove(&self.subject);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::store::{Measure, Span};

    fn claim(subject: &str) -> Claim {
        Claim { subject: subject.into(), measure: Measure::Requests, span: Span::Total, cap: 1, amount: 1 }
    }

    #[test]
    fn the_higher_priority_goes_first_and_then_who_came_first() {
        let queue = Arc::new(Queue::default());
        let rank = |priority| (priority, queue.ticket());
        assert!(queue.ahead(&[claim("a")], rank(Priority::Low)).is_none());
        let low = queue.enter("a".into(), rank(Priority::Low));
        let first = queue.enter("a".into(), rank(Priority::Normal));
        let second = queue.enter("a".into(), rank(Priority::Normal));
        assert!(first.is_first() && !second.is_first() && !low.is_first());
        assert!(queue.ahead(&[claim("b"), claim("a")], rank(Priority::Normal)).is_some());
        assert!(queue.ahead(&[claim("b")], rank(Priority::Normal)).is_none());
        assert!(queue.ahead(&[claim("a")], rank(Priority::High)).is_none(), "it goes before all that wait");
        drop(first);
        assert!(second.is_first() && second.called().now_or_never().is_some());
        assert!(second.called().now_or_never().is_none());
        queue.freed([claim("a")].iter());
        assert!(second.called().now_or_never().is_some() && low.called().now_or_never().is_none());
        drop(second);
        assert!(low.is_first());
        drop(low);
        assert!(queue.lines().is_empty() && queue.waiting.load(Ordering::Relaxed) == 0);
    }
}
