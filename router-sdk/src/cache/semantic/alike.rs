//! Two asks in, whether they are the same but for what is known to change nothing out.
//!
//! Everything counts, word for word, sign for sign and in its order, except what these files name: wrappers, marks at the
//! end, capitals where they say nothing, contractions, and a few turns of phrase that ask the same.

use super::capitals::{agree, careless, places};
use super::manners::manners;
use super::spelled::{Piece, pieces};
use super::tongue::Tongue;
use super::unwrap::Ask;

/// An ask without its wrappers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alike {
    pieces: Vec<Piece>,
    head: Head,
    tongue: Option<Tongue>,
    /// Its writer spells names small.
    careless: bool,
    /// Its last mark, where it matters.
    end: Option<End>,
    /// Where a text begins that is to be worked on: there capitals count.
    exact_from: usize,
}

/// How a thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// It is no such ask.
    No,
    /// With these words.
    With(&'static str),
    /// By its name alone.
    Bare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Asks,
    States,
}

impl Alike {
    pub(super) fn of(text: &str, tongue: Option<Tongue>) -> Self {
        let manners = manners(tongue);
        let mut read = pieces(text);
        if tongue == Some(Tongue::English) {
            read = read.into_iter().flat_map(spelled_out).collect();
        }
        // What is quoted is as it is.
        let careless = !text.contains(['"', '“', '”', '„', '«', '`', '「']) && careless(&read, tongue);
        let mut ask = Ask { pieces: read, tongue, manners, wrapped: false };
        ask.open();
        let end = match ask.pieces.last() {
            Some(piece) if piece.is_one_of(&["?"]) => Some(End::Asks),
            Some(piece) if piece.is_one_of(&[".", "!"]) => Some(End::States),
            _ => None,
        };
        let text_from = ask.pieces.iter().position(|piece| piece.is_one_of(&[":", "\n"])).map(|at| at + 1);
        let mut head = Head::No;
        if text_from.is_none_or(|at| at == ask.pieces.len()) {
            ask.close();
            fronted(&mut ask);
            ask.restart();
            ask.reend();
            told(&mut ask);
            head = match ask.head() {
                Some("") => Head::Bare,
                Some(said) => Head::With(said),
                None if ask.is_bare() => Head::Bare,
                None => Head::No,
            };
            paired(&mut ask);
        }
        let wrapped = ask.wrapped || head != Head::No;
        let exact_from = text_from.unwrap_or(usize::MAX);
        Self { pieces: ask.pieces, head, tongue, careless, end: end.filter(|_| !wrapped), exact_from }
    }

    /// One answer serves both.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let heads = match (self.head, other.head) {
            (Head::Bare, Head::With(_)) | (Head::With(_), Head::Bare) => true,
            (a, b) => a == b,
        };
        let ends = self.end == other.end || self.end.is_none() || other.end.is_none();
        let tongue = self.tongue.filter(|tongue| other.tongue == Some(*tongue));
        let both = self.pieces.iter().zip(&other.pieces).enumerate();
        heads
            && ends
            && self.pieces.len() == other.pieces.len()
            && self.exact_from == other.exact_from
            && both.into_iter().all(|(at, (a, b))| {
                let before = at.checked_sub(1).and_then(|at| Some([self.pieces.get(at)?, other.pieces.get(at)?]));
                if at >= self.exact_from {
                    a.text == b.text
                } else {
                    agree([a, b], [self.careless, other.careless], before.is_some_and(places), tongue)
                }
            })
    }

    /// The words that a vector is made of.
    pub(super) fn words(&self) -> Vec<String> {
        self.pieces.iter().filter(|piece| !piece.mark).map(Piece::folded).collect()
    }

    /// Bytes in memory, about.
    pub(super) fn weight(&self) -> usize {
        64 + self.pieces.iter().map(|piece| 32 + piece.text.len()).sum::<usize>()
    }
}

