//! A window of folded text in, the rows of the word lists that it matches out, in one pass.
//!
//! Stems are spelled out into one automaton. Of stems with a gap in them (`say .{1,60} in french`)
//! the fixed parts go in; only where all of them occur is the whole tried, compiled once.

use std::sync::OnceLock;

use regex::Regex;

use super::alike::as_matched;
use super::automaton::{Automaton, Mark, is_word};
use super::features::is_letter;
use super::patterns::{Bound, Effect, Row, TONGUES, rows};
use super::stems::{Part, Spelling, alternatives, take_apart};
use crate::fork::{Lazy, once};

/// More rows than the word lists have.
const MOST_ROWS: usize = 896;
/// More fixed parts of gapped stems than the word lists have.
const MOST_PARTS: usize = 4096;

/// A set of small numbers.
#[derive(Debug, Clone, Copy)]
struct Bits<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Bits<WORDS> {
    const EMPTY: Self = Self([0; WORDS]);

    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    fn into_iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                (left != 0).then(|| {
                    left &= left - 1;
                    word * 64 + bit
                })
            })
        })
    }
}

/// Row numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowSet(Bits<{ MOST_ROWS / 64 }>);

impl RowSet {
    /// The rows of this set that `known` lacks, in order.
    pub fn without(mut self, known: &Self) -> impl Iterator<Item = &'static Known> {
        for (word, less) in self.0.0.iter_mut().zip(known.0.0) {
            *word &= !less;
        }
        let table = &*TABLE;
        self.0.into_iter().map(|row| &table.rows[row])
    }

    /// The rows of both sets.
    pub fn and(mut self, other: &Self) -> Self {
        for (word, more) in self.0.0.iter_mut().zip(other.0.0) {
            *word |= more;
        }
        self
    }

    /// No rows.
    pub const fn empty() -> Self {
        Self(Bits::EMPTY)
    }
}

// An alternative with gaps: its parts, and the whole for the final word.
struct Gapped {
    row: usize,
    parts: Vec<u16>,
    whole: String,
    compiled: OnceLock<Option<Regex>>,
}

/// A row with the name that it is shown by.
#[derive(Debug)]
pub(crate) struct Known {
    pub row: &'static Row,
    pub shown: String,
}

struct Table {
    rows: Vec<Known>,
    // Those that make a task harder.
    harder: RowSet,
    gapped: Vec<Gapped>,
    // The gapped alternatives whose rarest part this is.
    by_part: Vec<Vec<u16>>,
    automaton: Automaton,
    #[cfg(test)]
    parts: usize,
}

static TABLE: Lazy<Table> = Lazy::new(Table::build);

const ANYWHERE: u8 = 0;
const AT_WORD: u8 = 1;
const AFTER_BLANK: u8 = 2;

/// What matched in a window: in its first `lead` bytes, and anywhere.
pub(crate) struct Matched {
    /// Rows that the first bytes match.
    pub lead: RowSet,
    /// Rows that the window matches.
    pub all: RowSet,
    /// Common words of each language of [`TONGUES`].
    pub tongues: [u16; TONGUES.len()],
    /// Words that make a task harder, repeats included.
    pub depth: u16,
}

