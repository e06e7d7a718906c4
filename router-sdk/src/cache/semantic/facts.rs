//! Two asks in, whether one answer may serve both out: what must agree between them, whatever their vectors say.

use super::alike::Alike;
use super::lexical::hash;
use super::normal::{normal, same};
use super::tokens::tokens;
use super::tongue::{Tongue, tongue};
use super::words::{DENIAL, DENYING_ENDS, DENYING_SIGNS, NUMBER, QUESTION, TURN, TURNING_SIGNS, UNIT};

/// What an ask holds that must not differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    tongue: Option<Tongue>,
    /// Numbers, signs between them and units, in their order.
    figures: Vec<String>,
    denials: usize,
    /// Words that turn an ask around, in their order.
    turns: Vec<String>,
    /// What is quoted, and what is no language: code, names of files, addresses.
    literals: Vec<String>,
    /// Words written with a capital.
    names: Vec<String>,
    /// What is asked for: who, when, how many.
    questions: Vec<&'static str>,
    words: Vec<String>,
    /// The ask without what changes little of it.
    normal: Vec<String>,
    /// The ask without what changes nothing of it.
    alike: Alike,
}

/// How freely words may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leeway {
    /// The ask must be the same but for what is known to change nothing: vectors of words tell no more.
    Near,
    /// Other words may say the same: the vectors come from a model.
    Model,
}

impl Facts {
    /// Reads an ask.
    pub(super) fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let tongue = tongue(text, &tokens);
        let normal = normal(&tokens, tongue);
        let words: Vec<String> = tokens.iter().map(|t| t.text.clone()).collect();
        let mut questions: Vec<&str> = words.iter().filter_map(|w| QUESTION.get(w.as_str()).copied()).collect();
        questions.sort_unstable();
        questions.dedup();
        Self {
            figures: figures(&words),
            denials: denials(&words, text),
            turns: turns(&normal, text),
            literals: literals(text),
            names: tokens.iter().filter(|t| t.name).map(|t| t.text.clone()).collect(),
            normal,
            alike: Alike::of(text, tongue),
            tongue,
            questions,
            words,
        }
    }

    /// The words that a vector is made of.
    pub(super) fn words(&self) -> Vec<String> {
        self.alike.words()
    }

    /// A number that is the same for equal facts, and seldom for others.
    pub(super) fn mark(&self) -> u64 {
        hash(self.words.iter().flat_map(|word| word.bytes().chain([0])), 4)
    }

    /// Bytes in memory, about.
    pub(super) fn weight(&self) -> usize {
        let lists = [&self.figures, &self.turns, &self.literals, &self.names, &self.words, &self.normal];
        128 + self.alike.weight() + lists.into_iter().flatten().map(|word| 24 + word.len()).sum::<usize>()
    }

    /// Why one answer cannot serve both; nothing when it can.
    pub(super) fn clash(&self, other: &Self, leeway: Leeway) -> Option<&'static str> {
        if matches!((self.tongue, other.tongue), (Some(a), Some(b)) if a != b) {
            return Some("language");
        }
        if leeway == Leeway::Near {
            // Where everything counts, all that the others look at does.
            return (!self.alike.agrees(&other.alike)).then_some("words");
        }
        let asks = !self.questions.is_empty() && !other.questions.is_empty();
        let pairs = [
            ("question", !asks || self.questions == other.questions),
            ("numbers and units", self.figures == other.figures),
            ("negation", self.denials == other.denials),
            ("direction", self.turns == other.turns),
            ("quotes and code", self.literals == other.literals),
            ("names", self.names_in(other) && other.names_in(self)),
        ];
        let found = pairs.into_iter().find(|(_, agree)| !agree);
        found.map_or_else(|| self.turned(other), |(what, _)| Some(what))
    }

    /// Every name is in the other ask, in the same order.
    fn names_in(&self, other: &Self) -> bool {
        let mut words = other.words.iter();
        self.names.iter().all(|name| words.any(|word| word == name))
    }

    /// What can be told of asks in other words: it is not the same sentence with one thing put in place of another, and no
    /// narrower one.
    fn turned(&self, other: &Self) -> Option<&'static str> {
        if self.normal == other.normal {
            return None;
        }
        let (a, b) = (&self.normal, &other.normal);
        let mut sorted = [a.clone(), b.clone()];
        sorted.iter_mut().for_each(|words| words.sort_unstable());
        if sorted[0] == sorted[1] && !same(a, b) {
            return Some("order");
        }
        let front = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        let back = a[front..].iter().rev().zip(b[front..].iter().rev()).take_while(|(x, y)| x == y).count();
        let (left, right) = (a.len() - front - back, b.len() - front - back);
        // More words at the end or in the middle narrow an ask; at the beginning they mostly frame it.
        if left.min(right) == 0 && front > 0 {
            return Some("more words");
        }
        let swapped = left == right && (left == 1 || (left == 2 && front + back > 0));
        let replaced = (1..=2).contains(&left) && (1..=2).contains(&right) && front + back >= left.max(right);
        (swapped || replaced).then_some("one thing in place of another")
    }
}

