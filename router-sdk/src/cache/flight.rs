//! Same requests at the same time: one of them leads and asks, the others wait for what it lands with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::canonical::Key;
use super::kept::Kept;
use crate::wire::Cached;

/// What became of a flight.
#[derive(Debug, Clone)]
pub(super) enum Landing {
    /// It is under way.
    Flying,
    /// There is an answer for all.
    Kept(Arc<Kept>, Cached),
    /// There is an answer that is not for others: each asks for itself.
    Unkept,
    /// The leader failed or walked away: the next one leads.
    Lost,
}

/// The flights of a router.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, watch::Receiver<Landing>>>);

/// A place on a flight.
pub(super) enum Place {
    Lead(Lead),
    Follow(watch::Receiver<Landing>),
}

/// The leader's place. Dropped before it lands, the flight is lost and the next request may lead another.
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: Key,
    landing: watch::Sender<Landing>,
}

impl Flights {
    fn open(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Landing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the flight of this key, or begins it.
    pub(super) fn join(self: &Arc<Self>, key: Key) -> Place {
        let mut open = self.open();
        if let Some(flight) = open.get(&key) {
            return Place::Follow(flight.clone());
        }
        let (landing, flight) = watch::channel(Landing::Flying);
        open.insert(key, flight);
        Place::Lead(Lead { flights: Arc::clone(self), key, landing })
    }
}

impl Lead {
    /// Tells those who wait. What is kept has to be in the cache by now: who comes later looks there.
    pub(super) fn land(self, landing: Landing) {
        self.flights.open().remove(&self.key);
        self.landing.send_replace(landing);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // After the landing the key may be another flight's.
        if matches!(*self.landing.borrow(), Landing::Flying) {
            self.flights.open().remove(&self.key);
            self.landing.send_replace(Landing::Lost);
        }
    }
}

/// Waits for the landing.
pub(super) async fn landed(mut flight: watch::Receiver<Landing>) -> Landing {
    match flight.wait_for(|landing| !matches!(landing, Landing::Flying)).await {
        Ok(landing) => landing.clone(),
        Err(_) => Landing::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_one_leads_when_a_leader_is_lost() {
        let flights = Arc::new(Flights::default());
        let Place::Lead(first) = flights.join([1; 32]) else { panic!("nobody leads") };
        let Place::Follow(second) = flights.join([1; 32]) else { panic!("two lead") };
        assert!(matches!(flights.join([2; 32]), Place::Lead(_)));
        drop(first);
        assert!(matches!(landed(second).await, Landing::Lost));
        let Place::Lead(next) = flights.join([1; 32]) else { panic!("nobody took over") };
        let Place::Follow(third) = flights.join([1; 32]) else { panic!("two lead") };
        next.land(Landing::Unkept);
        assert!(matches!(landed(third).await, Landing::Unkept));
        assert!(flights.open().is_empty());
    }
}
