//! The table of faults: `table.json` in, typed rows out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A short name for the place on the fake provider.
    pub id: String,
    /// Under which heading the document has it.
    pub group: String,
    /// What happens, in words.
    pub says: String,
    /// The scripted reply of the first target; for some families another one.
    #[serde(default)]
    pub reply: Value,
    #[serde(default)]
    pub replies: BTreeMap<String, Value>,
    /// An address that cannot be reached in place of a reply: `refused`, `silent`, `tls`, `dns`.
    pub address: Option<String>,
    /// What comes of it for whole replies and for streams; a missing one is not tried.
    pub whole: Option<Ways>,
    pub stream: Option<Ways>,
    /// Where a family differs.
    #[serde(default)]
    pub but: BTreeMap<String, But>,
}

/// What comes of it in each situation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// Another target is there.
    pub another: String,
    /// It is alone, and the fault happens once.
    pub once: String,
    /// It is alone, and the fault lasts.
    pub alone: String,
}

/// What differs for a family.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct But {
    pub whole: Option<Ways>,
    pub stream: Option<Ways>,
    /// The family does not know this fault.
    pub never: bool,
}

/// All rows.
pub fn load() -> Vec<Row> {
    serde_json::from_str(include_str!("table.json")).expect("a table of faults")
}

impl Row {
    pub fn ways(&self, family: &str, stream: bool) -> Option<&Ways> {
        let but = self.but.get(family);
        if but.is_some_and(|b| b.never) {
            return None;
        }
        let (own, all) = match stream {
            true => (but.and_then(|b| b.stream.as_ref()), self.stream.as_ref()),
            false => (but.and_then(|b| b.whole.as_ref()), self.whole.as_ref()),
        };
        all.and(own.or(all))
    }

    pub fn reply(&self, family: &str) -> Value {
        self.replies.get(family).unwrap_or(&self.reply).clone()
    }
}
