//! What one process keeps of the shared state: slices, what the server is yet to be told, and whether it is well.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::breaker::Breaker;
use super::keys::signed;
use super::link::{Fault, Link};
use super::queue::Queue;
use super::script::{self, Answer, At, Call};
use super::search::Search;
use super::slices::Slices;
use super::worker;
use crate::store::{Amounts, Keeper, MemoryStore, Part, Unavailable};

/// After so long without a sign of life a process counts as dead, and what it held at the same time is free again.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

/// What becomes of claims and values while the server cannot be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Limits are counted in this process alone; else they are refused.
    pub(crate) limits_open: bool,
    /// The same for money.
    pub(crate) budgets_open: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) slices: Slices,
    pub(super) queue: Queue,
    pub(super) breaker: Breaker,
    /// The server's clock when it was last heard of, and our moment for it.
    heard: Option<(i64, Instant)>,
}

#[derive(Debug)]
pub(super) struct Local {
    /// Who this process is to the server: chance, so that a restarted one is another.
    pub(super) process: String,
    /// A forked child must not settle what its parent holds.
    pid: u32,
    pub(super) link: Link,
    pub(super) policy: Policy,
    state: Mutex<State>,
    /// Counters for while the server cannot be asked; new ones after each recovery.
    stopgap: Mutex<Arc<MemoryStore>>,
    pub(super) search: Search,
    pub(super) wake: Notify,
    pub(super) worker: worker::Post,
    calls: AtomicU64,
    pub(super) holds: AtomicUsize,
    pub(super) closing: AtomicBool,
    /// Scripts go by the caller's moments, and no slices are taken.
    #[cfg(test)]
    pub(super) by_caller: Option<std::sync::atomic::AtomicI64>,
}

impl Local {
    pub(super) fn new(process: String, link: Link, policy: Policy) -> Self {
        Self {
            process,
            pid: std::process::id(),
            search: Search::new(link.another()),
            link,
            policy,
            state: Mutex::default(),
            stopgap: Mutex::default(),
            wake: Notify::new(),
            worker: worker::Post::default(),
            calls: AtomicU64::new(0),
            holds: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            #[cfg(test)]
            by_caller: None,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopgap(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.stopgap.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The server's clock, carried on by ours since it was last heard of.
    pub(super) fn clock(&self, at_ms: i64) -> i64 {
        #[cfg(test)]
        if self.by_caller.is_some() {
            return at_ms;
        }
        self.state().clock(at_ms)
    }

    /// The moment for a script: none, so that the server takes its own.
    #[cfg(not(test))]
    pub(super) fn at(&self, _at_ms: Option<i64>) -> At {
        None
    }

    #[cfg(test)]
    pub(super) fn at(&self, at_ms: Option<i64>) -> At {
        let kept = self.by_caller.as_ref()?;
        if let Some(at_ms) = at_ms {
            kept.store(at_ms, Ordering::Relaxed);
        }
        Some(kept.load(Ordering::Relaxed))
    }

    pub(super) fn slices_are_taken(&self) -> bool {
        #[cfg(test)]
        if self.by_caller.is_some() {
            return false;
        }
        true
    }

    /// Runs a script and hears what its answer or silence says of the server.
    pub(super) async fn run(&self, call: &Call) -> Result<Answer, Fault> {
        let sent = Instant::now();
        let answer = self.link.run(call).await;
        match &answer {
            Ok(answer) => {
                self.state().heard = Some((answer.now_ms, sent));
                self.well();
            }
            Err(fault) => self.failed(*fault),
        }
        answer
    }

    pub(super) fn well(&self) {
        if self.state().breaker.well() {
            *self.stopgap.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
            self.search.forget();
            self.wake.notify_one();
        }
    }

    pub(super) fn failed(&self, fault: Fault) {
        let gone = fault == Fault::Gone;
        if fault.concerns_the_server() && self.state().breaker.failed(gone, Instant::now()) {
            self.wake.notify_one();
        }
    }

    /// Sends what is queued until nothing is left or the server fails.
    pub(super) async fn send(&self) -> Result<(), Fault> {
        loop {
            let Some(batch) = self.state().queue.batch() else { return Ok(()) };
            let answer = self.run(&script::settle(self.at(None), &self.process, &batch)).await;
            match answer {
                Ok(_) => self.state().queue.done(batch.number),
                // What the server will never take must not stand in the way of what follows.
                Err(Fault::Refused(_)) => self.state().queue.done(batch.number),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Waits until nothing is left to be told, for a bounded time.
    pub(super) async fn flush(&self) -> Result<(), Unavailable> {
        let patience = (self.link.timeout() * 40).max(Duration::from_secs(2));
        let deadline = Instant::now() + patience;
        loop {
            match self.send().await {
                Ok(()) => return Ok(()),
                Err(fault) if Instant::now() >= deadline => return Err(Unavailable(fault.words().to_owned())),
                Err(_) => tokio::time::sleep(self.link.timeout().max(Duration::from_millis(10))).await,
            }
        }
    }

    /// Gives every slice back.
    pub(super) fn give_back(&self) {
        let mut state = self.state();
        let State { slices, queue, .. } = &mut *state;
        slices.drain().into_iter().for_each(|c| queue.correct(c));
    }

    pub(super) fn is_ours(&self) -> bool {
        self.pid == std::process::id()
    }
}

impl State {
    pub(super) fn clock(&self, at_ms: i64) -> i64 {
        let carried = |(ms, at): (i64, Instant)| {
            ms.saturating_add(signed(u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)))
        };
        self.heard.map_or(at_ms, carried)
    }
}

impl Keeper for Local {
    fn settle(&self, parts: &[Part], real: Amounts) {
        if !self.is_ours() {
            return;
        }
        let now = Instant::now();
        let mut state = self.state();
        let State { slices, queue, .. } = &mut *state;
        for part in parts {
            queue.correct(slices.settle(self.link.prefix(), part, real.of(part.claim.measure), now));
        }
        let waiting = queue.presses();
        drop(state);
        self.holds.fetch_sub(1, Ordering::Relaxed);
        if waiting {
            self.wake.notify_one();
        }
    }
}
