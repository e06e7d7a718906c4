//! What a reply says of the conversation that its request belongs to: where it stays, where it moves, and why.

use serde::Serialize;

use crate::account::usd;

/// What became of a conversation at one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionDecision {
    /// Nothing was known of it; it is with the model that answers now.
    Began,
    /// It stays with its model.
    Stayed,
    /// It moves to an abler model: a turn asks for more, or it stalls.
    Escalated,
    /// This one turn goes to a cheaper model; the conversation stays where it is.
    Eased,
    /// It moves to a model that is as able and cheaper, or that the strategy asked for now prefers.
    Switched,
    /// Its model cannot go on: it rests, is refused, is gone, or failed at this request.
    Left,
}

impl SessionDecision {
    /// The word in the route's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Stayed => "stayed",
            Self::Escalated => "escalated",
            Self::Eased => "eased",
            Self::Switched => "switched",
            Self::Left => "left",
        }
    }
}

/// The conversation of a request, and what was decided for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The caller's name for it, else the id of its first request.
    pub id: String,
    /// What was decided.
    pub decision: SessionDecision,
    /// Why, in a sentence.
    pub reason: String,
    /// The `provider/model` that it is with from here on.
    pub model: String,
    /// The `provider/model` that it was with, where that is another one.
    pub from: Option<String>,
    /// Answers that it had before this one.
    pub turns: u32,
    /// Input tokens that its model was expected to have in its prompt cache.
    pub warm_tokens: u64,
    /// Nano-dollars that were spent so far on reading anew what a prompt cache had held.
    #[serde(rename = "lost", serialize_with = "as_usd")]
    pub lost_nanos: u64,
    /// The `provider/model` that is asked first.
    #[serde(skip)]
    pub(crate) asked: String,
}

fn as_usd<S: serde::Serializer>(nanos: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    usd(*nanos).serialize(serializer)
}

impl SessionInfo {
    /// The answer came from this model. A conversation whose model failed goes on where it was answered.
    pub(crate) fn answered_by(&mut self, model: &str) {
        if model == self.asked || self.decision == SessionDecision::Eased {
            return;
        }
        let failed = std::mem::replace(&mut self.asked, model.to_owned());
        if self.decision != SessionDecision::Began {
            self.decision = SessionDecision::Left;
            self.reason = format!("leaves {failed}, which failed; goes on with {model}, which answered");
            self.from.get_or_insert(failed);
        }
        self.model = model.to_owned();
    }
}
