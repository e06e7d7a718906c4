//! What the targets of a request mean to say, and how they go on with an answer that broke: a partial answer in, words out.

use super::dice::Dice;
use super::words;

/// All that an answer may come to. The first text is what everybody means; others come up when somebody goes on in words
/// of its own.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    texts: Vec<String>,
    /// Somebody was shown an answer that nobody meant.
    pub(super) garbled: Option<String>,
}

/// What all of an answer in other words has in common with the first one: enough to be told for a new start.
const SAME: usize = 40;

impl Meant {
    pub(super) fn new(text: String) -> Self {
        Self { texts: vec![text], garbled: None }
    }

    pub(super) fn whole(&self, text: &str) -> bool {
        self.texts.iter().any(|meant| meant == text)
    }

    pub(super) fn begins(&self, text: &str) -> bool {
        self.texts.iter().any(|meant| meant.starts_with(text))
    }

    pub(super) fn first(&self) -> &str {
        &self.texts[0]
    }

    /// What a model says that was shown a partial answer.
    pub(super) fn goes_on(&mut self, partial: &str, dice: &mut Dice) -> String {
        let Some(meant) = self.texts.iter().find(|meant| meant.starts_with(partial)).cloned() else {
            self.garbled.get_or_insert_with(|| partial.to_owned());
            return String::new();
        };
        match dice.between(0, 10) {
            0..=3 => {
                // A doubled space is mended.
                let space = if partial.ends_with(' ') && dice.percent(20) { " " } else { "" };
                format!("{space}{}", &meant[partial.len()..])
            }
            4 | 5 => meant,
            6..=8 => meant[words::back_from_end(dice, partial)..].to_owned(),
            _ if dice.percent(50) => self.in_other_words(partial, dice),
            _ => self.anew_in_other_words(dice),
        }
    }

    fn in_other_words(&mut self, partial: &str, dice: &mut Dice) -> String {
        let other = format!("1{}", words::text(dice, 8));
        // A prefill does not show the space at its end.
        for space in ["", " ", "\n", "\n\n"] {
            self.texts.push(format!("{partial}{space}{other}"));
        }
        other
    }

    fn anew_in_other_words(&mut self, dice: &mut Dice) -> String {
        let first = &self.texts[0];
        let cut = first.char_indices().map(|(at, _)| at).find(|at| *at >= SAME).unwrap_or(first.len());
        let other = format!("{} 2{}", first[..cut].trim_end(), words::text(dice, 12));
        self.texts.push(other.clone());
        other
    }
}
