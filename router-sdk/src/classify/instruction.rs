//! Folded text in, its instruction apart from the material that the instruction works on out.

use super::fold::{head, tail};
use super::question::MARKS;

// An instruction is no longer than this; a shorter rest is no material.
const LONGEST: usize = 420;
const LEAST_MATERIAL: usize = 12;

// A first line with at least this much below it is a paragraph of its own.
const LEAST_BELOW: usize = 150;

/// Where the text may be cut into an instruction and its material, likeliest first, and whether it is a paragraph.
pub(crate) fn cuts(folded: &str) -> impl Iterator<Item = (&str, bool)> {
    let paragraph = paragraph(folded).or_else(|| question(folded)).map(|cut| (cut, true));
    let first = std::iter::once_with(|| first(folded)).flatten().map(|cut| (cut, false));
    let last =
        std::iter::once_with(|| last(folded)).flatten().map(|cut| (cut, folded.len() >= cut.len() + LEAST_BELOW));
    paragraph.into_iter().chain(first).chain(last)
}

// The first line, where much more follows than it holds.
fn paragraph(folded: &str) -> Option<&str> {
    let at = head(folded, LONGEST).find('\n').filter(|at| *at >= 4)?;
    (folded.len() >= at + LEAST_BELOW && folded.len() >= 2 * at).then(|| &folded[..at])
}

// A question that a text follows, on the same line: of a story the question comes last.
fn question(folded: &str) -> Option<&str> {
    let window = head(folded, LONGEST);
    let (_, end) = question_mark(window).filter(|(at, _)| *at >= 4)?;
    let text = &folded[end..];
    let long = text.len() >= LEAST_BELOW && text.len() >= 2 * end;
    (long && question_mark(text).is_none()).then(|| &window[..end])
}

// Where the first question mark of any script begins and ends.
fn question_mark(text: &str) -> Option<(usize, usize)> {
    if text.is_ascii() {
        return text.find('?').map(|at| (at, at + 1));
    }
    let (at, mark) = text.char_indices().find(|(_, c)| MARKS.contains(c))?;
    Some((at, at + mark.len_utf8()))
}

// The bytes that an instruction may end before.
const MAY_END: [bool; 256] = {
    let mut table = [false; 256];
    let ends = *b"\n:'\"\xEF\xC2\xE3";
    let mut at = 0;
    while at < ends.len() {
        table[ends[at] as usize] = true;
        at += 1;
    }
    table
};

// Up to the first line end, colon or opening quote that something long follows.
fn first(folded: &str) -> Option<&str> {
    let window = head(folded, LONGEST);
    let bytes = window.as_bytes();
    let at = (4..bytes.len()).filter(|&at| MAY_END[usize::from(bytes[at])]).find(|&at| match bytes[at] {
        b'\n' => true,
        b':' => bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\n' | b'\'' | b'"')),
        b'\'' | b'"' => matches!(bytes[at - 1], b' ' | b':') && quoted(&folded[at + 1..], bytes[at]),
        // The wide colon, and the opening quotes of other languages.
        0xEF => window[at..].starts_with('：'),
        0xC2 => window[at..].starts_with('«'),
        0xE3 => window[at..].starts_with('「'),
        _ => false,
    })?;
    let end = at + usize::from(bytes[at] == b':');
    (folded.len() >= end + LEAST_MATERIAL).then(|| &window[..end])
}

// A quote counts from a few words on; a quoted word belongs to the sentence, and an apostrophe ends nothing.
fn quoted(rest: &str, mark: u8) -> bool {
    let bytes = head(rest, LEAST_MATERIAL).as_bytes();
    let ends = |at: usize| rest.as_bytes().get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric());
    bytes.len() == LEAST_MATERIAL && !(0..bytes.len()).any(|at| bytes[at] == mark && ends(at))
}

// The last line, where text precedes it.
fn last(folded: &str) -> Option<&str> {
    let at = folded.trim_end().rfind('\n')?;
    let line = folded[at + 1..].trim_end();
    (at >= 40 && line.len() >= 8 && line.len() <= LONGEST).then(|| tail(line, LONGEST))
}