/// Matches every row in `window`, whose first `lead` bytes are told apart.
pub(crate) fn rows_in(window: &str, lead: usize) -> Matched {
    let table = &*TABLE;
    let text = window.as_bytes();
    let mut found = Matched { lead: RowSet::empty(), all: RowSet::empty(), tongues: [0; TONGUES.len()], depth: 0 };
    let mut parts: Bits<{ MOST_PARTS / 64 }> = Bits::EMPTY;
    table.automaton.scan(text, |mark, start, end| {
        if !starts(mark.before, text, start) || (mark.ends_word && goes_on(window, end)) {
            return;
        }
        let target = usize::from(mark.target);
        if target >= MOST_ROWS {
            parts.add(target - MOST_ROWS);
            return;
        }
        if let Some(count) = found.tongues.get_mut(target) {
            *count = count.saturating_add(1);
            return;
        }
        found.depth = found.depth.saturating_add(u16::from(table.harder.0.has(target)));
        found.all.0.add(target);
        if end <= lead {
            found.lead.0.add(target);
        }
    });
    for part in parts.into_iter() {
        for &nth in table.by_part.get(part).map_or(&[][..], Vec::as_slice) {
            let gapped = &table.gapped[usize::from(nth)];
            let known = found.lead.0.has(gapped.row) || lead == 0 && found.all.0.has(gapped.row);
            if !known && gapped.parts.iter().all(|part| parts.has(usize::from(*part))) {
                let whole = once(&gapped.compiled, || Regex::new(&gapped.whole).ok());
                if let Some(at) = whole.as_ref().and_then(|whole| whole.shortest_match(window)) {
                    found.all.0.add(gapped.row);
                    if at <= lead {
                        found.lead.0.add(gapped.row);
                    }
                }
            }
        }
    }
    found
}

fn starts(rule: u8, text: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).map(|at| text[at]) else {
        return true;
    };
    match rule {
        AT_WORD => !is_word(before) || !is_word(text[start]),
        AFTER_BLANK => before.is_ascii() && !before.is_ascii_alphanumeric() || text[..start].ends_with("«".as_bytes()),
        _ => true,
    }
}

// After a letter outside ASCII another one goes on with the word; after an ASCII one Chinese may follow at once.
fn goes_on(window: &str, end: usize) -> bool {
    let text = window.as_bytes();
    match (text[end - 1], text.get(end)) {
        (_, None) => false,
        (last, Some(next)) if last.is_ascii() || next.is_ascii() => is_word(*next),
        _ => window.get(end..).and_then(|rest| rest.chars().next()).is_some_and(is_letter),
    }
}

impl Known {
    fn of(row: &'static Row) -> Self {
        Self { row, shown: [row.lang, ": ", row.name].concat() }
    }
}

impl Table {
    fn build() -> Self {
        let rows: Vec<_> = rows().take(MOST_ROWS).map(Known::of).collect();
        let mut literals = Vec::new();
        let mut known: Vec<Vec<Spelling>> = Vec::new();
        let mut gapped: Vec<Gapped> = Vec::new();
        for (at, Known { row, .. }) in rows.iter().enumerate() {
            let bound = match row.bound {
                Bound::Word => AT_WORD,
                Bound::Blank => AFTER_BLANK,
                Bound::Free => ANYWHERE,
            };
            let stems = as_matched(row.stems);
            for alternative in alternatives(&stems) {
                let apart = take_apart(alternative);
                if apart.exact {
                    let spellings = apart.parts.into_iter().flat_map(|part| part.spellings).collect();
                    spell(&mut literals, spellings, at, bound);
                    continue;
                }
                let mut parts = Vec::new();
                for spellings in heard(apart.parts) {
                    let number = known.iter().position(|part| *part == spellings).unwrap_or_else(|| {
                        spell(&mut literals, spellings.clone(), MOST_ROWS + known.len(), ANYWHERE);
                        known.push(spellings);
                        known.len() - 1
                    });
                    parts.push(number.min(MOST_PARTS - 1) as u16);
                }
                let whole = bind(row.bound, alternative);
                gapped.push(Gapped { row: at, parts, whole, compiled: OnceLock::new() });
            }
        }
        let mut harder = RowSet::empty();
        rows.iter()
            .enumerate()
            .filter(|(_, known)| known.row.effect == Effect::Harder)
            .for_each(|(at, _)| harder.0.add(at));
        let mut by_part = vec![Vec::new(); known.len()];
        for (nth, gapped) in gapped.iter().enumerate() {
            // The part whose shortest spelling is longest is in the fewest texts.
            let rarest = gapped.parts.iter().max_by_key(|part| {
                known.get(usize::from(**part)).and_then(|all| all.iter().map(|one| one.text.len()).min())
            });
            if let Some(rarest) = rarest {
                by_part[usize::from(*rarest)].push(nth as u16);
            }
        }
        Self {
            rows,
            harder,
            gapped,
            by_part,
            automaton: Automaton::new(literals.into_iter()),
            #[cfg(test)]
            parts: known.len(),
        }
    }
}

