//! One alternative of a stem row in, its fixed parts as plain strings out.
//!
//! The syntax is the small part of `regex` that the word lists use: groups, alternation, `?`,
//! classes, `\b`. Everything that has no finite spelling is a gap between parts.

use super::automaton::is_word;

/// A spelling of a fixed part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// The text.
    pub text: String,
    /// A word must end after it.
    pub ends_word: bool,
}

/// A fixed part of an alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its spellings.
    pub spellings: Vec<Spelling>,
    /// It starts where a word does, a sign or the alternative.
    pub at_edge: bool,
}

/// An alternative taken apart.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The parts in order.
    pub parts: Vec<Part>,
    /// The parts are the whole alternative, with no gap or anchor.
    pub exact: bool,
}

// More spellings than this make a part a gap.
const MOST_SPELLINGS: usize = 3_000;
// Two lists of words after each other are spelled out as one part up to so many bytes: two parts take less room.
const MOST_BYTES: usize = 2_500;
// A part with a spelling of fewer bytes is in every text.
const TELLING: usize = 3;
const WORD_END: char = '\u{1}';

enum Element {
    // Every spelling, `WORD_END` included.
    Fixed(Vec<String>),
    Gap,
}

/// Splits `stems` at its top-level bars.
pub(crate) fn alternatives(stems: &str) -> Vec<&str> {
    let (mut depth, mut class, mut escaped) = (0usize, false, false);
    let mut out = Vec::new();
    let mut from = 0;
    for (at, byte) in stems.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b']' => class = false,
            _ if class => {}
            b'[' => class = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'|' if depth == 0 => {
                out.push(&stems[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&stems[from..]);
    out
}

/// Takes one alternative apart.
pub(crate) fn take_apart(alternative: &str) -> Parts {
    let mut out = Parts { parts: Vec::new(), exact: true };
    let mut run = Run { spellings: vec![String::new()], at_edge: true };
    for (element, source) in sequence(alternative) {
        match element {
            Element::Fixed(spellings)
                if run.spellings.len() == 1 || run.spellings.len() * bytes(&spellings) <= MOST_BYTES =>
            {
                let all = |start: &String| spellings.iter().map(|end| format!("{start}{end}")).collect::<Vec<_>>();
                run.spellings = run.spellings.iter().flat_map(all).collect();
            }
            Element::Fixed(spellings) if spellings.len() == 1 => {
                run.spellings.iter_mut().for_each(|start| start.push_str(&spellings[0]));
            }
            Element::Fixed(spellings) => {
                out.exact = false;
                let at_edge = run.ends_at_edge();
                out.close(std::mem::replace(&mut run, Run { spellings, at_edge }));
            }
            Element::Gap => {
                out.exact = false;
                let at_edge = run.leads_to_edge(source);
                out.close(std::mem::replace(&mut run, Run { spellings: vec![String::new()], at_edge }));
            }
        }
    }
    out.close(run);
    let telling = |part: &Part| part.spellings.iter().all(|spelling| spelling.text.trim().len() >= TELLING);
    if !out.exact && out.parts.iter().any(telling) {
        out.parts.retain(telling);
    }
    out
}

// The part that is being spelled out.
struct Run {
    spellings: Vec<String>,
    at_edge: bool,
}

impl Run {
    // A word may start right after it.
    fn ends_at_edge(&self) -> bool {
        let ends = |text: &String| text.bytes().next_back().map_or(self.at_edge, |last| !is_word(last));
        self.spellings.iter().all(ends)
    }

    // A word starts after it and the gap that follows.
    fn leads_to_edge(&self, gap: &str) -> bool {
        let inner = gap.trim_end_matches(|c: char| "?*+".contains(c));
        let inner = inner.rfind('{').filter(|_| inner.ends_with('}')).map_or(inner, |at| &inner[..at]);
        let count = &gap[inner.len()..];
        let optional = count.starts_with(['?', '*']) || count.starts_with("{0");
        let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner);
        let open = |end: &str| {
            let class = end.strip_suffix(']').and_then(|end| end.rsplit_once('[')).map(|(_, class)| class);
            class.map_or(
                end.ends_with([' ', '\'', '^', ',']) || end.ends_with("\\W") || end.ends_with("\\s"),
                |class| {
                    !class.starts_with('^')
                        && class.bytes().all(|byte| byte.is_ascii() && !is_word(byte) && byte != b'\\')
                },
            )
        };
        alternatives(inner.trim_start_matches("?:")).into_iter().all(open) && (!optional || self.ends_at_edge())
    }
}

fn bytes(spellings: &[String]) -> usize {
    spellings.iter().map(String::len).sum()
}

impl Parts {
    fn close(&mut self, run: Run) {
        let spellings: Vec<_> = run
            .spellings
            .into_iter()
            .map(|text| Spelling { ends_word: text.ends_with(WORD_END), text: text.replace(WORD_END, "") })
            .collect();
        // A part that may be empty or a lone blank tells nothing.
        if spellings.iter().all(|spelling| !spelling.text.trim().is_empty()) {
            self.parts.push(Part { spellings, at_edge: run.at_edge });
        }
    }
}

fn sequence(text: &str) -> Vec<(Element, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (element, len) = match c {
            '(' => group(rest),
            '[' => class(rest),
            '\\' => escape(rest),
            '.' | '^' | '$' => (Element::Gap, 1),
            other => (Element::Fixed(vec![other.to_string()]), other.len_utf8()),
        };
        let (element, more) = repeated(element, &rest[len..]);
        let (source, after) = rest.split_at(len + more);
        rest = after;
        out.push((element, source));
    }
    out
}

