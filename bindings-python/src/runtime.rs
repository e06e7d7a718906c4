//! The process's one tokio runtime: nothing in, a runtime that belongs to this process out, also after a fork.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use tokio::runtime::{Builder, Runtime};

/// A runtime and the process it was built in.
struct Owned {
    pid: u32,
    runtime: Runtime,
}

/// The runtime of this process, or of the parent just after a fork. Never freed, so that references to it stay valid.
static CURRENT: AtomicPtr<Owned> = AtomicPtr::new(ptr::null_mut());

/// The runtime of this process, built at first use.
///
/// A forked child has no threads of its parent, so it leaks the parent's runtime and builds its own. No lock is taken:
/// a lock that another thread held during the fork would never be released in the child.
pub(crate) fn current() -> io::Result<&'static Runtime> {
    let pid = std::process::id();
    loop {
        let seen = CURRENT.load(Ordering::Acquire);
        // SAFETY: the pointer is null or comes from `Box::into_raw` below and is never freed once published.
        if let Some(owned) = unsafe { seen.as_ref() }
            && owned.pid == pid
        {
            return Ok(&owned.runtime);
        }
        let fresh = Box::into_raw(Box::new(Owned { pid, runtime: build()? }));
        if CURRENT.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: another thread was quicker, so `fresh` was never published and is ours alone.
            let unused = unsafe { Box::from_raw(fresh) };
            unused.runtime.shutdown_background();
        }
    }
}

fn build() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).thread_name("clawrouters").enable_all().build()
}