fn figures(words: &[String]) -> Vec<String> {
    let is_number = |w: &String| w.starts_with(|c: char| c.is_ascii_digit()) || NUMBER.contains_key(w.as_str());
    let mut out = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let beside =
            [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|i| words.get(i)).any(is_number);
        let sign = word.chars().all(|c| "+-*/=<>%^&|×÷√→".contains(c));
        if is_number(word) {
            out.push(NUMBER.get(word.as_str()).map_or_else(|| word.clone(), |digits| (*digits).to_owned()));
        } else if let Some(unit) = UNIT.get(word.as_str()).filter(|_| word.chars().count() > 2 || beside) {
            out.push((*unit).to_owned());
        } else if sign || "一二三四五六七八九十百千万億亿两".contains(word.as_str()) {
            out.push(word.clone());
        }
    }
    out
}

fn denials(words: &[String], text: &str) -> usize {
    let told = words.iter().filter(|w| DENIAL.contains(w.as_str())).count();
    let signs = text.chars().filter(|c| DENYING_SIGNS.contains(*c)).count();
    told + signs + DENYING_ENDS.iter().map(|end| text.matches(end).count()).sum::<usize>()
}

fn turns(words: &[String], text: &str) -> Vec<String> {
    let mut out: Vec<String> = words.iter().filter(|w| TURN.contains(w.as_str())).cloned().collect();
    if !text.is_ascii() {
        let mut found: Vec<(usize, &str)> = TURNING_SIGNS.iter().flat_map(|sign| text.match_indices(sign)).collect();
        found.sort_unstable();
        out.extend(found.into_iter().map(|(_, sign)| sign.to_owned()));
    }
    out
}

