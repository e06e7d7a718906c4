//! Cutting text and making up ids: text or a number in, pieces or an id out, the same on every run.

/// Cuts `text` into at most `count` pieces of about the same length, never inside a character.
pub(crate) fn pieces(text: Option<&str>, count: usize) -> Vec<String> {
    let chars: Vec<char> = text.unwrap_or_default().chars().collect();
    if chars.is_empty() {
        return Vec::new();
    }
    let size = chars.len().div_ceil(count.max(1));
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}

/// A number drawn from `seed` (splitmix64); the seed moves on.
pub(crate) fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// `length` letters and digits drawn from `seed`.
pub(crate) fn letters(seed: u64, length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut seed = seed;
    (0..length)
        .map(|_| {
            let at = draw(&mut seed) as usize % ALPHABET.len();
            char::from(ALPHABET[at])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text_and_respect_characters() {
        for count in 1..12 {
            let cut = pieces(Some("Grüße, 世界 🦀!"), count);
            assert_eq!(cut.concat(), "Grüße, 世界 🦀!");
            assert!(cut.len() <= count);
        }
        assert_eq!(pieces(Some("abcdef"), 3), ["ab", "cd", "ef"]);
        assert!(pieces(None, 3).is_empty());
    }

    #[test]
    fn letters_are_the_same_for_one_seed_only() {
        assert_eq!(letters(7, 24), letters(7, 24));
        assert_ne!(letters(7, 24), letters(8, 24));
        assert_eq!(letters(7, 24).len(), 24);
    }
}