fn repeated(element: Element, rest: &str) -> (Element, usize) {
    match rest.as_bytes().first() {
        Some(b'?') => match element {
            Element::Fixed(mut spellings) => {
                spellings.push(String::new());
                (Element::Fixed(spellings), 1)
            }
            Element::Gap => (Element::Gap, 1),
        },
        Some(b'*' | b'+') => (Element::Gap, 1),
        Some(b'{') => (Element::Gap, rest.find('}').map_or(rest.len(), |at| at + 1)),
        _ => (element, 0),
    }
}

fn group(text: &str) -> (Element, usize) {
    let (mut depth, mut class, mut escaped) = (0usize, false, false);
    let mut end = text.len();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b']' => class = false,
            _ if class => {}
            b'[' => class = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    end = at + 1;
                    break;
                }
            }
            _ => {}
        }
    }
    let inner = text[1..end - 1].trim_start_matches("?:");
    let mut all = Vec::new();
    for alternative in alternatives(inner) {
        let mut run = vec![String::new()];
        for (element, _) in sequence(alternative) {
            match element {
                Element::Fixed(spellings) if run.len() * spellings.len() <= MOST_SPELLINGS => {
                    run =
                        run.iter().flat_map(|start| spellings.iter().map(move |end| format!("{start}{end}"))).collect();
                }
                _ => return (Element::Gap, end),
            }
        }
        all.extend(run);
    }
    (Element::Fixed(all), end)
}

fn class(text: &str) -> (Element, usize) {
    let end = text.find(']').map_or(text.len(), |at| at + 1);
    let inner = &text[1..end - 1];
    let plain = !inner.starts_with('^') && !inner.contains('\\') && !inner.trim_matches('-').contains('-');
    if plain && inner.chars().count() <= 24 {
        (Element::Fixed(inner.chars().map(String::from).collect()), end)
    } else {
        (Element::Gap, end)
    }
}

fn escape(text: &str) -> (Element, usize) {
    let c = text[1..].chars().next().unwrap_or('\\');
    let element = match c {
        'b' => Element::Fixed(vec![WORD_END.to_string()]),
        'n' => Element::Fixed(vec!["\n".to_owned()]),
        'w' | 'W' | 's' | 'S' | 'd' | 'D' => Element::Gap,
        other => Element::Fixed(vec![other.to_string()]),
    };
    (element, 1 + c.len_utf8())
}
