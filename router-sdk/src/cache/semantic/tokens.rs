//! A text in, its words, numbers and signs in lower case out.

/// A word, a number, a sign, or one character of a script without blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// In lower case, contractions written out.
    pub(super) text: String,
    /// It was written with a capital where none has to stand.
    pub(super) name: bool,
}

/// Signs that carry meaning.
const SIGNS: &str = "+*/=<>%^&|$€£¥₹°×÷√→";

/// Reads a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let mut out: Vec<Token> = Vec::new();
    let (mut at, mut opens) = (0, true);
    while let Some(&c) = chars.get(at) {
        if is_alone(c) {
            out.push(Token { text: c.to_string(), name: false });
            (at, opens) = (at + 1, false);
        } else if c.is_alphanumeric() {
            let end = word_end(&chars, at);
            let word: String = chars.get(at..end).unwrap_or_default().iter().collect();
            push_word(&word, opens, &mut out);
            (at, opens) = (end, false);
        } else {
            let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            if SIGNS.contains(c) || (matches!(c, '-' | '−') && next_is_digit) {
                let sign = if c == '−' { '-' } else { c };
                out.push(Token { text: sign.to_string(), name: false });
            }
            opens |= matches!(c, '.' | '!' | '?' | '\n' | '。' | '？' | '！' | '¿' | '¡' | '"' | ':');
            at += 1;
        }
    }
    out
}

/// Wide forms as narrow ones, typographic quotes as plain ones.
pub(super) fn narrow(c: char) -> char {
    match c as u32 {
        0xFF01..=0xFF5E => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        0x2018 | 0x2019 | 0x02BC => '\'',
        0x201C..=0x201E => '"',
        0x00A0 | 0x202F | 0x3000 => ' ',
        _ => c,
    }
}

/// Scripts without blanks between words are read a character at a time; katakana, which write names, as words.
pub(super) fn is_alone(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x309F | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x0E00..=0x0E7F | 0x20000..=0x2FA1F)
}

fn word_end(chars: &[char], start: usize) -> usize {
    let get = |at: usize| chars.get(at).copied().unwrap_or(' ');
    let mut at = start;
    loop {
        let (c, next) = (get(at), get(at + 1));
        let joins = match c {
            '\'' => get(at.wrapping_sub(1)).is_alphabetic() && next.is_alphabetic(),
            '.' | ',' => get(at.wrapping_sub(1)).is_ascii_digit() && next.is_ascii_digit(),
            // C++ and C# are words.
            '+' | '#' => at > start && !next.is_alphanumeric() && get(start).is_alphabetic() && at - start <= 2,
            _ => (c.is_alphanumeric() && !is_alone(c)) || is_mark(c),
        };
        if !joins {
            return at;
        }
        at += 1;
    }
}

/// Marks that belong to the letter before them.
fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F | 0x0900..=0x0903 | 0x093A..=0x094F | 0x064B..=0x0652 | 0x30FC)
}

fn push_word(word: &str, opens: bool, out: &mut Vec<Token>) {
    let name = !opens && word != "I" && !word.starts_with("I'") && capital(word);
    let lower = word.to_lowercase();
    let mut push = |text: &str, name: bool| {
        if !text.is_empty() {
            out.push(Token { text: text.to_owned(), name });
        }
    };
    if lower.starts_with(|c: char| c.is_ascii_digit()) {
        return number(&lower).into_iter().for_each(|part| push(&part, false));
    }
    match lower.as_str() {
        "can't" | "cannot" | "cant" => return ["can", "not"].into_iter().for_each(|w| push(w, false)),
        "won't" => return ["will", "not"].into_iter().for_each(|w| push(w, false)),
        "whats" => return ["what", "is"].into_iter().for_each(|w| push(w, false)),
        "dont" | "doesnt" | "didnt" | "isnt" => {
            push(lower.trim_end_matches("nt"), false);
            return push("not", false);
        }
        _ => {}
    }
    let Some((base, end)) = lower.split_once('\'') else { return push(&lower, name) };
    match end {
        "t" if base.ends_with('n') => {
            push(&base[..base.len() - 1], false);
            push("not", false);
        }
        "s" if ["what", "who", "where", "how", "when", "why", "it", "that", "there", "here"].contains(&base) => {
            push(base, false);
            push("is", false);
        }
        "s" => push(base, name),
        "re" => [base, "are"].into_iter().for_each(|w| push(w, false)),
        "m" => [base, "am"].into_iter().for_each(|w| push(w, false)),
        "ve" => [base, "have"].into_iter().for_each(|w| push(w, false)),
        "ll" => [base, "will"].into_iter().for_each(|w| push(w, false)),
        "d" => [base, "would"].into_iter().for_each(|w| push(w, false)),
        // Elisions: l'avion, dell'arte.
        _ => {
            push(base, false);
            end.split('\'').for_each(|part| push(part, name || word.split('\'').nth(1).is_some_and(capital)));
        }
    }
}

fn capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// A number without separators of thousands and empty decimals, and the unit that is written onto it.
fn number(word: &str) -> Vec<String> {
    let end = word.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(word.len());
    let (digits, unit) = word.split_at(end);
    let groups: Vec<&str> = digits.split(',').collect();
    let thousands =
        groups.len() > 1 && groups.iter().skip(1).all(|g| g.split('.').next().is_some_and(|g| g.len() == 3));
    let mut plain = if thousands { groups.concat() } else { digits.to_owned() };
    if plain.matches('.').count() == 1 {
        plain.truncate(plain.trim_end_matches('0').trim_end_matches('.').len());
    }
    [plain, unit.to_owned()].into_iter().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        tokens(text)
            .into_iter()
            .map(|t| if t.name { format!("{}^", t.text) } else { t.text })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn words_numbers_and_signs() {
        assert_eq!(
            read("What's the GDP of France? It isn't 1,000.50 + 5km!"),
            "what is the gdp^ of france^ it is not 1000.5 + 5 km"
        );
        assert_eq!(read("C++ or C# in Node.js, e-mail"), "c++ or c#^ in node^ js e mail");
        assert_eq!(read("l'avion d’Air France; 5-3"), "l avion d air^ france^ 5 - 3");
        assert_eq!(read("法国的首都是？ ＡＢＣ１２ パリ"), "法 国 的 首 都 是 abc12 パリ");
        assert_eq!(read("10.0 % of 1.500 and 2,5"), "10 % of 1.5 and 2,5");
    }
}
