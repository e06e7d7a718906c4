//! One user message in, its ask and the sizes of what was pasted beside it out.

use super::fold::{head, middle, tail};

/// A user message taken apart.
#[derive(Debug, Default, Clone)]
pub(crate) struct Segments {
    /// What is asked, with the context cut out.
    pub ask: String,
    /// Characters in code blocks and bare code lines.
    pub code_chars: usize,
    /// Characters in log lines, stack traces and diffs.
    pub log_chars: usize,
    /// Characters in quotes and pasted documents.
    pub document_chars: usize,
    /// Characters in harness tags.
    pub harness_chars: usize,
    /// A stack trace, compiler error or log line was seen.
    pub trace: bool,
    /// A diff was seen.
    pub diff: bool,
    /// List items in the ask: each is a step or a demand.
    pub items: usize,
}

impl Segments {
    /// Everything that is not the ask.
    pub fn context_chars(&self) -> usize {
        self.code_chars + self.log_chars + self.document_chars + self.harness_chars
    }
}

// Beyond this a message is sampled: head, middle, tail.
const SAMPLE_ABOVE: usize = 64 * 1024;
const SAMPLE_ENDS: usize = 12 * 1024;
const SAMPLE_MIDDLE: usize = 4 * 1024;
// Above this much text the ask is looked for at both ends only.
const ASK_LIMIT: usize = 1_600;
const ASK_END: usize = 700;
// Tags that nothing closes are looked for this often.
const TAG_SEARCHES: usize = 8;
const TAG_REACH: usize = 32 * 1024;

// Tags whose content is what the user asks.
const ASKING_TAGS: [&str; 12] = [
    "task",
    "user_query",
    "user_request",
    "userrequest",
    "query",
    "question",
    "prompt",
    "request",
    "user_message",
    "user-message",
    "user",
    "instruction",
];
// Tags of a page or a formula, which open no context block.
const MARKUP_TAGS: [&str; 30] = [
    "p",
    "br",
    "b",
    "i",
    "u",
    "em",
    "strong",
    "a",
    "ul",
    "ol",
    "li",
    "sub",
    "sup",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "tt",
    "pre",
    "blockquote",
    "q",
    "center",
    "font",
    "small",
    "s",
    "del",
    "ins",
    "kbd",
    "mark",
];

/// Takes one message apart.
pub(crate) fn segment(text: &str) -> Segments {
    let mut out = Segments::default();
    let mut pieces = Vec::new();
    if text.len() > SAMPLE_ABOVE {
        let kept = 2 * SAMPLE_ENDS + SAMPLE_MIDDLE;
        for part in [head(text, SAMPLE_ENDS), middle(text, SAMPLE_MIDDLE), tail(text, SAMPLE_ENDS)] {
            cut_tags(part, &mut pieces, &mut out);
        }
        out.document_chars += text.len() - kept;
    } else {
        cut_tags(text, &mut pieces, &mut out);
    }
    sort_lines(&pieces, &mut out);
    out.ask = ends(std::mem::take(&mut out.ask), &mut out);
    if out.ask.trim().is_empty() && !text.trim().is_empty() && out.harness_chars == 0 {
        // Nothing but code, log or quote: that is then what it is about.
        out.ask = head(text, ASK_END).to_owned();
    }
    out
}

fn cut_tags<'a>(text: &'a str, pieces: &mut Vec<&'a str>, out: &mut Segments) {
    let mut rest = text;
    let mut from = 0;
    let mut searches = TAG_SEARCHES;
    while let Some(at) = rest[from..].find('<').map(|at| at + from) {
        let Some((name, after)) = tag_name(&rest[at..]) else {
            from = at + 1;
            continue;
        };
        if is(name, &ASKING_TAGS) {
            pieces.push(&rest[..at]);
            rest = &rest[at + after..];
            from = 0;
            continue;
        }
        let block = name.contains(['_', '-'])
            || rest[..at].trim_end_matches([' ', '\t']).ends_with('\n')
            || rest[..at].trim().is_empty();
        if !block || is(name, &MARKUP_TAGS) || searches == 0 {
            from = at + 1;
            continue;
        }
        // A search looks no further than this, so that unclosed tags stay cheap.
        match closing(head(&rest[at..], TAG_REACH), name) {
            Some(end) => {
                let inside = &rest[at..at + end];
                out.harness_chars += inside.chars().count();
                pieces.push(&rest[..at]);
                rest = &rest[at + end..];
                from = 0;
            }
            None => {
                searches -= 1;
                from = at + 1;
            }
        }
    }
    pieces.push(rest);
}

