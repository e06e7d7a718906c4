//! Texts in which every word differs, so that what is missing or doubled shows: dice in, a text out.

use std::collections::HashSet;

use super::dice::Dice;

/// A text of so many words. No letter is twice in a word and no word twice in a text, so the rest of a word that was cut
/// cannot be taken for its beginning.
pub(super) fn text(dice: &mut Dice, words: u64) -> String {
    let mut seen = HashSet::new();
    let (mut out, mut sign) = (String::new(), 0x4e00 + u32::try_from(dice.between(0, 2_000)).unwrap());
    for at in 0..words {
        let mut one = word(dice);
        while !seen.insert(one.clone()) {
            one = word(dice);
        }
        if at > 0 {
            out.push_str(dice.one_of(&[" ", " ", " ", " ", " ", " ", ", ", ". ", "\n\n", " — ", ": "]));
        }
        out.push_str(&one);
        if dice.percent(4) {
            for _ in 0..dice.between(1, 5) {
                sign += 1;
                out.extend(char::from_u32(sign));
            }
        }
    }
    out.push('.');
    out
}

fn word(dice: &mut Dice) -> String {
    let mut letters: Vec<char> = "abcdefghijklmnopqrstuvwxyzäöüéßñ".chars().collect();
    let length = dice.between(2, 10);
    (0..length).map(|_| letters.swap_remove(dice.index(letters.len()))).collect()
}

/// A place between two words from which a model may repeat what it was shown.
pub(super) fn back_from_end(dice: &mut Dice, text: &str) -> usize {
    let starts: Vec<usize> = text.match_indices(' ').map(|(at, _)| at + 1).filter(|at| *at < text.len()).collect();
    let last: Vec<usize> = starts.into_iter().rev().take(6).collect();
    let inside = |at: &usize| text[*at..].chars().any(char::is_alphanumeric);
    let last: Vec<usize> = last.into_iter().filter(inside).collect();
    if last.is_empty() { 0 } else { dice.one_of(&last) }
}
