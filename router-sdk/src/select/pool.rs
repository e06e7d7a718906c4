//! Every model that `auto` may consider, with the facts of one day laid out for a quick pass.

use std::sync::Arc;

use jiff::civil::Date;

use super::able::Able;
use super::efforts;
use super::facts::Ask;
use super::fine::FineLists;
use super::shortlist::Shortlists;
use crate::catalog::{Basis, EffortScores, Mode, PricePeriod, Score, TaskClass};
use crate::provider::Target;

/// The pool of one day: prices and sunsets change with the date.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) date: Date,
    pub(crate) entries: Vec<Entry>,
    /// How many providers the entries are of.
    pub(crate) providers: usize,
    pub(super) shortlists: Shortlists,
    pub(super) fine: FineLists,
}

/// One model of the pool.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// `provider/model`.
    pub(crate) key: String,
    /// The same for people, with the level of thinking where it is not the default.
    pub(crate) label: String,
    /// The levels that the model has entries of their own for, one bit each.
    pub(crate) levels: u8,
    /// The provider's number within the pool.
    pub(crate) provider: usize,
    pub(crate) able: Able,
    /// True for a model of the catalogue, of which unknown abilities are doubted; false for the user's own.
    pub(crate) listed: bool,
    pub(crate) price: Option<PricePeriod>,
    /// Scores less their doubt, by class.
    pub(crate) abilities: [f32; TaskClass::ALL.len()],
    /// What of the scores is doubted, by class.
    pub(crate) doubts: [f32; TaskClass::ALL.len()],
    /// `exp(-ability / K)` by class: times the demand's share these are the odds of failure.
    pub(crate) odds: [f64; TaskClass::ALL.len()],
    pub(crate) unscored: bool,
    /// What its price is multiplied with when models are compared.
    pub(crate) price_doubt: u64,
    pub(crate) verbosity: f64,
    /// A reason why this model is never chosen by `auto`, whatever the request.
    pub(crate) barred: Option<(&'static str, String)>,
}

/// How many standard deviations of doubt are subtracted from a score.
pub(super) const DOUBT: f32 = 0.5;
/// What is assumed of an own model without scores: a mid-sized model, with doubt.
const OWN_ABILITY: f32 = 20.0;
/// Output of a reasoning model of unknown verbosity, relative to a plain one.
const REASONING_VERBOSITY: f64 = 2.5;
/// A price that only one source states, or on which sources disagree, counts as so many times itself when models are
/// compared: such prices are often stale or a placeholder. What is charged to the books is the price as stated.
const UNCONFIRMED: u64 = 2;
/// Marks of models that search, research, apply edits or are several at once: they bill for more than the tokens of
/// one answer or answer in a way of their own.
const SPECIAL: [&str; 4] = ["search", "morph-v", "relace", "multi-agent"];
/// A model is not chosen any more when it is switched off within so many days.
const SUNSET_MARGIN_DAYS: i64 = 21;

impl Pool {
    pub(crate) fn build(targets: Vec<Target>, date: Date) -> Arc<Self> {
        let chat = targets.into_iter().filter(|t| t.model.mode != Mode::Embedding);
        let mut entries: Vec<Entry> = chat.flat_map(|t| Entry::at_each_level(t, date)).collect();
        let mut names: Vec<String> = Vec::new();
        for entry in &mut entries {
            let name = &entry.target.deployment.provider;
            entry.provider = names.iter().position(|n| n == name).unwrap_or_else(|| {
                names.push(name.clone());
                names.len() - 1
            });
        }
        Arc::new(Self {
            date,
            entries,
            providers: names.len(),
            shortlists: Shortlists::default(),
            fine: FineLists::default(),
        })
    }
}

impl Entry {
    /// The model as it answers by default, and at every other level of thinking that may be chosen.
    fn at_each_level(target: Target, date: Date) -> Vec<Self> {
        let at = |row: &EffortScores| Target { effort: Some(row.effort.as_str().into()), ..target.clone() };
        let others: Vec<Target> = efforts::levels(&target).map(at).collect();
        std::iter::once(target).chain(others).map(|target| Self::of(target, date)).collect()
    }

    pub(crate) fn of(target: Target, date: Date) -> Self {
        let model = &target.model;
        let effort = target.effort.as_deref();
        let scores = model.scores_at(effort);
        let unscored = scores.is_empty();
        let listed = target.catalogued;
        let (mut abilities, mut doubts) = ([0.0; TaskClass::ALL.len()], [0.0; TaskClass::ALL.len()]);
        for (class, score) in scores.iter() {
            let (value, doubt) = level(score, unscored, listed);
            abilities[class as usize] = value - doubt;
            doubts[class as usize] = doubt;
        }
        let verbosity = match model.verbosity_at(effort) {
            Some(v) => f64::from(v).clamp(0.2, 8.0),
            None if model.reasons() => REASONING_VERBOSITY,
            None => 1.0,
        };
        Self {
            able: if effort == Some("none") { Able::of(model).without_reasoning() } else { Able::of(model) },
            listed,
            price: model.price_at(date).cloned(),
            odds: abilities.map(|a| super::rank::odds_share(f64::from(a))),
            abilities,
            doubts,
            unscored,
            price_doubt: if listed && model.price_sources.is_some_and(|n| n <= 1) { UNCONFIRMED } else { 1 },
            verbosity,
            key: target.key(),
            label: effort.map_or_else(|| target.key(), |level| format!("{} at {level} effort", target.key())),
            levels: efforts::levels(&target).fold(0, |bits, row| bits | efforts::bit(&row.effort)),
            provider: 0,
            barred: barred(&target, date),
            target,
        }
    }
}

/// The level that a score stands for, and what of it is doubted.
pub(super) fn level(score: Score, unscored: bool, listed: bool) -> (f32, f32) {
    match score.basis {
        _ if unscored && !listed => (OWN_ABILITY, 0.0),
        Basis::None => (-Score::UNKNOWN_SIGMA, 0.0),
        _ => (score.value, DOUBT * score.sigma),
    }
}

impl Entry {
    /// Whether a request leaves the level of this entry open.
    pub(super) fn is_open(&self, ask: &Ask<'_>) -> bool {
        ask.efforts.open(self.target.effort.as_deref(), self.levels)
    }
}

fn barred(target: &Target, date: Date) -> Option<(&'static str, String)> {
    let model = &target.model;
    if model.retired_on(date) {
        return Some(("sunset", "is switched off".into()));
    }
    let margin = jiff::Span::new().days(SUNSET_MARGIN_DAYS);
    let horizon = date.checked_add(margin).unwrap_or(date);
    if let Some(sunset) = model.sunset.filter(|s| *s <= horizon) {
        return Some(("sunset", format!("is switched off on {sunset}")));
    }
    if target.catalogued && SPECIAL.iter().any(|mark| model.id.contains(mark)) {
        return Some((
            "special_purpose",
            "is made for search, research, applying edits or many agents; name it to use it".into(),
        ));
    }
    if model.id.ends_with("latest") {
        return Some(("moving_alias", "is a name that moves from model to model; its dated name can be chosen".into()));
    }
    if model.status == crate::catalog::Status::Deprecated {
        return Some(("sunset", "is deprecated".into()));
    }
    None
}
