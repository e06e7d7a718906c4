//! Decisions before anything is sent: a request in, its plan, its candidates at their deployments and its shadow out.

use tokio::time::Instant;

use super::{Moment, Shared};
use crate::account::Books;
use crate::admit;
use crate::balance;
use crate::classify::{self, Needs, Task};
use crate::error::Error;
use crate::provider::Target;
use crate::select::{self, Ask, Candidate, Explanation, HealthFacts, Plan};
use crate::setup::{Asked, Named};
use crate::wire::{ChatRequest, RequestSize, RouteOptions, Strategy, Tokenizer};

/// A request that has been classified and planned.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) task: Option<Task>,
    /// As selection compares models by it, and for the estimates of the books.
    pub(super) input_tokens: u64,
    pub(super) size: RequestSize,
}

/// The plan alone.
pub(crate) fn plan_only(shared: &Shared, request: &ChatRequest) -> Result<Plan, Error> {
    admit::check(request)?;
    decide(shared, request, Moment::now()).map(|planned| planned.plan)
}

/// A plan with candidates, or the reasons why there is none.
pub(super) fn decide(shared: &Shared, request: &ChatRequest, moment: Moment) -> Result<Planned, Error> {
    let mut planned = plan(shared, request, moment, false)?;
    if planned.plan.candidates.is_empty() {
        // The refusals are worth their time only when they are all there is to tell.
        planned = plan(shared, request, moment, true)?;
    }
    Ok(Planned { plan: planned.plan.or_error()?, ..planned })
}

/// The same walk stopped before anything is sent.
pub(crate) fn explain(shared: &Shared, request: &ChatRequest) -> Result<Explanation, Error> {
    admit::check(request)?;
    let planned = plan(shared, request, Moment::now(), true)?;
    Ok(Explanation { task: planned.task, input_tokens: planned.input_tokens, plan: planned.plan })
}

fn plan(shared: &Shared, request: &ChatRequest, moment: Moment, explain: bool) -> Result<Planned, Error> {
    let setup = &shared.setup;
    let asked = setup.asked(request)?;
    let size = RequestSize::of(request, setup.config.tokens.exact);
    let input_tokens = size.tokens(Tokenizer::default());
    let options = setup.canonical_options(request.route());
    let options = options.as_ref();
    let named = match &asked {
        Asked::Auto(strategy) => *strategy,
        Asked::Listed(_) => None,
    };
    let strategy = options.strategy.or(named).unwrap_or(setup.config.strategy);
    let quick = strategy == Strategy::Fastest;
    let health = shared.sender.health.facts(input_tokens, moment.started, quick, setup.pools.sizes());
    match asked {
        Asked::Auto(_) => {
            let task = classify::classify(request.body());
            let ask = asked_of(Some(&task), &task.needs, request, options, strategy, input_tokens, moment);
            let plan = auto(shared, &ask, &health, explain)?;
            Ok(Planned { plan: with_baseline(shared, request, plan)?, task: Some(task), input_tokens, size })
        }
        Asked::Listed(mut named) => {
            let needs = classify::needs(request.body());
            for (i, name) in options.fallbacks.iter().enumerate() {
                setup.named(name, &format!("route.fallbacks[{i}]"), &mut named)?;
            }
            let ask = asked_of(None, &needs, request, options, strategy, input_tokens, moment);
            let plan = select::listed(named.targets, named.refusals, &ask, &health);
            Ok(Planned { plan: with_baseline(shared, request, plan)?, task: None, input_tokens, size })
        }
    }
}

/// The plan of a request whose task is known, as far as the router chooses: as if the classifier had said so.
pub(super) fn planned_at(
    shared: &Shared,
    request: &ChatRequest,
    task: &Task,
    strategy: Strategy,
    input_tokens: u64,
    moment: Moment,
) -> Result<Plan, Error> {
    let setup = &shared.setup;
    let options = setup.canonical_options(request.route());
    let quick = strategy == Strategy::Fastest;
    let health = shared.sender.health.facts(input_tokens, moment.started, quick, setup.pools.sizes());
    let ask = asked_of(Some(task), &task.needs, request, options.as_ref(), strategy, input_tokens, moment);
    with_baseline(shared, request, auto(shared, &ask, &health, false)?)
}

