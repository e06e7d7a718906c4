//! The choice of `auto`: every model of the pool in, the strategy's best first and its fallbacks after it out.
//!
//! Expected quality is an item-response curve: `1 / (1 + exp((b - a) / K))` with the model's ability `a` (its score in
//! the task's class less half its uncertainty) and the request's demand `b`, a line over the difficulty. The slope makes
//! a step of `K` points of score worth a factor of e in the odds of a good answer.

use std::time::Duration;

use super::able;
use super::chain::{CHAIN, chain};
use super::facts::{Ask, HealthFacts};
use super::fine::FineKey;
use super::gate::Refused;
use super::plan::{Candidate, Plan};
use super::pool::{Entry, Pool};
use super::quick::few;
use super::reasons::{Prospect, reasons};
use super::shortlist::Key;
use super::sift::{Able, Gauge, fit, sift};
use super::trial::{first_untaught, moved, tried};
use crate::error::Refusal;
use crate::wire::Strategy;

/// Points of score per factor e in the odds.
pub(super) const K: f64 = 8.0;
/// The demand of the easiest and of the hardest request, on the scale of scores.
const DEMAND: (f64, f64) = (-5.0, 45.0);
/// `cheapest` and `fastest` choose among models at least this likely to answer well.
pub(crate) const BAR: f64 = 0.75;
/// `balanced` pays a doubling of cost for this much less in the odds of failure.
pub(crate) const DOUBLING: f64 = 0.1;

/// Chooses among the pool. `explain` looks at every model and fills the refusals; without it the same plan comes from
/// the few models that can win, unless the request's options call for others.
pub(crate) fn choose(pool: &Pool, ask: &Ask<'_>, health: &HealthFacts, explain: bool) -> Plan {
    let gauge = Gauge::of(ask);
    if !explain && plain(ask) && health.resting.is_empty() {
        let passed = briefly(pool, ask, &gauge);
        let plan = ranked(pool.providers, Sieved { passed, ..Sieved::default() }, ask, health, false);
        // With fewer providers than places the chain takes more than the best of each.
        if distinct(&plan) == CHAIN {
            return plan;
        }
    }
    let sieved = sieve(pool, ask, health, explain, &gauge);
    ranked(pool.providers, sieved, ask, health, explain)
}

/// The models that pass the gates and that the plan can speak of.
fn briefly<'p>(pool: &'p Pool, ask: &Ask<'_>, gauge: &Gauge) -> Vec<Able<'p>> {
    let key = Key::of(ask, gauge.class);
    let list = || pool.shortlists.of(&pool.entries, ask, key);
    // Experience moves abilities with every request, and several choices have prices of their own.
    let fine = (ask.lessons.is_none() && ask.choices == 1)
        .then(|| pool.fine.of(FineKey::of(key, ask), &pool.entries, list))
        .flatten();
    if let Some(few) = fine.and_then(|lanes| few(&lanes, &pool.entries, ask, gauge)) {
        return few;
    }
    let list = list();
    let entries = list.entries.iter().filter_map(|at| pool.entries.get(*at));
    entries.filter_map(|entry| fit(entry, ask, gauge).ok()).collect()
}

/// How many providers the candidates are of.
fn distinct(plan: &Plan) -> usize {
    let provider = |at: usize| plan.candidates.get(at).map(|c| c.target.deployment.provider.as_str());
    (0..plan.candidates.len()).filter(|at| (0..*at).all(|known| provider(known) != provider(*at))).count()
}

/// True when no option of the request can make a model win that is beaten on ability and price.
fn plain(ask: &Ask<'_>) -> bool {
    let o = ask.options;
    let unrestricted = o.only.is_empty() && o.ignore.is_empty() && o.order.is_empty() && o.require.is_empty();
    unrestricted
        && o.within.is_none()
        && !o.zdr
        && o.min_quality.is_none()
        && o.max_price.is_none()
        && o.max_cost.is_none()
        && ask.strategy != Strategy::Fastest
}

/// What the gates let through and what they held back.
#[derive(Default)]
struct Sieved<'p> {
    passed: Vec<Able<'p>>,
    refusals: Vec<Refusal>,
    resting: Vec<(String, Duration)>,
}

