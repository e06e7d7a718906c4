//! One model and one request in, what it would cost and how able it is out, or the gate that refuses it.

use std::cmp::Ordering;

use super::facts::Ask;
use super::gate::{self, Refused, Why};
use super::pool::Entry;
use super::rank::{demand_of, odds_share, quality};

/// From this difficulty on a model without any score is not considered.
const HARD: f64 = 0.5;

/// An entry that passed the gates.
#[derive(Clone)]
pub(super) struct Able<'p> {
    pub(super) entry: &'p Entry,
    pub(super) ability: f64,
    /// What of the ability is experience.
    pub(super) points: f64,
    pub(super) cost: Option<u64>,
    pub(super) worst: Option<u64>,
    /// Its share of the odds of failure.
    pub(super) odds: f64,
    /// Smaller is better; the second decides between equals.
    pub(super) merit: (f64, f64),
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

/// What of a request every model is measured by.
pub(super) struct Gauge {
    /// The place of the scores that speak for it.
    pub(super) class: usize,
    /// Output tokens of a model of ordinary verbosity.
    pub(super) typical: f64,
    /// Only models with scores may answer.
    pub(super) hard: bool,
}

impl Gauge {
    pub(super) fn of(ask: &Ask<'_>) -> Self {
        Self { class: ask.class() as usize, typical: ask.expected_output() as f64, hard: ask.difficulty() >= HARD }
    }
}

/// Every gate, in the order in which they are told.
pub(super) fn sift<'p>(entry: &'p Entry, ask: &Ask<'_>, needed: u32, gauge: &Gauge) -> Result<Able<'p>, Refused> {
    gate::allowed(&entry.target, ask.options)?;
    gate::able(entry, ask, needed, entry.listed)?;
    fit(entry, ask, gauge)
}

/// The gates that go by the size and the difficulty of a request, for a model that may and can do what it asks for.
pub(super) fn fit<'p>(entry: &'p Entry, ask: &Ask<'_>, gauge: &Gauge) -> Result<Able<'p>, Refused> {
    gate::sizes(&entry.target.model, ask)?;
    if gauge.hard && entry.listed && entry.unscored {
        gate::refused("quality", Why::Words("has no known quality, too little for a hard request"))?;
    }
    let model = &entry.target.model;
    let rates = entry.price.as_ref().map(|p| p.rates_for(ask.input_tokens, Some(ask.week_minute)));
    let typical = (gauge.typical * entry.verbosity) as u64;
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
    let class = gauge.class;
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
