//! A folded text in, how it asks out: whether, after how much telling, about how many amounts. No word is read.

/// The marks that end a question.
pub(crate) const MARKS: [char; 3] = ['?', '？', '؟'];
// A sentence has at least this many bytes.
const SENTENCE: usize = 12;

/// Whether a text without blanks at its end asks at one of its ends.
pub(crate) fn is_question(text: &str) -> bool {
    text.ends_with(MARKS) || text.starts_with('¿') || greek(text)
}

/// Whether a question stands anywhere in the text.
pub(crate) fn asks_somewhere(text: &str) -> bool {
    // One by one each is searched for by vectors.
    MARKS.iter().any(|mark| text.contains(*mark))
}

// Greek asks with a semicolon.
fn greek(text: &str) -> bool {
    text.ends_with([';', '\u{37e}']) && text.chars().any(|c| ('α'..='ω').contains(&c))
}

/// Sentences, statements and questions alike.
pub(crate) fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        let ends = match c {
            '.' | '!' => text[next..].starts_with([' ', '\n']),
            '。' | '！' => true,
            c => MARKS.contains(&c),
        };
        if ends {
            count += usize::from(text[from..at].trim().len() >= SENTENCE);
            from = next;
        }
    }
    count + usize::from(text[from..].trim().len() >= SENTENCE)
}

/// Numbers, `3.5` and `1,000` once each; years are left out.
pub(crate) fn amounts(text: &str) -> usize {
    let bytes = text.as_bytes();
    let starts = |at: usize| {
        let last = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
        !last.is_ascii_alphanumeric() && !matches!(last, b'.' | b',' | b'-')
    };
    let numbers = bytes.iter().enumerate().filter(|(at, byte)| byte.is_ascii_digit() && starts(*at));
    numbers.filter(|(at, _)| !is_year(&bytes[*at..])).count()
}

fn is_year(number: &[u8]) -> bool {
    let [century @ .., decade, year] = number.get(..4).unwrap_or_default() else { return false };
    let century = matches!(century, [b'1', b'5'..=b'9'] | [b'2', b'0']);
    let more = matches!(number.get(4..), Some([b'0'..=b'9' | b'%', ..] | [b',' | b'.', b'0'..=b'9', ..]));
    century && decade.is_ascii_digit() && year.is_ascii_digit() && !more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_end_in_the_mark_of_their_language() {
        for text in ["who?", "谁？", "من؟", "¿quien fue", "ποιος ηταν;"] {
            assert!(is_question(text), "{text}");
        }
        assert!(!is_question("int x = 3;") && !is_question("who? tell me."));
        assert!(asks_somewhere("who? tell me."));
    }

    #[test]
    fn sentences_are_told_apart_in_every_script() {
        assert_eq!(sentences("my landlord raised the rent. what can i do about it?"), 2);
        assert_eq!(sentences("how high is mount everest, e.g. in feet?"), 1);
        assert_eq!(sentences("我想留在上海。你觉得怎么样？"), 2);
        assert_eq!(sentences("version 3.5 of the app?"), 1);
    }

    #[test]
    fn years_are_no_amounts() {
        assert_eq!(amounts("3 boxes of 2.5 kg at 1,200 each"), 3);
        assert_eq!(amounts("who won in 1998 and in 2014?"), 0);
        assert_eq!(amounts("in 2000, 1500.5 of 1900,5 and 30%"), 3);
        assert_eq!(amounts("covid-19 and mp3"), 0);
    }
}
