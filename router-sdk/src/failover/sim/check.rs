//! What must hold of every seed: reports, entries and counters in, broken promises out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::caller::{Outcome, Report};
use super::stand_in::Stage;
use super::world::World;
use crate::account::Entry;
use crate::error::ErrorKind;
use crate::pipeline::Shared;

/// Virtual time that a request may end after its deadline: the grain of timers.
const SLACK: Duration = Duration::from_millis(5);

/// A request ended in time, with what was meant or an error, and a cancelled one let go at once.
pub(super) fn report(stage: &Stage, report: &Report, deadline: Duration) {
    let number = report.number;
    if report.took > deadline + SLACK {
        stage.fault(format!("#{number} took {:?} where {deadline:?} were allowed", report.took));
    }
    if report.still_open > 0 {
        stage.fault(format!("#{number} was cancelled and has {} connections open", report.still_open));
    }
    let meant = stage.seen().meant[&number].clone();
    if let Some(garbled) = &meant.garbled {
        stage.fault(format!("#{number}: a target was shown what nobody meant: {garbled:?}"));
    }
    let text = &report.text;
    let fine = match &report.outcome {
        Outcome::Answered(_) => meant.whole(text),
        Outcome::Left => meant.begins(text),
        Outcome::Failed(error) => {
            if error.kind() == ErrorKind::StreamInterrupted && error.partial().map(|p| &p.text) != Some(text) {
                stage.fault(format!("#{number}: the error's partial text is not what was delivered"));
            }
            if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Cancelled | ErrorKind::NoCandidate) {
                stage.fault(format!("#{number} failed with {error}"));
            }
            meant.begins(text)
        }
    };
    if !fine {
        stage.fault(format!("#{number} was told {text:?}, meant was {:?}", meant.first()));
    }
}

/// Each request and each send on its behalf stands in the books once, with what it cost.
pub(super) fn books(stage: &Stage, shared: &Shared, world: &World, reports: &[Report]) {
    let entries = shared.ledger.entries();
    let mut by_number: HashMap<u64, Vec<&Entry>> = HashMap::new();
    entries.iter().for_each(|e| by_number.entry(e.tags["n"].parse().unwrap()).or_default().push(e));
    for one in reports {
        let number = one.number;
        let own = by_number.remove(&number).unwrap_or_default();
        let requests = own.iter().filter(|e| e.purpose == "request").count();
        // Who leaves before the first step has asked for nothing.
        let never = matches!(one.outcome, Outcome::Left) && requests == 0;
        if requests != 1 && !never {
            stage.fault(format!("#{number} has {requests} entries"));
        }
        let (attempts, sends): (usize, u64) =
            (own.iter().map(|e| e.route.attempts.len()).sum(), stage.seen().sends.get(&number).copied().unwrap_or(0));
        if attempts as u64 != sends {
            stage.fault(format!("#{number} was sent {sends} times, {attempts} attempts are recorded"));
        }
        own.iter().for_each(|e| entry(stage, number, e, world));
        outcome(stage, one, &own);
    }
    let spending = shared.spending();
    let spent: i128 = entries.iter().map(|e| i128::from(e.route.cost_nanos.unwrap_or(0))).sum();
    if spending.held_nanos != 0 || spending.spent_nanos != spent {
        stage.fault(format!("the counters are {spending:?}, the entries add up to {spent}"));
    }
}

fn outcome(stage: &Stage, report: &Report, own: &[&Entry]) {
    let Some(entry) = own.iter().find(|e| e.purpose == "request") else { return };
    let (number, error) = (report.number, entry.error);
    let fits = match &report.outcome {
        Outcome::Answered(_) => error.is_none(),
        Outcome::Failed(told) => error == Some(told.kind()),
        // The answer may have been complete when the caller left.
        Outcome::Left => error.is_none() || error == Some(ErrorKind::Cancelled),
    };
    if !fits {
        stage.fault(format!("#{number} has an entry with the error {error:?}"));
    }
    if let Outcome::Answered(route) = &report.outcome
        && !Arc::ptr_eq(route, &entry.route)
    {
        stage.fault(format!("#{number} was told another route than the ledger"));
    }
}

