//! Experience in a choice: what it moved, in words, and now and then another model put first, to learn of it.

use super::facts::{Ask, HealthFacts};
use super::pool::Entry;
use super::rank::weigh;
use super::sift::Able;

/// The model that would be first without experience; nothing where there is none, or where the caller ordered.
pub(super) fn first_untaught<'p>(passed: &[Able<'p>], ask: &Ask<'_>, health: &HealthFacts) -> Option<&'p Entry> {
    if ask.lessons.is_none() || !ask.options.order.is_empty() || passed.iter().all(|a| a.points == 0.0) {
        return None;
    }
    let mut plain: Vec<Able<'p>> = passed.iter().map(|a| a.with_ability(a.ability - a.points)).collect();
    weigh(&mut plain, ask, health);
    plain.iter().min_by(|a, b| a.rank(b)).map(|a| a.entry)
}

/// That experience moved the choice, and by what.
pub(super) fn moved(untaught: Option<&Entry>, chain: &[&Able<'_>], ask: &Ask<'_>) -> Vec<String> {
    let (Some(other), Some(first), Some(lessons)) = (untaught, chain.first(), ask.lessons) else { return Vec::new() };
    if std::ptr::eq(other, first.entry) {
        return Vec::new();
    }
    let of = |entry: &Entry, points: f64| match lessons.scores(entry) {
        0 => format!("{} has no scores", entry.label),
        scores => format!("{} has {scores} scores, which move it by {points:+.1} points here", entry.label),
    };
    let points = lessons.points(other, ask.class() as usize);
    vec![format!(
        "experience moved the choice, which would have been {}: {}; {}",
        other.label,
        of(first.entry, first.points),
        of(other, points)
    )]
}

/// Puts that candidate first which would be by a draw of what each one's ability may be. Its name in words, where it was
/// not the first already.
pub(super) fn tried<'p>(chain: &mut Vec<&Able<'p>>, ask: &Ask<'_>, health: &HealthFacts) -> Option<String> {
    let lessons = ask.lessons.filter(|_| ask.options.order.is_empty())?;
    let (chances, class) = (lessons.trial.as_ref()?, ask.class() as usize);
    let draw = |a: &Able<'p>, chance: &f64| a.with_ability(lessons.drawn(a.entry, class, *chance));
    let mut drawn: Vec<Able<'p>> = chain.iter().zip(chances).map(|(a, chance)| draw(a, chance)).collect();
    weigh(&mut drawn, ask, health);
    let (at, _) = drawn.iter().enumerate().min_by(|(_, a), (_, b)| a.rank(b)).filter(|(at, _)| *at > 0)?;
    let (one, first) = (*chain.get(at)?, chain.first()?.entry.label.clone());
    chain.remove(at);
    chain.insert(0, one);
    Some(format!("{} is tried out in place of {first}, to learn how well it does (learning.explore)", one.entry.label))
}
