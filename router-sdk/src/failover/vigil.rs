//! Active probes: places that rest after failures in, an early end of the rest out once their door answers again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::sender::Sender;
use crate::provider::Target;

/// How long a door may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at a target that has just begun to rest until it answers or rests no more. It asks for the list of models,
/// which costs nothing; any answer that is no server error ends the rest, and the next request is the probe.
pub(super) fn watch(sender: &Arc<Sender>, target: &Target) {
    let Some(interval) = sender.settings.breaker.probe_interval_ms.map(Duration::from_millis) else { return };
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    if target.deployment.sandbox || !sender.health.look_after(&target.place()) {
        return;
    }
    runtime.spawn(keep_watch(Arc::downgrade(sender), target.clone(), interval));
}

async fn keep_watch(sender: Weak<Sender>, target: Target, interval: Duration) {
    let place = target.place();
    loop {
        tokio::time::sleep(interval).await;
        // A router that is gone has nobody to look after.
        let Some(sender) = sender.upgrade() else { return };
        if !sender.health.is_open(&place, Instant::now()) {
            sender.health.looked_after(&place);
            return;
        }
        let url = format!("{}/models", target.deployment.base_url);
        let asked = sender.http.alive(&url, target.headers(None));
        if tokio::time::timeout(PATIENCE, asked).await.unwrap_or(false) {
            sender.health.seen_alive(&place, Instant::now());
        }
    }
}