/// Every model of the pool through every gate.
fn sieve<'p>(pool: &'p Pool, ask: &Ask<'_>, health: &HealthFacts, explain: bool, gauge: &Gauge) -> Sieved<'p> {
    let mut out = Sieved::default();
    let needed = ask.options.require.iter().fold(able::needed(ask.needs), |bits, name| bits | able::bit(name));
    for entry in pool.entries.iter().filter(|entry| entry.is_open(ask)) {
        // What keeps a model from answering does so at every level.
        let explain = explain && (entry.target.effort.is_none() || !ask.efforts.chosen());
        if let Some((gate, reason)) = &entry.barred {
            if explain {
                out.refusals.push(Refusal { model: entry.key.clone(), gate, reason: reason.clone() });
            }
            continue;
        }
        match sift(entry, ask, needed, gauge) {
            Ok(able) => match health.rest_of(&entry.target) {
                Some(_) if out.resting.iter().any(|(key, _)| *key == entry.key) => {}
                Some(left) => out.resting.push((entry.key.clone(), left)),
                None => out.passed.push(able),
            },
            Err(Refused { gate, why }) if explain => {
                out.refusals.push(Refusal { model: entry.key.clone(), gate, reason: why.to_string() });
            }
            Err(_) => {}
        }
    }
    out
}

/// The plan of those that passed.
fn ranked(providers: usize, sieved: Sieved<'_>, ask: &Ask<'_>, health: &HealthFacts, explain: bool) -> Plan {
    let Sieved { mut passed, refusals, resting } = sieved;
    let demand = demand_of(ask.difficulty());
    let by_default = passed.iter().filter(|a| a.entry.target.effort.is_none());
    let baseline = by_default.max_by_key(|a| a.cost).map(|a| a.entry.target.clone());
    let best_single = best(&passed).map(|a| a.entry.target.clone());
    let untaught = first_untaught(&passed, ask, health);
    weigh(&mut passed, ask, health);
    let mut chain = chain(&passed, providers, ask);
    let mut reasons_of_experience = moved(untaught, &chain, ask);
    let trial = tried(&mut chain, ask, health);
    let explored = trial.is_some();
    reasons_of_experience.extend(trial);
    let ablest = passed.iter().max_by(|a, b| a.ability.total_cmp(&b.ability));
    let mut reasons = match (chain.first(), ablest) {
        (Some(first), Some(ablest)) if !explored => {
            reasons(&prospect(first, demand), &prospect(ablest, demand), ask, bar(ask))
        }
        _ => Vec::new(),
    };
    reasons.extend(reasons_of_experience);
    let mut rest: Vec<&Able<'_>> = Vec::new();
    if explain {
        rest = passed.iter().filter(|a| !chain.iter().any(|c| std::ptr::eq(c.entry, a.entry))).collect();
        rest.sort_by(|a, b| a.rank(b));
    }
    let also_able = rest.into_iter().map(|a| candidate(a, ask)).collect();
    let candidates = chain.into_iter().map(|a| candidate(a, ask)).collect();
    Plan {
        candidates,
        also_able,
        strategy: ask.strategy,
        automatic: true,
        explored,
        reasons,
        baseline,
        best_single,
        refusals,
        resting,
    }
}

fn prospect<'p>(able: &Able<'p>, demand: f64) -> Prospect<'p> {
    Prospect { name: &able.entry.label, quality: quality(able.ability, demand), cost: able.cost }
}

/// What the strategy `best` asks first: ability in whole points, then price, then names.
fn best<'a, 'p>(passed: &'a [Able<'p>]) -> Option<&'a Able<'p>> {
    let most = passed.iter().map(|a| a.ability).fold(f64::MIN, f64::max).round();
    let price = |a: &Able<'_>| a.cost.map_or(u128::MAX, |c| u128::from(c) * u128::from(a.entry.price_doubt));
    let level = passed.iter().filter(|a| a.ability > most - 1.0 && a.ability.round() == most);
    level.min_by(|a, b| price(a).cmp(&price(b)).then_with(|| a.entry.label.cmp(&b.entry.label)))
}

/// What a request of this difficulty demands, on the scale of scores.
pub(super) fn demand_of(difficulty: f64) -> f64 {
    DEMAND.0 + (DEMAND.1 - DEMAND.0) * difficulty
}

/// The quality from which on `cheapest` and `fastest` are satisfied.
fn bar(ask: &Ask<'_>) -> f64 {
    ask.options.min_quality.unwrap_or(BAR)
}

pub(super) fn quality(ability: f64, demand: f64) -> f64 {
    1.0 / (1.0 + ((demand - ability) / K).exp())
}

/// A model's share of the odds of failure.
pub(super) fn odds_share(ability: f64) -> f64 {
    (-ability / K).exp()
}

/// What merits are measured against: the same for every model of a request.
pub(super) struct Scale {
    strategy: Strategy,
    cheap: f64,
    /// The ability that the bar takes.
    bar: f64,
    /// The demand's share of the odds of failure.
    demanded: f64,
}

