//! The memory store against what it promises, and its sliding spans against a plain log.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;

use super::*;
use crate::store::{Measure, Span};

const START: i64 = 1_700_000_000_000;
const DAY: Span = Span::Until { began_ms: START, ends_ms: START + 86_400_000 };

fn claim(subject: &str, measure: Measure, span: Span, cap: u64, amount: u64) -> Claim {
    Claim { subject: subject.into(), measure, span, cap, amount }
}

fn reserve(store: &MemoryStore, claims: &[Claim], at_ms: i64) -> Result<Hold, Denied> {
    store.reserve(claims, at_ms).now_or_never().unwrap()
}

fn level(store: &MemoryStore, claim: &Claim, at_ms: i64) -> Level {
    store.levels(std::slice::from_ref(claim), at_ms).now_or_never().unwrap().unwrap()[0]
}

fn full(denied: Result<Hold, Denied>) -> (usize, Option<u64>, u64) {
    match denied {
        Err(Denied::Full { claim, retry_after_ms, left }) => (claim, retry_after_ms, left),
        other => panic!("{other:?}"),
    }
}

#[test]
fn claims_are_granted_together_or_not_at_all() {
    let store = MemoryStore::default();
    let roomy = claim("global", Measure::Requests, Span::Sliding { ms: 60_000 }, 100, 1);
    let tight = claim("tag:a=b", Measure::Tokens, DAY, 10, 11);
    assert_eq!(full(reserve(&store, &[roomy.clone(), tight], START)), (1, None, 10));
    assert_eq!(level(&store, &roomy, START).used, 0);
    let fits = claim("tag:a=b", Measure::Tokens, DAY, 10, 10);
    let hold = reserve(&store, &[roomy.clone(), fits.clone()], START).unwrap();
    assert_eq!(hold.parts().iter().map(|part| part.level.used).collect::<Vec<_>>(), [1, 10]);
    assert_eq!(full(reserve(&store, std::slice::from_ref(&fits), START + 400)), (0, Some(86_400_000 - 400), 0));
    hold.settle(Amounts { requests: 1, input_tokens: 3, output_tokens: 1, nanos: 0 });
    assert_eq!(level(&store, &fits, START), Level { used: 4, held: 0, reset_ms: Some(86_400_000) });
}

#[test]
fn dropping_gives_everything_back_and_settling_counts_what_was_used() {
    let store = MemoryStore::default();
    let claims = [
        claim("k", Measure::Nanos, Span::Total, 100, 60),
        claim("k", Measure::Concurrency, Span::Held, 2, 1),
        claim("k", Measure::Requests, Span::Sliding { ms: 1_000 }, 5, 1),
    ];
    drop(reserve(&store, &claims, START).unwrap());
    assert!(claims.iter().all(|claim| level(&store, claim, START).used == 0));
    let hold = reserve(&store, &claims, START).unwrap();
    assert_eq!(level(&store, &claims[0], START), Level { used: 60, held: 60, reset_ms: None });
    assert_eq!(full(reserve(&store, &claims, START)), (0, None, 40));
    hold.settle(Amounts { requests: 1, nanos: 150, ..Amounts::default() });
    assert_eq!(level(&store, &claims[0], START), Level { used: 150, held: 0, reset_ms: None });
    assert_eq!((level(&store, &claims[1], START).used, level(&store, &claims[2], START).used), (0, 1));
}

#[test]
fn the_moment_named_is_the_first_at_which_it_fits() {
    for ms in [1_000, 60_000, 3_600_000, 86_400_000, 7] {
        for at in [START, START + 1, START + 9, START - 12_345] {
            let store = MemoryStore::default();
            let one = claim("k", Measure::Requests, Span::Sliding { ms }, 2, 1);
            for later in [0, ms as i64 / 3] {
                reserve(&store, std::slice::from_ref(&one), at + later)
                    .unwrap()
                    .settle(Amounts { requests: 1, ..Amounts::default() });
            }
            let now = at + ms as i64 / 2;
            let (_, wait, left) = full(reserve(&store, std::slice::from_ref(&one), now));
            let wait = wait.unwrap() as i64;
            assert_eq!(left, 0);
            assert!(now + wait >= at + ms as i64, "the first still counts");
            assert!(now + wait <= at + ms as i64 + 2 * Span::part_ms(ms) as i64, "room comes one part late at most");
            assert!(reserve(&store, std::slice::from_ref(&one), now + wait - 1).is_err());
            assert!(reserve(&store, std::slice::from_ref(&one), now + wait).is_ok());
        }
    }
}

