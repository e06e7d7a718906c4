//! How one model stands with a request: its name in; able, resting, refused or gone out, by the gates of the plan.

use std::time::Duration;

use super::able;
use super::facts::{Ask, HealthFacts};
use super::plan::Candidate;
use super::pool::Pool;
use super::rank::{candidate, demand, sift};

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
    let Some(entry) = pool.entries.iter().find(|entry| entry.key == key) else { return Standing::Gone };
    if let Some((gate, _)) = &entry.barred {
        return Standing::Refused(gate);
    }
    let needed = ask.options.require.iter().fold(able::needed(ask.needs), |bits, name| bits | able::bit(name));
    match sift(entry, ask, needed, ask.class() as usize) {
        Err(refused) => Standing::Refused(refused.gate),
        Ok(able) => match health.rest_of(&entry.target) {
            Some(left) => Standing::Resting(candidate(&able, demand(ask)), left),
            None => Standing::Able(candidate(&able, demand(ask))),
        },
    }
}