/// One entry: attempts within their bounds, costs that are tokens times prices and add up.
fn entry(stage: &Stage, number: u64, entry: &Entry, world: &World) {
    let (route, retry) = (&entry.route, &world.config.retry);
    let most = if entry.purpose == "request" { retry.max_total_attempts } else { 1 };
    if route.attempts.len() > most as usize {
        stage.fault(format!("#{number} made {} attempts of {most} ({})", route.attempts.len(), entry.purpose));
    }
    let (mut sum, mut silent, mut sends) = (0, Vec::new(), HashMap::<_, u32>::new());
    for attempt in &route.attempts {
        let place = (&attempt.target, &attempt.deployment);
        if silent.contains(&place) {
            stage.fault(format!("#{number} asked {place:?} again though it had kept silent"));
        }
        if matches!(attempt.verdict.as_str(), "headers_timeout" | "first_token_timeout") {
            silent.push(place);
        }
        *sends.entry(place).or_default() += 1;
        let (input, output) = world.rates[&attempt.target];
        let due = attempt.usage.map_or(0, |u| u.input * input + u.output * output);
        if attempt.cost_nanos != Some(due) {
            stage.fault(format!("#{number}: an attempt cost {:?}, due is {due}", attempt.cost_nanos));
        }
        sum += due;
    }
    // A break is the start of another turn.
    let breaks = route.attempts.iter().filter(|a| matches!(a.then, "resume" | "restart")).count();
    if breaks == 0 && sends.values().any(|sends| *sends > retry.max_attempts) {
        stage.fault(format!("#{number} asked one target {sends:?} times"));
    }
    if route.cost_nanos.unwrap_or(0) != sum {
        stage.fault(format!("#{number} cost {:?}, its attempts {sum}", route.cost_nanos));
    }
}

/// Limits and budgets hold nothing for requests that are over, and count what they used.
pub(super) async fn quota(stage: &Stage, shared: &Shared, world: &World) {
    if shared.quota.is_none() {
        return;
    }
    let entries = shared.ledger.entries();
    let spent = |of: &dyn Fn(&str) -> bool| -> u64 {
        let attempts = entries.iter().flat_map(|entry| &entry.route.attempts);
        attempts.filter(|attempt| of(&attempt.target)).filter_map(|attempt| attempt.cost_nanos).sum()
    };
    let models = world.rates.keys().map(|model| (format!("model:{model}"), spent(&|target| target == model.as_str())));
    let all = std::iter::once(("global".to_owned(), spent(&|_| true)));
    for (subject, due) in all.chain(models) {
        let Ok(state) = shared.quota_of(&subject).await else { continue };
        let held = state.limits.iter().filter(|limit| limit.name == "concurrency" && limit.used > 0);
        held.for_each(|limit| stage.fault(format!("{subject} has {} at once and none is under way", limit.used)));
        for budget in &state.budgets {
            let nanos = (budget.spent_usd * 1e9).round() as u64;
            if budget.held_usd != 0.0 || nanos != due {
                stage.fault(format!("the budget of {subject} is {budget:?}, its attempts cost {due}"));
            }
        }
    }
}

/// Nothing is left of requests that are over.
pub(super) fn at_rest(stage: &Stage, shared: &Shared, world: &World) {
    if stage.open(None) > 0 {
        stage.fault(format!("{} connections are open", stage.open(None)));
    }
    let states = shared.sender.health.snapshot(Instant::now());
    for state in states.iter().filter(|s| s.in_flight > 0) {
        stage.fault(format!("{} has {} in flight", state.target, state.in_flight));
    }
    // One for each place and one for each key.
    if states.len() > world.places.len() * 2 {
        stage.fault(format!("{} states are kept of {} places", states.len(), world.places.len()));
    }
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    if tasks > 0 {
        stage.fault(format!("{tasks} tasks are alive"));
    }
    let counts = (Arc::strong_count(&shared.sender), Arc::strong_count(&shared.ledger));
    if counts != (1, 1) {
        stage.fault(format!("sender and ledger are held {counts:?} times"));
    }
}
