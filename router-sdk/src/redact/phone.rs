//! Telephone numbers: a text in, findings that are written as numbers to call out. Dates, amounts and ids stay.

use regex::Regex;

use super::shapes::{self, pattern};
use super::{Found, RedactKind};
use crate::fork::Lazy;

/// With `+` or `00`, a country and a number in groups.
static ABROAD: Lazy<Option<Regex>> =
    Lazy::new(|| pattern(r"(?:\+|00[ ]?)[1-9][0-9]{0,3}(?:[ \x{a0}./-]{0,2}\(?[0-9]{1,12}\)?){1,7}"));

/// Area, exchange and number of North America.
static AMERICAN: Lazy<Option<Regex>> =
    Lazy::new(|| pattern(r"(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ ]?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"));

/// A leading zero and groups of digits, as most countries write numbers within.
static NATIONAL: Lazy<Option<Regex>> = Lazy::new(|| pattern(r"\(?0[0-9]{1,4}\)?(?:[ \x{a0}./-]{1,2}[0-9]{2,8}){1,5}"));

/// Digits after a word that says what they are.
static NAMED: Lazy<Option<Regex>> = Lazy::new(|| {
    pattern(concat!(
        r"(?i)(?:phone|telephone|tel|mobile|cell|whatsapp|fax|telefon|téléphone|teléfono|telefone|celular|móvil|",
        r"portable|handy|cellulare|телефон|тел|电话|電話|手机|手機|전화|फ़ोन|هاتف)",
        r"(?:nummer|number|\s?no\.?|\s?nr\.?)?(?:[\s:.=#]|是|は|番号){0,4}\(?([0-9][0-9 ()./-]{5,20}[0-9])",
    ))
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let kind = RedactKind::Phone;
    each(&ABROAD, text, |start, end| {
        let number = callable(&text[start..end]);
        let fits = digits(number) - prefix(number) >= 8 && !is_date(number) && !pairs(number);
        if fits && free(text, start, start + number.len()) {
            found.push(Found { start, end: start + number.len(), kind });
        }
    });
    each(&AMERICAN, text, |start, end| {
        if free(text, start, end) {
            found.push(Found { start, end, kind });
        }
    });
    each(&NATIONAL, text, |start, end| {
        let number = &text[start..end];
        let fits = (9..=12).contains(&digits(number)) && uniform(number) && !is_date(number) && !pairs(number);
        if fits && !number.starts_with("00") && free(text, start, end) {
            found.push(Found { start, end, kind });
        }
    });
    for hit in NAMED.iter().flat_map(|r| r.captures_iter(text)).filter_map(|c| c.get(1)) {
        if (7..=15).contains(&digits(hit.as_str())) && !is_date(hit.as_str()) && free(text, hit.start(), hit.end()) {
            found.push(Found { start: hit.start(), end: hit.end(), kind });
        }
    }
}

fn each(regex: &Lazy<Option<Regex>>, text: &str, mut take: impl FnMut(usize, usize)) {
    for hit in regex.iter().flat_map(|r| r.find_iter(text)) {
        take(hit.start(), hit.end());
    }
}

fn digits(number: &str) -> usize {
    number.bytes().filter(u8::is_ascii_digit).count()
}

/// Digits of `00`.
fn prefix(number: &str) -> usize {
    if number.starts_with('+') { 0 } else { 2 }
}

/// The number without what hangs over at its end, and without the groups that are too many for one.
fn callable(number: &str) -> &str {
    let mut number = number;
    loop {
        number = number.trim_end_matches([' ', '.', '/', '-', '(', '\u{a0}']);
        // A closing bracket without its opening one belongs to the sentence.
        if number.ends_with(')') && !number.contains('(') {
            number = &number[..number.len() - 1];
        }
        if digits(number) - prefix(number) <= 15 {
            return number;
        }
        number = number.trim_end_matches(')').trim_end_matches(|c: char| c.is_ascii_digit());
        if !number.contains(|c: char| c.is_ascii_digit()) {
            return "00";
        }
    }
}

/// Neither a part of a longer number or word nor of a decimal, a time or an address.
fn free(text: &str, start: usize, end: usize) -> bool {
    let before = &text[..start];
    let glued = match before.chars().next_back() {
        Some('.' | '-' | '/' | '+' | '#' | '$' | '€' | '£') => true,
        Some(':') => before[..start - 1].ends_with(|c: char| c.is_ascii_digit()),
        _ => false,
    };
    let mut after = text[end..].chars();
    let more =
        matches!(after.next(), Some('.' | '-' | '/' | ':' | ',')) && after.next().is_some_and(|c| c.is_ascii_digit());
    !shapes::inside_word(text, start) && !shapes::goes_on(text, end) && !glued && !more
}

/// One separator throughout; the one after the area may be another.
fn uniform(number: &str) -> bool {
    let mut separators = number.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '(' | ')')).skip(1);
    separators.next().is_none_or(|first| separators.all(|c| c == first))
}

fn groups(number: &str) -> Vec<&str> {
    number.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect()
}

/// Three groups that are a day, a month and a year, at the beginning.
fn is_date(number: &str) -> bool {
    let groups = groups(number);
    let small = |g: &str, most: u32| g.len() <= 2 && g.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
    let year = |g: &str| g.len() == 4 && (g.starts_with("19") || g.starts_with("20"));
    match groups.as_slice() {
        [a, b, c, ..] => (small(a, 31) && small(b, 31) && year(c)) || (year(a) && small(b, 12) && small(c, 31)),
        _ => false,
    }
}

/// Six pairs of digits: an address of hardware or a date with its time.
fn pairs(number: &str) -> bool {
    let groups = groups(number);
    groups.len() == 6 && groups.iter().all(|g| g.len() == 2)
}
