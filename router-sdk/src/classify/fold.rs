//! Text in, its lower-case form without Latin accents out; runs of blanks become one, line ends stay.

use super::alike::{alike, is_mark};

/// Folds `text`, appending to `out`.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    out.reserve(text.len());
    let mut last = out.chars().next_back().unwrap_or('\n');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii() {
            let run = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (plain, after) = rest.split_at(run);
            fold_plain(plain, out, &mut last);
            rest = after;
        } else {
            fold_wide(first, out, &mut |out, c| push(out, &mut last, c));
            rest = &rest[first.len_utf8()..];
        }
    }
}

fn push(out: &mut String, last: &mut char, c: char) {
    if !(is_blank(c) && is_blank(*last)) {
        out.push(c);
        *last = c;
    }
}

const fn is_blank(c: char) -> bool {
    c == ' ' || c == '\n'
}

fn fold_plain(text: &str, out: &mut String, last: &mut char) {
    // Most of most texts: words with one blank between them are taken over whole.
    let bytes = text.as_bytes();
    let odd = bytes.iter().fold(false, |odd, byte| odd | (*byte < b' ' && *byte != b'\n') | (*byte == 0x7F));
    let double = bytes.iter().zip(&bytes[1..]).fold(false, |double, (a, b)| double | (*a <= b' ' && *b <= b' '));
    if !(odd || double || bytes[0] <= b' ' && is_blank(*last)) {
        let from = out.len();
        out.push_str(text);
        out[from..].make_ascii_lowercase();
        *last = char::from(bytes[bytes.len() - 1].to_ascii_lowercase());
        return;
    }
    let mut folded = [0u8; PIECE];
    for piece in bytes.chunks(PIECE) {
        let mut len = 0;
        for byte in piece {
            let c = PLAIN[usize::from(*byte)];
            let blank = c <= b' ';
            if !(blank && is_blank(*last)) {
                folded[len] = c;
                len += 1;
                *last = char::from(c);
            }
        }
        // All of them are ASCII.
        out.push_str(std::str::from_utf8(&folded[..len]).unwrap_or_default());
    }
}

const PIECE: usize = 256;

// ASCII folded: lower case, and every control sign a blank.
const PLAIN: [u8; 128] = {
    let mut table = [b' '; 128];
    let mut byte = b'!';
    while byte < 0x7F {
        table[byte as usize] = byte.to_ascii_lowercase();
        byte += 1;
    }
    table[b'\n' as usize] = b'\n';
    table[b'\r' as usize] = b'\n';
    table
};

fn fold_wide(c: char, out: &mut String, push: &mut impl FnMut(&mut String, char)) {
    match c as u32 {
        0x00A0 | 0x2000..=0x200A | 0x3000 => push(out, ' '),
        0x2028 | 0x2029 => push(out, '\n'),
        // Marks and joiners carry nothing that a pattern looks for.
        0x0300..=0x036F | 0x064B..=0x0652 | 0x0640 | 0x200B..=0x200F | 0xFE0F => {}
        _ if is_mark(c) => {}
        0x2018 | 0x2019 => push(out, '\''),
        0x201C..=0x201E => push(out, '"'),
        0x00C0..=0x017F | 0x0218..=0x021B | 0x01A0..=0x01B0 => match latin(c) {
            "" => push(out, lower(c)),
            letters => letters.chars().for_each(|letter| push(out, letter)),
        },
        0x0410..=0x042F => push(out, char::from_u32(c as u32 + 0x20).unwrap_or(c)),
        0x0401 | 0x0451 => push(out, 'е'),
        0x1EA0..=0x1EF9 => push(out, vietnamese(c)),
        0xFF01..=0xFF5E => {
            let narrow = char::from_u32(c as u32 - 0xFEE0).unwrap_or(c);
            push(out, narrow.to_ascii_lowercase());
        }
        0x2E80..=0xD7FF => push(out, alike(c)),
        _ => push(out, alike(lower(c))),
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn latin(c: char) -> &'static str {
    match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ñ' | 'ñ' | 'Ń'..='ŉ' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'Ơ' | 'ơ' => "o",
        'Œ' | 'œ' => "oe",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' | 'Ư' | 'ư' => "u",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'ß' => "ss",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Ŵ' | 'ŵ' => "w",
        'Ź'..='ž' => "z",
        _ => "",
    }
}

fn vietnamese(c: char) -> char {
    match c as u32 {
        0x1EA0..=0x1EB7 => 'a',
        0x1EB8..=0x1EC7 => 'e',
        0x1EC8..=0x1ECB => 'i',
        0x1ECC..=0x1EE3 => 'o',
        0x1EE4..=0x1EF1 => 'u',
        _ => 'y',
    }
}

/// The longest prefix of at most `bytes` that ends between characters.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The longest suffix of at most `bytes` that starts between characters.
pub(crate) fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// A piece of at most `bytes` around the middle.
pub(crate) fn middle(text: &str, bytes: usize) -> &str {
    head(tail(text, text.len() / 2 + bytes / 2), bytes)
}
