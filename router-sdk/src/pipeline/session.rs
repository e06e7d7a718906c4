//! The conversation's part in the walk: a plan and what is known of its conversation in, the plan with the right model
//! first and what to remember of the answer out.

use std::sync::Arc;

use tokio::time::Instant;

use super::plan::{Planned, asked_of, efforts, lessons, planned_at};
use super::{Moment, Shared};
use crate::account::Books;
use crate::admit::Caller;
use crate::balance;
use crate::classify::{Evidence, Task};
use crate::select::{self, Ask, Candidate, HealthFacts, Plan, Standing};
use crate::session::{self, Decision, Facts, Following, Held, Made, Pick, Prospect, Record, Thread, Turn};
use crate::wire::{ChatRequest, SessionDecision, SessionInfo, Strategy};

/// A request's conversation, as far as it is known.
#[derive(Default)]
pub(super) struct Joined {
    thread: Option<Thread>,
    record: Option<Arc<Record>>,
}

impl Joined {
    /// The conversation is in the middle of a tool loop, where no second opinion changes anything.
    pub(super) fn in_loop(&self, request: &ChatRequest) -> bool {
        self.record.is_some() && session::in_loop(request)
    }
}

/// What every step of the decision looks at.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) shared: &'a Shared,
    pub(super) caller: &'a Caller,
    pub(super) request: &'a ChatRequest,
    pub(super) input_tokens: u64,
    pub(super) moment: Moment,
}

/// What a request is asked with once its conversation has been heard.
struct Seated {
    plan: Plan,
    /// The task at a difficulty that a stall has raised.
    moved: Option<Task>,
    info: Option<SessionInfo>,
    made: Option<Made>,
    /// The deployment where the conversation is, when it stays.
    deployment: Option<String>,
}

/// Looks for what is known of the conversation.
pub(super) async fn joined(shared: &Shared, thread: Option<Thread>, plan: &Plan) -> Joined {
    let Some(thread) = thread.filter(|_| plan.automatic) else { return Joined::default() };
    let record = shared.sessions.find(&thread).await;
    Joined { thread: Some(thread), record }
}

/// Puts the right model first, writes down why, and says what to remember of the answer. The last is the deployment to
/// ask first.
pub(super) fn seat(
    scene: Scene<'_>,
    plan: Plan,
    joined: Joined,
    books: &mut Books,
) -> (Plan, Option<Following>, Option<String>) {
    let task = books.route.task.clone();
    let Seated { plan, moved, info, made, deployment } = seated(scene, plan, task.as_ref(), &joined);
    if let Some(task) = moved.or(task).filter(|_| joined.record.is_some()) {
        books.replanned(task, &plan);
    }
    books.route.session = info.map(Box::new);
    let following = joined
        .thread
        .zip(made)
        .map(|(thread, made)| Following::new(&scene.shared.sessions, thread, joined.record, made));
    (plan, following, deployment)
}

/// The same without sending anything, by what this process knows.
pub(super) fn foreseen(
    shared: &Shared,
    caller: &Caller,
    request: &ChatRequest,
    planned: Planned,
    moment: Moment,
) -> (Planned, Option<SessionInfo>) {
    let thread = shared.sessions.past(caller, request).filter(|_| planned.plan.automatic);
    let record = thread.as_ref().and_then(|thread| shared.sessions.here(thread));
    let Planned { plan, task, input_tokens, size } = planned;
    let joined = Joined { thread, record };
    let scene = Scene { shared, caller, request, input_tokens, moment };
    let Seated { plan, moved, info, .. } = seated(scene, plan, task.as_ref(), &joined);
    (Planned { plan, task: moved.or(task), input_tokens, size }, info)
}

