//! The last turn of a conversation: a request and its task in; whether it is the middle of a tool loop, a stall, or simple
//! and by itself out.

use serde_json::Value;

use super::complaint::{complains, fails, points_back, same_ask};
use super::history::role;
use crate::classify::{self, Task};
use crate::wire::{ChatRequest, Object};

/// How much a stall adds to the difficulty, and the most that stalls of one task add.
pub(crate) const STEP: f64 = 0.15;
const MOST_RAISED: f64 = 0.45;
/// Tool results with an error since the last turn that make a stall.
const TOOL_ERRORS: usize = 3;
/// User turns in which the same question is looked for.
const LOOK_BACK: usize = 4;
/// What counts as simple, how much easier than the conversation it has to be, and how sure that is.
const SIMPLE: f64 = 0.3;
const EASIER: f64 = 0.15;
const SURE: f64 = 0.5;
/// A longer ask is not simple, in characters.
const SHORT: usize = 400;

/// What says that a conversation does not get on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stall {
    /// The user says that the answer is wrong or does not work.
    Complaint,
    /// The user asks the same again.
    SameAgain,
    /// Tools failed again and again.
    ToolErrors,
}

impl Stall {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Complaint => "the user says that the last answer was wrong or does not work",
            Self::SameAgain => "the user asks the same again",
            Self::ToolErrors => "tools failed again and again",
        }
    }
}

/// A turn as the decision sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// Results of tools come last, or calls have no result yet.
    pub(crate) in_loop: bool,
    pub(crate) stall: Option<Stall>,
    /// It is simple, much easier than the conversation, and stands by itself.
    pub(crate) separable: bool,
    /// It only continues what came before.
    pub(crate) inherited: bool,
}

impl Turn {
    /// Of a request whose conversation was asked for `difficulty` so far.
    pub(crate) fn of(request: &ChatRequest, task: &Task, difficulty: f64) -> Self {
        let in_loop = in_loop(request);
        let stall = if in_loop { None } else { stall(request.messages()) };
        let simple = task.difficulty <= SIMPLE && task.difficulty + EASIER <= difficulty && !task.no_evidence;
        let sure = task.confidence >= SURE && task.ask_chars <= SHORT;
        // Who is offered tools may call one, and the loop would have to go on where it began.
        let alone = !in_loop && stall.is_none() && !task.inherited && !task.needs.tools;
        let separable = alone && simple && sure && !points_back(&last_ask(request.messages()));
        Self { in_loop, stall, separable, inherited: task.inherited }
    }

    /// How far the difficulty is raised after this turn, from how far it was.
    pub(crate) fn raised(&self, before: f64) -> f64 {
        match self.stall {
            Some(_) => (before + STEP).min(MOST_RAISED),
            // What only goes on goes on with the same task; a new one begins at nothing.
            None if self.in_loop || self.inherited => before,
            None => 0.0,
        }
    }
}

/// True when the model has to go on with what its own calls began.
pub(crate) fn in_loop(request: &ChatRequest) -> bool {
    let messages = request.messages();
    let Some(last) = messages.last().map(role) else { return false };
    if last == "tool" {
        return true;
    }
    let Some(at) = messages.iter().rposition(|message| role(message) == "assistant") else { return false };
    let calls = messages.get(at).and_then(|m| m.get("tool_calls")).and_then(Value::as_array).map_or(0, Vec::len);
    let results = messages.iter().skip(at + 1).filter(|message| role(message) == "tool").count();
    results < calls
}

/// Folded text of what a user message asks, without what is pasted into it.
fn ask(message: &Value) -> String {
    message.as_object().map(classify::asked_in).unwrap_or_default()
}

fn last_ask(messages: &[Value]) -> String {
    messages.iter().rfind(|message| role(message) == "user").map(ask).unwrap_or_default()
}

/// What of the conversation says that it does not get on.
fn stall(messages: &[Value]) -> Option<Stall> {
    let users: Vec<usize> =
        (0..messages.len()).filter(|at| messages.get(*at).is_some_and(|m| role(m) == "user")).collect();
    let (last, earlier) = users.split_last()?;
    let before = *earlier.last()?;
    let asked = messages.get(*last).map(ask).unwrap_or_default();
    if complains(&asked) {
        return Some(Stall::Complaint);
    }
    let same = |at: &usize| messages.get(*at).is_some_and(|message| same_ask(&asked, &ask(message)));
    if earlier.iter().rev().take(LOOK_BACK).any(same) {
        return Some(Stall::SameAgain);
    }
    let results = messages.iter().take(*last).skip(before).filter(|message| role(message) == "tool");
    let errors = results.filter(|message| message.as_object().is_some_and(|m| fails(&text(m)))).count();
    (errors >= TOOL_ERRORS).then_some(Stall::ToolErrors)
}

/// The text of a tool's result.
fn text(message: &Object) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
