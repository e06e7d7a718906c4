//! A plan's models in, candidates at deployments out: each model of a provider with several gets all of them, in the
//! order of the strategy; models of a balanced alias change places among themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::{Draw, Load, Seatable, order};
use crate::config::{Alias, Balance};
use crate::provider::{Deployment, Target};
use crate::select::Candidate;
use crate::wire::ChatRequest;

/// Providers with several deployments.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    of: BTreeMap<String, (Balance, Vec<Arc<Deployment>>)>,
    sizes: HashMap<String, usize>,
}

impl Pools {
    pub(crate) fn add(&mut self, provider: &str, balance: Balance, deployments: Vec<Arc<Deployment>>) {
        self.sizes.insert(provider.to_owned(), deployments.len());
        self.of.insert(provider.to_owned(), (balance, deployments));
    }

    /// How many deployments each has.
    pub(crate) fn sizes(&self) -> &HashMap<String, usize> {
        &self.sizes
    }

    fn balance(&self, target: &Target) -> Option<Balance> {
        self.of.get(&target.deployment.provider).map(|(balance, _)| *balance)
    }

    /// True when no provider has several.
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// Puts candidates in the order in which they are asked. `loads` tells how the given targets stand.
pub(crate) fn arrange(
    candidates: Vec<Candidate>,
    pools: &Pools,
    alias: Option<(&str, &Alias)>,
    request: &ChatRequest,
    loads: impl Fn(&[Target]) -> Vec<Load>,
    draw: &Draw,
) -> Vec<Candidate> {
    let session = request.route().session.as_deref();
    let candidates = match alias {
        Some((name, alias)) if candidates.len() > 1 => group(candidates, name, alias, request, &loads, draw),
        _ => candidates,
    };
    if pools.is_empty() {
        return candidates;
    }
    let mut out = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let key = || session.map(str::to_owned);
        let hashed = || key().or_else(|| Some(beginning(request)));
        let hashes = pools.balance(&candidate.target) == Some(Balance::Hash);
        let key: &dyn Fn() -> Option<String> = if hashes { &hashed } else { &key };
        match spread(&candidate.target, candidate.cost_nanos, pools, key, &loads, draw) {
            None => out.push(candidate),
            Some(targets) => out.extend(targets.into_iter().map(|target| Candidate { target, ..candidate.clone() })),
        }
    }
    out
}

/// A target at every deployment of its provider, in the order in which they are asked; nothing when there is but one.
pub(crate) fn spread(
    target: &Target,
    cost_nanos: Option<u64>,
    pools: &Pools,
    key: impl Fn() -> Option<String>,
    loads: &impl Fn(&[Target]) -> Vec<Load>,
    draw: &Draw,
) -> Option<Vec<Target>> {
    let provider = &target.deployment.provider;
    let (balance, deployments) = pools.of.get(provider)?;
    let at = |d: &Arc<Deployment>| Target { deployment: d.for_model(&target.model), ..target.clone() };
    let targets: Vec<Target> = deployments.iter().map(at).collect();
    let seats: Vec<Seatable> = targets.iter().zip(loads(&targets)).map(|(t, l)| seat(t, cost_nanos, l)).collect();
    let turn = if *balance == Balance::RoundRobin { draw.turn(provider) } else { 0 };
    let ordered = order(*balance, &seats, key().as_deref(), turn, draw);
    Some(ordered.into_iter().filter_map(|i| targets.get(i).cloned()).collect())
}

/// The models of an alias that is balanced change places; what else the plan has stays behind them.
fn group(
    candidates: Vec<Candidate>,
    name: &str,
    alias: &Alias,
    request: &ChatRequest,
    loads: &impl Fn(&[Target]) -> Vec<Load>,
    draw: &Draw,
) -> Vec<Candidate> {
    let Some(balance) = alias.balance else { return candidates };
    let targets: Vec<Target> = candidates.iter().map(|c| c.target.clone()).collect();
    let listed = |t: &Target| alias.models.iter().find(|m| m.model == t.key() || m.model == t.model.id);
    let seats: Vec<Seatable> = candidates
        .iter()
        .zip(loads(&targets))
        .map(|(c, load)| {
            let own = listed(&c.target);
            Seatable {
                name: c.target.key(),
                weight: own.map_or(1.0, |m| m.weight),
                priority: own.map_or(u32::MAX, |m| m.priority),
                cost_nanos: c.cost_nanos,
                load,
            }
        })
        .collect();
    let beginning = (balance == Balance::Hash).then(|| beginning(request));
    let key = request.route().session.as_deref().or(beginning.as_deref());
    let turn = if balance == Balance::RoundRobin { draw.turn(name) } else { 0 };
    let ordered = order(balance, &seats, key, turn, draw);
    ordered.into_iter().filter_map(|i| candidates.get(i).cloned()).collect()
}

fn seat(target: &Target, cost_nanos: Option<u64>, load: Load) -> Seatable {
    let deployment = &target.deployment;
    Seatable { name: deployment.label(), weight: deployment.weight, priority: deployment.priority, cost_nanos, load }
}

/// What requests of one conversation share, and what a provider's prompt cache keys on: everything up to the first
/// message of the user.
fn beginning(request: &ChatRequest) -> String {
    let mut out = String::new();
    for message in request.messages() {
        // Writing JSON into a String cannot fail.
        out.push_str(&message.get("content").map(Value::to_string).unwrap_or_default());
        if message.get("role").and_then(Value::as_str) == Some("user") {
            break;
        }
    }
    out
}
