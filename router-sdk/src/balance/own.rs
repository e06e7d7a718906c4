//! Callers that bring keys of their own: targets in, the same targets by the caller's way out; and what rests for them.

use crate::admit::Caller;
use crate::provider::{Target, owner_of};
use crate::select::HealthFacts;

/// A target as this caller asks it: with its own key where it brought one. Nothing where that key cannot be used there,
/// for the router's must not take its place.
pub(crate) fn owned(target: Target, caller: &Caller) -> Option<Target> {
    let Some(key) = caller.credential(&target.deployment.provider).filter(|_| !target.deployment.sandbox) else {
        return Some(target);
    };
    let deployment = target.deployment.with_own_key(caller.id(), key)?;
    Some(Target { deployment, ..target })
}

/// All targets as this caller asks them, each place once: one key has one way, however many ours have.
pub(crate) fn own<T>(all: Vec<T>, caller: &Caller, target: impl Fn(&mut T) -> &mut Target) -> Vec<T> {
    if !caller.has_credentials() {
        return all;
    }
    let mut places: Vec<String> = Vec::new();
    let mut out = Vec::with_capacity(all.len());
    for mut one in all {
        let held = target(&mut one);
        let Some(next) = owned(held.clone(), caller) else { continue };
        let place = next.place();
        if next.deployment.owner.is_some() && places.contains(&place) {
            continue;
        }
        places.push(place);
        *held = next;
        out.push(one);
    }
    out
}

/// Health as it is for this caller: where it brings a key, the rests of that key and of no other. What rests for
/// others alone is nothing to it.
pub(crate) fn seen_by(mut facts: HealthFacts, caller: &Caller) -> HealthFacts {
    if facts.resting.is_empty() {
        return facts;
    }
    let own = facts.resting.iter().filter_map(|(name, left)| {
        let (name, owner) = owner_of(name)?;
        (owner == caller.id()).then(|| (name.to_owned(), *left))
    });
    let own: Vec<_> = own.collect();
    let brought = |name: &str| caller.credential(name.split(['/', '#']).next().unwrap_or(name)).is_some();
    facts.resting.retain(|name, _| owner_of(name).is_none() && !brought(name));
    facts.resting.extend(own);
    facts
}

#[cfg(test)]
#[path = "own_tests.rs"]
mod tests;
