//! What goes wrong with one reply: dice and a provider's mood in, a fault out.

use super::dice::Dice;

/// One way to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Refuse,
    ResetBeforeHead,
    HangBeforeHead,
    /// A status, with a Retry-After in milliseconds.
    Status(u16, Option<u64>),
    SlowFirst,
    /// At so many thousandths of the body the connection is lost.
    Cut(u64),
    /// The body ends properly there.
    End(u64),
    Stall(u64),
    ErrorInStream(u64),
    Malformed(u64),
    Html,
    Empty,
    GarbageAfter,
    NeverCloses,
    /// Nothing but pings.
    Pings,
    /// Pings from there on.
    PingsFrom(u64),
}

const STATUSES: [u16; 20] =
    [500, 500, 502, 503, 503, 504, 529, 429, 429, 429, 429, 408, 401, 402, 403, 404, 413, 400, 422, 418];

/// Draws a fault.
pub(super) fn draw(dice: &mut Dice) -> Fault {
    let at = dice.between(0, 1_001);
    match dice.between(0, 24) {
        0 | 1 => Fault::Refuse,
        2 => Fault::ResetBeforeHead,
        3 => Fault::HangBeforeHead,
        4..=7 => {
            let hint = dice.percent(50).then(|| dice.one_of(&[0, 40, 400, 2_000, 30_000]));
            Fault::Status(dice.one_of(&STATUSES), hint)
        }
        8 => Fault::SlowFirst,
        9..=11 => Fault::Cut(at),
        12..=14 => Fault::End(at),
        15 | 16 => Fault::Stall(at),
        17 => Fault::ErrorInStream(at),
        18 => Fault::Malformed(at),
        19 => Fault::Html,
        20 => Fault::Empty,
        21 => Fault::GarbageAfter,
        22 => dice.one_of(&[Fault::NeverCloses, Fault::Pings]),
        _ => Fault::PingsFrom(at),
    }
}

/// How a provider fares over time.
#[derive(Debug, Clone)]
pub(super) struct Mood {
    /// Faults in a hundred while it is ill.
    ill: u64,
    /// It is well and ill in turn for so many milliseconds; 0 for always ill.
    flaps_ms: u64,
    /// It fails in one way only.
    only: Option<Fault>,
    pub(super) latency_ms: u64,
    pub(super) refuses_prefill: bool,
}

impl Mood {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let only = dice.percent(25).then(|| draw(dice));
        Self {
            ill: dice.one_of(&[0, 20, 50, 80, 100]),
            flaps_ms: dice.one_of(&[0, 0, 700, 3_000, 12_000]),
            only,
            latency_ms: dice.one_of(&[0, 5, 60, 400]),
            refuses_prefill: dice.percent(30),
        }
    }

    /// What goes wrong with a reply begun so many milliseconds after the start.
    pub(super) fn fault(&self, at_ms: u128, dice: &mut Dice) -> Option<Fault> {
        let well = self.flaps_ms > 0 && (at_ms / u128::from(self.flaps_ms)) % 2 == 1;
        if well || !dice.percent(self.ill) {
            return None;
        }
        Some(self.only.unwrap_or_else(|| draw(dice)))
    }
}