fn seated(scene: Scene<'_>, plan: Plan, task: Option<&Task>, joined: &Joined) -> Seated {
    let Scene { shared, caller, request, input_tokens, moment } = scene;
    let unheard = |plan: Plan| Seated { plan, moved: None, info: None, made: None, deployment: None };
    let (Some(thread), Some(task)) = (&joined.thread, task) else { return unheard(plan) };
    let Some(first) = plan.candidates.first().map(|c| c.target.key()) else { return unheard(plan) };
    let retention = request.get("prompt_cache_retention").and_then(serde_json::Value::as_str);
    let made = Made {
        strategy: plan.strategy,
        difficulty: task.difficulty,
        raised: 0.0,
        loss_nanos: 0,
        life_s: retention.filter(|told| *told == "24h").map(|_| 86_400),
    };
    let Some(record) = &joined.record else {
        let info = thread.name().map(|name| began(name, first));
        return Seated { plan, moved: None, info, made: Some(made), deployment: None };
    };
    let turn = Turn::of(request, task, record.difficulty);
    let raised = turn.raised(record.raised);
    let moved = turn.stall.filter(|_| request.route().difficulty.is_none()).map(|_| harder(task, record, raised));
    let again = moved.as_ref().and_then(|task| {
        let again = planned_at(shared, caller, request, task, plan.strategy, input_tokens, moment).ok()?;
        // Of models refused the raised difficulty says nothing new.
        (!again.candidates.is_empty()).then(|| Plan { refusals: plan.refusals.clone(), ..again })
    });
    let (moved, plan) = match again {
        Some(again) => (moved, again),
        None => (None, plan),
    };
    let task = moved.as_ref().unwrap_or(task);
    let (decision, held) = decided(scene, &plan, task, record, &turn);
    let loss_nanos = decision.loss_nanos;
    let made = Made { difficulty: task.difficulty, raised, loss_nanos, ..made };
    let stays = decision.pick == Pick::Held || plan.candidates.first().is_some_and(|c| c.target.key() == record.model);
    let deployment = record.deployment.clone().filter(|_| stays);
    let (plan, info) = moved_to(plan, held, decision, record, thread.name().unwrap_or(&record.id), request);
    Seated { plan, moved, info: Some(info), made: Some(made), deployment }
}

/// A conversation of which nothing is known yet.
fn began(name: &str, model: String) -> SessionInfo {
    SessionInfo {
        id: name.to_owned(),
        decision: SessionDecision::Began,
        reason: format!("nothing is known of this conversation yet; it begins with {model}"),
        asked: model.clone(),
        model,
        from: None,
        turns: 0,
        warm_tokens: 0,
        lost_nanos: 0,
    }
}

/// The task of a conversation that stalls: harder than anything it was asked so far, within bounds.
fn harder(task: &Task, record: &Record, raised: f64) -> Task {
    let mut moved = task.clone();
    let before = task.difficulty.max((record.difficulty - record.raised).clamp(0.0, 1.0));
    moved.difficulty = (before + raised).clamp(0.0, 1.0);
    let weight = ((moved.difficulty - task.difficulty) * 1000.0).round() / 1000.0;
    moved.evidence.push(Evidence { signal: "stalled conversation".into(), weight });
    moved
}

/// The decision, and the held model as a candidate where it is able.
fn decided(scene: Scene<'_>, plan: &Plan, task: &Task, record: &Record, turn: &Turn) -> (Decision, Option<Candidate>) {
    let Scene { shared, caller, request, input_tokens, moment } = scene;
    let setup = &shared.setup;
    let options = setup.canonical_options(request.route());
    let quick = plan.strategy == Strategy::Fastest;
    let health = shared.sender.health.facts(input_tokens, moment.started, quick, setup.pools.sizes());
    let health = balance::seen_by(health, caller);
    let lessons = lessons(shared, task, None);
    let ask = asked_of(Some(task), &task.needs, request, &options, plan.strategy, input_tokens, moment);
    let ask = Ask { lessons: lessons.as_ref(), efforts: efforts(setup, request, &task.needs), ..ask };
    let prospect = |candidate: &Candidate| prospect(candidate, &health, input_tokens, moment);
    let standing = match shared.pool(moment.date) {
        Ok(pool) => select::standing(&pool, &ask, &health, &record.model),
        Err(_) => Standing::Gone,
    };
    let (held, able) = match standing {
        Standing::Able(candidate) => (Held::Able(prospect(&candidate)), Some(candidate)),
        Standing::Resting(candidate, left) => (Held::Resting(prospect(&candidate), left), None),
        Standing::Refused(gate) => (Held::Refused(gate), None),
        Standing::Gone => (Held::Gone, None),
    };
    let offers: Vec<Prospect> = plan.candidates.iter().map(prospect).collect();
    let facts = Facts {
        record,
        turn,
        strategy: plan.strategy,
        bar: options.min_quality.unwrap_or(select::BAR),
        input_tokens,
        held,
        offers: &offers,
        ordered: !options.order.is_empty(),
        now_ms: shared.sessions.now_ms(),
        cache_life_s: shared.sessions.settings.cache_life_s,
        switching_budget: shared.sessions.settings.switching_budget,
    };
    (session::decide(&facts), able)
}

