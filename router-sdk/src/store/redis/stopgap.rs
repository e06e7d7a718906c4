//! Claims while the server cannot be asked: counted in this process alone where the policy is open, and told to the server
//! once it is back, so that its sums are whole again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::keys::{Kind, Meter, signed};
use super::link::Fault;
use super::local::{Local, State};
use super::queue::Correction;
use crate::store::{Amounts, Claim, Denied, Hold, Keeper, Measure, Part, StateStore, Unavailable};

/// Keeps what the stopgap's counters granted, and tells the server what became of it.
struct Stopgap {
    local: Arc<Local>,
    hold: Mutex<Option<Hold>>,
}

pub(super) async fn reserve(local: &Arc<Local>, claims: &[Claim], at_ms: i64, fault: Fault) -> Result<Hold, Denied> {
    let policy = local.policy;
    let open = |claim: &Claim| if claim.measure == Measure::Nanos { policy.budgets_open } else { policy.limits_open };
    if !claims.iter().all(open) {
        return Err(Denied::Unavailable(Unavailable(fault.words().to_owned())));
    }
    let now_ms = local.clock(at_ms);
    let granted = local.stopgap().reserve(claims, now_ms).await?;
    let mut parts = granted.parts().to_vec();
    let mut state = local.state();
    for part in &mut parts {
        let meter = Meter::new(local.link.prefix(), &part.claim);
        part.mark = if meter.kind == Kind::Sliding { now_ms.div_euclid(meter.a) } else { 0 };
        let amount = signed(part.claim.amount);
        state.queue.correct(Correction { meter, mark: part.mark, by: amount, held: amount });
    }
    drop(state);
    local.holds.fetch_add(1, Ordering::Relaxed);
    let keeper = Stopgap { local: Arc::clone(local), hold: Mutex::new(Some(granted)) };
    Ok(Hold::new(Arc::new(keeper), parts))
}

impl Keeper for Stopgap {
    fn settle(&self, parts: &[Part], real: Amounts) {
        let held = self.hold.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !self.local.is_ours() {
            return;
        }
        if let Some(held) = held {
            held.settle(real);
        }
        let mut state = self.local.state();
        let State { queue, .. } = &mut *state;
        for Part { claim, mark, .. } in parts {
            let meter = Meter::new(self.local.link.prefix(), claim);
            let (claimed, real) = (signed(claim.amount), signed(real.of(claim.measure)));
            queue.correct(Correction { meter, mark: *mark, by: real - claimed, held: -claimed });
        }
        drop(state);
        self.local.holds.fetch_sub(1, Ordering::Relaxed);
        self.local.wake.notify_one();
    }
}
