//! What a hook decides: built in Rust, or read from the JSON that hooks of other languages return.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{HookFailure, Stage};
use crate::error::ErrorKind;

/// Why a hook refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HookRefusal {
    /// The content may not pass.
    #[default]
    ContentRefused,
    /// This caller may not do this.
    Forbidden,
}

impl HookRefusal {
    pub(super) fn kind(self) -> ErrorKind {
        match self {
            Self::ContentRefused => ErrorKind::ContentRefused,
            Self::Forbidden => ErrorKind::Forbidden,
        }
    }
}

/// What a hook decides about a request or an answer.
#[derive(Clone, Default)]
pub struct Decision {
    pub(super) change: Option<Value>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) refusal: Option<(HookRefusal, String)>,
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decision")
            .field("changes", &self.change.is_some())
            .field("tags", &self.tags)
            .field("refuses", &self.refusal.is_some())
            .finish()
    }
}

impl Decision {
    /// Lets it pass as it is.
    pub fn pass() -> Self {
        Self::default()
    }

    /// Lets it pass as this: a request, or an answer as `chat.completion`.
    pub fn change(body: impl Into<Value>) -> Self {
        Self { change: Some(body.into()), ..Self::default() }
    }

    /// Refuses it; the caller gets an error of this kind with this message.
    pub fn refuse(kind: HookRefusal, message: impl Into<String>) -> Self {
        Self { refusal: Some((kind, message.into())), ..Self::default() }
    }

    /// Adds a label to the request's ledger entry.
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Reads what a hook of another language returned: null; a request or an answer; or a table with any of `request`
    /// or `reply`, `tags`, and `refuse` with an optional `kind`.
    ///
    /// # Errors
    /// A failure of the hook that says what is wrong with it.
    pub fn from_json(stage: Stage, returned: Value) -> Result<Self, HookFailure> {
        let table = match returned {
            Value::Null => return Ok(Self::pass()),
            Value::Object(table) => table,
            _ => return Err(unreadable(stage)),
        };
        let bodies: &[&str] = if stage == Stage::Before { &["messages", "input"] } else { &["choices"] };
        if bodies.iter().any(|field| table.contains_key(*field)) {
            return Ok(Self::change(Value::Object(table)));
        }
        Self::from_table(stage, table)
    }

    fn from_table(stage: Stage, table: Map<String, Value>) -> Result<Self, HookFailure> {
        let changed = if stage == Stage::Before { "request" } else { "reply" };
        let mut decision = Self::default();
        let (mut kind, mut refuse) = (None, None);
        for (name, value) in table {
            match (name.as_str(), value) {
                (_, Value::Null) => {}
                (name, body @ Value::Object(_)) if name == changed => decision.change = Some(body),
                ("tags", Value::Object(tags)) => {
                    for (tag, value) in tags {
                        let Value::String(value) = value else { return Err(unreadable(stage)) };
                        decision.tags.insert(tag, value);
                    }
                }
                ("refuse", Value::String(message)) => refuse = Some(message),
                ("kind", Value::String(word)) => {
                    kind = match word.as_str() {
                        "ContentRefused" => Some(HookRefusal::ContentRefused),
                        "Forbidden" => Some(HookRefusal::Forbidden),
                        _ => {
                            return Err(HookFailure::new(
                                "refused with a kind that is not ContentRefused or Forbidden",
                            ));
                        }
                    }
                }
                _ => return Err(unreadable(stage)),
            }
        }
        decision.refusal = match (refuse, kind) {
            (Some(message), kind) => Some((kind.unwrap_or_default(), message)),
            (None, Some(_)) => return Err(unreadable(stage)),
            (None, None) => None,
        };
        Ok(decision)
    }
}

fn unreadable(stage: Stage) -> HookFailure {
    HookFailure::new(match stage {
        Stage::Before => "returned neither nothing nor a request nor a table of request, tags, refuse and kind",
        Stage::After => "returned neither nothing nor a reply nor a table of reply, tags, refuse and kind",
    })
}
