//! One sink at its own thread behind a bounded queue: entries in without waiting, batches out in the sink's own time.

use std::collections::VecDeque;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Entry, Fault, Sink};

/// Entries of one batch; as many waiting are written before their time.
const BATCH: usize = 2_000;
/// The longest pause after a failed write.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a sink tends to itself.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// How one sink stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SinkState {
    /// `sqlite`, `jsonl`, `callback`, or the name of an own sink.
    pub name: String,
    /// Entries it took.
    pub written: u64,
    /// Entries that wait for it.
    pub waiting: u64,
    /// Entries that found no room in its queue, or that were left when the router ended.
    pub dropped: u64,
    /// Why it does not take any at the moment.
    pub fault: Option<String>,
}

type Told = Box<dyn FnOnce(Result<(), String>) + Send>;

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Entry>>,
    /// When the oldest of those waiting came.
    since: Option<Instant>,
    accepted: u64,
    written: u64,
    dropped: u64,
    fault: Option<String>,
    /// Entries up to this number are wanted at once.
    wanted: u64,
    told: Vec<(u64, Told)>,
    closing: bool,
    ended: bool,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    end: Condvar,
    name: String,
    room: usize,
    pause: Duration,
}

/// The queue of one sink.
#[derive(Clone)]
pub(super) struct Desk(Arc<Shared>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Starts the sink's thread.
    pub(super) fn open(sink: Box<dyn Sink>, room: usize, pause: Duration) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            end: Condvar::new(),
            name: sink.name().to_owned(),
            room,
            pause,
        });
        let own = Arc::clone(&shared);
        std::thread::Builder::new().name(format!("ledger-{}", shared.name)).spawn(move || {
            run(&own, sink);
            let told = std::mem::take(&mut own.state().told);
            told.into_iter().for_each(|(_, tell)| tell(Err("the router has ended".into())));
            own.state().ended = true;
            own.end.notify_all();
        })?;
        Ok(Self(shared))
    }

    /// Hands an entry over. Never waits: without room the entry is dropped and counted.
    pub(super) fn push(&self, entry: Arc<Entry>) {
        let mut state = self.0.state();
        if state.waiting.len() >= self.0.room {
            state.dropped += 1;
            return;
        }
        state.waiting.push_back(entry);
        state.accepted += 1;
        let waiting = state.waiting.len();
        if waiting == 1 {
            state.since = Some(Instant::now());
        }
        drop(state);
        // One wake a batch: to start its clock, and when it is full before its time.
        if waiting == 1 || waiting == BATCH {
            self.0.work.notify_one();
        }
    }

    /// Calls `tell` once everything handed over so far was taken, or a write of it failed.
    pub(super) fn settle(&self, tell: Told) {
        let mut state = self.0.state();
        if state.waiting.is_empty() {
            drop(state);
            return tell(Ok(()));
        }
        let ticket = state.accepted;
        state.wanted = ticket;
        state.told.push((ticket, tell));
        drop(state);
        self.0.work.notify_one();
    }

    pub(super) fn state(&self) -> SinkState {
        let state = self.0.state();
        SinkState {
            name: self.0.name.clone(),
            written: state.written,
            waiting: state.waiting.len() as u64,
            dropped: state.dropped,
            fault: state.fault.clone(),
        }
    }

    /// Has the thread write what waits and end.
    pub(super) fn close(&self) {
        self.0.state().closing = true;
        self.0.work.notify_one();
    }

    /// Waits for the end of the thread, no longer than until then.
    pub(super) fn join(&self, until: Instant) {
        let mut state = self.0.state();
        while !state.ended {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return;
            };
            state = self.0.end.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn run(shared: &Shared, mut sink: Box<dyn Sink>) {
    let mut failures = 0u32;
    let mut tended = None;
    loop {
        if tended.is_none_or(|at: Instant| at.elapsed() >= HOUSEKEEPING) {
            tended = Some(Instant::now());
            if let Err(fault) = guarded(|| sink.tend()) {
                tracing::warn!(sink = %shared.name, "housekeeping of the ledger failed: {fault}");
            }
        }
        let Some(batch) = next(shared) else { return };
        if batch.is_empty() {
            continue;
        }
        let outcome = guarded(|| sink.write(&batch));
        let failed = outcome.is_err();
        let ending = after(shared, batch.len(), outcome);
        failures = if failed { failures.saturating_add(1) } else { 0 };
        if failed {
            if ending {
                return;
            }
            rest(shared, shared.pause.saturating_mul(1 << failures.min(10)).clamp(Duration::from_millis(10), PATIENCE));
        }
    }
}

/// A fault of a sink must not end its thread.
fn guarded(work: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Fault::new("the sink panicked")))
}

/// The next batch, once it is time for it. Empty: it is time to tend. Nothing: it is over.
fn next(shared: &Shared) -> Option<Vec<Arc<Entry>>> {
    let mut state = shared.state();
    loop {
        if state.waiting.is_empty() {
            if state.closing {
                return None;
            }
            let (back, waited) = shared.work.wait_timeout(state, HOUSEKEEPING).unwrap_or_else(PoisonError::into_inner);
            state = back;
            if waited.timed_out() {
                return Some(Vec::new());
            }
            continue;
        }
        let age = state.since.map_or(shared.pause, |since| since.elapsed());
        let urgent = state.closing || state.wanted > state.written || state.waiting.len() >= BATCH;
        if urgent || age >= shared.pause {
            return Some(state.waiting.iter().take(BATCH).cloned().collect());
        }
        state = shared.work.wait_timeout(state, shared.pause - age).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Notes what became of a batch; true when the thread is to end.
fn after(shared: &Shared, size: usize, outcome: Result<(), Fault>) -> bool {
    let mut state = shared.state();
    let taken = outcome.as_ref().map_or_else(|fault| fault.taken.min(size), |()| size);
    state.waiting.drain(..taken);
    state.written += taken as u64;
    state.since = Some(Instant::now());
    let fault = outcome.err().map(|fault| fault.reason);
    if fault != state.fault {
        match &fault {
            Some(reason) => tracing::warn!(sink = %shared.name, "the ledger cannot be written: {reason}"),
            None => tracing::info!(sink = %shared.name, "the ledger can be written again"),
        }
    }
    state.fault.clone_from(&fault);
    let written = state.written;
    let failed = fault.is_some();
    let (done, kept) =
        std::mem::take(&mut state.told).into_iter().partition(|(ticket, _)| failed || *ticket <= written);
    state.told = kept;
    if failed {
        state.wanted = 0;
        if state.closing {
            state.dropped += state.waiting.len() as u64;
            state.waiting.clear();
        }
    }
    let closing = state.closing;
    drop(state);
    let done: Vec<(u64, Told)> = done;
    for (ticket, tell) in done {
        tell(match &fault {
            Some(reason) if ticket > written => Err(reason.clone()),
            _ => Ok(()),
        });
    }
    closing
}

/// Waits after a failed write, until its time is over or somebody wants the entries at once.
fn rest(shared: &Shared, pause: Duration) {
    let until = Instant::now() + pause;
    let mut state = shared.state();
    while !state.closing && state.wanted <= state.written {
        let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { return };
        state = shared.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}
