//! One attempt's line in the books: what the sender sees of it in, facts for its record out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::admit::SendHold;
use crate::provider::Target;
use crate::wire::{ChatChunk, Usage};

/// A line that is still open, shared between who sends and the books: attempts that race each have their own.
#[derive(Clone)]
pub(crate) struct Line(Arc<Mutex<Open>>);

/// An attempt under way.
pub(super) struct Open {
    pub(super) target: Target,
    pub(super) started: Instant,
    pub(super) first_token: Option<Duration>,
    pub(super) request_id: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) usage: Option<Usage>,
    pub(super) text: String,
    /// Output that is billed though it is not the answer's text.
    pub(super) hidden: String,
    /// Sends made at once for this attempt.
    pub(super) copies: u64,
    /// Usage of each of them.
    pub(super) portions: Vec<Usage>,
    /// What is held of limits and budgets for it.
    pub(super) hold: Option<SendHold>,
    /// How much of its output has been counted.
    pub(super) metered: Metered,
}

/// Bytes of text and of hidden output that have been counted, and their tokens.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Metered {
    pub(super) text: usize,
    pub(super) hidden: usize,
    pub(super) tokens: u64,
}

impl Line {
    pub(super) fn new(target: &Target, copies: u64, hold: Option<SendHold>) -> Self {
        Self(Arc::new(Mutex::new(Open {
            target: target.clone(),
            started: Instant::now(),
            first_token: None,
            request_id: None,
            status: None,
            usage: None,
            text: String::new(),
            hidden: String::new(),
            copies,
            portions: Vec::new(),
            hold,
            metered: Metered::default(),
        })))
    }

    pub(super) fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The provider answered.
    pub(crate) fn answered(&self, status: u16, request_id: Option<String>) {
        let mut open = self.open();
        open.status = Some(status);
        open.request_id = request_id;
    }

    /// A chunk came.
    pub(crate) fn progress(&self, chunk: &ChatChunk) {
        let mut open = self.open();
        if chunk.output && open.first_token.is_none() {
            open.first_token = Some(open.started.elapsed());
        }
        if chunk.usage.is_some() {
            open.usage = chunk.usage;
            open.portions.clone_from(&chunk.portions);
        }
        open.text.push_str(chunk.text());
        if chunk.output && chunk.text().is_empty() {
            hidden_output(chunk, &mut open.hidden);
        }
    }

    /// What each of several sends used; together they are the usage of the attempt.
    pub(crate) fn portions(&self, portions: Vec<Usage>) {
        self.open().portions = portions;
    }

    /// Status and request id as far as the provider answered.
    pub(crate) fn wire(&self) -> (Option<u16>, Option<String>) {
        let open = self.open();
        (open.status, open.request_id.clone())
    }

    /// The usage as far as the provider told it.
    pub(crate) fn usage_told(&self) -> Option<Usage> {
        self.open().usage
    }

    /// What the provider had told of usage when its stream broke.
    pub(crate) fn told(&self, usage: Option<Usage>) {
        let mut open = self.open();
        open.usage = open.usage.or(usage);
    }

    /// When it was sent.
    pub(crate) fn sent(&self) -> Instant {
        self.open().started
    }

    /// Seconds from sending to the first output, or until now.
    pub(crate) fn seconds_to_first(&self) -> f64 {
        let open = self.open();
        open.first_token.unwrap_or_else(|| open.started.elapsed()).as_secs_f64()
    }
}

/// Reasoning, refusals and tool calls.
fn hidden_output(chunk: &ChatChunk, into: &mut String) {
    use serde_json::Value;
    let Some(delta) = chunk.body.get("choices").and_then(|c| c.get(0)).and_then(|c| c.get("delta")) else { return };
    for field in ["content", "reasoning_content", "refusal"] {
        into.push_str(delta.get(field).and_then(Value::as_str).unwrap_or_default());
    }
    for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        for field in ["name", "arguments"] {
            let text = call.get("function").and_then(|f| f.get(field)).and_then(Value::as_str);
            into.push_str(text.unwrap_or_default());
        }
    }
}
