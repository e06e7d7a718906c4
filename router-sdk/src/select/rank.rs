//! The choice of `auto`: every model of the pool in, the strategy's best first and its fallbacks after it out.
//!
//! Expected quality is an item-response curve: `1 / (1 + exp((b - a) / K))` with the model's ability `a` (its score in
//! the task's class less half its uncertainty) and the request's demand `b`, a line over the difficulty. The slope makes
//! a step of `K` points of score worth a factor of e in the odds of a good answer.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::able;
use super::chain::{CHAIN, chain};
use super::facts::{Ask, HealthFacts};
use super::gate::{self, Refused, Why};
use super::plan::{Candidate, Plan};
use super::pool::{Entry, Pool};
use super::reasons::{Prospect, reasons};
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
/// From this difficulty on a model without any score is not considered.
const HARD: f64 = 0.5;

/// An entry that passed the gates.
#[derive(Clone)]
pub(super) struct Able<'p> {
    pub(super) entry: &'p Entry,
    pub(super) ability: f64,
    /// What of the ability is experience.
    pub(super) points: f64,
    cost: Option<u64>,
    worst: Option<u64>,
    odds: f64,
    /// Smaller is better; the second decides between equals.
    merit: (f64, f64),
}

impl Able<'_> {
    /// Best first. Names break ties, so that the same request always goes the same way.
    pub(super) fn rank(&self, other: &Self) -> Ordering {
        let merits = self.merit.0.total_cmp(&other.merit.0).then(self.merit.1.total_cmp(&other.merit.1));
        let able = || other.ability.total_cmp(&self.ability);
        // The default comes before levels of the same model: its label is the shorter one.
        merits.then_with(able).then_with(|| self.entry.label.cmp(&other.entry.label))
    }

    /// The same with another ability.
    pub(super) fn with_ability(&self, ability: f64) -> Self {
        Self { ability, odds: odds_share(ability), ..self.clone() }
    }
}

