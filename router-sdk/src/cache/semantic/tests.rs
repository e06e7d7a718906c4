//! The labelled pairs in; how often one answer would have served two asks that need two, and how many pairs are found.

use super::facts::{Facts, Leeway};
use super::lexical;
use crate::config::SemanticCache;

/// The rules were written with these at hand.
const PAIRS: &str = include_str!("../../../tests/semantic/pairs.tsv");
/// Nobody who wrote rules had seen these.
const FRESH: &str = include_str!("../../../tests/semantic/fresh.tsv");
/// Near-misses by class, written and measured once before the rules were mended by them.
const HARD: &str = include_str!("../../../tests/semantic/hard.tsv");

/// Near-misses thought out against the rules.
const PROBES: &str = include_str!("../../../tests/semantic/probes.tsv");

struct Pair {
    kind: &'static str,
    same: bool,
    asks: [&'static str; 2],
}

fn pairs(file: &'static str) -> Vec<Pair> {
    let lines = file.lines().filter(|line| !line.starts_with('#')).enumerate();
    let read = |(line, text): (usize, &'static str)| {
        let fields: Vec<&str> = text.split('\t').collect();
        let [_, kind, verdict, one, other] = fields[..] else { panic!("line {line}: {text}") };
        Pair { kind, same: verdict == "same", asks: [one, other] }
    };
    lines.map(read).collect()
}

/// What the built-in embedder makes of a pair: its cosine, and what its asks do not agree in.
fn judged(pair: &Pair) -> (f32, Option<&'static str>) {
    let [one, other] = pair.asks.map(Facts::of);
    let vectors = [&one, &other].map(|facts| lexical::vector(&facts.words()).unwrap());
    let cosine = vectors[0].iter().zip(&vectors[1]).map(|(x, y)| x * y).sum();
    (cosine, one.clash(&other, Leeway::Near))
}

#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    near: [usize; 2],
    other: [usize; 2],
}

impl Tally {
    fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }
}

fn tally(pairs: &[Pair]) -> Tally {
    let least = SemanticCache::default().least_cosine();
    let mut tally = Tally::default();
    for pair in pairs {
        let (cosine, clash) = judged(pair);
        let claimed = cosine >= least && clash.is_none();
        if pair.same {
            let group = if pair.kind == "near" { &mut tally.near } else { &mut tally.other };
            group[0] += usize::from(claimed);
            group[1] += 1;
        }
        tally.right += usize::from(claimed && pair.same);
        tally.wrong += usize::from(claimed && !pair.same);
        if claimed && !pair.same {
            println!("wrong: {:?} {cosine:.2}", pair.asks);
        }
        if pair.kind == "near" && !claimed {
            println!("not found: {:?} {cosine:.2} {clash:?}", pair.asks);
        }
    }
    tally
}

#[test]
fn the_pairs_are_many_and_of_many_languages() {
    let languages: std::collections::HashSet<&str> = PAIRS.lines().filter_map(|l| l.split('\t').next()).collect();
    let (all, same) = (pairs(PAIRS).len(), pairs(PAIRS).iter().filter(|pair| pair.same).count());
    assert!(all >= 300 && same >= 100 && all - same >= 150 && languages.len() >= 8, "{all} {same} {languages:?}");
}

#[test]
fn the_built_in_embedder_claims_near_duplicates_and_little_else() {
    for (file, name, precision, found) in
        [(PAIRS, "known", 0.99, 7), (FRESH, "fresh", 0.99, 4), (HARD, "hard", 0.99, 9)]
    {
        let t = tally(&pairs(file));
        let all = [t.near[0] + t.other[0], t.near[1] + t.other[1]];
        let claiming_all = 100.0 * all[1] as f64 / pairs(file).len() as f64;
        println!(
            "{name}: who claims all has precision {claiming_all:.1} % and recall 100 %, who claims none recall 0 %"
        );
        println!(
            "{name}: precision {:.1} % ({} of {}), recall {:.1} % ({} of {}): near-duplicates {} of {}, other words {} of {}",
            100.0 * t.precision(),
            t.right,
            t.right + t.wrong,
            100.0 * all[0] as f64 / all[1] as f64,
            all[0],
            all[1],
            t.near[0],
            t.near[1],
            t.other[0],
            t.other[1],
        );
        assert!(t.precision() >= precision, "{name}: {} of {} claims are wrong", t.wrong, t.right + t.wrong);
        assert!(
            t.near[0] * 10 >= t.near[1] * found,
            "{name}: only {} of {} near-duplicates are found",
            t.near[0],
            t.near[1]
        );
    }
}

#[test]
fn near_misses_thought_out_against_the_rules_are_none_of_its_claims() {
    let probes = tally(&pairs(PROBES));
    assert_eq!((probes.right, probes.wrong), (0, 0));
    assert!(pairs(PROBES).len() >= 80 && pairs(PROBES).iter().all(|pair| !pair.same));
}

#[test]
fn what_must_agree_refuses_near_misses_even_if_their_vectors_are_equal() {
    let mut counts = [[0usize; 2]; 2];
    for pair in pairs(PAIRS) {
        let [one, other] = pair.asks.map(Facts::of);
        let passes = one.clash(&other, Leeway::Model).is_none();
        counts[usize::from(pair.same)][usize::from(passes)] += 1;
        if passes != pair.same {
            println!(
                "{} {:?} {:?}",
                if pair.same { "refused" } else { "passes" },
                pair.asks,
                one.clash(&other, Leeway::Model)
            );
        }
    }
    let [[refused, slipped], [lost, passed]] = counts;
    println!(
        "guards alone: {refused} of {} near-misses refused, {passed} of {} pairs pass",
        refused + slipped,
        lost + passed
    );
    assert!(refused * 100 >= (refused + slipped) * 90, "{slipped} near-misses would be left to the cosine alone");
    assert!(passed * 2 >= passed + lost, "{lost} pairs are refused");
}
