//! What a family says it changed in a request: written by fixed words in, what it was done to and how read back out.

use std::fmt::Display;

/// How a field fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum Fate {
    /// It is not sent.
    Lost,
    /// Another value is sent, or something that stands in for it.
    Changed,
    /// The same is sent under another name.
    Reworded,
}

const LOST: &str = "left out";
const REWORDED: &str = "sent as ";

/// The entry of a field that is not sent.
pub(in crate::provider) fn lost(field: impl Display, why: impl Display) -> String {
    format!("{field}: {LOST}, {why}")
}

/// The entry of a field that is sent under another name, or in another form that says the same.
pub(in crate::provider) fn reworded(field: impl Display, form: impl Display) -> String {
    format!("{field}: {REWORDED}{form}")
}

/// Reads an entry: the field, such as `stop` or `tools[0].function.strict`, and what became of it.
///
/// Entries about the conversation as a whole name no field.
pub(in crate::provider) fn read(entry: &str) -> Option<(&str, Fate)> {
    let (field, what) = entry.split_once(": ")?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    if field.is_empty() || !field.chars().all(named) {
        return None;
    }
    let fate = if what.starts_with(LOST) {
        Fate::Lost
    } else if what.starts_with(REWORDED) {
        Fate::Reworded
    } else {
        Fate::Changed
    };
    Some((field, fate))
}