/// Chooses among the pool. `explain` looks at every model and fills the refusals; without it the same plan comes from
/// the few models that can win, unless the request's options call for others.
pub(crate) fn choose(pool: &Pool, ask: &Ask<'_>, health: &HealthFacts, explain: bool) -> Plan {
    if !explain && plain(ask) && health.resting.is_empty() {
        let needed = able::needed(ask.needs);
        let list = pool.shortlists.of(&pool.entries, ask, needed, ask.class() as usize);
        let short = list.entries.iter().filter_map(|at| pool.entries.get(*at));
        let plan = among(short, pool.providers, ask, health, false);
        // With fewer providers than places the chain takes more than the best of each.
        if plan.candidates.iter().map(|c| &c.target.deployment.provider).collect::<HashSet<_>>().len() == CHAIN {
            return plan;
        }
    }
    among(pool.entries.iter(), pool.providers, ask, health, explain)
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

fn among<'p>(
    entries: impl Iterator<Item = &'p Entry>,
    providers: usize,
    ask: &Ask<'_>,
    health: &HealthFacts,
    explain: bool,
) -> Plan {
    let mut passed = Vec::new();
    let mut refusals = Vec::new();
    let mut resting = Vec::new();
    let needed = ask.options.require.iter().fold(able::needed(ask.needs), |bits, name| bits | able::bit(name));
    let class = ask.class() as usize;
    for entry in entries {
        if !entry.is_open(ask) {
            continue;
        }
        // What keeps a model from answering does so at every level.
        let explain = explain && (entry.target.effort.is_none() || !ask.efforts.chosen());
        if let Some((gate, reason)) = &entry.barred {
            if explain {
                refusals.push(Refusal { model: entry.key.clone(), gate, reason: reason.clone() });
            }
            continue;
        }
        match sift(entry, ask, needed, class) {
            Ok(able) => match health.rest_of(&entry.target) {
                Some(_) if resting.iter().any(|(key, _)| *key == entry.key) => {}
                Some(left) => resting.push((entry.key.clone(), left)),
                None => passed.push(able),
            },
            Err(Refused { gate, why }) if explain => {
                refusals.push(Refusal { model: entry.key.clone(), gate, reason: why.to_string() });
            }
            Err(_) => {}
        }
    }
    let demand = demand_of(ask.difficulty());
    let by_default = passed.iter().filter(|a| a.entry.target.effort.is_none());
    let baseline = by_default.max_by_key(|a| a.cost).map(|a| a.entry.target.clone());
    let best_single = ablest(&passed).map(|a| a.entry.target.clone());
    let untaught = first_untaught(&passed, ask, health, demand);
    weigh(&mut passed, ask, health, demand);
    let mut chain = chain(&passed, providers, ask);
    let mut reasons_of_experience = moved(untaught, &chain, ask);
    let trial = tried(&mut chain, ask, health, demand);
    let explored = trial.is_some();
    reasons_of_experience.extend(trial);
    let prospect = |able: &'_ Able<'p>| Prospect {
        name: &able.entry.label,
        quality: quality(able.ability, demand),
        cost: able.cost,
    };
    let ablest = passed.iter().max_by(|a, b| a.ability.total_cmp(&b.ability));
    let mut reasons = match (chain.first(), ablest) {
        (Some(first), Some(ablest)) if !explored => reasons(&prospect(first), &prospect(ablest), ask, bar(ask)),
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

/// What the strategy `best` asks first: ability in whole points, then price, then names.
fn ablest<'a, 'p>(passed: &'a [Able<'p>]) -> Option<&'a Able<'p>> {
    let price = |a: &Able<'_>| a.cost.map_or(u128::MAX, |c| u128::from(c) * u128::from(a.entry.price_doubt));
    let judged = passed.iter().map(|a| (a.ability.round(), price(a), a));
    let best = judged.min_by(|(able, price, a), (other_able, other_price, b)| {
        other_able.total_cmp(able).then_with(|| price.cmp(other_price)).then_with(|| a.entry.label.cmp(&b.entry.label))
    });
    best.map(|(_, _, a)| a)
}

pub(super) fn sift<'p>(entry: &'p Entry, ask: &Ask<'_>, needed: u32, class: usize) -> Result<Able<'p>, Refused> {
    gate::allowed(&entry.target, ask.options)?;
    gate::fits(entry, ask, needed, entry.listed)?;
    if entry.listed && entry.unscored && ask.difficulty() >= HARD {
        gate::refused("quality", Why::Words("has no known quality, too little for a hard request"))?;
    }
    let model = &entry.target.model;
    let rates = entry.price.as_ref().map(|p| p.rates_for(ask.input_tokens, Some(ask.week_minute)));
    let typical = (ask.expected_output() as f64 * entry.verbosity) as u64;
    let expected = ask.needs.max_output_tokens.map_or(typical, |limit| typical.min(limit));
    let (choices, sends) = gate::sends(&entry.target, ask);
    let at = |output: u64| {
        let rates = rates?;
        let input = ask.input_tokens.checked_mul(rates.input?)?;
        let output = output.checked_mul(choices)?.checked_mul(rates.output?)?;
        Some(input.checked_add(output)?.checked_mul(sends)? / 1_000)
    };
    let worst = at(gate::worst_output(model, ask));
    gate::affordable(rates, worst, model.free, ask.options, true)?;
    let cost = at(expected);
    if cost.is_none() && entry.listed {
        gate::refused("price", Why::Words("has no known price"))?;
    }
    let points = ask.lessons.map_or(0.0, |lessons| lessons.points(entry, class));
    let ability = f64::from(entry.abilities.get(class).copied().unwrap_or_default()) + points;
    if let Some(wanted) = ask.options.min_quality {
        let expected = quality(ability, demand_of(ask.difficulty()));
        if expected < wanted {
            gate::refused("min_quality", Why::Quality { expected, wanted })?;
        }
    }
    let odds = match entry.odds.get(class) {
        Some(odds) if points == 0.0 => *odds,
        _ => odds_share(ability),
    };
    Ok(Able { entry, ability, points, cost, worst, odds, merit: (0.0, 0.0) })
}

/// What a request of this difficulty demands, on the scale of scores.
pub(super) fn demand_of(difficulty: f64) -> f64 {
    DEMAND.0 + (DEMAND.1 - DEMAND.0) * difficulty
}

/// The quality from which on `cheapest` and `fastest` are satisfied.
fn bar(ask: &Ask<'_>) -> f64 {
    ask.options.min_quality.unwrap_or(BAR)
}

fn quality(ability: f64, demand: f64) -> f64 {
    1.0 / (1.0 + ((demand - ability) / K).exp())
}

/// A model's share of the odds of failure.
pub(super) fn odds_share(ability: f64) -> f64 {
    (-ability / K).exp()
}

/// Gives everyone its merit under the strategy.
pub(super) fn weigh(passed: &mut [Able<'_>], ask: &Ask<'_>, health: &HealthFacts, demand: f64) {
    // Unknown cost counts as the dearest there is.
    let dear = passed.iter().filter_map(|a| a.cost).max().unwrap_or(1);
    let cheap = passed.iter().filter_map(|a| a.cost).min().unwrap_or(1).max(1) as f64;
    let bar = bar(ask);
    let bar = demand + K * (bar / (1.0 - bar)).ln();
    let demanded = (demand / K).exp();
    for a in passed {
        let cost = a.cost.unwrap_or(dear) as f64 * a.entry.price_doubt as f64;
        let below = a.ability < bar;
        a.merit = match ask.strategy {
            // Below the bar ability counts alone, so a harder request never gets a weaker model.
            Strategy::Cheapest | Strategy::Fastest if below => (f64::MAX, -a.ability),
            Strategy::Cheapest => (cost, -a.ability),
            Strategy::Fastest => (seconds(a.entry, ask, health), cost),
            Strategy::Best => (-a.ability.round(), cost),
            Strategy::Balanced => {
                let odds_of_failure = demanded * a.odds;
                (odds_of_failure + DOUBLING * (cost.max(1.0) / cheap).log2(), cost)
            }
        };
    }
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