fn is(name: &str, names: &[&str]) -> bool {
    let name = name.strip_prefix('/').unwrap_or(name);
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

// The name of the tag at the start of `text` and the length of the whole tag.
fn tag_name(text: &str) -> Option<(&str, usize)> {
    let inner = &text[1..];
    let slash = usize::from(inner.starts_with('/'));
    let len = inner[slash..].bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':')))?;
    if len == 0 || len > 48 || !inner.as_bytes()[slash].is_ascii_alphabetic() {
        return None;
    }
    let name = &inner[..slash + len];
    let close = head(inner, 400).find('>')?;
    (matches!(inner.as_bytes()[slash + len], b'>' | b' ' | b'\n' | b'/')).then_some((name, close + 2))
}

fn closing(text: &str, name: &str) -> Option<usize> {
    if name.starts_with('/') {
        return None;
    }
    let close = format!("</{name}>");
    text.find(&close).map(|at| at + close.len())
}

#[derive(Clone, Copy, PartialEq)]
enum Line {
    Ask,
    Code,
    Log,
    Diff,
    Quote,
}

fn sort_lines(pieces: &[&str], out: &mut Segments) {
    let mut fence: Option<&str> = None;
    let mut sorted: Vec<(Line, &str)> = Vec::with_capacity(16);
    let mut bare_code = 0;
    for line in pieces.iter().flat_map(|piece| piece.split('\n')) {
        let start = line.trim_start();
        if let Some(mark) = fence {
            if start.starts_with(mark) {
                fence = None;
            } else {
                let kind = kind_of(line, start);
                out.trace |= kind == Line::Log;
                out.diff |= kind == Line::Diff;
            }
            sorted.push((Line::Code, line));
            bare_code += 3;
            continue;
        }
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark)) {
            // A fence that opens and closes on one line stays part of the sentence.
            if !start[3..].contains(mark) {
                fence = Some(mark);
                sorted.push((Line::Code, line));
                continue;
            }
        }
        let kind = kind_of(line, start);
        bare_code += usize::from(kind == Line::Code);
        sorted.push((kind, line));
    }
    for (kind, line) in sorted {
        let chars = line.chars().count();
        match kind {
            Line::Code if bare_code >= 3 => out.code_chars += chars + 1,
            Line::Log => {
                out.trace = true;
                out.log_chars += chars + 1;
            }
            Line::Diff => {
                out.diff = true;
                out.code_chars += chars + 1;
            }
            Line::Quote => out.document_chars += chars + 1,
            Line::Ask | Line::Code => {
                out.items += usize::from(is_item(line.trim_start()));
                out.ask.push_str(line);
                out.ask.push('\n');
            }
        }
    }
}

fn kind_of(line: &str, start: &str) -> Line {
    let Some(first) = start.bytes().next() else {
        return Line::Ask;
    };
    let indent = line.len() - start.len();
    if first == b'>' && start.len() > 1 && !start.starts_with(">=") {
        return Line::Quote;
    }
    if is_log(first, indent, start) {
        return Line::Log;
    }
    if start.starts_with("@@ ") || start.starts_with("diff --git") || start.starts_with("+++ ") {
        return Line::Diff;
    }
    if is_code(first, indent, start) { Line::Code } else { Line::Ask }
}

const LOG_STARTS: [&str; 21] = [
    "Traceback (most recent",
    "File \"",
    "Caused by:",
    "Exception in thread",
    "npm ERR!",
    "npm error",
    "error[E",
    "panicked at",
    "thread 'main' panicked",
    "goroutine ",
    "ERROR ",
    "WARN ",
    "INFO ",
    "DEBUG ",
    "FATAL ",
    "[ERROR]",
    "[WARN",
    "[INFO",
    "[DEBUG",
    "--> src/",
    "FAILED ",
];