// The parts that are heard: those that start where a word or a sign does, or all where none surely does, and of each
// what follows the first such place.
fn heard(mut parts: Vec<Part>) -> Vec<Vec<Spelling>> {
    let sign = |one: &Spelling| one.text.bytes().next().is_some_and(|first| !is_word(first));
    let edge = |part: &Part| part.at_edge || part.spellings.iter().all(sign);
    if parts.iter().any(edge) {
        parts.retain(edge);
    }
    let from_edge = |part: Part| {
        let inside = |c: char| !part.at_edge && c.is_ascii() && is_word(c as u8);
        let cut = |one: &Spelling| match one.text.trim_start_matches(inside).trim_start() {
            "" => one.clone(),
            rest => Spelling { text: rest.to_owned(), ..*one },
        };
        part.spellings.iter().map(cut).collect()
    };
    parts.into_iter().map(from_edge).collect()
}

fn spell(literals: &mut Vec<(String, Mark)>, spellings: Vec<Spelling>, target: usize, before: u8) {
    for Spelling { text, ends_word } in spellings {
        literals.push((text, Mark { target: target as u16, before, ends_word }));
    }
}

/// How many rows, parts and nodes there are, and which gapped stems are unsound.
#[cfg(test)]
pub(crate) fn census() -> (usize, usize, usize, Vec<String>) {
    let unsound = |gapped: &&Gapped| Regex::new(&gapped.whole).is_err() || gapped.parts.is_empty();
    let unsound = TABLE.gapped.iter().filter(unsound).map(|gapped| gapped.whole.clone()).collect();
    (TABLE.rows.len(), TABLE.parts, TABLE.automaton.len(), unsound)
}

// `\b` knows letters of ASCII only.
fn after_ascii(stem: &str) -> bool {
    stem.chars().rev().find(|c| !matches!(c, ')' | '?' | ']')).is_none_or(|c| c.is_ascii())
}

fn bind(bound: Bound, stems: &str) -> String {
    let mut out = String::with_capacity(stems.len() * 2);
    let mut chars = stems.chars();
    let mut class = false;
    while let Some(c) = chars.next() {
        class = (class || c == '[') && c != ']';
        if c != '\\' {
            out.push(c);
            continue;
        }
        // Unicode classes would be large and slow; folded text needs ASCII ones.
        match chars.next() {
            Some('b') if after_ascii(&out) => out.push_str(r"(?-u:\b)"),
            Some('b') => out.push_str("(?:$|[^0-9a-zа-џґ])"),
            Some('w') if class => out.push_str("0-9a-z_"),
            Some('w') => out.push_str("[0-9a-z_'-]"),
            Some('W') => out.push_str("[^a-z]"),
            Some('S') => out.push_str("[^ \n]"),
            Some('s') => out.push_str("[ \n]"),
            Some('d') => out.push_str("[0-9]"),
            Some('n') => out.push('\n'),
            Some(other) => out.extend(['\\', other]),
            None => {}
        }
    }
    match bound {
        // With the anchor before everything else the search ends at once elsewhere.
        Bound::Word if out.starts_with('^') => format!(r"^(?-u:\b)(?:{})", &out[1..]),
        Bound::Word => format!(r"(?-u:\b)(?:{out})"),
        Bound::Blank => format!("(?:^|[ \n\"'(«:,.-])(?:{out})"),
        Bound::Free => format!("(?:{out})"),
    }
}