/// English contractions written out, and numbers without separators of thousands.
fn spelled_out(piece: Piece) -> Vec<Piece> {
    if let Some(number) = thousands(&piece.text) {
        return vec![Piece { text: number, ..piece }];
    }
    let folded = piece.folded();
    let Some((base, end)) = folded.split_once('\'') else {
        return if folded == "cannot" { apart(&piece, "can", "not") } else { vec![piece] };
    };
    let asking = ["what", "who", "where", "how", "when", "why", "it", "that", "there", "here"];
    let to_be = ["you", "we", "they", "what", "who", "there"];
    match end {
        "t" if folded == "can't" => apart(&piece, "can", "not"),
        "t" if folded == "won't" => apart(&piece, "will", "not"),
        "t" if base.ends_with('n') && base.len() > 2 && folded != "ain't" && folded != "shan't" => {
            apart(&piece, base.strip_suffix('n').unwrap_or(base), "not")
        }
        "s" if asking.contains(&base) => apart(&piece, base, "is"),
        "re" if to_be.contains(&base) => apart(&piece, base, "are"),
        "m" if base == "i" => apart(&piece, base, "am"),
        "ve" => apart(&piece, base, "have"),
        "ll" => apart(&piece, base, "will"),
        // The d of "I'd like" is a would; of others nobody knows.
        "d" if base == "i" => apart(&piece, base, "would"),
        _ => vec![piece],
    }
}

/// Two words in place of one, of which the first keeps its capital.
fn apart(piece: &Piece, one: &str, other: &str) -> Vec<Piece> {
    let spelled: String = piece.text.chars().take(one.chars().count()).collect();
    let first = if spelled.to_lowercase() == one { spelled } else { one.to_owned() };
    vec![Piece { text: first, first: piece.first, mark: false }, Piece::word(other)]
}

/// 1,000 as 1000.
fn thousands(text: &str) -> Option<String> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let digits = |group: &str| group.chars().all(|c| c.is_ascii_digit());
    let leads = groups.next().is_some_and(|group| (1..=3).contains(&group.len()) && digits(group));
    let follow = whole.contains(',') && groups.all(|group| group.len() == 3 && digits(group));
    let rest = text.get(whole.len()..)?;
    (leads && follow && rest.chars().all(|c| c.is_ascii_digit() || c == '.')).then(|| text.replace(',', ""))
}

/// "In Python, how do I sort a list" as "how do I sort a list in Python".
fn fronted(ask: &mut Ask<'_>) {
    let Some(comma) = ask.pieces.iter().position(|piece| piece.mark) else { return };
    let one_mark = ask.pieces.iter().filter(|piece| piece.mark).count() == 1;
    let before = ask.pieces.first().is_some_and(|p| ask.manners.fronted.split(' ').any(|word| word == p.folded()));
    let comma_alone = ask.pieces.get(comma).is_some_and(|piece| piece.is_one_of(&[","]));
    if one_mark && before && comma_alone && (2..=3).contains(&comma) && ask.opens_at(comma + 1) {
        let front: Vec<Piece> = ask.pieces.drain(..=comma).filter(|piece| !piece.mark).collect();
        ask.pieces.extend(front);
    }
}

/// "What the capital of France is" as "what is the capital of France".
fn told(ask: &mut Ask<'_>) {
    let Some(last) = ask.pieces.last().map(Piece::folded) else { return };
    let asks = ["what", "where", "who", "when", "why"];
    let begins = ask.pieces.first().is_some_and(|piece| asks.contains(&piece.folded().as_str()));
    let plain = ask.pieces.iter().all(|piece| !piece.mark) && ask.pieces.len() > 2;
    if ask.tongue == Some(Tongue::English) && begins && plain && ["is", "are", "was", "were"].contains(&last.as_str()) {
        let last = ask.pieces.pop();
        ask.pieces.splice(1..1, last);
    }
}

