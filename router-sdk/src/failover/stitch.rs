//! A continuation joined to what was delivered: the text so far and new pieces in, what the caller lacks out.
//!
//! Models asked to go on do one of three things: they go on, they start again from the beginning, or they repeat the
//! last words first. Text is held back for as long as the two latter are possible, so nothing is said twice and nothing
//! is left out.

/// Characters of a repeated tail that are looked for.
const LONGEST_TAIL: usize = 2_000;
/// An answer that shares this many bytes of its beginning with the first one and then says something else has been
/// started anew in other words.
const SAME_BEGINNING: usize = 24;

/// The continuation cannot be joined: it starts again and says something else, or stops short of what was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Diverged;

/// Joins one continuation.
#[derive(Debug)]
pub(crate) struct Stitch {
    delivered: String,
    /// White space at the end of what was delivered that the provider was not shown.
    unseen: String,
    held: String,
    settled: bool,
}

impl Stitch {
    /// A continuation of `delivered`; of a prefill, `unseen` is the white space that had to be cut off its end.
    pub(crate) fn new(delivered: &str, unseen: &str) -> Self {
        Self { delivered: delivered.into(), unseen: unseen.into(), held: String::new(), settled: delivered.is_empty() }
    }

    /// Takes a piece and gives what may be delivered now.
    pub(crate) fn push(&mut self, piece: &str) -> Result<String, Diverged> {
        if self.settled {
            return Ok(piece.to_owned());
        }
        self.held.push_str(piece);
        if self.undecided() { Ok(String::new()) } else { self.settle() }
    }

    /// The continuation is complete: gives what was held back.
    pub(crate) fn finish(&mut self) -> Result<String, Diverged> {
        if self.settled || self.held.is_empty() {
            return Ok(String::new());
        }
        let (told, held) = (self.delivered.trim_start(), self.held.trim());
        let short = told.len() > held.len() && told.starts_with(held);
        if short && held.len() >= SAME_BEGINNING && self.overlap() < held.len() {
            return Err(Diverged);
        }
        self.settle()
    }

    /// True while what came may still turn out to be a repetition.
    fn undecided(&self) -> bool {
        let (told, held) = (self.delivered.trim_start(), self.held.trim_start());
        if held.is_empty() || (held.len() < told.len() && told.starts_with(held)) {
            return true;
        }
        // A longer tail that begins with all that came.
        tails(&self.delivered).any(|tail| tail.len() > self.held.len() && tail.starts_with(&self.held))
    }

    fn settle(&mut self) -> Result<String, Diverged> {
        self.settled = true;
        let held = std::mem::take(&mut self.held);
        let told = self.delivered.trim_start();
        if let Some(rest) = held.trim_start().strip_prefix(told).filter(|_| !told.is_empty()) {
            return Ok(rest.to_owned());
        }
        self.held = held;
        let overlap = self.overlap();
        let held = std::mem::take(&mut self.held);
        let shared = common(told, held.trim_start());
        let later = told.chars().next().map_or("", |first| &told[first.len_utf8()..]);
        // Rows of a list begin alike without being a new start. Where the end is the letter with which all begins, more
        // of the beginning than of the end comes again.
        if shared >= SAME_BEGINNING && shared > overlap && !later.contains(&told[..shared]) {
            return Err(Diverged);
        }
        if overlap > 0 {
            return Ok(held[overlap..].to_owned());
        }
        // A model that was not shown the last space often says it again.
        let unseen = common(&self.unseen, &held);
        Ok(held[unseen..].to_owned())
    }

    /// True when the end is the space between two words, or before a dash or a quotation, said a second time; an
    /// indentation that is cut goes on, and so do the two spaces before a comment.
    fn doubles_a_space(&self, tail: &str) -> bool {
        let before = self.delivered.trim_end_matches(' ').chars().next_back();
        let after = self.held.chars().nth(1);
        let opens = |c: char| c.is_alphanumeric() || matches!(c, '—' | '–' | '“' | '„' | '«' | '‘' | '(');
        let between = before.is_some_and(|c| !c.is_whitespace()) && after.is_some_and(opens);
        tail == " " && !self.delivered.ends_with("  ") && between
    }

    /// Bytes at the start of what came that repeat the end of what was delivered.
    fn overlap(&self) -> usize {
        let found = tails(&self.delivered).find(|tail| self.held.starts_with(tail));
        found.filter(|tail| repeats(tail) || self.doubles_a_space(tail)).map_or(0, str::len)
    }
}

/// The ends of a text from the longest looked for to the shortest, beginning at boundaries of words.
fn tails(text: &str) -> impl Iterator<Item = &str> {
    let from = text.char_indices().rev().nth(LONGEST_TAIL - 1).map_or(0, |(at, _)| at);
    let mut before = text[..from].chars().next_back();
    text[from..].char_indices().filter_map(move |(at, c)| {
        let inside = before.is_some_and(is_word) && is_word(c);
        before = Some(c);
        (!inside).then(|| &text[from + at..])
    })
}

