//! One output item in the making: what has been told of it so far, so that nothing is told twice or lost.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kept::is;

/// An output item.
#[derive(Debug)]
pub(super) struct Item {
    /// The provider's `output_index`.
    pub(super) index: Option<u64>,
    pub(super) id: String,
    pub(super) body: Body,
    /// Its last word was said.
    pub(super) closed: bool,
}

#[derive(Debug)]
pub(super) enum Body {
    Message(BTreeMap<u64, Part>),
    Reasoning(Thinking),
    Call(Call),
    /// An item of a tool that runs at the provider, or of a kind not known here, as last seen.
    Other(Value),
}

/// One part of a message.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// What has been told.
    pub(super) text: String,
    /// Characters of the whole answer before this part.
    pub(super) start: usize,
    /// How many annotations have been told.
    pub(super) annotations: usize,
    pub(super) refusal: bool,
}

/// The parts of a reasoning item that have been told.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    pub(super) summary: BTreeMap<u64, String>,
    pub(super) content: BTreeMap<u64, String>,
}

/// Which text of a reasoning item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thought {
    Summary,
    Content,
}

/// A tool call.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) custom: bool,
    /// Its number among the calls, once it has been told.
    pub(super) number: Option<usize>,
    pub(super) call_id: String,
    pub(super) name: String,
    /// Arguments or input so far.
    pub(super) text: String,
    /// Arguments that came with the opening, in case no more come.
    pub(super) given: String,
}

/// What an item is, by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Function,
    Custom,
    Other,
}

impl Kind {
    pub(super) fn of(item: &Value) -> Self {
        let theirs = item.get("role").is_some_and(|role| !role.is_null() && role != "assistant");
        match item.get("type").and_then(Value::as_str) {
            Some("message") if !theirs => Self::Message,
            None if item.get("content").is_some() && !theirs => Self::Message,
            Some("reasoning") => Self::Reasoning,
            Some("function_call") => Self::Function,
            Some("custom_tool_call") => Self::Custom,
            _ => Self::Other,
        }
    }
}

impl Item {
    pub(super) fn new(kind: Kind, index: Option<u64>, id: &str) -> Self {
        let body = match kind {
            Kind::Message => Body::Message(BTreeMap::new()),
            Kind::Reasoning => Body::Reasoning(Thinking::default()),
            Kind::Function => Body::Call(Call::default()),
            Kind::Custom => Body::Call(Call { custom: true, ..Call::default() }),
            Kind::Other => Body::Other(Value::Null),
        };
        Self { index, id: id.to_owned(), body, closed: false }
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.body {
            Body::Message(_) => Kind::Message,
            Body::Reasoning(_) => Kind::Reasoning,
            Body::Call(call) if call.custom => Kind::Custom,
            Body::Call(_) => Kind::Function,
            Body::Other(_) => Kind::Other,
        }
    }

    /// Whether this is the item with that id, or the call with that call id.
    pub(super) fn is_called(&self, id: &str, call_id: &str) -> bool {
        let same_call = match &self.body {
            Body::Call(call) => !call_id.is_empty() && call.call_id == call_id,
            _ => false,
        };
        same_call || !id.is_empty() && self.id == id
    }

    /// Whether it begins the answer's text or follows nothing but silence.
    pub(super) fn speaks(&self) -> bool {
        match &self.body {
            Body::Message(parts) => parts.values().any(|part| !part.refusal && !part.text.is_empty()),
            Body::Call(_) => true,
            _ => false,
        }
    }
}

impl Thinking {
    pub(super) fn part(&mut self, thought: Thought, index: u64) -> &mut String {
        let parts = if thought == Thought::Summary { &mut self.summary } else { &mut self.content };
        parts.entry(index).or_default()
    }
}

/// What a whole text says beyond what was told of it. Where the two differ, what was told stands.
pub(super) fn rest_of<'a>(whole: &'a str, told: &str) -> &'a str {
    whole.strip_prefix(told).unwrap_or_default()
}

/// Text, or the JSON of what should have been text.
pub(super) fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Whether the provider cut the item off.
pub(super) fn is_cut(item: &Value) -> bool {
    item.get("status").is_some_and(|s| s == "incomplete")
}

/// Whether a content part holds text of the answer.
pub(super) fn is_text(part: &Value) -> bool {
    is(part, "output_text") || is(part, "text") || part.get("type").is_none() && part.get("text").is_some()
}
