//! Forks and connections: SQLite's locks do not survive a fork, so that no connection may be open while one happens.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long a fork waits for a transaction to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection that is closed when a fork is announced, and opened again when it is next needed.
pub(super) type Slot = Mutex<Option<Connection>>;

struct Gate {
    inside: usize,
    forking: bool,
    slots: Vec<Weak<Slot>>,
}

static GATE: Mutex<Gate> = Mutex::new(Gate { inside: 0, forking: false, slots: Vec::new() });
static MOVED: Condvar = Condvar::new();

thread_local! {
    /// Held by the thread that forks: the child would find a lock that another thread held locked for ever.
    static HELD: RefCell<Option<MutexGuard<'static, Gate>>> = const { RefCell::new(None) };
}

fn gate() -> MutexGuard<'static, Gate> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leave to use SQLite; a fork waits for its end.
pub(super) struct Inside(());

/// Asks for it; waits while a fork is under way.
pub(super) fn enter() -> Inside {
    let mut gate = gate();
    while gate.forking {
        gate = MOVED.wait(gate).unwrap_or_else(PoisonError::into_inner);
    }
    gate.inside += 1;
    Inside(())
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut gate = gate();
        gate.inside = gate.inside.saturating_sub(1);
        drop(gate);
        MOVED.notify_all();
    }
}

/// A slot that the gate knows of.
pub(super) fn slot() -> Arc<Slot> {
    let slot = Arc::new(Slot::default());
    let mut gate = gate();
    gate.slots.retain(|known| known.strong_count() > 0);
    gate.slots.push(Arc::downgrade(&slot));
    slot
}

/// A fork is about to happen: waits for transactions under way and closes every connection.
pub fn before_fork() {
    let until = Instant::now() + PATIENCE;
    let mut gate = gate();
    gate.forking = true;
    while gate.inside > 0 {
        let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { break };
        gate = MOVED.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    for slot in gate.slots.iter().filter_map(Weak::upgrade) {
        // One that is in use after all the waiting stays open.
        if let Ok(mut connection) = slot.try_lock() {
            drop(connection.take());
        }
    }
    HELD.set(Some(gate));
}

/// It has happened, in the process that forked.
pub fn after_fork_in_parent() {
    HELD.take().unwrap_or_else(gate).forking = false;
    MOVED.notify_all();
}

/// The same in the child, where nobody is inside any more.
pub fn after_fork_in_child() {
    let mut gate = HELD.take().unwrap_or_else(gate);
    gate.forking = false;
    gate.inside = 0;
    gate.slots.clear();
}
