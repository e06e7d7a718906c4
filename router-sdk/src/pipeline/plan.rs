//! Decisions before anything is sent: a request in, its plan, its candidates at their deployments and its shadow out.

use std::borrow::Cow;

use tokio::time::Instant;

use super::session::foreseen;
use super::{Moment, Shared};
use crate::account::Books;
use crate::admit::{self, Caller};
use crate::balance;
use crate::classify::{self, Needs, Task};
use crate::error::Error;
use crate::learn::Sighting;
use crate::provider::Target;
use crate::select::{self, Ask, Candidate, Efforts, Explanation, HealthFacts, Lessons, Plan};
use crate::setup::{Asked, Named, Setup};
use crate::steer::Steering;
use crate::wire::{ChatRequest, Priority, RequestSize, RouteOptions, Strategy, Tokenizer};

/// A request that has been classified and planned.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) task: Option<Task>,
    /// As selection compares models by it, and for the estimates of the books.
    pub(super) input_tokens: u64,
    pub(super) size: RequestSize,
}

/// What of a request is to wait for a score of its answer, where scores are learned from. A request that names its models
/// is classified for it.
pub(super) fn sighted(shared: &Shared, request: &ChatRequest, task: &Option<Task>) -> Option<Sighting> {
    let learner = shared.learning.as_ref()?;
    Some(match task {
        Some(task) => Sighting::new(learner, task),
        None => Sighting::new(learner, &steered(&shared.setup, request).0),
    })
}

/// The plan alone.
pub(crate) fn plan_only(shared: &Shared, request: &ChatRequest) -> Result<Plan, Error> {
    let (caller, request) = let_in(shared, request)?;
    let moment = Moment::now();
    let planned = decide(shared, &caller, &request, moment, false)?;
    Ok(foreseen(shared, &caller, &request, planned, moment).0.plan)
}

/// Who asks without sending anything, and the request as this caller may make it.
fn let_in<'a>(shared: &Shared, request: &'a ChatRequest) -> Result<(Caller, Cow<'a, ChatRequest>), Error> {
    let caller = admit::authorise_now(shared.keys.as_ref(), request.api_key())?;
    let mut request = Cow::Borrowed(request);
    if caller.grant().is_some() {
        caller.narrow_chat(&shared.setup, request.to_mut())?;
    }
    admit::check(&request)?;
    Ok((caller, request))
}

/// A plan with candidates, or the reasons why there is none. `sent` says that it is followed, so that things may be tried.
pub(super) fn decide(
    shared: &Shared,
    caller: &Caller,
    request: &ChatRequest,
    moment: Moment,
    sent: bool,
) -> Result<Planned, Error> {
    let trial = || sent.then(|| trial(shared, request)).flatten();
    let mut planned = plan(shared, caller, request, moment, false, trial)?;
    if planned.plan.candidates.is_empty() {
        // The refusals are worth their time only when they are all there is to tell.
        planned = plan(shared, caller, request, moment, true, || None)?;
    }
    Ok(Planned { plan: planned.plan.or_error()?, ..planned })
}

/// The same walk stopped before anything is sent.
pub(crate) fn explain(shared: &Shared, request: &ChatRequest) -> Result<Explanation, Error> {
    let (caller, request) = let_in(shared, request)?;
    let moment = Moment::now();
    let planned = plan(shared, &caller, &request, moment, true, || None)?;
    let (planned, session) = foreseen(shared, &caller, &request, planned, moment);
    Ok(Explanation { task: planned.task, input_tokens: planned.input_tokens, plan: planned.plan, session })
}

fn plan(
    shared: &Shared,
    caller: &Caller,
    request: &ChatRequest,
    moment: Moment,
    explain: bool,
    trial: impl FnOnce() -> Option<Vec<f64>>,
) -> Result<Planned, Error> {
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
    let auto_task = matches!(asked, Asked::Auto(_)).then(|| steered(setup, request));
    let ruled = auto_task.as_ref().and_then(|(_, steering)| steering.strategy);
    let strategy = options.strategy.or(named).or(ruled).unwrap_or(setup.config.strategy);
    let quick = strategy == Strategy::Fastest;
    let health = shared.sender.health.facts(input_tokens, moment.started, quick, setup.pools.sizes());
    let health = balance::seen_by(health, caller);
    if let Some((task, steering)) = auto_task {
        let lessons = lessons(shared, &task, trial());
        let ask = asked_of(Some(&task), &task.needs, request, options, strategy, input_tokens, moment);
        let ask = Ask { lessons: lessons.as_ref(), efforts: efforts(setup, request, &task.needs), ..ask };
        let mut plan = match &steering.model {
            None => auto(shared, &ask, &health, explain)?,
            Some((model, field)) => {
                let mut named = Named::default();
                setup.named(model, field, &mut named)?;
                with_fallbacks(setup, named, &ask, &health)?
            }
        };
        plan.reasons.extend(steering.reasons);
        return Ok(Planned { plan: with_baseline(shared, request, plan)?, task: Some(task), input_tokens, size });
    }
    let listed = match asked {
        Asked::Listed(named) => named,
        Asked::Auto(_) => Named::default(),
    };
    let needs = classify::needs(request.body());
    let ask = asked_of(None, &needs, request, options, strategy, input_tokens, moment);
    let plan = with_fallbacks(setup, listed, &ask, &health)?;
    Ok(Planned { plan: with_baseline(shared, request, plan)?, task: None, input_tokens, size })
}

