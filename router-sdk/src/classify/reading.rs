//! The request body in, what is to be scored out: the last user turn, its context, the turns before.

use serde_json::{Map, Value};

use super::fold::fold_into;
use super::followup::is_follow_up;
use super::segment::{Segments, segment};
use crate::field::{field, field_of};

/// How far back a chain of short follow-ups is walked.
const LOOK_BACK: usize = 12;

/// The request as the classifier sees it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The scored user turn, taken apart.
    pub parts: Segments,
    /// Its ask, folded for patterns and features.
    pub folded: String,
    /// Characters of the ask.
    pub ask_chars: usize,
    /// Characters of everything else in the request.
    pub context_chars: usize,
    /// The scored turn is not the last one.
    pub inherited: bool,
    /// An image belongs to the scored turn.
    pub image: bool,
    /// The last message is a tool result.
    pub in_loop: bool,
    /// Tools that the request offers.
    pub tools: usize,
    /// The last user turn is short and something precedes it.
    pub may_inherit: bool,
    earlier: Vec<&'a Map<String, Value>>,
    total_chars: usize,
}

impl<'a> Reading<'a> {
    /// Reads a request body; any shape is read as far as it goes.
    pub fn of(body: &'a Map<String, Value>) -> Self {
        let messages = field(body, "messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut total_chars = tools_size(body);
        let mut users = Vec::new();
        let mut answered = false;
        let mut in_loop = false;
        for message in messages.iter().filter_map(Value::as_object) {
            total_chars += text_chars(message);
            match field(message, "role").and_then(Value::as_str) {
                Some("user") => {
                    users.push(message);
                    in_loop = false;
                }
                Some("assistant") => answered = true,
                Some("tool" | "function") => in_loop = true,
                _ => {}
            }
        }
        let mut reading = Self::turn(users, total_chars, in_loop, answered);
        reading.tools = tools_offered(body);
        for _ in 0..LOOK_BACK {
            if !(reading.may_inherit && is_follow_up(&reading.parts.ask)) {
                break;
            }
            let Some(earlier) = reading.back() else { break };
            reading = earlier;
        }
        reading
    }

    /// The same request, scored by the user turn before this one.
    pub fn back(&self) -> Option<Self> {
        if self.earlier.is_empty() {
            return None;
        }
        let mut reading = Self::turn(self.earlier.clone(), self.total_chars, self.in_loop, true);
        reading.inherited = true;
        reading.tools = self.tools;
        Some(reading)
    }

    fn turn(mut users: Vec<&'a Map<String, Value>>, total_chars: usize, in_loop: bool, answered: bool) -> Self {
        let mut parts = Segments::default();
        let mut image = false;
        // A user message of harness text alone is not a turn.
        while let Some(message) = users.pop() {
            parts = read_turn(message);
            image = has_image(message);
            if !parts.ask.trim().is_empty() || image {
                break;
            }
        }
        let mut folded = String::new();
        fold_into(parts.ask.trim(), &mut folded);
        let ask_chars = parts.ask.trim().chars().count();
        Self {
            folded,
            ask_chars,
            context_chars: total_chars.saturating_sub(ask_chars),
            inherited: false,
            image,
            in_loop,
            tools: 0,
            may_inherit: answered && !users.is_empty() && !image && ask_chars <= 90,
            earlier: users,
            total_chars,
            parts,
        }
    }
}

fn texts(message: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let content = field(message, "content");
    let whole = content.and_then(Value::as_str);
    let parts = content.and_then(Value::as_array).into_iter().flatten();
    whole.into_iter().chain(parts.filter_map(|part| match part {
        Value::String(text) => Some(text.as_str()),
        part => field_of(part, "text").and_then(Value::as_str),
    }))
}

fn text_chars(message: &Map<String, Value>) -> usize {
    texts(message).map(|text| text.chars().count()).sum()
}

fn has_image(message: &Map<String, Value>) -> bool {
    field(message, "content").and_then(Value::as_array).into_iter().flatten().any(|part| {
        matches!(field_of(part, "type").and_then(Value::as_str), Some("image_url" | "image" | "input_image"))
    })
}

pub(super) fn read_turn(message: &Map<String, Value>) -> Segments {
    let mut all: Option<Segments> = None;
    for text in texts(message) {
        let next = segment(text);
        all = Some(match all {
            None => next,
            Some(mut sum) => {
                // The last part that asks something is the ask; editors put their context first.
                if !next.ask.trim().is_empty() {
                    sum.document_chars += sum.ask.trim().chars().count();
                    sum.ask = next.ask;
                    sum.items = next.items;
                }
                sum.code_chars += next.code_chars;
                sum.log_chars += next.log_chars;
                sum.document_chars += next.document_chars;
                sum.harness_chars += next.harness_chars;
                sum.trace |= next.trace;
                sum.diff |= next.diff;
                sum
            }
        });
    }
    all.unwrap_or_default()
}

fn tools_offered(body: &Map<String, Value>) -> usize {
    field(body, "tools").or_else(|| field(body, "functions")).and_then(Value::as_array).map_or(0, Vec::len)
}

// Schemas are sized, roughly: their names and descriptions, not read.
fn tools_size(body: &Map<String, Value>) -> usize {
    field(body, "tools").or_else(|| field(body, "functions")).map_or(0, |tools| size(tools, 0))
}

fn size(value: &Value, depth: usize) -> usize {
    if depth > 24 {
        return 0;
    }
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item, depth + 1) + 1).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| name.len() + 4 + size(field, depth + 1)).sum(),
        _ => 5,
    }
}
