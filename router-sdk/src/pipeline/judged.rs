//! The second opinion within the walk: a plan by the classifier's word in, the plan by the judge's word out.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::embed::{embed_aside, options_aside};
use super::plan::{asked_of, planned_at};
use super::{Moment, Shared};
use crate::account::{Books, expected_cost};
use crate::admit::{Admission, Caller};
use crate::classify::{self, Evidence, Task};
use crate::judge::{self, ANSWER_TOKENS, Judge, Vectors, Word};
use crate::provider::Target;
use crate::select::{self, HealthFacts, Plan};
use crate::wire::{ChatRequest, EmbeddingRequest, Judged, RequestSize, RouteOptions, Tokenizer, estimate_tokens_for};

/// Asks the judge where its word could change the choice and is worth its price. Anything else leaves the plan as it is.
pub(super) async fn judged(
    shared: &Shared,
    admission: &Admission,
    request: &ChatRequest,
    plan: Plan,
    input_tokens: u64,
    books: &mut Books,
    moment: Moment,
) -> Plan {
    let Some(judge) = shared.judge.as_ref().filter(|_| plan.automatic && !plan.explored) else { return plan };
    let Some(task) = books.route.task.clone() else { return plan };
    let caller = &admission.caller;
    let again = |task: &Task| planned_at(shared, caller, request, task, plan.strategy, input_tokens, moment).ok();
    let Some(stakes) = stakes(&task, again) else { return plan };
    let doubt = Doubt { shared, judge, admission, request, plan: &plan, stakes, moment };
    let started = Instant::now();
    // At most half of the time that is left: the answer itself needs the rest.
    let left = super::deadline(shared, request).saturating_sub(moment.started.elapsed()) / 2;
    let limit = Duration::from_millis(judge.settings.deadline_ms).min(left);
    let word = match &judge.settings.model {
        Some(model) => doubt.asked(model, limit, books).await,
        None => doubt.likened(limit).await,
    };
    let Some((model, word)) = word else { return plan };
    let to = word.difficulty.map(|said| judge::settled(&task, said));
    books.route.judge = Some(Judged {
        model,
        said: word.difficulty,
        from: task.difficulty,
        to,
        remembered: word.difficulty.is_some() && !word.asked,
        latency_ms: started.elapsed().as_secs_f64() * 1e3,
        cost_nanos: word.cost_nanos,
    });
    let Some(to) = to else { return plan };
    let moved = at(&task, to);
    match again(&moved) {
        Some(again) if !again.candidates.is_empty() => {
            books.replanned(moved, &again);
            again
        }
        _ => plan,
    }
}

/// What the doubt is worth in nano-dollars; nothing where both ends of it lead to the same choice.
fn stakes(task: &Task, plan: impl Fn(&Task) -> Option<Plan>) -> Option<u64> {
    let (low, high) = judge::band(task);
    judge::stakes(&plan(&at(task, low))?, &plan(&at(task, high))?)
}

/// A request whose choice is in doubt.
struct Doubt<'a> {
    shared: &'a Shared,
    judge: &'a Judge,
    admission: &'a Admission,
    request: &'a ChatRequest,
    plan: &'a Plan,
    stakes: u64,
    moment: Moment,
}

impl Doubt<'_> {
    /// A model's word, where its question costs less than the doubt.
    async fn asked(&self, model: &str, limit: Duration, books: &mut Books) -> Option<(String, Word)> {
        let target = self.target(model, "judge.model")?;
        let options = self.options();
        let question = judge::question(model, &self.excerpt(), options.clone()).ok()?;
        let tokens = RequestSize::of(&question, false).tokens(Tokenizer::of(&target.model));
        if self.stakes <= expected_cost(&target.model, tokens, ANSWER_TOKENS, self.moment.date).unwrap_or(0) {
            return None;
        }
        let needs = classify::needs(question.body());
        let gates = asked_of(None, &needs, &question, &options, self.plan.strategy, tokens, self.moment);
        let fits = select::listed(vec![target.clone()], Vec::new(), &gates, &HealthFacts::default());
        if fits.candidates.is_empty() {
            return None;
        }
        let word = self.judge.word(&self.shared.sender, &target, &question, tokens, limit, books).await;
        Some((target.key(), word))
    }

    /// The word of the examples that the ask is most like, where the vector of the ask costs less than the doubt.
    async fn likened(&self, limit: Duration) -> Option<(String, Word)> {
        let text = self.excerpt();
        if text.is_empty() {
            return None;
        }
        if let Some(model) = &self.judge.on_disk {
            let made = |texts: Vec<String>| -> BoxFuture<'_, Option<Vectors>> {
                // Of examples whose words it does not know it makes nothing, and they are like nothing.
                let vectors = texts.iter().map(|text| model.vector(text).unwrap_or_else(|| model.nothing())).collect();
                Box::pin(std::future::ready(Some(Vectors { vectors, cost_nanos: Some(0) })))
            };
            return Some(("local".to_owned(), self.judge.likened(&text, &made, limit).await));
        }
        let name = self.judge.settings.remote()?;
        let target = self.target(name, "judge.embedder").filter(|target| select::permits(target, &self.options()))?;
        let tokens = estimate_tokens_for(Tokenizer::of(&target.model), &text);
        if self.stakes <= expected_cost(&target.model, tokens, 0, self.moment.date).unwrap_or(0) {
            return None;
        }
        let made =
            |texts: Vec<String>| -> BoxFuture<'_, Option<Vectors>> { Box::pin(self.vectors(name, texts, limit)) };
        Some((target.key(), self.judge.likened(&text, &made, limit).await))
    }

    /// Vectors by the configured model, under the caller's own options and in books of their own.
    async fn vectors(&self, name: &str, texts: Vec<String>, limit: Duration) -> Option<Vectors> {
        let route = options_aside(self.request.route(), (limit.as_millis() as u64).max(1));
        let wanted = EmbeddingRequest::new(name, texts).ok()?.with_route(route);
        let ticket = self.admission.ticket.as_ref().map(|ticket| ticket.aside());
        let reply = embed_aside(self.shared, wanted, self.admission.caller.clone(), ticket, "judge").await.ok()?;
        Some(Vectors { cost_nanos: reply.route.cost_nanos, vectors: reply.vectors })
    }

    /// Who is asked; nothing where this caller's requests are asked elsewhere.
    fn target(&self, name: &str, field: &str) -> Option<Target> {
        let target = self.shared.setup.resolve(name, field).ok()?;
        let real = self.plan.candidates.iter().any(|c| !c.target.deployment.sandbox);
        // Who brings a key has its requests asked with that key alone.
        let brought = self.caller().credential(&target.deployment.provider).is_some();
        (!brought && real != target.deployment.sandbox).then_some(target)
    }

    fn caller(&self) -> &Caller {
        &self.admission.caller
    }

    fn excerpt(&self) -> String {
        judge::excerpt(&classify::ask(self.request.body()), self.judge.settings.max_chars)
    }

    /// What the caller forbids is forbidden to the judge; what its request needs is not needed to judge it.
    fn options(&self) -> RouteOptions {
        let own = self.shared.setup.canonical_options(self.request.route());
        RouteOptions { require: Vec::new(), tags: Default::default(), ..own.into_owned() }
    }
}

/// The same task at another difficulty.
fn at(task: &Task, difficulty: f64) -> Task {
    let mut moved = task.clone();
    let weight = ((difficulty - task.difficulty) * 1000.0).round() / 1000.0;
    moved.evidence.push(Evidence { signal: "judge".into(), weight });
    moved.difficulty = difficulty;
    moved
}
