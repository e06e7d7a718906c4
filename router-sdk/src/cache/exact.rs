//! Answers to the same request: a key in, a kept answer or the seat of who asks for a new one out.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::canonical::Key;
use super::far::Far;
use super::flight::{Flights, Landing, Lead, Place, landed};
use super::kept::Kept;
use super::near::Near;
use super::wish::Wish;
use crate::config::ExactCache;
use crate::wire::Cached;

/// Lost flights that one request takes part in; then it asks for itself.
const LOST_FLIGHTS: u32 = 3;

/// The exact cache: this process's answers, those of others where state is shared, and the requests under way.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) settings: ExactCache,
    near: Near,
    far: Option<Far>,
    flights: Arc<Flights>,
}

/// What was found for a key.
pub(super) enum Found {
    /// An answer; `waited` when it was made for another request in the meantime.
    Kept { kept: Arc<Kept>, cached: Cached, waited: bool },
    /// None. Who leads has others waiting for what comes.
    Nothing(Option<Lead>),
}

impl Exact {
    /// With what the processes of a fleet share, where they share anything.
    pub(super) fn new(settings: ExactCache, far: Option<Far>) -> Self {
        Self { near: Near::new(&settings), far, flights: Arc::default(), settings }
    }

    /// Looks here, waits for the same request if one is under way, and looks where other processes keep theirs.
    pub(super) async fn recall(
        &self,
        key: Key,
        wish: Wish,
        patience: Duration,
        deadline: Instant,
        now_ms: i64,
    ) -> Found {
        if !wish.read {
            return Found::Nothing(None);
        }
        let found = |kept| Found::Kept { kept, cached: Cached::Hit, waited: false };
        if let Some(kept) = self.near.get(&key) {
            return found(kept);
        }
        if !wish.write || patience.is_zero() {
            return self.afar(key, now_ms).await.map_or(Found::Nothing(None), found);
        }
        let until = deadline.min(Instant::now() + patience);
        for _ in 0..LOST_FLIGHTS {
            match self.flights.join(key) {
                Place::Lead(lead) => {
                    // A flight may have landed since the look above.
                    let kept = match self.near.get(&key) {
                        Some(kept) => Some(kept),
                        None => self.afar(key, now_ms).await,
                    };
                    let Some(kept) = kept else { return Found::Nothing(Some(lead)) };
                    lead.land(Landing::Kept(Arc::clone(&kept), Cached::Hit));
                    return found(kept);
                }
                Place::Follow(flight) => match timeout_at(until, landed(flight)).await {
                    Ok(Landing::Kept(kept, cached)) => return Found::Kept { kept, cached, waited: true },
                    Ok(Landing::Lost) => {}
                    Ok(Landing::Unkept | Landing::Flying) | Err(_) => break,
                },
            }
        }
        Found::Nothing(None)
    }

    async fn afar(&self, key: Key, now_ms: i64) -> Option<Arc<Kept>> {
        let kept = Arc::new(self.far.as_ref()?.get(key, now_ms).await?);
        self.near.put(key, Arc::clone(&kept));
        Some(kept)
    }

    pub(super) fn put(&self, key: Key, kept: Arc<Kept>) {
        if let Some(far) = &self.far {
            far.put(key, &kept);
        }
        self.near.put(key, kept);
    }

    pub(super) fn clear(&self) {
        self.near.clear();
    }

    /// Entries and bytes here.
    pub(super) fn size(&self) -> (u64, u64) {
        self.near.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Object, RouteInfo};

    const KEY: Key = [7; 32];
    const WISH: Wish = Wish { read: true, write: true, ttl: Duration::from_secs(60) };

    fn kept() -> Arc<Kept> {
        Arc::new(Kept::of_chat(&Object::new(), None, &RouteInfo::default(), 0, Duration::from_secs(60)))
    }

    async fn recall(exact: &Exact, wish: Wish, patience_ms: u64) -> Found {
        let deadline = Instant::now() + Duration::from_secs(5);
        exact.recall(KEY, wish, Duration::from_millis(patience_ms), deadline, 0).await
    }

    async fn leads(exact: &Exact) -> Lead {
        match recall(exact, WISH, 1_000).await {
            Found::Nothing(Some(lead)) => lead,
            _ => panic!("it does not lead"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn followers_get_what_the_leader_lands_with() {
        let exact = Exact::new(ExactCache::default(), None);
        let lead = leads(&exact).await;
        let (found, ()) = tokio::join!(recall(&exact, WISH, 1_000), async {
            tokio::task::yield_now().await;
            exact.put(KEY, kept());
            lead.land(Landing::Kept(kept(), Cached::Hit));
        });
        assert!(matches!(found, Found::Kept { waited: true, .. }));
        assert!(matches!(recall(&exact, WISH, 1_000).await, Found::Kept { waited: false, .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_follower_takes_over_or_goes_alone() {
        let exact = Exact::new(ExactCache::default(), None);
        let lead = leads(&exact).await;
        let (found, ()) = tokio::join!(recall(&exact, WISH, 1_000), async {
            tokio::task::yield_now().await;
            drop(lead);
        });
        let Found::Nothing(Some(lead)) = found else { panic!("nobody took over") };
        let started = Instant::now();
        assert!(matches!(recall(&exact, WISH, 200).await, Found::Nothing(None)));
        assert!((200..220).contains(&started.elapsed().as_millis()));
        let (found, ()) = tokio::join!(recall(&exact, WISH, 1_000), async {
            tokio::task::yield_now().await;
            lead.land(Landing::Unkept);
        });
        assert!(matches!(found, Found::Nothing(None)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_or_write_waits_for_nobody() {
        let exact = Exact::new(ExactCache::default(), None);
        let _lead = leads(&exact).await;
        for wish in [Wish { read: false, ..WISH }, Wish { write: false, ..WISH }] {
            assert!(matches!(recall(&exact, wish, 1_000).await, Found::Nothing(None)));
        }
        exact.put(KEY, kept());
        assert!(matches!(recall(&exact, Wish { read: false, ..WISH }, 1_000).await, Found::Nothing(None)));
        assert!(matches!(recall(&exact, Wish { write: false, ..WISH }, 1_000).await, Found::Kept { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_finds_what_one_has_put() {
        let shelf = super::super::far::tests::shelf();
        let one = Exact::new(ExactCache::default(), Some(Far::new(Arc::clone(&shelf))));
        let two = Exact::new(ExactCache::default(), Some(Far::new(shelf)));
        let lead = leads(&two).await;
        drop(lead);
        one.put(KEY, kept());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(matches!(recall(&two, WISH, 1_000).await, Found::Kept { .. }));
        assert_eq!(two.size().0, 1);
    }
}
