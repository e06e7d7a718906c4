//! Tables of decisions, and what holds for all of them.

use std::time::Duration;

use crate::catalog::Rates;
use crate::session::decide::{Decision, Facts, Held, Pick, Prospect, decide};
use crate::session::following::Made;
use crate::session::record::Record;
use crate::session::turn::{Stall, Turn};
use crate::wire::SessionDecision::{Eased, Escalated, Left, Stayed, Switched};
use crate::wire::{RouteInfo, Strategy, Usage};

const NOW: i64 = 1_000_000_000;
const TOKENS: u64 = 20_000;
const PLAIN: Turn = Turn { in_loop: false, stall: None, separable: false, inherited: false };

/// A model: its quality, USD per 1M input tokens and from the cache, and its cost with 500 tokens of output at five times
/// the input's price.
fn model(key: &str, quality: f64, input: f64, cached: Option<f64>) -> Prospect {
    let pico = |usd: f64| (usd * 1e6) as u64;
    let rates = Rates {
        input: Some(pico(input)),
        output: Some(pico(input * 5.0)),
        cached_input: cached.map(pico),
        ..Rates::default()
    };
    let cost = (TOKENS as f64 * input + 500.0 * input * 5.0) * 1e3;
    Prospect {
        key: key.into(),
        quality: Some(quality),
        cost_nanos: Some(cost as u64),
        rates: Some(rates),
        seconds: None,
        least_cached: None,
    }
}

/// A conversation with `a/held` after so many answers whose last had these tokens.
fn record(turns: u32, usage: Usage, spent: u64) -> Record {
    let route =
        RouteInfo { model: "a/held".into(), usage: Some(usage), cost_nanos: Some(spent), ..RouteInfo::default() };
    let made = Made { strategy: Strategy::Balanced, difficulty: 0.6, raised: 0.0, loss_nanos: 0, life_s: None };
    let mut record = Record::after(None, &route, &made, String::new(), NOW - 60_000);
    (record.turns, record.here) = (turns, turns);
    record
}

fn warm() -> Usage {
    Usage { input: 19_000, cached_read: 18_000, ..Usage::default() }
}

struct Case {
    record: Record,
    turn: Turn,
    strategy: Strategy,
    held: Held,
    offers: Vec<Prospect>,
    budget: f64,
    ordered: bool,
}

impl Case {
    fn of(held: Prospect, offers: &[Prospect]) -> Self {
        Self {
            record: record(4, warm(), 1_000_000_000),
            turn: PLAIN,
            strategy: Strategy::Balanced,
            held: Held::Able(held),
            offers: offers.to_vec(),
            budget: 0.1,
            ordered: false,
        }
    }

    fn decide(&self) -> Decision {
        decide(&Facts {
            record: &self.record,
            turn: &self.turn,
            strategy: self.strategy,
            bar: 0.75,
            input_tokens: TOKENS,
            held: self.held.clone(),
            offers: &self.offers,
            ordered: self.ordered,
            now_ms: NOW,
            cache_life_s: 300,
            switching_budget: self.budget,
        })
    }
}

fn held() -> Prospect {
    model("a/held", 0.85, 1.0, Some(0.1))
}

#[test]
fn a_warm_cache_is_worth_its_price_and_a_cold_one_nothing() {
    // As able and a little cheaper: what the cache saves is more.
    let mut case = Case::of(held(), &[model("b/other", 0.85, 0.9, Some(0.09))]);
    let decision = case.decide();
    assert_eq!((decision.word, decision.pick, decision.warm), (Stayed, Pick::Held, 19_000), "{}", decision.reason);
    assert!(decision.reason.contains("19000 of about 20000 input tokens"), "{}", decision.reason);
    // Six minutes later the cache is cold.
    case.record.warm_ms = NOW - 360_000;
    assert_eq!(case.decide().word, Switched);
    // An hour was asked for.
    case.record.life_s = Some(3_600);
    assert_eq!(case.decide().word, Stayed);
    // The prompt was cut to a fraction, so nothing of it is cached.
    case.record.input = 90_000;
    assert_eq!((case.decide().word, case.decide().warm), (Switched, 0));
}

#[test]
fn much_cheaper_pays_for_the_cold_cache_within_the_budget() {
    let mut case = Case::of(held(), &[model("b/other", 0.85, 0.02, Some(0.002))]);
    let decision = case.decide();
    assert_eq!((decision.word, decision.pick), (Switched, Pick::Offer(0)), "{}", decision.reason);
    assert_eq!(decision.loss_nanos, 19_000 * 18, "19000 tokens at 0.018 USD per million more than from a cache");
    case.budget = 0.0;
    assert_eq!(case.decide().word, Stayed);
    case.budget = 0.1;
    (case.record.spent, case.record.lost) = (1_000_000, 900_000);
    assert_eq!(case.decide().word, Stayed);
}

