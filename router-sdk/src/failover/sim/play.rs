//! One reply laid out in time: a fault and an answer in, pieces with their delays out.

use std::time::Duration;

use bytes::Bytes;

use super::dice::Dice;
use super::fault::Fault;
use super::wire::{self, Told};
use crate::provider::{Cause, Failure, Family};

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Proper,
    Lost,
    Never,
}

/// What comes after the head.
pub(super) struct Play {
    pub(super) status: u16,
    pub(super) pieces: Vec<(Duration, Bytes)>,
    /// A piece that is said again and again after the others.
    pub(super) for_ever: Option<(Duration, Bytes)>,
    pub(super) end: End,
}

/// The fault of a connection that gives no head.
pub(super) fn before_head(fault: Option<Fault>) -> Option<Failure> {
    match fault {
        Some(Fault::Refuse) => Some(Failure::new(Cause::Connect, "connection refused")),
        Some(Fault::ResetBeforeHead) => Some(Failure::new(Cause::Reset, "connection reset")),
        _ => None,
    }
}

/// Lays a reply out.
pub(super) fn lay_out(
    family: Family,
    stream: bool,
    text: &str,
    told: Told,
    fault: Option<Fault>,
    latency_ms: u64,
    dice: &mut Dice,
) -> Play {
    if let Some(Fault::Status(status, _)) = fault {
        let body = wire::error(family, status, "It went wrong.").to_string();
        return Play { status, pieces: spread(body.as_bytes(), 0, dice), for_ever: None, end: End::Proper };
    }
    let mut events = match stream {
        true => wire::events(family, text, told, dice),
        false => vec![wire::whole(family, text, told)],
    };
    damage(&mut events, family, stream, fault, dice);
    let bytes: Vec<u8> = events.concat().into_bytes();
    let (upto, end) = match fault {
        Some(Fault::Cut(at)) => (share(&bytes, at), End::Lost),
        Some(Fault::End(at)) => (share(&bytes, at), End::Proper),
        Some(Fault::Stall(at)) => (share(&bytes, at), End::Never),
        Some(Fault::Pings) => (0, End::Never),
        Some(Fault::PingsFrom(at)) => (share(&bytes, at), End::Never),
        Some(Fault::NeverCloses) => (bytes.len(), End::Never),
        _ => (bytes.len(), End::Proper),
    };
    let mut pieces = spread(&bytes[..upto], latency_ms, dice);
    if let (Some(Fault::SlowFirst), Some(first)) = (fault, pieces.first_mut()) {
        first.0 += dice.ms(500, 8_000);
    }
    let pings = matches!(fault, Some(Fault::Pings | Fault::PingsFrom(_)));
    let for_ever = pings.then(|| (dice.ms(50, 400), Bytes::from(wire::ping(family))));
    Play { status: 200, pieces, for_ever, end }
}

fn share(bytes: &[u8], thousandths: u64) -> usize {
    bytes.len() * usize::try_from(thousandths).unwrap() / 1_000
}

fn damage(events: &mut Vec<String>, family: Family, stream: bool, fault: Option<Fault>, dice: &mut Dice) {
    let at = |thousandths: u64, events: &Vec<String>| {
        (events.len() * usize::try_from(thousandths).unwrap() / 1_000).min(events.len())
    };
    match fault {
        Some(Fault::ErrorInStream(place)) if stream => {
            events.truncate(at(place, events));
            events.push(wire::error_event(family));
        }
        Some(Fault::ErrorInStream(_)) => *events = vec![wire::error(family, 503, "Overloaded").to_string()],
        Some(Fault::Malformed(place)) if stream => {
            let place = at(place, events);
            events.insert(place, "data: {\"broken\": [\n\n".to_owned());
        }
        Some(Fault::Malformed(_)) => *events = vec!["{\"broken\": [".to_owned()],
        Some(Fault::Html) => *events = vec!["<!doctype html><title>Bad gateway</title>".to_owned()],
        Some(Fault::Empty) => events.clear(),
        Some(Fault::GarbageAfter) if stream => {
            let garbage = dice.one_of(&["\u{0}\u{1}noise\n\n", "data: {\"broken\n\n", "data: not json\n\n"]);
            events.push(garbage.to_owned());
        }
        _ => {}
    }
}

/// Bytes in portions of any size, each with the time it takes.
fn spread(bytes: &[u8], latency_ms: u64, dice: &mut Dice) -> Vec<(Duration, Bytes)> {
    let (mut at, most, mut out) = (0, dice.one_of(&[20, 200, 5_000]), Vec::new());
    while at < bytes.len() {
        let to = (at + usize::try_from(dice.between(1, most)).unwrap()).min(bytes.len());
        out.push((dice.ms(0, latency_ms / 4 + 1), Bytes::copy_from_slice(&bytes[at..to])));
        at = to;
    }
    if let Some(first) = out.first_mut() {
        first.0 += dice.ms(0, latency_ms + 1);
    }
    out
}
