//! Keys and tokens: a text in, findings by the prefixes of their makers or by the name they are assigned to out.

use regex::Regex;

use super::shapes::pattern;
use super::{Found, RedactKind};
use crate::fork::Lazy;

/// Keys that say themselves whose they are. Each has to hold a digit, which names of things seldom do.
static PREFIXED: Lazy<Option<Regex>> = Lazy::new(|| {
    pattern(concat!(
        r"(?:sk|pk|rk)[-_][A-Za-z0-9_-]{20,}",
        r"|(?:gsk|hf|r8|fw|npm|tgp_v1|jina|cr|dop_v1|lsv2_pt)_[A-Za-z0-9_-]{16,}",
        r"|(?:xai|pplx|nvapi|csk|glpat|sess|pa|tvly|bce-v3)-[A-Za-z0-9_/-]{20,}",
        r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}",
        r"|xox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{16,}",
        r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
        r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ))
});

/// What a name for a secret is followed by.
static ASSIGNED: Lazy<Option<Regex>> = Lazy::new(|| {
    pattern(concat!(
        r#"(?i)(?:api[_ -]?key|secret[_ -]?(?:access[_ -]?)?key|access[_ -]?token|auth[_ -]?token|client[_ -]?secret"#,
        r#"|bearer)["']?\s{0,4}(?:[:=]|is\s|\s)\s{0,4}["'`]?([A-Za-z0-9_+/=~-]{16,})"#,
    ))
});

static PRIVATE: Lazy<Option<Regex>> = Lazy::new(|| {
    pattern(r"-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----[A-Za-z0-9+/=\s\\:,-]*?-----END [A-Z ]{0,24}PRIVATE KEY-----")
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let mut push = |start, end| found.push(Found { start, end, kind: RedactKind::ApiKey });
    if text.contains("PRIVATE KEY-----") {
        for hit in PRIVATE.iter().flat_map(|r| r.find_iter(text)) {
            push(hit.start(), hit.end());
        }
    }
    if let Some(regex) = PREFIXED.as_ref() {
        // A hit inside a word is none, but a key may begin after its first letter.
        let mut from = 0;
        while let Some(hit) = regex.find_at(text, from) {
            let body = hit.as_str().trim_end_matches(['-', '_', '/']);
            if part_of_word(text, hit.start()) || !body.bytes().any(|b| b.is_ascii_digit()) {
                from = hit.start() + 1;
            } else {
                push(hit.start(), hit.start() + body.len());
                from = hit.end();
            }
        }
    }
    for hit in ASSIGNED.iter().flat_map(|r| r.captures_iter(text)).filter_map(|c| c.get(1)) {
        let mixed = |test: fn(&u8) -> bool| hit.as_str().as_bytes().iter().any(test);
        if mixed(u8::is_ascii_digit) && mixed(u8::is_ascii_alphabetic) {
            push(hit.start(), hit.end());
        }
    }
}

fn part_of_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}
