//! The second opinion within the walk: a plan by the classifier's word in, the plan by the judge's word out.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::{asked_of, planned_at};
use super::{Moment, Shared};
use crate::account::{Books, expected_cost};
use crate::admit::Caller;
use crate::classify::{self, Evidence, Task};
use crate::judge::{self, ANSWER_TOKENS};
use crate::provider::Target;
use crate::select::{self, HealthFacts, Plan};
use crate::wire::{ChatRequest, Judged, RequestSize, RouteOptions, Tokenizer};

/// Asks the judge where its word could change the choice and is worth its price. Anything else leaves the plan as it is.
pub(super) async fn judged(
    shared: &Shared,
    caller: &Caller,
    request: &ChatRequest,
    plan: Plan,
    input_tokens: u64,
    books: &mut Books,
    moment: Moment,
) -> Plan {
    let Some(judge) = shared.judge.as_ref().filter(|_| plan.automatic && !plan.explored) else { return plan };
    let Some(task) = books.route.task.clone() else { return plan };
    let Some((target, question, tokens)) = worth_asking(shared, caller, request, &task, &plan, input_tokens, moment)
    else {
        return plan;
    };
    let started = Instant::now();
    // At most half of the time that is left: the answer itself needs the rest.
    let left = super::deadline(shared, request).saturating_sub(moment.started.elapsed()) / 2;
    let limit = Duration::from_millis(judge.settings.deadline_ms).min(left);
    let word = judge.word(&shared.sender, &target, &question, tokens, limit, books).await;
    let to = word.difficulty.map(|said| judge::settled(&task, said));
    books.route.judge = Some(Judged {
        model: target.key(),
        said: word.difficulty,
        from: task.difficulty,
        to,
        remembered: word.difficulty.is_some() && word.route.is_none(),
        latency_ms: started.elapsed().as_secs_f64() * 1e3,
        cost_nanos: word.route.as_ref().map_or(Some(0), |route| route.cost_nanos),
    });
    let Some(to) = to else { return plan };
    let moved = at(&task, to);
    match planned_at(shared, caller, request, &moved, plan.strategy, input_tokens, moment) {
        Ok(again) if !again.candidates.is_empty() => {
            books.replanned(moved, &again);
            again
        }
        _ => plan,
    }
}

/// The question, where both ends of the classifier's doubt lead to different models and the difference in cost is more
/// than the question's own.
fn worth_asking(
    shared: &Shared,
    caller: &Caller,
    request: &ChatRequest,
    task: &Task,
    plan: &Plan,
    input_tokens: u64,
    moment: Moment,
) -> Option<(Target, ChatRequest, u64)> {
    let judge = shared.judge.as_ref()?;
    let (low, high) = judge::band(task);
    let end = |difficulty| {
        planned_at(shared, caller, request, &at(task, difficulty), plan.strategy, input_tokens, moment).ok()
    };
    let stakes = judge::stakes(&end(low)?, &end(high)?)?;
    let target = shared.setup.resolve(&judge.settings.model, "judge.model").ok()?;
    // Who brings a key has its requests asked with that key alone.
    if caller.credential(&target.deployment.provider).is_some() {
        return None;
    }
    let ask = judge::excerpt(&classify::ask(request.body()), judge.settings.max_chars);
    let own = shared.setup.canonical_options(request.route());
    // What the caller forbids is forbidden to the judge; what its request needs is not needed to judge it.
    let options = RouteOptions { require: Vec::new(), tags: Default::default(), ..own.into_owned() };
    let question = judge::question(&judge.settings.model, &ask, options.clone()).ok()?;
    let tokens = RequestSize::of(&question, false).tokens(Tokenizer::of(&target.model));
    let price = expected_cost(&target.model, tokens, ANSWER_TOKENS, moment.date).unwrap_or(0);
    let real = plan.candidates.iter().any(|c| !c.target.deployment.sandbox);
    if stakes <= price || real == target.deployment.sandbox {
        return None;
    }
    let needs = classify::needs(question.body());
    let gates = asked_of(None, &needs, &question, &options, plan.strategy, tokens, moment);
    let fits = select::listed(vec![target.clone()], Vec::new(), &gates, &HealthFacts::default());
    (!fits.candidates.is_empty()).then_some((target, question, tokens))
}

/// The same task at another difficulty.
fn at(task: &Task, difficulty: f64) -> Task {
    let mut moved = task.clone();
    let weight = ((difficulty - task.difficulty) * 1000.0).round() / 1000.0;
    moved.evidence.push(Evidence { signal: "judge".to_owned(), weight });
    moved.difficulty = difficulty;
    moved
}
