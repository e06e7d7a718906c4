//! Places that have just begun to rest, for whoever tells others of them; and what others have told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::state::State;
use super::{Health, KEPT};

/// Places with news at most; what does not fit is not told.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct News {
    wanted: AtomicBool,
    places: Mutex<HashMap<String, Instant>>,
    come: Notify,
}

impl News {
    /// A place has just failed or was throttled: news when it rests longer than was told.
    pub(super) fn note(&self, place: &str, state: Option<&State>, now: Instant) {
        if !self.wanted.load(Ordering::Relaxed) {
            return;
        }
        let until = state.and_then(|state| state.open_until.max(state.throttled_until)).filter(|until| *until > now);
        let Some(until) = until else { return };
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() < MOST || places.contains_key(place) {
            places.insert(place.to_owned(), until);
            self.come.notify_one();
        }
    }
}

impl Health {
    /// From now on somebody asks for news.
    pub(crate) fn tell_news(&self) {
        self.news.wanted.store(true, Ordering::Relaxed);
    }

    /// Waits until a place begins to rest.
    pub(crate) async fn news(&self) {
        self.news.come.notified().await;
    }

    /// Places that have begun to rest since the last time, with the time that is left.
    pub(crate) fn take_news(&self, now: Instant) -> Vec<(String, Duration)> {
        let places = std::mem::take(&mut *self.news.places.lock().unwrap_or_else(PoisonError::into_inner));
        places.into_iter().map(|(place, until)| (place, until.saturating_duration_since(now))).collect()
    }

    /// Another process has met a place that rests for so long.
    pub(crate) fn heard_of(&self, place: &str, left: Duration, now: Instant) {
        self.with(|states| {
            if states.len() < KEPT || states.contains_key(place) {
                let state = states.entry(place.to_owned()).or_default();
                if state.rest(0, now).is_none_or(|rest| rest < left) {
                    state.throttle(left, now);
                }
            }
        });
    }

    #[cfg(test)]
    pub(crate) fn throttled_for_test(&self, place: &str, left: Duration) {
        let signal = super::Signal::Throttled(left);
        self.signal(place, "key", crate::provider::Cause::RateLimited, signal, Instant::now(), false);
    }

    #[cfg(test)]
    pub(crate) fn rest_for_test(&self, place: &str) -> Option<Duration> {
        self.with(|states| states.get(place).and_then(|state| state.rest(0, Instant::now())))
    }
}
