//! What goes on in the background: corrections sent, slices given back, signs of life, probes of a server that failed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::link::Fault;
use super::local::{Local, SILENCE, State};
use super::script;

/// Corrections are gathered for so long before they are sent together.
const GATHER: Duration = Duration::from_millis(10);
/// How often it looks around when nothing wakes it.
const ROUND: Duration = Duration::from_millis(250);
const BEAT: Duration = Duration::from_secs(1);
/// How long a store that was dropped waits for its last holds.
const FAREWELL: Duration = Duration::from_secs(10);

/// The worker of this moment: one, on the runtime of the latest call.
#[derive(Debug, Default)]
pub(super) struct Post {
    holder: Mutex<Option<(tokio::runtime::Id, JoinHandle<()>)>>,
}

impl Post {
    /// Sees to it that somebody works on the present runtime.
    pub(super) fn attend(&self, local: &Arc<Local>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, task)) = &*holder {
            if *id == runtime.id() && !task.is_finished() {
                return;
            }
            // The other runtime may stand still. Nothing is lost by it: batches are numbered.
            task.abort();
        }
        *holder = Some((runtime.id(), runtime.spawn(work(Arc::clone(local)))));
    }
}

async fn work(local: Arc<Local>) {
    let mut beaten = None;
    let mut left_at = None;
    loop {
        let wait = pause(&local);
        tokio::select! {
            () = local.wake.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(wait) => {}
        }
        tend(&local, &mut beaten).await;
        if local.closing.load(Ordering::Relaxed) {
            local.give_back();
            let late = left_at.get_or_insert_with(Instant::now).elapsed() >= FAREWELL;
            if local.holds.load(Ordering::Relaxed) == 0 || late {
                let _ = local.flush().await;
                return;
            }
        }
    }
}

/// How long nothing is due.
fn pause(local: &Local) -> Duration {
    let now = Instant::now();
    let state = local.state();
    let due = state.breaker.probe_at().or_else(|| state.slices.next());
    due.map_or(ROUND, |due| due.saturating_duration_since(now)).clamp(Duration::from_millis(1), ROUND)
}

/// One round.
async fn tend(local: &Local, beaten: &mut Option<Instant>) {
    let now = Instant::now();
    let probe = local.state().breaker.probe_at();
    if let Some(due) = probe {
        if now < due {
            return;
        }
        if beat(local).await == Err(Fault::Silent) {
            local.link.hang_up();
        }
    } else if beaten.is_none_or(|at| now.saturating_duration_since(at) >= BEAT) && beat(local).await.is_ok() {
        *beaten = Some(now);
    }
    let open = {
        let mut state = local.state();
        let State { slices, queue, breaker, .. } = &mut *state;
        let open = breaker.is_open();
        slices.expire(Instant::now(), open).into_iter().for_each(|c| queue.correct(c));
        let now_ms = state.clock(i64::MIN);
        state.queue.prune(now_ms);
        open
    };
    if !open {
        let _ = local.send().await;
    }
}

async fn beat(local: &Local) -> Result<(), Fault> {
    let silence = u64::try_from(SILENCE.as_millis()).unwrap_or(u64::MAX);
    let answer = local.run(&script::beat(local.at(None), &local.process, silence)).await?;
    if answer.numbers.first() == Some(&0) {
        // A server that was emptied, or took us for dead: it is told again what is held here.
        let mut state = local.state();
        let State { slices, queue, .. } = &mut *state;
        slices.held().into_iter().for_each(|c| queue.correct(c));
    }
    Ok(())
}
