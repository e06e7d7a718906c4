//! Spreading requests over deployments that can answer alike: what is known of each in, the order in which they are asked
//! out. Chance and turns are arguments.

mod arrange;
mod draw;
mod own;

pub(crate) use arrange::{Pools, arrange, spread};
pub(crate) use draw::Draw;
pub(crate) use own::{own, seen_by};

use crate::config::Balance;

/// How busy, quick and used a place is at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Load {
    pub(crate) in_flight: u32,
    /// Seconds to the first output: the peak lately seen; 0 when it was never asked.
    pub(crate) seconds: f64,
    /// Share of its limits used in the last minute.
    pub(crate) usage: f64,
    pub(crate) resting: bool,
}

/// One deployment as the order is decided from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seatable {
    /// Its name, by which consistent hashing knows it.
    pub(crate) name: String,
    pub(crate) weight: f64,
    /// Lower numbers are asked first.
    pub(crate) priority: u32,
    pub(crate) cost_nanos: Option<u64>,
    pub(crate) load: Load,
}

/// The order in which to ask, as places in `all`. Those that rest come last within their priority, whatever the strategy.
///
/// `key` names a session or a shared beginning of prompts; given one, every strategy keeps to the same deployment while
/// that one is well, except that `hash` is the only one that needs it.
pub(crate) fn order(balance: Balance, all: &[Seatable], key: Option<&str>, turn: u64, draw: &Draw) -> Vec<usize> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    let merits: Vec<f64> = match key {
        Some(key) => all.iter().map(|s| rendezvous(key, s)).collect(),
        None => merits(balance, all, turn, draw),
    };
    let rank = |at: &usize| all.get(*at).map(|s| (s.priority, s.load.resting)).unwrap_or_default();
    let merit = |at: &usize| merits.get(*at).copied().unwrap_or(f64::MAX);
    order.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| merit(a).total_cmp(&merit(b))));
    order
}

/// What each deployment is ordered by; smaller comes first.
fn merits(balance: Balance, all: &[Seatable], turn: u64, draw: &Draw) -> Vec<f64> {
    let count = all.len().max(1) as u64;
    match balance {
        // The smallest of exponentially distributed draws, each at the rate of its weight, falls in proportion to them.
        Balance::Weighted | Balance::Hash => all.iter().map(|s| -draw.uniform().ln() / s.weight).collect(),
        Balance::RoundRobin => (0..count).map(|at| ((at + count - turn % count) % count) as f64).collect(),
        Balance::LeastBusy => {
            all.iter().map(|s| f64::from(s.load.in_flight + 1) / s.weight + draw.uniform() * 1e-6).collect()
        }
        Balance::LowestUsage => all.iter().map(|s| s.load.usage + draw.uniform() * 1e-15).collect(),
        Balance::Cheapest => {
            let cost = |s: &Seatable| s.cost_nanos.map_or(f64::MAX / 2.0, |nanos| nanos as f64);
            all.iter().map(|s| cost(s) + draw.uniform() * 1e-3).collect()
        }
        Balance::LowestLatency => quicker_of_two(all, draw),
    }
}

/// Peak latency times the requests in flight. Two are drawn and the better of them goes first, so that a crowd does not
/// all run to the same one; the others follow by merit.
fn quicker_of_two(all: &[Seatable], draw: &Draw) -> Vec<f64> {
    let mut merits: Vec<f64> =
        all.iter().map(|s| s.load.seconds * f64::from(s.load.in_flight + 1) / s.weight).collect();
    let best_tier = all.iter().map(|s| (s.priority, s.load.resting)).min();
    let tier: Vec<usize> =
        (0..all.len()).filter(|at| all.get(*at).map(|s| (s.priority, s.load.resting)) == best_tier).collect();
    let pick = |from: &[usize]| from.get((draw.uniform() * from.len() as f64) as usize).copied();
    let Some(one) = pick(&tier) else { return merits };
    let others: Vec<usize> = tier.iter().copied().filter(|at| *at != one).collect();
    let two = pick(&others).unwrap_or(one);
    let merit = |at: usize| merits.get(at).copied().unwrap_or(f64::MAX);
    let winner = if merit(two) < merit(one) { two } else { one };
    if let Some(merit) = merits.get_mut(winner) {
        *merit = -1.0;
    }
    merits
}