fn prospect(candidate: &Candidate, health: &HealthFacts, input_tokens: u64, moment: Moment) -> Prospect {
    let (key, model) = (candidate.target.key(), &candidate.target.model);
    let period = model.price_at(moment.date);
    Prospect {
        quality: candidate.quality,
        cost_nanos: candidate.cost_nanos,
        rates: period.map(|period| *period.rates_for(input_tokens, Some(moment.week_minute))),
        seconds: health.latency.get(&key).copied(),
        least_cached: model.prompt_cache_min_tokens.map(u64::from),
        key,
    }
}

/// The plan with the decision's pick first, and what is told of it.
fn moved_to(
    mut plan: Plan,
    held: Option<Candidate>,
    decision: Decision,
    record: &Record,
    id: &str,
    request: &ChatRequest,
) -> (Plan, SessionInfo) {
    let alone = request.route().allow_fallbacks == Some(false);
    let most = if alone { 1 } else { plan.candidates.len().max(2) };
    let at = match (decision.pick, held) {
        (Pick::Offer(at), _) => Some(at),
        (Pick::Held, held) => {
            let at = plan.candidates.iter().position(|c| c.target.key() == record.model);
            if let Some(held) = held.filter(|_| at.is_none()) {
                plan.candidates.insert(0, held);
            }
            at
        }
    };
    if let Some(at) = at.filter(|at| *at < plan.candidates.len()) {
        let first = plan.candidates.remove(at);
        plan.candidates.insert(0, first);
    }
    plan.candidates.truncate(most);
    let asked = plan.candidates.first().map_or_else(String::new, |c| c.target.key());
    let eased = decision.word == SessionDecision::Eased;
    let model = if eased { record.model.clone() } else { asked.clone() };
    let info = SessionInfo {
        id: id.to_owned(),
        decision: decision.word,
        reason: decision.reason.clone(),
        from: (model != record.model).then(|| record.model.clone()),
        model,
        turns: record.turns,
        warm_tokens: decision.warm,
        lost_nanos: record.lost.saturating_add(decision.loss_nanos),
        asked,
    };
    plan.reasons.insert(0, decision.reason);
    (plan, info)
}

/// The conversation's deployment first among those of the model that is asked first, while it stands.
pub(super) fn at_home(
    shared: &Shared,
    deployment: Option<String>,
    mut candidates: Vec<Candidate>,
    tokens: u64,
) -> Vec<Candidate> {
    let Some(first) = candidates.first().map(|c| (c.target.key(), c.target.deployment.priority)) else {
        return candidates;
    };
    let here = |candidate: &Candidate| {
        let target = &candidate.target;
        let same = target.key() == first.0 && target.deployment.name == deployment;
        // Who stands by for others does so again when they are well.
        same && target.deployment.priority == first.1
    };
    let Some(at) = candidates.iter().position(here).filter(|at| *at > 0 && deployment.is_some()) else {
        return candidates;
    };
    let well = |c: &Candidate| shared.sender.health.rests(&c.target, tokens, Instant::now()).is_none();
    if candidates.get(at).is_some_and(well) {
        let home = candidates.remove(at);
        candidates.insert(0, home);
    }
    candidates
}
