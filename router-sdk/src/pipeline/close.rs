//! The books of a request opened, and its reply finished with what they say.

use std::sync::Arc;

use super::{Moment, Shared};
use crate::account::{Books, Entry, Line, Opening};
use crate::admit::{Admission, Caller, Reservation};
use crate::classify::Task;
use crate::error::Error;
use crate::provider::Target;
use crate::select::Plan;
use crate::telemetry::Facts;
use crate::wire::{ChatRequest, ChatResponse, RouteInfo, date};

#[allow(clippy::too_many_arguments)] // Everything that is known when the books are opened, once, here.
pub(super) fn open_books(
    shared: &Shared,
    request: &ChatRequest,
    admission: &mut Admission,
    plan: &Plan,
    task: Option<Task>,
    input_tokens: u64,
    stream: bool,
    moment: Moment,
) -> Books {
    let route = RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: request.model().to_owned(),
        strategy: plan.strategy.as_str(),
        task,
        reasons: reasons(plan, admission),
        limits: admission.ticket.as_ref().and_then(|ticket| ticket.allowances()),
        baseline_model: plan.baseline.as_ref().map(Target::key),
        best_single_model: plan.best_single.as_ref().map(Target::key),
        ..RouteInfo::default()
    };
    Books::open(Opening {
        route,
        reservation: Reservation::open(Arc::clone(&shared.tally), admission.ticket.take()),
        ledger: Arc::clone(&shared.ledger),
        caller: admission.caller.clone(),
        tags: request.route().tags.clone(),
        stream,
        at_ms: moment.at_ms,
        started: moment.started,
        date: moment.date,
        week_minute: moment.week_minute,
        baseline: plan.baseline.as_ref().map(|t| Arc::clone(&t.model)),
        best_single: plan.best_single.as_ref().map(|t| Arc::clone(&t.model)),
        content: shared.ledger.content_of(request),
        session: request.route().session.clone(),
        input_tokens,
        purpose: "request",
        facts: Facts::of_chat(request, shared.told()),
    })
}

/// Why this model, and what limits and budgets had to do with it.
fn reasons(plan: &Plan, admission: &Admission) -> Vec<String> {
    let own = admission.ticket.iter().flat_map(|ticket| ticket.reasons());
    own.chain(&plan.reasons).cloned().collect()
}

/// The answer is there: its attempt is filed, and its body is as callers are to see it. The books are still open.
pub(super) fn answered(mut response: ChatResponse, line: &Line, books: &mut Books) -> ChatResponse {
    let usage = match response.usage {
        Some(usage) => books.answer(line, Some(usage), ""),
        None => books.answer(line, None, &said(&response)),
    };
    response.usage = Some(usage);
    books.facts.finished(&response.body);
    date(&mut response.body, books.created());
    if !response.body.get("usage").is_some_and(serde_json::Value::is_object) {
        response.body.insert("usage".into(), usage.to_openai());
    }
    books.quote(response.text());
    response.body.insert("model".into(), books.route.model.clone().into());
    response
}

/// All that a reply says and is billed for: text, reasoning, refusals and tool calls of every choice.
fn said(response: &ChatResponse) -> String {
    let mut out = String::new();
    let choices = response.body.get("choices").and_then(serde_json::Value::as_array);
    for message in choices.into_iter().flatten().filter_map(|c| c.get("message")) {
        for field in ["content", "reasoning_content", "refusal"] {
            out.push_str(message.get(field).and_then(serde_json::Value::as_str).unwrap_or_default());
        }
        for call in message.get("tool_calls").and_then(serde_json::Value::as_array).into_iter().flatten() {
            for field in ["name", "arguments"] {
                let text = call.get("function").and_then(|f| f.get(field)).and_then(serde_json::Value::as_str);
                out.push_str(text.unwrap_or_default());
            }
        }
    }
    out
}

/// The ledger entry of a request that was not admitted, or that no model could be found for.
pub(super) fn refused(
    shared: &Shared,
    request: &ChatRequest,
    caller: Caller,
    stream: bool,
    moment: Moment,
    error: Error,
) -> Error {
    let route = RouteInfo {
        request_id: shared.sender.ids.next(moment.at_ms),
        model_requested: request.model().to_owned(),
        strategy: request.route().strategy.unwrap_or(shared.setup.config.strategy).as_str(),
        latency_ms: moment.started.elapsed().as_secs_f64() * 1e3,
        ..RouteInfo::default()
    };
    let error = error.with_route_id(&route.request_id);
    shared.ledger.record(Entry {
        at_ms: moment.at_ms,
        caller,
        tags: request.route().tags.clone(),
        session: request.route().session.clone(),
        content: shared.ledger.content_of(request),
        stream,
        purpose: "request",
        route: Arc::new(route),
        error: Some(error.kind()),
        facts: Facts::of_chat(request, shared.told()),
    });
    error
}