/// Rendezvous hashing with weights: when a deployment goes, only its own keys move.
fn rendezvous(key: &str, seat: &Seatable) -> f64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (key, &seat.name).hash(&mut hasher);
    let uniform = (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64;
    -uniform.max(f64::MIN_POSITIVE).ln() / seat.weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(name: &str) -> Seatable {
        Seatable { name: name.into(), weight: 1.0, priority: 0, cost_nanos: None, load: Load::default() }
    }

    fn firsts(balance: Balance, all: &[Seatable], rounds: usize) -> Vec<usize> {
        let draw = Draw::seeded(7);
        let mut counts = vec![0; all.len()];
        for turn in 0..rounds {
            counts[order(balance, all, None, turn as u64, &draw)[0]] += 1;
        }
        counts
    }

    #[test]
    fn weights_are_shares() {
        let all = [Seatable { weight: 3.0, ..seat("a") }, seat("b")];
        let counts = firsts(Balance::Weighted, &all, 10_000);
        assert!((7_200..7_800).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn turns_go_round_and_the_next_one_stands_by() {
        let all = [seat("a"), seat("b"), seat("c")];
        assert_eq!(firsts(Balance::RoundRobin, &all, 9), [3, 3, 3]);
        let draw = Draw::seeded(1);
        let first = order(Balance::RoundRobin, &all, None, 4, &draw);
        assert_eq!(first[1], (first[0] + 1) % 3);
    }

    #[test]
    fn the_least_busy_least_used_and_cheapest_go_first() {
        let busy = |in_flight| Load { in_flight, ..Load::default() };
        let used = |usage| Load { usage, ..Load::default() };
        let all = [Seatable { load: busy(5), ..seat("a") }, Seatable { load: busy(2), ..seat("b") }];
        assert_eq!(firsts(Balance::LeastBusy, &all, 50), [0, 50]);
        let heavy = [Seatable { load: busy(5), weight: 10.0, ..seat("a") }, Seatable { load: busy(2), ..seat("b") }];
        assert_eq!(firsts(Balance::LeastBusy, &heavy, 50), [50, 0]);
        let all = [Seatable { load: used(0.9), ..seat("a") }, Seatable { load: used(0.2), ..seat("b") }];
        assert_eq!(firsts(Balance::LowestUsage, &all, 50), [0, 50]);
        let all =
            [Seatable { cost_nanos: Some(9), ..seat("a") }, Seatable { cost_nanos: Some(3), ..seat("b") }, seat("c")];
        assert_eq!(firsts(Balance::Cheapest, &all, 50), [0, 50, 0]);
    }

    #[test]
    fn the_slowest_of_three_is_never_first_and_the_quickest_mostly_is() {
        let slow = |seconds| Load { seconds, ..Load::default() };
        let all = [
            Seatable { load: slow(0.2), ..seat("a") },
            Seatable { load: slow(0.5), ..seat("b") },
            Seatable { load: slow(3.0), ..seat("c") },
        ];
        let counts = firsts(Balance::LowestLatency, &all, 3_000);
        assert!(counts[2] == 0 && counts[0] > 1_800 && counts[1] > 700, "{counts:?}");
    }

    #[test]
    fn priorities_come_before_everything_and_resting_ones_last_in_theirs() {
        let resting = Load { resting: true, ..Load::default() };
        let all = [Seatable { priority: 1, ..seat("spare") }, Seatable { load: resting, ..seat("ill") }, seat("well")];
        for balance in [Balance::Weighted, Balance::RoundRobin, Balance::LowestLatency, Balance::Hash] {
            assert_eq!(order(balance, &all, None, 0, &Draw::seeded(3)), [2, 1, 0]);
        }
        assert_eq!(order(Balance::Weighted, &all, Some("s"), 0, &Draw::seeded(3)), [2, 1, 0]);
    }

    #[test]
    fn a_session_stays_and_only_the_keys_of_a_lost_deployment_move() {
        let all = [seat("a"), seat("b"), seat("c")];
        let home = |all: &[Seatable], key: &str| order(Balance::Hash, all, Some(key), 0, &Draw::seeded(5))[0];
        let keys: Vec<String> = (0..600).map(|i| format!("session-{i}")).collect();
        let mut counts = [0; 3];
        for key in &keys {
            let at = home(&all, key);
            assert_eq!(at, home(&all, key));
            counts[at] += 1;
            let without = home(&all[..2], key);
            assert!(at == 2 || without == at, "{key} moved without need");
        }
        assert!(counts.iter().all(|c| *c > 150), "{counts:?}");
    }
}
