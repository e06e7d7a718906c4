//! Personal data and keys taken out of text: messages in, the same with placeholders and how many of which kind out.

mod card;
mod key;
mod phone;
mod places;
mod restore;
mod shapes;
mod stream;
mod vault;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub(crate) use places::{chat, embedding};
pub(crate) use restore::reply;
pub(crate) use stream::Restorer;
pub(crate) use vault::{Redacted, Vault};

/// What is taken out of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RedactKind {
    /// E-mail addresses.
    Email,
    /// Numbers of payment cards, told from other numbers by their issuer and check digit.
    Card,
    /// Telephone numbers as people write them: with `+` or `00` and a country, or with separators.
    Phone,
    /// Keys of providers and of this library, tokens, private keys.
    ApiKey,
}

impl RedactKind {
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Email, Self::Card, Self::Phone, Self::ApiKey];

    /// The kind's name in configuration and counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Card => "card",
            Self::Phone => "phone",
            Self::ApiKey => "api_key",
        }
    }
}

/// The word in a placeholder: without underscores, which models write with a backslash before.
fn word(kind: RedactKind) -> &'static str {
    match kind {
        RedactKind::ApiKey => "api-key",
        other => other.as_str(),
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// Every kind.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        RedactKind::ALL.into_iter().collect()
    }

    pub(crate) fn has(self, kind: RedactKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<RedactKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = RedactKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind as u8))
    }
}

/// Where something of a kind stands in a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: RedactKind,
}

/// The text with `[email]`, `[card]`, `[phone]` and `[api-key]` in place of what was found.
pub(crate) fn text(text: &str, kinds: Kinds) -> Cow<'_, str> {
    replaced(text, kinds, |_, kind| format!("[{}]", word(kind)))
}

/// The text with what `name` makes of each finding in its place.
fn replaced(text: &str, kinds: Kinds, mut name: impl FnMut(&str, RedactKind) -> String) -> Cow<'_, str> {
    let found = shapes::find(text, kinds);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for Found { start, end, kind } in found {
        out.push_str(&text[done..start]);
        out.push_str(&name(&text[start..end], kind));
        done = end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}