impl Scale {
    /// Of a difficulty, with costs as they are.
    pub(super) fn at(strategy: Strategy, difficulty: f64) -> Self {
        Self { strategy, cheap: 1.0, bar: bar_of(difficulty), demanded: demanded(difficulty) }
    }

    pub(super) fn of(ask: &Ask<'_>, costs: impl Iterator<Item = u64>) -> Self {
        Self {
            strategy: ask.strategy,
            cheap: costs.min().unwrap_or(1).max(1) as f64,
            bar: ability_for(bar(ask), ask.difficulty()),
            demanded: demanded(ask.difficulty()),
        }
    }
}

/// The ability that answers so well at this difficulty.
fn ability_for(quality: f64, difficulty: f64) -> f64 {
    demand_of(difficulty) + K * (quality / (1.0 - quality)).ln()
}

/// The ability that the bar takes at this difficulty.
pub(super) fn bar_of(difficulty: f64) -> f64 {
    ability_for(BAR, difficulty)
}

/// A difficulty's share of the odds of failure.
pub(super) fn demanded(difficulty: f64) -> f64 {
    (demand_of(difficulty) / K).exp()
}

/// How good a choice a model is, smaller better; the second decides between equals. `cost` is doubted where the price is.
/// `fastest` is known by its seconds and not by this.
pub(super) fn merit(scale: &Scale, ability: f64, odds: f64, cost: f64) -> (f64, f64) {
    match scale.strategy {
        // Below the bar ability counts alone, so a harder request never gets a weaker model.
        Strategy::Cheapest | Strategy::Fastest if ability < scale.bar => (f64::MAX, -ability),
        Strategy::Cheapest | Strategy::Fastest => (cost, -ability),
        Strategy::Best => (-ability.round(), cost),
        Strategy::Balanced => (scale.demanded * odds + DOUBLING * doublings(cost.max(1.0) / scale.cheap), cost),
    }
}

/// Gives everyone its merit under the strategy.
pub(super) fn weigh(passed: &mut [Able<'_>], ask: &Ask<'_>, health: &HealthFacts) {
    // Unknown cost counts as the dearest there is.
    let dear = passed.iter().filter_map(|a| a.cost).max().unwrap_or(1);
    let scale = Scale::of(ask, passed.iter().filter_map(|a| a.cost));
    for a in passed {
        let cost = a.cost.unwrap_or(dear) as f64 * a.entry.price_doubt as f64;
        a.merit = match ask.strategy {
            Strategy::Fastest if a.ability >= scale.bar => (seconds(a.entry, ask, health), cost),
            _ => merit(&scale, a.ability, a.odds, cost),
        };
    }
}

/// The base-2 logarithm of a positive number, to 2e-6: doublings of cost are weighed in tenths. Several times quicker
/// than the exact one, and the same on every platform.
fn doublings(ratio: f64) -> f64 {
    let bits = ratio.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1_023;
    // In [1, 2): the series of the area tangent, with which log2 m = 2 / ln 2 * (t + t^3 / 3 + ...), t = (m - 1) / (m + 1).
    let m = f64::from_bits((bits & ((1 << 52) - 1)) | (1_023 << 52));
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = t * (1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square / 9.0))));
    exponent as f64 + series * (2.0 / std::f64::consts::LN_2)
}

pub(super) fn candidate(able: &Able<'_>, ask: &Ask<'_>) -> Candidate {
    let mut target = able.entry.target.clone();
    // A level of the caller's own is in the request.
    target.effort = target.effort.filter(|_| ask.efforts.chosen());
    Candidate {
        target,
        quality: Some(quality(able.ability, demand_of(ask.difficulty()))),
        cost_nanos: able.cost,
        worst_nanos: able.worst,
        experience: (able.points != 0.0).then_some(able.points),
    }
}

/// Seconds until the answer is complete: as observed lately, else a guess in which dear and reasoning models are slow.
fn seconds(entry: &Entry, ask: &Ask<'_>, health: &HealthFacts) -> f64 {
    let usd_per_million = entry.price.as_ref().and_then(|p| p.rates.output).map_or(10.0, |pico| pico as f64 / 1e6);
    let tokens_a_second = 200.0 / (1.0 + usd_per_million / 4.0);
    let thinks = entry.target.model.reasons() && entry.target.effort.as_deref() != Some("none");
    let first = match health.latency.get(&entry.key) {
        Some(observed) => *observed,
        None if thinks => 2.0,
        None => 0.5,
    };
    first + ask.expected_output() as f64 * entry.verbosity / tokens_a_second
}
