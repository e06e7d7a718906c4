//! How one model stands with a request: its name in; able, resting, refused or gone out, by the gates of the plan.

use std::time::Duration;

use super::able;
use super::facts::{Ask, HealthFacts};
use super::plan::Candidate;
use super::pool::Pool;
use super::rank::{candidate, weigh};
use super::sift::{Able, Gauge, sift};

/// The standing of a model.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    Able(Candidate),
    /// It could, but rests so much longer.
    Resting(Candidate, Duration),
    /// The gate that refuses it.
    Refused(&'static str),
    /// The pool has no such model.
    Gone,
}

/// The standing of the model `provider/model`.
pub(crate) fn standing(pool: &Pool, ask: &Ask<'_>, health: &HealthFacts, key: &str) -> Standing {
    let mut levels = pool.entries.iter().filter(|entry| entry.key == key && entry.is_open(ask)).peekable();
    let Some(entry) = levels.peek() else { return Standing::Gone };
    if let Some((gate, _)) = &entry.barred {
        return Standing::Refused(gate);
    }
    let rest = health.rest_of(&entry.target);
    let needed = ask.options.require.iter().fold(able::needed(ask.needs), |bits, name| bits | able::bit(name));
    let (mut able, mut refused): (Vec<Able<'_>>, _) = (Vec::new(), None);
    for entry in levels {
        match sift(entry, ask, needed, &Gauge::of(ask)) {
            Ok(one) => able.push(one),
            Err(why) => refused = refused.or(Some(why.gate)),
        }
    }
    weigh(&mut able, ask, health);
    // At the level of thinking that the strategy prefers.
    match (able.iter().min_by(|a, b| a.rank(b)), rest) {
        (Some(able), Some(left)) => Standing::Resting(candidate(able, ask), left),
        (Some(able), None) => Standing::Able(candidate(able, ask)),
        (None, _) => refused.map_or(Standing::Gone, Standing::Refused),
    }
}
