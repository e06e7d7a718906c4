//! Numbers of payment cards: digits in groups in, findings with a known issuer and a right check digit out.

use super::{Found, RedactKind, shapes};

/// A run of digits that stand together.
struct Group {
    start: usize,
    end: usize,
}

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let groups = groups(text);
    let mut i = 0;
    while i < groups.len() {
        match card_at(text, &groups, i) {
            Some(last) => {
                found.push(Found { start: groups[i].start, end: groups[last].end, kind: RedactKind::Card });
                i = last + 1;
            }
            None => i += 1,
        }
    }
}

fn groups(text: &str) -> Vec<Group> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        let start = i;
        while i < bytes.len() && bytes[i].is_ascii_digit() {
            i += 1;
        }
        out.push(Group { start, end: i });
    }
    out
}

/// The last group of the card that begins with this one; the longest wins.
fn card_at(text: &str, groups: &[Group], first: usize) -> Option<usize> {
    let start = groups[first].start;
    let decimal = text[..start].ends_with('.') && text[..start - 1].ends_with(|c: char| c.is_ascii_digit());
    if decimal || shapes::inside_word(text, start) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(19);
    let (mut best, mut separator) = (None, None);
    for (i, group) in groups.iter().enumerate().skip(first) {
        if i > first {
            let between = &text[groups[i - 1].end..group.start];
            if !matches!(between, " " | "-" | "\u{a0}" | "\u{2009}" | "\u{202f}")
                || separator.is_some_and(|s| s != between)
            {
                break;
            }
            separator = Some(between);
        }
        digits.extend(text.as_bytes()[group.start..group.end].iter().map(|b| b - b'0'));
        if digits.len() > 19 {
            break;
        }
        let laid_out = i == first || groups[first..=i].iter().all(|g| (2..=7).contains(&(g.end - g.start)));
        if laid_out && !shapes::goes_on(text, group.end) && is_card(&digits) {
            best = Some(i);
        }
    }
    best
}

fn is_card(digits: &[u8]) -> bool {
    issued(digits) && luhn(digits) && digits.iter().any(|d| d != &digits[0])
}

/// Whether an issuer has numbers of this beginning and length.
fn issued(digits: &[u8]) -> bool {
    let len = digits.len();
    if !(13..=19).contains(&len) {
        return false;
    }
    let head = digits[..4].iter().fold(0u32, |n, d| n * 10 + u32::from(*d));
    match head {
        4000..=4999 => matches!(len, 13 | 16 | 19),
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => true,
        5100..=5599 | 2221..=2720 => len == 16,
        3400..=3499 | 3700..=3799 => len == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&len),
        3528..=3589 | 2200..=2204 | 6011 | 6440..=6599 | 6200..=6299 | 5080..=5089 | 6000..=6099 | 8100..=8299 => {
            len >= 16
        }
        _ => false,
    }
}

/// The check digit of cards.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let twice = u32::from(*d) * 2;
            if i % 2 == 0 { u32::from(*d) } else { twice / 10 + twice % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}
