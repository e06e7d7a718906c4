//! What a cell came to, in the words of the table, and what is wrong with it.

use std::collections::HashMap;
use std::time::Duration;

use super::cell::{Cell, Situation};
use super::ground::{FIRST_OUTPUT_MS, Ground, TEXT, TOTAL_MS};
use super::outcome::Outcome;

/// Room for a machine that has other things to do.
const SLACK: Duration = Duration::from_millis(2_500);

/// The outcome in the words of the table: `answered`, `answered again`, `other`, `completed by other`, `completed by
/// itself`, or `Kind cause`, for a stream that broke `interrupted cause`.
fn named(cell: &Cell<'_>, outcome: &Outcome) -> String {
    if let Some(error) = &outcome.error {
        let cause = outcome.attempts.last().map_or("none", |a| a.verdict.as_str());
        return match error.partial() {
            Some(_) => format!("interrupted {}", outcome.attempts.first().map_or("none", |a| a.verdict.as_str())),
            None => format!("{:?} {cause}", error.kind()),
        };
    }
    let first = outcome.model == cell.models()[0];
    match (first, outcome.resumed.is_empty(), outcome.attempts.len()) {
        (true, true, 1) => "answered",
        (true, true, _) => "answered again",
        (true, false, _) => "completed by itself",
        (false, true, _) => "other",
        (false, false, _) => "completed by other",
    }
    .to_owned()
}

/// Everything that is wrong with an outcome.
pub fn faults_of(cell: &Cell<'_>, outcome: &Outcome, requests: &HashMap<String, usize>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut wrong = |what: String| faults.push(what);
    let named = named(cell, outcome);
    if named != cell.expected {
        wrong(format!("expected \"{}\", it came to \"{named}\" {:?}", cell.expected, brief(outcome)));
    }
    match &outcome.error {
        None => {
            if outcome.text != TEXT {
                wrong(format!("the text is {:?}", outcome.text));
            }
            if outcome.finish.as_deref() != Some("stop") {
                wrong(format!("the finish reason is {:?}", outcome.finish));
            }
            if outcome.attempts.last().is_none_or(|a| a.then != "done" || a.verdict != "ok") {
                wrong("the last attempt is not a good one".into());
            }
        }
        Some(error) => {
            if !TEXT.starts_with(&outcome.text) {
                wrong(format!("the text is no beginning of what was meant: {:?}", outcome.text));
            }
            if error.partial().map(|p| p.text.as_str()).unwrap_or_default() != outcome.text {
                wrong(format!("the partial text {:?} is not what was delivered", error.partial()));
            }
            if outcome.attempts.last().is_none_or(|a| a.then != "stop" && !cell.expected.starts_with("interrupted")) {
                wrong("the last attempt does not say stop".into());
            }
            if format!("{error:?} {error}").contains("key-0123456789") {
                wrong("the key shows in the error".into());
            }
        }
    }
    faults.extend(attempts(cell, outcome, requests));
    let limit = bound(cell, outcome);
    if outcome.time > limit {
        faults.push(format!("it took {:?}, more than {limit:?}", outcome.time));
    }
    faults
}

fn brief(outcome: &Outcome) -> Vec<String> {
    let told = outcome.attempts.iter().map(|a| format!("{} -> {} ({})", a.verdict, a.then, a.why));
    told.chain(outcome.error.iter().map(|e| format!("{:?}: {}", e.kind(), e.message()))).collect()
}

/// Sends are bounded, and each is recorded with a verdict, what followed and why.
fn attempts(cell: &Cell<'_>, outcome: &Outcome, requests: &HashMap<String, usize>) -> Vec<String> {
    let mut faults = Vec::new();
    let models = cell.models();
    if outcome.attempts.is_empty() || outcome.attempts.len() > 6 {
        faults.push(format!("{} attempts are recorded", outcome.attempts.len()));
    }
    for attempt in &outcome.attempts {
        if attempt.verdict.is_empty() || attempt.then.is_empty() || (attempt.verdict != "ok" && attempt.why.is_empty())
        {
            faults.push(format!("an attempt does not say why: {attempt:?}"));
        }
    }
    for (at, model) in models.iter().enumerate() {
        let recorded = outcome.attempts.iter().filter(|a| a.target == *model).count();
        let provider = model.trim_end_matches("/m");
        let unreachable = at == 0 && cell.row.address.is_some();
        let sent = requests.get(provider).copied().unwrap_or_default();
        if !unreachable && sent != recorded {
            faults.push(format!("{provider} got {sent} requests, {recorded} are recorded"));
        }
        let again = matches!(outcome.attempts.first().map(|a| a.verdict.as_str()), Some("reset" | "server_error"));
        let most = match (cell.situation, cell.stream, again) {
            (Situation::Another, _, false) => 1,
            (Situation::Another, ..) | (_, false, _) => 2,
            (_, true, _) => 6,
        };
        if recorded > most {
            faults.push(format!("{provider} was asked {recorded} times"));
        }
    }
    faults
}

/// How long it may take at most.
fn bound(cell: &Cell<'_>, outcome: &Outcome) -> Duration {
    let waited = outcome.attempts.iter().any(|a| a.verdict.ends_with("_timeout") || a.verdict == "deadline");
    let streams = cell.stream || waited;
    match (cell.situation, streams) {
        (Situation::Another, _) if waited => Duration::from_millis(FIRST_OUTPUT_MS) + SLACK,
        (_, true) => Duration::from_millis(TOTAL_MS) + SLACK,
        _ => 2 * SLACK,
    }
}

/// What is still there after all cells: open connections, held money, missing or double entries.
pub async fn left_over(ground: &Ground, cells: &[Cell<'_>]) -> Vec<String> {
    // A finished stream is read on for a second, so that its connection can be used again.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut faults = Vec::new();
    let open: Vec<String> = ground
        .fake
        .requests(super::ground::ID)
        .into_iter()
        .filter(|r| r.ended_ms.is_none())
        .map(|r| r.provider)
        .collect();
    if !open.is_empty() {
        faults.push(format!("{} connections are still open: {open:?}", open.len()));
    }
    let (spending, entries) = (ground.router.spending(), ground.router.entries());
    if spending.held_nanos != 0 {
        faults.push(format!("{} nano-dollars are still held", spending.held_nanos));
    }
    let requests = entries.iter().filter(|e| e.purpose.is_empty() || e.purpose == "request").count();
    if requests != cells.len() {
        faults.push(format!("{requests} entries for {} requests", cells.len()));
    }
    let busy: Vec<_> = ground.router.health().into_iter().filter(|t| t.in_flight > 0).map(|t| t.target).collect();
    if !busy.is_empty() {
        faults.push(format!("these count requests in flight: {busy:?}"));
    }
    faults
}