/// True when saying this end once more can only be a repetition: it holds a word.
fn repeats(tail: &str) -> bool {
    tail.chars().any(char::is_alphanumeric)
}

/// Letters and digits of scripts that write words; signs that stand for words by themselves are boundaries.
fn is_word(c: char) -> bool {
    let ideographic = matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    c.is_alphanumeric() && !ideographic
}

/// Bytes that two texts have in common at their beginning.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then — tired — sleeps. 狐狸睡觉了。 Fin.";

    /// All that is delivered when `continuation` comes in pieces of `size` characters.
    fn joined(delivered: &str, continuation: &str, size: usize) -> Result<String, Diverged> {
        let mut stitch = Stitch::new(delivered, "");
        let mut out = delivered.to_owned();
        let chars: Vec<char> = continuation.chars().collect();
        for piece in chars.chunks(size) {
            out.push_str(&stitch.push(&piece.iter().collect::<String>())?);
        }
        out.push_str(&stitch.finish()?);
        Ok(out)
    }

    #[test]
    fn every_cut_and_every_habit_gives_the_text_once() {
        for (cut, _) in TEXT.char_indices() {
            let (told, rest) = TEXT.split_at(cut);
            for size in [1, 2, 5, 400] {
                assert_eq!(joined(told, rest, size).as_deref(), Ok(TEXT), "goes on after {told:?}");
                assert_eq!(joined(told, TEXT, size).as_deref(), Ok(TEXT), "starts again after {told:?}");
                for (back, _) in told.char_indices().rev().take(40) {
                    let inside = told[..back].chars().next_back().is_some_and(is_word)
                        && told[back..].chars().next().is_some_and(is_word);
                    let tail = &told[back..];
                    if !inside && tail.chars().any(char::is_alphanumeric) {
                        assert_eq!(joined(told, &TEXT[back..], size).as_deref(), Ok(TEXT), "repeats {tail:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_letter_in_common_is_no_repetition() {
        assert_eq!(joined("Hel", "lo", 1).as_deref(), Ok("Hello"));
        assert_eq!(joined("x = f(", "(a)", 1).as_deref(), Ok("x = f((a)"));
        assert_eq!(joined("one", "\n\ntwo", 1).as_deref(), Ok("one\n\ntwo"));
        assert_eq!(joined("one\n", "\ntwo", 1).as_deref(), Ok("one\n\ntwo"), "an empty line is no repetition");
    }

    #[test]
    fn a_doubled_space_and_a_begun_word_are_mended() {
        assert_eq!(joined("Half ", " of it", 1).as_deref(), Ok("Half of it"));
        assert_eq!(joined("Half ", " — and more", 1).as_deref(), Ok("Half — and more"));
        assert_eq!(joined("x = 1 ", " # one", 1).as_deref(), Ok("x = 1  # one"), "a comment stands off");
        assert_eq!(joined("We conti", "continue here", 3).as_deref(), Ok("We continue here"));
    }

    #[test]
    fn a_cut_indentation_goes_on() {
        for (told, next) in [
            ("if x:\n  ", "  return"),
            ("1. *Think*\n ", "  - deeply"),
            ("if x:\n    ", "    return"),
            ("x = 1 ", " # one"),
        ] {
            for size in [1, 3, 40] {
                assert_eq!(joined(told, next, size).as_deref(), Ok(format!("{told}{next}").as_str()));
            }
        }
    }

    #[test]
    fn an_answer_in_other_words_cannot_be_joined() {
        let told = "The answer to your question is forty-two, because";
        assert_eq!(joined(told, "The answer to your question is 42. Why?", 3), Err(Diverged));
        assert_eq!(joined(told, "The answer to your question is forty", 3), Err(Diverged), "it stops short");
        let told = "Alpha comes before beta and gamma in the list. A";
        assert_eq!(joined(told, "Alpha comes before beta and gamma. Done.", 3), Err(Diverged), "it ends as it begins");
    }

    #[test]
    fn rows_that_begin_alike_are_no_new_start() {
        let told = "{\"name\": \"item\", \"value\": 1},\n{\"name\": \"item\", \"value\": 2},\n";
        let next = "{\"name\": \"item\", \"value\": 3}";
        assert_eq!(joined(told, next, 4).as_deref(), Ok(format!("{told}{next}").as_str()));
    }

    #[test]
    fn an_empty_continuation_and_an_empty_beginning_are_plain() {
        assert_eq!(joined("done.", "", 1).as_deref(), Ok("done."));
        assert_eq!(joined("", "all of it", 3).as_deref(), Ok("all of it"));
    }

    #[test]
    fn white_space_that_a_prefill_lost_is_not_said_twice() {
        let mut stitch = Stitch::new("A list:\n\n", "\n\n");
        let mut out = String::new();
        for piece in ["\n", "\n- one"] {
            out.push_str(&stitch.push(piece).unwrap());
        }
        out.push_str(&stitch.finish().unwrap());
        assert_eq!(out, "- one");
    }
}