fn is_log(first: u8, indent: usize, start: &str) -> bool {
    match first {
        b'T' | b'F' | b'C' | b'E' | b'n' | b'e' | b'p' | b't' | b'g' | b'W' | b'I' | b'D' | b'-' | b'[' => {
            LOG_STARTS.iter().any(|known| start.starts_with(known))
                || (first == b'[' && start.len() > 8 && timestamp(&start.as_bytes()[1..]))
        }
        b'a' => indent >= 2 && start.starts_with("at ") && start.contains([':', '(']),
        b'0'..=b'9' => timestamp(start.as_bytes()),
        _ => false,
    }
}

// 2026-11-22T10:… or 10:22:31
fn timestamp(b: &[u8]) -> bool {
    let digits = |from: usize, to: usize| b.len() > to && b[from..to].iter().all(u8::is_ascii_digit);
    (digits(0, 4) && b[4] == b'-' && digits(5, 7) && b.len() > 16 && b[13] == b':')
        || (digits(0, 2) && b[2] == b':' && digits(3, 5) && b.len() > 8 && b[5] == b':')
}

const CODE_STARTS: [&str; 34] = [
    "def ",
    "class ",
    "import ",
    "from ",
    "#include",
    "#!/",
    "function ",
    "const ",
    "let ",
    "var ",
    "public ",
    "private ",
    "protected ",
    "static ",
    "return ",
    "return;",
    "if (",
    "for (",
    "while (",
    "else {",
    "} else",
    "async ",
    "fn ",
    "pub ",
    "use ",
    "impl ",
    "package ",
    "func ",
    "SELECT ",
    "INSERT ",
    "CREATE TABLE",
    "<?php",
    "<div",
    "@Override",
];

fn is_code(first: u8, indent: usize, start: &str) -> bool {
    let end = start.trim_end();
    let last = end.as_bytes().last().copied().unwrap_or(b' ');
    let shaped = matches!(last, b'{' | b'}' | b';' | b':' | b')' | b'>' | b',' | b']' | b'(' | b'\\');
    if matches!(first, b'}' | b'{' | b')' | b']') && end.len() <= 4 {
        return true;
    }
    // Prose starts with these words too; code ends differently.
    let opened = CODE_STARTS.iter().any(|known| start.starts_with(known));
    if opened && (shaped || start.starts_with("import ") && start.len() < 60 || start.contains([';', '=', '('])) {
        return true;
    }
    let called = start.contains("()") || start.contains(" = ") || start.contains("](") || start.contains("->");
    (last == b';' || last == b'{') && start.contains(['(', '=', '.'])
        || indent >= 4 && (called || shaped && start.contains(['(', '=', '[', '.']) && last != b'.')
}

fn is_item(start: &str) -> bool {
    let b = start.as_bytes();
    match b.first() {
        Some(b'-' | b'*') => b.get(1) == Some(&b' '),
        Some(digit) if digit.is_ascii_digit() => {
            let len = b.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
            matches!(b.get(len), Some(b'.' | b')')) && b.get(len + 1) == Some(&b' ')
        }
        _ => start.starts_with('•'),
    }
}

// Of a long text the first and the last paragraph hold the ask; what is between is a document.
fn ends(text: String, out: &mut Segments) -> String {
    let text_len = text.trim_end().len();
    if text_len <= ASK_LIMIT {
        return text;
    }
    let text = &text[..text_len];
    let first = head(text, ASK_END);
    let first = first.find("\n\n").filter(|at| *at > 0).map_or(first, |at| &first[..at]);
    let last = tail(text, ASK_END);
    let last = last.rfind("\n\n").map_or(last, |at| &last[at..]);
    let between = text.len().saturating_sub(first.len() + last.len());
    out.document_chars += between;
    let mut ask = String::with_capacity(first.len() + last.len() + 2);
    ask.push_str(first);
    ask.push('\n');
    ask.push_str(last);
    ask
}