/// The levels of thinking that may be chosen.
pub(super) fn efforts(setup: &Setup, request: &ChatRequest, needs: &Needs) -> Efforts {
    let fixed = setup.config.default_effort && request.effort().is_none();
    if fixed { Efforts::default() } else { Efforts::of(request, needs) }
}

/// What experience says for a task; nothing where there is none and nothing is tried out.
pub(super) fn lessons(shared: &Shared, task: &Task, trial: Option<Vec<f64>>) -> Option<Lessons> {
    let experience = shared.learning.as_ref()?.experience();
    (!experience.is_empty() || trial.is_some()).then(|| Lessons::new(experience, task, trial))
}

/// Standard normal numbers, one a candidate, for a request on which something may be tried out and whose turn it is.
fn trial(shared: &Shared, request: &ChatRequest) -> Option<Vec<f64>> {
    let share = shared.learning.as_ref()?.settings.explore;
    let route = request.route();
    let draw = &shared.sender.draw;
    if share == 0.0 || route.critical || route.priority == Priority::High || draw.uniform() >= share {
        return None;
    }
    // Box and Muller's way from two uniform numbers to a normal one.
    let normal = || (-2.0 * draw.uniform().ln()).sqrt() * (std::f64::consts::TAU * draw.uniform()).cos();
    Some(std::iter::repeat_with(normal).take(select::CHAIN).collect())
}

/// The task of a request to `auto`, with the word of its options and of the user's rules over the classifier's.
fn steered(setup: &Setup, request: &ChatRequest) -> (Task, Steering) {
    let mut task = classify::classify(request.body());
    let steering = setup.rules.steer(request, &task);
    steering.over(&mut task);
    (task, steering)
}

/// The plan of models that were named, and after them of the request's fallbacks.
fn with_fallbacks(setup: &Setup, mut named: Named, ask: &Ask<'_>, health: &HealthFacts) -> Result<Plan, Error> {
    for (i, name) in ask.options.fallbacks.iter().enumerate() {
        setup.named(name, &format!("route.fallbacks[{i}]"), &mut named)?;
    }
    Ok(select::listed(named.targets, named.refusals, ask, health))
}

/// The plan of a request whose task is known, as far as the router chooses: as if the classifier had said so.
pub(super) fn planned_at(
    shared: &Shared,
    caller: &Caller,
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
    let health = balance::seen_by(health, caller);
    let lessons = lessons(shared, task, None);
    let ask = asked_of(Some(task), &task.needs, request, options.as_ref(), strategy, input_tokens, moment);
    let ask = Ask { lessons: lessons.as_ref(), efforts: efforts(setup, request, &task.needs), ..ask };
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
    let choices = request.choices();
    let efforts = Efforts::default();
    Ask { task, needs, options, strategy, input_tokens, choices, today: date, week_minute, efforts, lessons: None }
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
    caller: &Caller,
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
    // Who brings a key has its requests asked with that key alone, and is not charged for our comparison.
    let brought = caller.credential(&target.deployment.provider).is_some();
    if real == target.deployment.sandbox || same || brought {
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
    caller: &Caller,
    candidates: Vec<Candidate>,
    request: &ChatRequest,
    tokens: u64,
) -> Vec<Candidate> {
    let setup = &shared.setup;
    let alias = setup.config.aliases.get_key_value(request.model()).map(|(name, alias)| (name.as_str(), alias));
    let alias = alias.filter(|(_, alias)| alias.balance.is_some() && request.route().order.is_empty());
    if alias.is_none() && setup.pools.is_empty() {
        return balance::own(candidates, caller, |candidate| &mut candidate.target);
    }
    let loads = |targets: &[Target]| shared.sender.health.loads(targets, tokens, Instant::now());
    let spread = balance::arrange(candidates, &setup.pools, alias, request, loads, &shared.sender.draw);
    balance::own(spread, caller, |candidate| &mut candidate.target)
}