#[test]
fn what_is_not_reported_as_cached_is_not_counted_as_warm() {
    let other = model("b/other", 0.85, 0.9, Some(0.09));
    let warm_of = |turns: u32, usage: Usage, held: Prospect| {
        let mut case = Case::of(held, std::slice::from_ref(&other));
        case.record = record(turns, usage, 1_000);
        case.decide().warm
    };
    let told = |input, cached_read, cache_write| Usage { input, cached_read, cache_write, ..Usage::default() };
    // The first answer of a model that caches by itself reports nothing and fills its cache.
    assert_eq!(warm_of(1, told(19_000, 0, 0), held()), 19_000);
    assert_eq!(warm_of(2, told(19_000, 0, 0), held()), 0);
    assert_eq!(warm_of(1, told(19_000, 0, 0), Prospect { least_cached: Some(32_000), ..held() }), 0);
    assert_eq!(warm_of(1, told(19_000, 0, 0), model("a/held", 0.85, 1.0, None)), 0);
    // Who caches what is marked has exactly what was read and written.
    assert_eq!(warm_of(3, told(19_000, 9_000, 2_000), held()), 11_000);
    // No more than the prompt has.
    assert_eq!(warm_of(3, told(24_000, 23_000, 0), held()), TOKENS);
}

#[test]
fn a_tool_loop_is_left_only_where_the_model_cannot_go_on() {
    let mut case = Case::of(model("a/held", 0.3, 1.0, None), &[model("b/other", 0.95, 0.01, None)]);
    case.turn.in_loop = true;
    assert_eq!(case.decide().word, Stayed);
    for gone in [Held::Resting(held(), Duration::from_secs(3)), Held::Refused("only"), Held::Gone] {
        case.held = gone;
        assert_eq!((case.decide().word, case.decide().pick), (Left, Pick::Offer(0)));
    }
    assert!(case.decide().reason.contains("is not among the models"), "{}", case.decide().reason);
}

#[test]
fn each_strategy_moves_up_by_its_own_measure() {
    use Strategy::{Balanced, Best, Cheapest, Fastest};
    let table = [
        // Below the bar of 0.75 or not.
        (Cheapest, 0.74, 0.9, Escalated),
        (Cheapest, 0.76, 0.9, Stayed),
        (Fastest, 0.74, 0.9, Escalated),
        (Fastest, 0.76, 0.9, Stayed),
        // Two hundredths more or less.
        (Best, 0.90, 0.93, Escalated),
        (Best, 0.90, 0.91, Stayed),
        // Three doublings of cost are worth 0.3 in the odds of failure, and the warm cache about two more.
        (Balanced, 0.60, 0.95, Escalated),
        (Balanced, 0.85, 0.95, Stayed),
    ];
    for (strategy, own, more, word) in table {
        let mut case = Case::of(model("a/held", own, 1.0, Some(0.1)), &[model("b/abler", more, 8.0, Some(0.8))]);
        (case.strategy, case.record.strategy, case.budget) = (strategy, strategy, 1.0);
        assert_eq!(case.decide().word, word, "{strategy:?} {own} {more}: {}", case.decide().reason);
    }
}

#[test]
fn a_slight_lack_has_to_fit_the_budget_and_a_clear_one_or_a_stall_has_not() {
    let mut case = Case::of(model("a/held", 0.74, 1.0, Some(0.1)), &[model("b/abler", 0.95, 8.0, Some(0.8))]);
    (case.strategy, case.record.strategy, case.budget) = (Strategy::Cheapest, Strategy::Cheapest, 0.0);
    assert_eq!(case.decide().word, Stayed);
    case.turn.stall = Some(Stall::Complaint);
    let decision = case.decide();
    assert_eq!(decision.word, Escalated);
    assert!(decision.reason.contains("the user says"), "{}", decision.reason);
    case.turn.stall = None;
    case.held = Held::Able(model("a/held", 0.6, 1.0, Some(0.1)));
    assert_eq!(case.decide().word, Escalated);
}

#[test]
fn moving_up_passes_over_the_weaker() {
    let weaker = model("b/weaker", 0.5, 0.01, None);
    let mut case = Case::of(model("a/held", 0.6, 1.0, None), &[weaker.clone(), model("c/abler", 0.9, 2.0, None)]);
    (case.strategy, case.record.strategy) = (Strategy::Cheapest, Strategy::Cheapest);
    assert_eq!((case.decide().word, case.decide().pick), (Escalated, Pick::Offer(1)));
    case.offers = vec![weaker];
    assert_eq!(case.decide().word, Stayed);
}

