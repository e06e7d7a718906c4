//! The pieces of an ask in, the same without what only wraps it out: greetings, please and thanks, "could you tell me".

use super::manners::Manners;
use super::spelled::{ENDS, Piece};
use super::tongue::Tongue;

/// Marks that set a wrapper off.
const SET_OFF: [&str; 6] = [",", ".", "!", ":", "?", "…"];

/// An ask that is being read.
pub(super) struct Ask<'a> {
    pub(super) pieces: Vec<Piece>,
    pub(super) tongue: Option<Tongue>,
    pub(super) manners: &'a Manners,
    /// A wrapper was taken off, so that it does not matter whether it was put as a question.
    pub(super) wrapped: bool,
}

impl Ask<'_> {
    /// Words of a phrase as pieces are read.
    pub(super) fn steps(&self, phrase: &str) -> Vec<String> {
        if self.is_unspaced() {
            return phrase.chars().map(String::from).collect();
        }
        phrase.split(' ').map(str::to_owned).collect()
    }

    /// Its language puts no blanks between words.
    fn is_unspaced(&self) -> bool {
        matches!(self.tongue, Some(Tongue::Chinese | Tongue::Japanese))
    }

    fn says(&self, at: usize, words: &str) -> bool {
        self.pieces.get(at).is_some_and(|p| !p.mark && words.split_whitespace().any(|word| word == p.folded()))
    }

    /// How many pieces at this place are one of these phrases; polite words inside it are passed over where they may be.
    fn phrase(&self, at: usize, phrases: &[&str], passing: bool) -> Option<usize> {
        phrases.iter().find_map(|phrase| {
            let mut here = at;
            for (n, step) in self.steps(phrase).iter().enumerate() {
                if passing && n > 0 {
                    here += self.phrase(here, self.manners.polite, false).unwrap_or(0);
                }
                let piece = self.pieces.get(here).filter(|piece| !piece.mark)?;
                // With a capital inside a sentence it is a name; German writes you and thanks so.
                let named = !piece.first && capital(&piece.text) && self.tongue != Some(Tongue::German);
                if piece.folded() != *step || (named && step != "i") {
                    return None;
                }
                here += 1;
            }
            Some(here - at)
        })
    }

    fn marks_at(&self, at: usize) -> usize {
        self.pieces.iter().skip(at).take_while(|piece| piece.is_one_of(&SET_OFF)).count()
    }

    /// A question begins here. Where words are not told apart it may begin with anything, and what asks stands inside.
    fn question_at(&self, at: usize) -> bool {
        match self.tongue {
            Some(Tongue::Chinese) => (at..self.pieces.len()).any(|at| self.says(at, self.manners.questions)),
            Some(Tongue::Japanese | Tongue::Korean) => at < self.pieces.len(),
            _ => self.says(at, self.manners.questions) || self.says(at, self.manners.verbal),
        }
    }

    /// What begins here is an ask by itself.
    pub(super) fn opens_at(&self, at: usize) -> bool {
        self.question_at(at)
            || self.says(at, self.manners.verbs)
            || [self.manners.telling, self.manners.asking, self.manners.polite]
                .into_iter()
                .any(|phrases| self.phrase(at, phrases, true).is_some())
            || self.manners.heads.iter().any(|(phrase, _)| self.phrase(at, &[phrase], false).is_some())
            || self.manners.starts.iter().any(|(phrase, _)| self.phrase(at, &[phrase], false).is_some())
    }

    /// The length of a wrapper at the beginning that says nothing of what follows it.
    fn wrapper(&self) -> Option<usize> {
        let manners = self.manners;
        let polite = |at: usize| self.phrase(at, manners.polite, false).unwrap_or(0);
        for (phrases, greets) in [(manners.greetings, true), (manners.polite, false)] {
            if let Some(length) = self.phrase(0, phrases, false) {
                let marks = self.marks_at(length);
                let after = length + marks;
                // One character may be the beginning of any word.
                if self.is_unspaced() && length == 1 && !self.says(after, manners.verbs) {
                    return None;
                }
                if !greets && self.phrase(after, manners.polite, false).is_some() {
                    return None;
                }
                // Without a mark it may be what is spoken of: "hi is a word".
                let spoken_of = self.says(after, manners.verbal) || (greets && self.is_unspaced());
                return (self.opens_at(after) && (marks > 0 || !spoken_of)).then_some(after);
            }
        }
        if let Some(length) = self.phrase(0, manners.telling, true) {
            let after = length + polite(length);
            let after = after + self.marks_at(after);
            return (self.question_at(after) && after + 1 < self.pieces.len()).then_some(after);
        }
        let length = self.phrase(0, manners.asking, true)?;
        let pleads = polite(length);
        let after = length + pleads;
        let particular = pleads > 0 || self.says(after + 1, manners.particular) || self.is_number(after + 1);
        (self.says(after, manners.verbs) && particular).then_some(after)
    }

    fn is_number(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| piece.text.chars().all(|c| c.is_ascii_digit()))
    }

    /// Takes off what stands before the ask. Several may follow each other: "hello, could you please tell me".
    pub(super) fn open(&mut self) {
        while let Some(length) = self.wrapper() {
            self.pieces.drain(..length);
            self.wrapped = true;
        }
    }

    /// Takes off what stands behind it: marks, thanks set off by a mark, and please.
    pub(super) fn close(&mut self) {
        let commands = self.says(0, self.manners.verbs);
        let mentions = (0..self.pieces.len()).any(|at| self.says(at, self.manners.mention));
        loop {
            let marks = self.pieces.iter().rev().take_while(|p| p.is_one_of(&ENDS) || p.is_one_of(&[","])).count();
            self.pieces.truncate(self.pieces.len() - marks);
            let end = self.pieces.len();
            if mentions {
                return;
            }
            let found = [self.manners.thanks, self.manners.polite].into_iter().enumerate().find_map(|(n, phrases)| {
                let at =
                    (1..end).find(|at| self.phrase(*at, phrases, false).is_some_and(|length| at + length == end))?;
                let set_off =
                    self.pieces.get(at - 1).is_some_and(|piece| piece.is_one_of(&SET_OFF) && piece.text != ":");
                // Without a mark before it, the word may be what is spoken of.
                (set_off || (n == 1 && commands && at > 2)).then_some(at)
            });
            let Some(at) = found else { return };
            self.pieces.truncate(at);
            self.wrapped = true;
        }
    }

    /// Puts a beginning in the place of others that mean the same.
    pub(super) fn restart(&mut self) {
        let starts = self.manners.starts;
        let found = starts.iter().find_map(|(from, to)| Some((self.phrase(0, &[from], true)?, *to)));
        let Some((length, to)) = found else { return };
        let length = length + self.pleading_at(length);
        // "How do I look" is no question of how to look; "write me in" asks for nothing to be written.
        let goes_on = self.is_unspaced() || self.pieces.len() >= length + 2;
        let gives =
            to.split(' ').count() == 1 && self.says(0, self.manners.verbs) && !self.manners.particular.is_empty();
        let particular = !gives || self.says(length, self.manners.particular) || self.is_number(length);
        if !goes_on || !particular {
            return;
        }
        let to: Vec<Piece> = self.steps(to).iter().map(|word| Piece::word(word)).collect();
        // A comma belongs to the beginning that it follows.
        let comma = self.pieces.get(length).is_some_and(|piece| piece.is_one_of(&[","]));
        self.pieces.splice(..length + usize::from(comma), to);
    }

    /// The length of a please that stands here, with the marks that set it off.
    fn pleading_at(&self, at: usize) -> usize {
        let marks = self.marks_at(at);
        let please = self.phrase(at + marks, self.manners.polite, false);
        please.map_or(0, |length| marks + length + self.marks_at(at + marks + length))
    }

    /// Puts an end in the place of others that mean the same.
    pub(super) fn reend(&mut self) {
        for (from, to) in self.manners.ends {
            let (from, to) = (self.steps(from), self.steps(to));
            let Some(at) = self.pieces.len().checked_sub(from.len()).filter(|at| *at > 2) else { continue };
            if self.pieces.iter().skip(at).zip(&from).all(|(piece, word)| piece.text == *word) {
                self.pieces.truncate(at);
                self.pieces.extend(to.iter().map(|word| Piece::word(word)));
            }
        }
    }

    /// What an ask for a thing says of it at its beginning, which is taken off: is the, are the.
    pub(super) fn head(&mut self) -> Option<&'static str> {
        let heads = self.manners.heads;
        let (length, said) = heads.iter().find_map(|(from, to)| Some((self.phrase(0, &[from], false)?, *to)))?;
        // "What is the matter" asks for no matter; "what is the matter with" does.
        (self.pieces.len() >= length + 3).then(|| {
            self.pieces.drain(..length);
            said
        })
    }

    /// It names a thing without asking for it: "population of Japan".
    pub(super) fn is_bare(&self) -> bool {
        let plain = !self.opens_at(0) && self.pieces.len() >= 3 && self.pieces.iter().all(|piece| !piece.mark);
        plain && (self.says(1, self.manners.relating) || self.says(2, self.manners.relating))
    }
}

fn capital(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_uppercase)
}