#[test]
fn what_never_fits_is_not_promised() {
    let store = MemoryStore::default();
    for span in [Span::Sliding { ms: 1_000 }, DAY, Span::Total, Span::Held] {
        assert_eq!(full(reserve(&store, &[claim("k", Measure::Tokens, span, 5, 6)], START)), (0, None, 5));
    }
}

#[test]
fn nothing_asks_whether_there_is_room() {
    let store = MemoryStore::default();
    let nothing = |cap| claim("k", Measure::Nanos, Span::Total, cap, 0);
    assert!(reserve(&store, &[nothing(5)], START).is_ok());
    reserve(&store, &[claim("k", Measure::Nanos, Span::Total, 5, 5)], START)
        .unwrap()
        .settle(Amounts { nanos: 5, ..Amounts::default() });
    assert_eq!(full(reserve(&store, &[nothing(5)], START)), (0, None, 0));
}

/// Every claim as it was granted: the moment and the amount that counts.
#[derive(Default)]
struct Log(Vec<(i64, u64)>);

impl Log {
    /// The most that any stretch of this length holds.
    fn worst(&self, ms: i64) -> u64 {
        let from = |start: i64| self.0.iter().filter(move |(at, _)| (start..start + ms).contains(at));
        self.0.iter().map(|(start, _)| from(*start).map(|(_, amount)| amount).sum()).max().unwrap_or(0)
    }
}