#[test]
fn only_a_turn_of_its_own_goes_to_a_weaker_model_and_only_where_it_pays() {
    let cheap = model("b/cheap", 0.8, 0.02, Some(0.005));
    let mut case = Case::of(held(), &[cheap]);
    case.strategy = Strategy::Cheapest;
    case.record.strategy = Strategy::Cheapest;
    assert_eq!(case.decide().word, Stayed);
    assert!(case.decide().reason.contains("asked for more"), "{}", case.decide().reason);
    case.turn.separable = true;
    assert_eq!((case.decide().word, case.decide().pick), (Eased, Pick::Offer(0)));
    // Reading everything anew costs more than the cache.
    case.offers = vec![model("b/cheap", 0.8, 0.3, Some(0.03))];
    assert_eq!(case.decide().word, Stayed);
    case.offers = vec![model("b/cheap", 0.8, 0.02, Some(0.005))];
    case.budget = 0.0;
    assert_eq!(case.decide().word, Stayed);
}

#[test]
fn another_strategy_and_an_order_of_the_request_win() {
    let mut case = Case::of(held(), &[model("b/cheap", 0.8, 0.02, None)]);
    (case.strategy, case.record.strategy) = (Strategy::Cheapest, Strategy::Best);
    assert_eq!((case.decide().word, case.decide().pick), (Switched, Pick::Offer(0)));
    case.record.strategy = Strategy::Cheapest;
    assert_eq!(case.decide().word, Stayed);
    case.ordered = true;
    assert_eq!((case.decide().word, case.decide().pick), (Switched, Pick::Offer(0)));
}

#[test]
fn the_quickest_is_left_when_it_has_become_slow() {
    let quick = |seconds| Prospect { seconds: Some(seconds), ..model("b/quick", 0.85, 1.0, None) };
    let slow = |seconds| Prospect { seconds: Some(seconds), ..held() };
    for (own, its, word) in [(4.0, 0.5, Switched), (0.6, 0.2, Stayed), (2.0, 1.2, Stayed)] {
        let mut case = Case::of(slow(own), &[quick(its)]);
        (case.strategy, case.record.strategy) = (Strategy::Fastest, Strategy::Fastest);
        assert_eq!(case.decide().word, word, "{own} {its}: {}", case.decide().reason);
    }
}

#[test]
fn unknown_prices_and_qualities_move_nothing() {
    let blank = Prospect { quality: None, cost_nanos: None, rates: None, ..model("b/blank", 0.0, 1.0, None) };
    let mut case = Case::of(held(), &[blank]);
    case.turn.separable = true;
    assert_eq!(case.decide().word, Stayed);
}

/// Numbers by chance that is always the same.
struct Dice(u64);

impl Dice {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n - 1)
    }
}

#[test]
fn whatever_the_facts_no_turn_but_a_simple_one_gets_a_weaker_model() {
    let mut dice = Dice(7);
    let strategies = [Strategy::Cheapest, Strategy::Balanced, Strategy::Best, Strategy::Fastest];
    let mut moves = [0u32; 4];
    for round in 0..40_000 {
        let mut any = |key: String| {
            let (quality, price) = (0.05 + 0.94 * dice.share(), 0.01 + 10.0 * dice.share().powi(3));
            let cached = (dice.share() < 0.7).then_some(price * 0.1);
            Prospect { seconds: Some(dice.share() * 5.0), ..model(&key, quality, price, cached) }
        };
        let own = any("a/held".into());
        let offers: Vec<Prospect> = (0..4).map(|i| any(format!("b/{i}"))).collect();
        let mut case = Case::of(own.clone(), &offers);
        let strategy = strategies[dice.below(4)];
        (case.strategy, case.record.strategy) = (strategy, strategy);
        case.turn.in_loop = dice.share() < 0.1;
        case.turn.stall = (dice.share() < 0.2).then_some(Stall::Complaint);
        case.budget = dice.share();
        case.record.lost = (dice.share() * 1e9) as u64;
        case.record.warm_ms = NOW - (dice.share() * 600_000.0) as i64;
        if dice.share() < 0.1 {
            case.held = Held::Resting(own.clone(), Duration::from_secs(1));
        }
        let decision = case.decide();
        let quality = |pick: Pick| match pick {
            Pick::Held => own.quality,
            Pick::Offer(at) => offers[at].quality,
        };
        let got = quality(decision.pick).unwrap();
        // Where nobody is as able as the one that rests, there is no choice.
        let abler = offers.iter().any(|offer| offer.quality >= own.quality);
        let forced = decision.word == Left && !abler;
        assert!(forced || got >= own.quality.unwrap() - 1e-9, "round {round}: {decision:?}");
        moves[match decision.word {
            Escalated => 0,
            Switched => 1,
            Left => 2,
            _ => 3,
        }] += 1;
        if decision.word == Switched && strategy != Strategy::Fastest {
            let room = case.budget * (case.record.spent as f64 + 4e8);
            assert!((case.record.lost + decision.loss_nanos) as f64 <= room, "round {round}: {decision:?}");
        }
    }
    assert!(moves.iter().all(|count| *count > 100), "{moves:?}");
}
