//! Every model that `auto` may consider, with the facts of one day laid out for a quick pass.

use std::sync::Arc;

use jiff::civil::Date;

use super::able::Able;
use super::shortlist::Shortlists;
use crate::catalog::{Basis, Mode, PricePeriod, Score, TaskClass};
use crate::provider::Target;

/// The pool of one day: prices and sunsets change with the date.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) date: Date,
    pub(crate) entries: Vec<Entry>,
    /// How many providers the entries are of.
    pub(crate) providers: usize,
    pub(super) shortlists: Shortlists,
}

/// One model of the pool.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// `provider/model`.
    pub(crate) key: String,
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
        let mut entries: Vec<Entry> = chat.map(|t| Entry::of(t, date)).collect();
        let mut names: Vec<String> = Vec::new();
        for entry in &mut entries {
            let name = &entry.target.deployment.provider;
            entry.provider = names.iter().position(|n| n == name).unwrap_or_else(|| {
                names.push(name.clone());
                names.len() - 1
            });
        }
        Arc::new(Self { date, entries, providers: names.len(), shortlists: Shortlists::default() })
    }
}

impl Entry {
    pub(crate) fn of(target: Target, date: Date) -> Self {
        let model = &target.model;
        let unscored = model.scores.is_empty();
        let listed = target.catalogued;
        let (mut abilities, mut doubts) = ([0.0; TaskClass::ALL.len()], [0.0; TaskClass::ALL.len()]);
        for (class, score) in model.scores.iter() {
            let (value, doubt) = level(score, unscored, listed);
            abilities[class as usize] = value - doubt;
            doubts[class as usize] = doubt;
        }
        let verbosity = match model.verbosity_at(None) {
            Some(v) => f64::from(v).clamp(0.2, 8.0),
            None if model.reasons() => REASONING_VERBOSITY,
            None => 1.0,
        };
        Self {
            able: Able::of(model),
            listed,
            price: model.price_at(date).cloned(),
            odds: abilities.map(|a| super::rank::odds_share(f64::from(a))),
            abilities,
            doubts,
            unscored,
            price_doubt: if listed && model.price_sources.is_some_and(|n| n <= 1) { UNCONFIRMED } else { 1 },
            verbosity,
            key: target.key(),
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
