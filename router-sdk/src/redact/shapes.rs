//! Shapes in text: a text and the kinds looked for in, findings in order and without overlap out.

use regex::Regex;

use super::{Found, Kinds, RedactKind, card, key, phone};
use crate::fork::Lazy;

/// Compiles a pattern of this folder; one that does not compile finds nothing, and the tests say so.
pub(super) fn pattern(source: &str) -> Option<Regex> {
    Regex::new(source).ok()
}

static EMAIL: Lazy<Option<Regex>> = Lazy::new(|| {
    pattern(
        r"[\p{L}\p{N}._%+'&-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24})",
    )
});

/// Endings of files whose names hold an `@`, such as `icon@2x.png`.
const FILES: [&str; 14] =
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "js", "mjs", "css", "html", "json", "tgz", "whl"];

/// Everything of these kinds, from the beginning of the text to its end. Where two overlap, the surer shape wins.
pub(super) fn find(text: &str, kinds: Kinds) -> Vec<Found> {
    let mut found = Vec::new();
    if kinds.has(RedactKind::ApiKey) {
        key::find(text, &mut found);
    }
    if kinds.has(RedactKind::Email) && text.contains('@') {
        emails(text, &mut found);
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).nth(6).is_some();
    if digits && kinds.has(RedactKind::Card) {
        card::find(text, &mut found);
    }
    if digits && kinds.has(RedactKind::Phone) {
        phone::find(text, &mut found);
    }
    apart(found)
}

/// The findings in order, the earlier found before the later where they overlap.
fn apart(found: Vec<Found>) -> Vec<Found> {
    let mut kept: std::collections::BTreeMap<usize, Found> = std::collections::BTreeMap::new();
    for one in found {
        let before = kept.range(..one.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= one.start) {
            kept.insert(one.start, one);
        }
    }
    kept.into_values().collect()
}

fn emails(text: &str, found: &mut Vec<Found>) {
    let Some(regex) = EMAIL.as_ref() else { return };
    for hit in regex.find_iter(text) {
        // Punctuation before an address is not part of it.
        let lead = hit.as_str().len() - hit.as_str().trim_start_matches(['.', '\'', '&', '-', '%', '+']).len();
        let address = &hit.as_str()[lead..];
        let Some((local, domain)) = address.split_once('@') else { continue };
        let ending = domain.rsplit('.').next().unwrap_or_default();
        let file = FILES.iter().any(|f| f.eq_ignore_ascii_case(ending));
        // `git@host:path` names a repository.
        let remote = local == "git" && text[hit.end()..].starts_with(':');
        if !local.is_empty() && !file && !remote {
            found.push(Found { start: hit.start() + lead, end: hit.end(), kind: RedactKind::Email });
        }
    }
}

/// True when a digit, letter or underscore stands right before this place.
pub(super) fn inside_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// True when a digit, letter or underscore stands at this place.
pub(super) fn goes_on(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
}
