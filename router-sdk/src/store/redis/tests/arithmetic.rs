//! The scripts against the memory store: the same claims, moments and settlements give the same answers.

use std::sync::atomic::AtomicI64;

use super::*;
use crate::store::MemoryStore;

/// A store whose scripts go by the moments that they are told.
fn by_caller(server: &Server) -> RedisStore {
    let link = Link::new(Address::read(&server.url()).unwrap(), server::prefix(), Duration::from_secs(5));
    let mut local = Local::new(name(), link, CLOSED);
    local.by_caller = Some(AtomicI64::new(now_ms()));
    RedisStore { local: Arc::new(local) }
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn outcome(result: &Result<Hold, Denied>) -> String {
    match result {
        Ok(hold) => format!("{:?}", hold.parts()),
        Err(denied) => format!("{denied:?}"),
    }
}

fn measured(subject: &str, span: Span, amount: u64) -> Claim {
    let measure = if span == Span::Held { Measure::Concurrency } else { Measure::Tokens };
    claim(subject, measure, span, 40, amount)
}

async fn touch_all(memory: &MemoryStore, shared: &RedisStore, spans: &[Span], at_ms: i64) {
    for span in spans {
        for subject in ["a", "b"] {
            let none = [measured(subject, *span, 0)];
            drop(memory.reserve(&none, at_ms).await);
            drop(shared.reserve(&none, at_ms).await);
        }
    }
    shared.flush().await.unwrap();
}

#[tokio::test]
async fn random_sequences_end_as_in_memory() {
    let Some(server) = Server::start() else { return };
    let start = now_ms();
    let spans = [
        Span::Sliding { ms: 1_000 },
        Span::Sliding { ms: 60_000 },
        Span::Sliding { ms: 777 },
        Span::Until { began_ms: start - 1_000_000, ends_ms: start + 86_400_000 },
        Span::Total,
        Span::Held,
    ];
    for seed in 1..=12_u64 {
        let (shared, memory) = (by_caller(&server), MemoryStore::default());
        let mut chance = Chance(seed * 0x9e37_79b9);
        let (mut at_ms, mut holds) = (start, Vec::new());
        for step in 0..150 {
            let back = chance.below(15) == 0;
            if back {
                // Every counter knows the moment from which the clock goes back, and that to which.
                touch_all(&memory, &shared, &spans, at_ms).await;
                at_ms -= i64::try_from(chance.below(3_000)).unwrap();
                touch_all(&memory, &shared, &spans, at_ms).await;
            }
            at_ms += match chance.below(12) {
                0 => 61_000,
                1 => 130_000,
                2..=5 => i64::try_from(chance.below(700)).unwrap(),
                6..=8 => i64::try_from(chance.below(20)).unwrap(),
                _ => 0,
            };
            let claims: Vec<_> = (0..=chance.below(3))
                .map(|_| {
                    let span = spans[usize::try_from(chance.below(6)).unwrap()];
                    measured(["a", "b"][usize::try_from(chance.below(2)).unwrap()], span, chance.below(15))
                })
                .collect();
            let (here, there) = (memory.reserve(&claims, at_ms).await, shared.reserve(&claims, at_ms).await);
            assert_eq!(outcome(&here), outcome(&there), "seed {seed}, step {step}, {claims:?}");
            // What stands behind a refusal was not looked at.
            let seen = match &here {
                Err(Denied::Full { claim, .. }) => &claims[..=*claim],
                _ => &claims[..],
            };
            let levels = (memory.levels(seen, at_ms).await.unwrap(), shared.levels(seen, at_ms).await.unwrap());
            assert_eq!(levels.0, levels.1, "seed {seed}, step {step}, {claims:?}");
            if let (Ok(here), Ok(there)) = (here, there) {
                holds.push((here, there));
            }
            if chance.below(3) > 0 && !holds.is_empty() {
                let (here, there) = holds.swap_remove(usize::try_from(chance.below(holds.len() as u64)).unwrap());
                let real = Amounts { input_tokens: chance.below(20), ..Amounts::default() };
                here.settle(real);
                there.settle(real);
                shared.flush().await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn amounts_are_exact_to_nine_million_dollars() {
    let Some(server) = Server::start() else { return };
    let shared = by_caller(&server);
    let cap = keys::MOST;
    let large = claim("global", Measure::Nanos, Span::Total, cap, cap - 1);
    shared.reserve(std::slice::from_ref(&large), now_ms()).await.unwrap().settle(nanos(cap - 1));
    shared.flush().await.unwrap();
    let one = Claim { amount: 1, ..large.clone() };
    let hold = shared.reserve(std::slice::from_ref(&one), now_ms()).await.unwrap();
    assert_eq!(hold.parts()[0].level.used, cap);
    assert!(is_full(&shared.reserve(std::slice::from_ref(&one), now_ms()).await));
}
