//! Models that the caller named, in their order: gates in between, a plan out.

use super::able;
use super::facts::{Ask, HealthFacts};
use super::gate::{self, Refused, Why};
use super::plan::{Candidate, Plan};
use super::pool::Entry;
use crate::account::expected_cost;
use crate::error::Refusal;
use crate::provider::Target;

/// Plans over named targets. A lone target is asked whatever the catalogue thinks it can do; in a list, a model that is
/// known not to fit makes way for the next. The caller's own options hold for both.
pub(crate) fn listed(targets: Vec<Target>, refusals: Vec<Refusal>, ask: &Ask<'_>, health: &HealthFacts) -> Plan {
    let several = targets.len() + refusals.len() > 1;
    let needed = ask.options.require.iter().fold(able::needed(ask.needs), |bits, name| bits | able::bit(name));
    let required = ask.options.require.iter().fold(0, |bits, name| bits | able::bit(name));
    let mut plan = Plan {
        candidates: Vec::new(),
        also_able: Vec::new(),
        strategy: ask.strategy,
        automatic: false,
        explored: false,
        reasons: Vec::new(),
        baseline: None,
        best_single: None,
        refusals,
        resting: Vec::new(),
    };
    let class = ask.class() as usize;
    let mut ablest = f32::NEG_INFINITY;
    let real = targets.iter().any(|t| !t.deployment.sandbox);
    for target in ordered(targets, ask) {
        let entry = Entry::of(target, ask.today);
        let needed = if several { needed } else { required };
        match check(&entry, ask, needed, several, real) {
            Err(Refused { gate, why }) => {
                plan.refusals.push(Refusal { model: entry.key.clone(), gate, reason: why.to_string() });
            }
            Ok(candidate) => {
                match health.rest_of(&candidate.target) {
                    Some(left) => plan.resting.push((candidate.target.key(), left)),
                    None => {
                        // Of equals the one that the caller named first.
                        let ability = entry.abilities.get(class).copied().unwrap_or_default();
                        if ability > ablest {
                            ablest = ability;
                            plan.best_single = Some(candidate.target.clone());
                        }
                        plan.candidates.push(candidate);
                    }
                }
                // A first choice that rests is still the only one.
                if ask.options.allow_fallbacks == Some(false) {
                    break;
                }
            }
        }
    }
    plan.baseline = plan.candidates.iter().max_by_key(|c| c.cost_nanos).map(|c| c.target.clone());
    plan.reasons
        .push(if several { "the first of the named models that can answer" } else { "named by the caller" }.into());
    plan
}

fn ordered(mut targets: Vec<Target>, ask: &Ask<'_>) -> Vec<Target> {
    let order = &ask.options.order;
    if !order.is_empty() {
        targets.sort_by_key(|t| order.iter().position(|name| gate::matches(name, t)).unwrap_or(usize::MAX));
    }
    targets
}

fn check(entry: &Entry, ask: &Ask<'_>, needed: u32, several: bool, real: bool) -> Result<Candidate, Refused> {
    let model = &entry.target.model;
    if entry.target.deployment.sandbox && real {
        gate::refused("sandbox", Why::Words("sandbox and real models never stand in one plan"))?;
    }
    if model.mode == crate::catalog::Mode::Embedding {
        gate::refused("api", Why::Words("makes embeddings, not chat"))?;
    }
    gate::allowed(&entry.target, ask.options)?;
    if several || needed != 0 {
        gate::fits(entry, ask, needed, false)?;
    }
    let rates = entry.price.as_ref().map(|p| p.rates_for(ask.input_tokens, Some(ask.week_minute)));
    let (choices, sends) = gate::sends(&entry.target, ask);
    let cost = |output: u64| {
        let one = expected_cost(model, ask.input_tokens, output.saturating_mul(choices), ask.today);
        one.map(|nanos| nanos.saturating_mul(sends))
    };
    let worst = cost(gate::worst_output(model, ask));
    gate::affordable(rates, worst, model.free, ask.options, false)?;
    let output = (ask.expected_output() as f64 * entry.verbosity) as u64;
    let output = ask.needs.max_output_tokens.map_or(output, |limit| output.min(limit));
    let cost_nanos = cost(output);
    Ok(Candidate { target: entry.target.clone(), quality: None, cost_nanos, worst_nanos: worst, experience: None })
}