/// Two things whose order means nothing, in one order.
fn paired(ask: &mut Ask<'_>) {
    let (phrases, joint) = ask.manners.pairs;
    let lead = phrases.iter().map(|phrase| ask.steps(phrase)).find(|steps| {
        ask.pieces.len() > steps.len() && ask.pieces.iter().zip(steps).all(|(piece, step)| piece.folded() == *step)
    });
    let Some(lead) = lead.map(|steps| steps.len()) else { return };
    let mut joints = (lead..ask.pieces.len()).filter(|at| ask.pieces.get(*at).is_some_and(|p| p.folded() == joint));
    let (Some(at), None) = (joints.next(), joints.next()) else { return };
    let small = |piece: &Piece| piece.mark || super::tongue::is_small(&piece.folded());
    if ask.pieces.iter().skip(lead).enumerate().any(|(n, piece)| n + lead != at && small(piece)) {
        return;
    }
    let second: Vec<Piece> = ask.pieces.split_off(at + 1);
    let and = ask.pieces.pop();
    let first: Vec<Piece> = ask.pieces.split_off(lead);
    let key = |side: &[Piece]| side.iter().map(Piece::folded).collect::<Vec<_>>();
    let (one, other) = if key(&first) <= key(&second) { (first, second) } else { (second, first) };
    ask.pieces.extend(one.into_iter().chain(and).chain(other));
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::super::tongue::tongue;
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let [a, b] = [a, b].map(|text| Alike::of(text, tongue(text, &tokens(text))));
        assert_eq!(a.agrees(&b), b.agrees(&a));
        a.agrees(&b)
    }

    #[test]
    fn wrappers_marks_and_contractions_change_nothing() {
        for (a, b) in [
            ("Hi! Could you please tell me what the capital of France is?", "What's the capital of France"),
            ("How can I sort a list, please?", "how do I sort a list"),
            ("Can you write a regex for dates?", "write a regex for dates"),
            ("I was wondering, why can't cats swim?", "Why cannot cats swim"),
            ("What is the difference between TCP and UDP?", "difference between UDP and TCP"),
            ("In Excel, how do I freeze a row?", "How do I freeze a row in Excel?"),
            ("Convert 1,000 km to miles", "convert 1000 km to miles, thanks!"),
            ("Kannst du mir bitte sagen, wer Faust schrieb?", "Wer Faust schrieb"),
            ("请问法国的首都是哪里？", "法国的首都是哪里"),
            ("光合成について教えてください。", "光合成について教えて"),
            ("kapıyı kim yaptı?", "Kapıyı kim yaptı"),
        ] {
            assert!(same(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn a_wrapper_that_may_be_what_is_asked_stays() {
        for (a, b) in [
            ("can you swim", "swim"),
            ("Can you write poems?", "write poems"),
            ("do you know Spanish", "Spanish"),
            ("how many letters in please", "how many letters in"),
            ("how to say thank you", "how to say"),
            ("Translate: thank you", "Translate"),
            ("Hello, World in Java", "World in Java"),
            ("what is the matter", "matter"),
            ("you can go.", "you can go?"),
        ] {
            assert!(!same(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn every_word_and_sign_counts() {
        for (a, b) in [
            ("the man and a dog", "a man and a dog"),
            ("what is the mean of a sample", "what is mean of a sample"),
            ("remove duplicates from a list", "remove duplicates from lists"),
            ("explain x++", "explain ++x"),
            ("what is 5!", "what is 5"),
            ("Rust 1.70", "Rust 1.7"),
            ("Let's eat, grandma", "Let's eat grandma"),
            ("the dog's ball", "the dogs ball"),
            ("fix this: Foo bar", "fix this: foo bar"),
            ("say \"good Morning\" again", "say \"good morning\" again"),
            ("he dont know", "he don't know"),
            ("how should I sleep", "how do I sleep"),
            ("what is the fish of the day", "what are the fish of the day"),
            ("hi is a word of whom", "is a word of whom"),
            ("translate hello, thanks", "translate hello"),
            ("你好用英语怎么说", "用英语怎么说"),
            ("请假怎么写", "假怎么写"),
            ("Please Please Me release date", "Please Me release date"),
            ("give me liberty", "give liberty"),
            ("How do I look", "how to look"),
            ("can you tell me when", "when"),
            ("der Film über Essen", "der film über essen"),
        ] {
            assert!(!same(a, b), "{a} / {b}");
        }
    }
}