/// Pairs of marks that quote.
const QUOTES: [(char, char); 7] =
    [('"', '"'), ('`', '`'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」'), ('『', '』')];

fn literals(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c| QUOTES.iter().any(|(open, _)| *open == c)) {
        let open = rest[at..].chars().next().unwrap_or('"');
        let inner = &rest[at + open.len_utf8()..];
        let close = |c: char| QUOTES.iter().any(|(o, close)| *o == open && *close == c);
        let Some(end) = inner.find(close) else { break };
        out.push(inner[..end].trim().to_owned());
        let closing = inner[end..].chars().next().map_or(1, char::len_utf8);
        rest = &inner[end + closing..];
    }
    out.extend(text.split_whitespace().map(bare).filter(|piece| is_code(piece)).map(str::to_owned));
    out
}

/// A piece of text without the marks around it.
fn bare(piece: &str) -> &str {
    piece.trim_matches(|c: char| {
        matches!(
            c,
            '.' | ',' | '?' | '!' | ':' | ';' | '"' | '\'' | '“' | '”' | '¿' | '¡' | '…' | '？' | '。' | '、' | '，'
        )
    })
}

/// Something that is no word of a language: code, a file, an address, a name with capitals inside.
fn is_code(piece: &str) -> bool {
    // An elided article stands before a name.
    let word = piece.rsplit(['\'', '’']).next().unwrap_or(piece);
    let inner_capital = word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    let dotted = piece.split('.').count() > 1
        && piece.split('.').all(|part| part.chars().next().is_some_and(char::is_alphanumeric))
        && piece.chars().any(char::is_alphabetic);
    let odd = piece.contains(['_', '\\', '@', '#', '{', '}', '[', ']', '(', ')', ';', '~', '|', '`']);
    let path = piece.contains('/') && piece.len() > 1 && piece.is_ascii();
    let mixed = piece.chars().any(|c| c.is_ascii_digit()) && piece.chars().any(char::is_alphabetic) && piece.is_ascii();
    let upper = piece.chars().count() > 1 && piece.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
    (inner_capital && piece.is_ascii()) || dotted || odd || path || (mixed && !starts_with_amount(piece)) && !upper
}

/// 5km is an amount and no name.
fn starts_with_amount(piece: &str) -> bool {
    let unit = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    unit.len() < piece.len() && UNIT.contains_key(unit.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(a: &str, b: &str, leeway: Leeway) -> Option<&'static str> {
        let (a, b) = (Facts::of(a), Facts::of(b));
        assert_eq!(a.clash(&b, leeway), b.clash(&a, leeway));
        a.clash(&b, leeway)
    }

    #[test]
    fn what_must_agree() {
        for (a, b, why) in [
            ("Convert 5 km to miles", "Convert 6 km to miles", "numbers and units"),
            ("Convert 5 km to miles", "Convert 5 miles to km", "numbers and units"),
            ("What is 5% of 80?", "What is 5 + 80?", "numbers and units"),
            ("Can dogs eat grapes?", "Why can't dogs eat grapes?", "negation"),
            ("Pasta with gluten", "Pasta without gluten", "negation"),
            ("What is the cheapest flight?", "What is the most expensive flight?", "direction"),
            ("Translate \"good cheese\"", "Translate \"good bread\"", "quotes and code"),
            ("What does my_func() do?", "What does my_fund() do?", "quotes and code"),
            ("What is the capital of France?", "What is the capital of Spain?", "names"),
            ("A flight from Paris to Rome", "A flight from Rome to Paris", "names"),
            ("Wie alt ist der Mond?", "How old is the moon?", "language"),
        ] {
            assert_eq!(clash(a, b, Leeway::Model), Some(why), "{a} / {b}");
            assert!(clash(a, b, Leeway::Near).is_some());
        }
    }

    #[test]
    fn a_thing_in_place_of_another_is_another_ask_even_without_capitals() {
        let why = Some("one thing in place of another");
        assert_eq!(clash("what is the capital of france", "what is the capital of spain", Leeway::Model), why);
        assert_eq!(clash("how do i sort a list in python", "how do i sort a list in java", Leeway::Model), why);
        assert_eq!(clash("who wrote hamlet", "when was hamlet written", Leeway::Model), Some("question"));
    }

    #[test]
    fn other_words_may_say_the_same_where_vectors_come_from_a_model() {
        for (a, b) in [
            ("What is the capital of France?", "Which city is the capital of France?"),
            ("How do I reverse a string in Python?", "How to turn a string around in Python"),
        ] {
            assert_eq!(clash(a, b, Leeway::Model), None, "{a} / {b}");
            assert_eq!(clash(a, b, Leeway::Near), Some("words"));
        }
    }

    #[test]
    fn near_means_all_but_the_same() {
        for (a, b) in [
            ("What is the capital of France?", "what's the capital of france"),
            ("Could you please tell me how to boil an egg?", "How do I boil an egg, please?"),
            ("In Python, how do I sort a list?", "How do I sort a list in Python?"),
            ("Convert 1,000 km to miles", "convert 1000 km to miles, thanks"),
        ] {
            assert_eq!(clash(a, b, Leeway::Near), None, "{a} / {b}");
        }
    }
}
