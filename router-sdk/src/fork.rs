//! Forks: what must not be under way while one happens, in; a moment at which nothing of it is, out.
//!
//! A child has its parent's memory and one thread. A lock that another thread held stays locked in it, a value that
//! another thread was making is never made, and SQLite's locks on files do not survive. So all of these go through a gate
//! that a fork shuts.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a fork waits for what is under way.
const PATIENCE: Duration = Duration::from_secs(3);

/// What no fork may meet open. It is opened again when it is next needed.
pub(crate) trait Closable: Send + Sync {
    /// Closes it, unless it is in use.
    fn close(&self);
}

/// Such as a connection to a file.
impl<T: Send> Closable for Mutex<Option<T>> {
    fn close(&self) {
        if let Ok(mut open) = self.try_lock() {
            drop(open.take());
        }
    }
}

struct Gate {
    inside: usize,
    forking: bool,
    open: Vec<Weak<dyn Closable>>,
}

static GATE: Mutex<Gate> = Mutex::new(Gate { inside: 0, forking: false, open: Vec::new() });
static MOVED: Condvar = Condvar::new();

thread_local! {
    /// Held by the thread that forks: the child would find a lock that another thread held locked for ever.
    static HELD: RefCell<Option<MutexGuard<'static, Gate>>> = const { RefCell::new(None) };
    /// How often this thread is inside; who is may enter again while a fork waits for it.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn gate() -> MutexGuard<'static, Gate> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something is under way that a fork waits for. Stays on its thread.
pub(crate) struct Inside(std::marker::PhantomData<*const ()>);

/// Goes inside; waits while a fork is under way.
pub(crate) fn enter() -> Inside {
    if DEPTH.get() == 0 {
        let mut gate = gate();
        while gate.forking {
            gate = MOVED.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        gate.inside += 1;
    }
    DEPTH.set(DEPTH.get() + 1);
    Inside(std::marker::PhantomData)
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
        if DEPTH.get() == 0 {
            let mut gate = gate();
            gate.inside = gate.inside.saturating_sub(1);
            drop(gate);
            MOVED.notify_all();
        }
    }
}

/// Has something closed before every fork from now on.
pub(crate) fn close_before(open: &Arc<impl Closable + 'static>) {
    let mut gate = gate();
    gate.open.retain(|known| known.strong_count() > 0);
    let known: Weak<dyn Closable> = Arc::downgrade(&(Arc::clone(open) as Arc<dyn Closable>));
    gate.open.push(known);
}

/// A value that is made at first use, in no thread while another one forks.
pub(crate) struct Lazy<T> {
    value: OnceLock<T>,
    make: fn() -> T,
}

impl<T> Lazy<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self { value: OnceLock::new(), make }
    }
}

impl<T> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        once(&self.value, self.make)
    }
}

/// The value of a cell, made at first use, in no thread while another one forks.
pub(crate) fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    if let Some(value) = cell.get() {
        return value;
    }
    let _inside = enter();
    cell.get_or_init(make)
}

/// To be called before a process forks: waits for what is under way and closes every connection to a file.
///
/// The Python package calls it by itself. It and one of the two that follow are called by the same thread.
pub fn before_fork() {
    let until = Instant::now() + PATIENCE;
    let mut gate = gate();
    gate.forking = true;
    // What this thread itself is doing goes on in the child.
    let own = usize::from(DEPTH.get() > 0);
    while gate.inside > own {
        let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { break };
        gate = MOVED.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    for open in gate.open.iter().filter_map(Weak::upgrade) {
        open.close();
    }
    HELD.set(Some(gate));
}

/// To be called after a fork in the process that forked.
pub fn after_fork_in_parent() {
    HELD.take().unwrap_or_else(gate).forking = false;
    MOVED.notify_all();
}

/// To be called after a fork in the child, where no other thread is inside any more.
pub fn after_fork_in_child() {
    let mut gate = HELD.take().unwrap_or_else(gate);
    gate.forking = false;
    gate.inside = usize::from(DEPTH.get() > 0);
    gate.open.clear();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn no_fork_meets_a_value_half_made() {
        static MAKING: OnceLock<(mpsc::SyncSender<()>, Mutex<mpsc::Receiver<()>>)> = OnceLock::new();
        static INNER: Lazy<u8> = Lazy::new(|| 1);
        static SLOW: Lazy<u8> = Lazy::new(|| {
            let (begun, go) = MAKING.get().unwrap();
            begun.send(()).unwrap();
            go.lock().unwrap().recv().unwrap();
            *INNER + 1
        });
        let (begun, began) = mpsc::sync_channel(0);
        let (go, going) = mpsc::sync_channel(0);
        MAKING.set((begun, Mutex::new(going))).unwrap();
        std::thread::scope(|scope| {
            let made = scope.spawn(|| *SLOW);
            began.recv().unwrap();
            let forks = scope.spawn(|| {
                before_fork();
                let seen = (SLOW.value.get().copied(), INNER.value.get().copied());
                after_fork_in_parent();
                seen
            });
            // Whether the fork waits already or comes later: what it sees is whole, and what is inside may go deeper.
            std::thread::sleep(Duration::from_millis(30));
            assert!(!forks.is_finished(), "it waits");
            go.send(()).unwrap();
            assert_eq!(forks.join().unwrap(), (Some(2), Some(1)));
            assert_eq!(made.join().unwrap(), 2);
        });
    }
}