fn dice(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

#[test]
fn no_stretch_of_time_ever_holds_more_than_the_cap() {
    for seed in 0..400 {
        let mut state = seed;
        let ms = [7, 60, 1_000, 60_000][dice(&mut state, 4) as usize];
        let cap = 1 + dice(&mut state, 20);
        let (store, mut log, mut now, mut open) = (MemoryStore::default(), Log::default(), START, Vec::new());
        for _ in 0..200 {
            now += dice(&mut state, ms / 8 + 2) as i64;
            let wanted = claim("k", Measure::InputTokens, Span::Sliding { ms }, cap, 1 + dice(&mut state, cap));
            match reserve(&store, std::slice::from_ref(&wanted), now) {
                Ok(hold) => {
                    log.0.push((now, wanted.amount));
                    open.push((log.0.len() - 1, wanted.amount, hold));
                }
                Err(Denied::Full { retry_after_ms: Some(wait), left, .. }) => {
                    assert!(wanted.amount > left);
                    let late = now - wait as i64;
                    assert!(late <= now && wait <= ms + 2 * Span::part_ms(ms), "seed {seed}");
                }
                Err(other) => panic!("{other:?}"),
            }
            if dice(&mut state, 3) == 0 && !open.is_empty() {
                let at = dice(&mut state, open.len() as u64) as usize;
                let (at, held, hold) = open.swap_remove(at);
                let real = dice(&mut state, held + 1);
                if real == 0 {
                    drop(hold);
                } else {
                    hold.settle(Amounts { input_tokens: real, ..Amounts::default() });
                }
                log.0[at].1 = real;
            }
            assert!(log.worst(ms as i64) <= cap, "seed {seed}");
        }
        drop(open);
    }
}

#[test]
fn what_has_expired_makes_room_again() {
    let store = MemoryStore::default();
    let one = claim("k", Measure::Requests, Span::Sliding { ms: 1_000 }, 3, 1);
    let mut granted = 0;
    for at in 0..100_000 {
        if let Ok(hold) = reserve(&store, std::slice::from_ref(&one), START + at) {
            hold.settle(Amounts { requests: 1, ..Amounts::default() });
            granted += 1;
        }
    }
    // Three a second for a hundred seconds, a hundredth late each time.
    assert!((294..=300).contains(&granted), "{granted}");
}

#[test]
fn a_clock_that_is_set_back_neither_unlocks_nor_locks_for_ever() {
    for jump in [1, 500, 3_600_000, 40 * 365 * 86_400_000i64] {
        let store = MemoryStore::default();
        let one = claim("k", Measure::Requests, Span::Sliding { ms: 1_000 }, 1, 1);
        reserve(&store, std::slice::from_ref(&one), START)
            .unwrap()
            .settle(Amounts { requests: 1, ..Amounts::default() });
        let back = START - jump;
        let (_, wait, _) = full(reserve(&store, std::slice::from_ref(&one), back));
        let wait = wait.unwrap() as i64;
        assert!((1_000..=1_010).contains(&wait), "{wait}");
        assert!(reserve(&store, std::slice::from_ref(&one), back + wait - 1).is_err());
        assert!(reserve(&store, std::slice::from_ref(&one), back + wait).is_ok());
    }
}

#[test]
fn windows_are_found_again_when_the_clock_goes_back() {
    let store = MemoryStore::default();
    let window = |day: i64| Span::Until { began_ms: START + day * 86_400_000, ends_ms: START + (day + 1) * 86_400_000 };
    let spend = |day, amount| claim("k", Measure::Nanos, window(day), 10, amount);
    let real = Amounts { nanos: 10, ..Amounts::default() };
    reserve(&store, &[spend(0, 10)], START).unwrap().settle(real);
    // A year ahead by mistake, where the budget is spent as well, and back again.
    reserve(&store, &[spend(365, 10)], START + 365 * 86_400_000).unwrap().settle(real);
    assert_eq!(full(reserve(&store, &[spend(0, 1)], START)), (0, Some(86_400_000), 0));
    assert!(reserve(&store, &[spend(1, 10)], START + 86_400_000).is_ok(), "the next day is a day like any other");
}

#[test]
fn windows_of_long_ago_make_room_but_never_one_that_is_held() {
    let store = MemoryStore::default();
    let window = |n: i64| claim("k", Measure::Nanos, Span::Until { began_ms: n, ends_ms: n + 1 }, 10, 4);
    let held = reserve(&store, &[window(0)], 0).unwrap();
    for n in 1..100 {
        reserve(&store, &[window(n)], n).unwrap().settle(Amounts { nanos: 4, ..Amounts::default() });
    }
    assert_eq!(level(&store, &window(0), 0).held, 4);
    drop(held);
    assert_eq!(level(&store, &window(0), 0).used, 0);
    assert_eq!((level(&store, &window(99), 99).used, level(&store, &window(1), 1).used), (4, 0));
}

#[test]
fn subjects_that_count_nothing_make_room() {
    let store = MemoryStore::default();
    for n in 0..10 * SWEEP as i64 {
        let one = claim(&format!("k{n}"), Measure::Requests, Span::Sliding { ms: 1_000 }, 1, 1);
        reserve(&store, &[one], START + n * 10).unwrap().settle(Amounts { requests: 1, ..Amounts::default() });
    }
    assert!(store.counters.subjects().map.len() <= SWEEP, "{}", store.counters.subjects().map.len());
}

#[test]
fn two_hundred_threads_never_pass_a_cap() {
    let store = Arc::new(MemoryStore::default());
    let granted: u64 = std::thread::scope(|scope| {
        let one = |n: u64| {
            let store = Arc::clone(&store);
            scope.spawn(move || {
                let wanted = claim("k", Measure::Nanos, DAY, 1_000, 7 + n % 5);
                let Ok(hold) = reserve(&store, std::slice::from_ref(&wanted), START) else { return 0 };
                if n.is_multiple_of(3) {
                    return 0;
                }
                hold.settle(Amounts { nanos: wanted.amount, ..Amounts::default() });
                wanted.amount
            })
        };
        let all: Vec<_> = (0..200).map(one).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(granted <= 1_000);
    let stands = level(&store, &claim("k", Measure::Nanos, DAY, 1_000, 0), START);
    assert_eq!((stands.used, stands.held), (granted, 0));
}

#[test]
fn values_live_as_long_as_they_were_given() {
    let store = MemoryStore::default();
    let get = |at| store.get("keys", "a", at).now_or_never().unwrap().unwrap();
    let put = |ttl| store.put("keys", "a", Bytes::from_static(b"1"), ttl, START).now_or_never().unwrap().unwrap();
    assert_eq!(get(START), None);
    put(None);
    assert_eq!(get(i64::MAX).as_deref(), Some(&b"1"[..]));
    put(Some(10));
    assert!(get(START + 9).is_some() && get(START + 10).is_none());
    assert!(get(START - 3_600_000).is_none(), "a clock that is set back keeps no value for an hour more");
    store.put("keys", "b", Bytes::from_static(b"2"), None, START).now_or_never().unwrap().unwrap();
    let listed = store.list("keys", START).now_or_never().unwrap().unwrap();
    assert_eq!(listed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(store.list("other", START).now_or_never().unwrap().unwrap().is_empty());
    let removed = || store.remove("keys", "b").now_or_never().unwrap().unwrap();
    assert!(removed() && !removed());
}
