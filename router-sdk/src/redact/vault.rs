//! What was taken out of one request: findings in, placeholders and counts out, and the way back.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Kinds, RedactKind, replaced, word};

/// What redaction did to a request.
#[derive(Debug, Default)]
pub(crate) struct Redacted {
    /// How many of which kind.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// The way back, where the answer is to have it.
    pub(crate) vault: Option<Arc<Vault>>,
}

/// Placeholders and what they stand for. Lives as long as its request and is shown nowhere.
#[derive(Default)]
pub(crate) struct Vault {
    by_text: HashMap<String, String>,
    by_name: HashMap<String, String>,
    /// Placeholders that the caller wrote itself, which mean nothing here.
    literal: HashSet<String>,
    longest: usize,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("placeholders", &self.by_name.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// A placeholder that the text has already is not given to anything.
    pub(super) fn avoid(&mut self, text: &str) {
        for (at, _) in text.match_indices('[') {
            if let Some(end) = text[at..].find(']').filter(|end| *end < 24) {
                self.literal.insert(text[at..=at + end].to_ascii_lowercase());
            }
        }
    }

    /// The placeholder of a finding: the same for the same text, numbered in the order of first appearance.
    fn name(&mut self, text: &str, kind: RedactKind) -> String {
        if let Some(name) = self.by_text.get(text) {
            return name.clone();
        }
        let mut number = self.by_name.len() + 1;
        let mut name = format!("[{}-{number}]", word(kind));
        while self.literal.contains(&name) || self.by_name.contains_key(&name) {
            number += 1;
            name = format!("[{}-{number}]", word(kind));
        }
        self.by_text.insert(text.to_owned(), name.clone());
        self.longest = self.longest.max(name.len());
        self.by_name.insert(name.clone(), text.to_owned());
        name
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The text with what its placeholders stand for; `spell` writes that as the place needs it.
    pub(super) fn restored<'t>(&self, text: &'t str, spell: impl Fn(&str) -> String) -> Cow<'t, str> {
        let mut out = String::new();
        let mut done = 0;
        for (at, _) in text.match_indices('[') {
            let Some(end) = text.as_bytes()[at..].iter().take(self.longest).position(|b| *b == b']') else { continue };
            let end = at + end + 1;
            if let Some(original) = self.by_name.get(&text[at..end].to_ascii_lowercase()) {
                out.push_str(&text[done..at]);
                out.push_str(&spell(original));
                done = end;
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// Where the end of the text may be the beginning of a placeholder.
    pub(super) fn unfinished(&self, text: &str) -> usize {
        let Some(at) = text.rfind('[').filter(|at| text.len() - at < self.longest) else { return text.len() };
        let tail = text[at..].to_ascii_lowercase();
        if self.by_name.keys().any(|name| name.starts_with(&tail)) { at } else { text.len() }
    }
}

/// Takes findings out of texts and counts them.
pub(super) struct Taker {
    kinds: Kinds,
    counts: BTreeMap<&'static str, u64>,
    vault: Option<Vault>,
}

impl Taker {
    pub(super) fn new(kinds: Kinds, restore: bool) -> Self {
        Self { kinds, counts: BTreeMap::new(), vault: restore.then(Vault::default) }
    }

    /// A text as it may leave; nothing when it may leave as it is.
    pub(super) fn take(&mut self, text: &str) -> Option<String> {
        let Self { kinds, counts, vault } = self;
        let taken = replaced(text, *kinds, |found, kind| {
            *counts.entry(kind.as_str()).or_default() += 1;
            match vault {
                Some(vault) => vault.name(found, kind),
                None => format!("[{}]", word(kind)),
            }
        });
        match taken {
            Cow::Borrowed(_) => None,
            Cow::Owned(taken) => Some(taken),
        }
    }

    /// The caller's own brackets, before anything is taken.
    pub(super) fn avoid(&mut self, text: &str) {
        if let Some(vault) = &mut self.vault {
            vault.avoid(text);
        }
    }

    pub(super) fn restores(&self) -> bool {
        self.vault.is_some()
    }

    pub(super) fn finish(self) -> Redacted {
        Redacted { counts: self.counts, vault: self.vault.filter(|v| !v.is_empty()).map(Arc::new) }
    }
}