/// What selection is asked.
pub(super) fn asked_of<'a>(
    task: Option<&'a Task>,
    needs: &'a Needs,
    request: &ChatRequest,
    options: &'a RouteOptions,
    strategy: Strategy,
    input_tokens: u64,
    moment: Moment,
) -> Ask<'a> {
    let Moment { date, week_minute, .. } = moment;
    Ask { task, needs, options, strategy, input_tokens, choices: request.choices(), today: date, week_minute }
}

/// The router's choice, with the caller's own fallbacks in place of the chosen ones where it named some.
fn auto(shared: &Shared, ask: &Ask<'_>, health: &HealthFacts, explain: bool) -> Result<Plan, Error> {
    let pool = shared.pool(ask.today)?;
    let mut plan = select::choose(&pool, ask, health, explain);
    if ask.options.fallbacks.is_empty() || ask.options.allow_fallbacks == Some(false) {
        return Ok(plan);
    }
    let targets = plan.candidates.first().map(|c| c.target.clone()).into_iter().collect();
    let mut named = Named { targets, refusals: Vec::new() };
    for (i, name) in ask.options.fallbacks.iter().enumerate() {
        shared.setup.named(name, &format!("route.fallbacks[{i}]"), &mut named)?;
    }
    let named = select::listed(named.targets, named.refusals, ask, health);
    plan.candidates.truncate(1);
    let first = plan.candidates.first().map(|c| c.target.key());
    plan.candidates.extend(named.candidates.into_iter().filter(|c| Some(c.target.key()) != first));
    plan.refusals.extend(named.refusals);
    Ok(plan)
}

/// The baseline that the request or the config names, in place of the dearest.
fn with_baseline(shared: &Shared, request: &ChatRequest, mut plan: Plan) -> Result<Plan, Error> {
    let setup = &shared.setup;
    let (name, field) = match (&request.route().baseline, &setup.config.baseline) {
        (Some(name), _) => (name, "route.baseline"),
        (None, Some(name)) => (name, "baseline"),
        (None, None) => return Ok(plan),
    };
    plan.baseline = Some(setup.baseline(name, field)?);
    Ok(plan)
}

/// Sends a copy of the request to the configured shadow, when it is its turn and the request's own options allow it.
pub(super) fn overshadow(
    shared: &Shared,
    request: &ChatRequest,
    plan: &Plan,
    tokens: u64,
    books: &Books,
    moment: Moment,
) {
    let Some(settings) = &shared.setup.config.shadow else { return };
    if !shared.shadow.is_due() {
        return;
    }
    let Ok(target) = shared.setup.resolve(&settings.model, "shadow.model") else { return };
    let real = plan.candidates.iter().any(|c| !c.target.deployment.sandbox);
    let same = plan.candidates.first().is_some_and(|c| c.target.key() == target.key());
    if real == target.deployment.sandbox || same {
        return;
    }
    let options = shared.setup.canonical_options(request.route());
    let needs = classify::needs(request.body());
    let ask = asked_of(None, &needs, request, &options, plan.strategy, tokens, moment);
    // The gates hold for the copy as for the request: only, ignore, prices, capabilities.
    let fits = select::listed(vec![target.clone(), target.clone()], Vec::new(), &ask, &HealthFacts::default());
    if !fits.candidates.is_empty() {
        shared.shadow.send(&shared.sender, target, request.clone(), tokens, books);
    }
}

/// The plan's candidates at their deployments, in the order in which they are asked.
pub(super) fn arranged(
    shared: &Shared,
    candidates: Vec<Candidate>,
    request: &ChatRequest,
    tokens: u64,
) -> Vec<Candidate> {
    let setup = &shared.setup;
    let alias = setup.config.aliases.get_key_value(request.model()).map(|(name, alias)| (name.as_str(), alias));
    let alias = alias.filter(|(_, alias)| alias.balance.is_some() && request.route().order.is_empty());
    if alias.is_none() && setup.pools.is_empty() {
        return candidates;
    }
    let loads = |targets: &[Target]| shared.sender.health.loads(targets, tokens, Instant::now());
    balance::arrange(candidates, &setup.pools, alias, request, loads, &shared.sender.draw)
}
