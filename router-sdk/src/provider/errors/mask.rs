//! A provider's message comes in; one line of at most 500 characters without keys goes out.

const MAX_CHARS: usize = 500;

/// How keys of the providers begin.
const KEY_PREFIXES: [&str; 16] = [
    "sk-", "sk_", "pk-", "gsk_", "xai-", "AIza", "hf_", "r8_", "pplx-", "nvapi-", "csk-", "fw_", "AKIA", "ASIA", "eyJ",
    "cr_",
];

/// The shortest word that can be a key.
const MIN_KEY_CHARS: usize = 12;

/// One line, keys masked, cut at 500 characters.
pub(crate) fn tidy(message: &str) -> String {
    // A message of any length is cut before it is worked on; masking may only shorten what is kept.
    let near: String = message.chars().take(4 * MAX_CHARS).collect();
    let mut out = String::with_capacity(near.len().min(2 * MAX_CHARS));
    let mut bearer = false;
    for word in near.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        masked(word, bearer, &mut out);
        bearer = word.trim_end_matches(':').eq_ignore_ascii_case("bearer");
    }
    match out.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => {
            out.truncate(at);
            out.push('…');
            out
        }
        None => out,
    }
}

/// A word with the keys in it masked; punctuation around them stays.
fn masked(word: &str, whole: bool, out: &mut String) {
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !key_char(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        out.push_str(if is_key(run, whole) { "[key]" } else { run });
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            out.extend(c.escape_default().filter(|_| c.is_control()));
            if !c.is_control() {
                out.push(c);
            }
        }
        rest = chars.as_str();
    }
}

fn key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.')
}

fn is_key(run: &str, after_bearer: bool) -> bool {
    if run.contains("***") {
        return true;
    }
    if after_bearer {
        return run.len() >= 8;
    }
    run.len() >= MIN_KEY_CHARS && KEY_PREFIXES.iter().any(|prefix| run.starts_with(prefix))
}
