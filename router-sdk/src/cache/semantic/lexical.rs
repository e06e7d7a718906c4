//! Words in, a vector of hashed words, pairs of words and letters out. It tells near-duplicates and claims no more.

/// Numbers of a vector.
const DIMENSIONS: usize = 256;

/// The vector of an ask, of length 1; of no words none.
pub(super) fn vector(words: &[String]) -> Option<Vec<f32>> {
    let mut out = vec![0.0f32; DIMENSIONS];
    let mut add = |feature: u64, weight: f32| {
        let sign = if feature >> 63 == 0 { weight } else { -weight };
        if let Some(slot) = out.get_mut((feature % DIMENSIONS as u64) as usize) {
            *slot += sign;
        }
    };
    for (at, word) in words.iter().enumerate() {
        let own = hash(word.bytes(), 1);
        add(own, 1.0);
        if let Some(next) = words.get(at + 1) {
            add(hash(next.bytes(), own), 0.6);
        }
        // Blanks around a word mark its beginning and end.
        let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
        for three in letters.windows(3) {
            add(hash(three.iter().flat_map(|c| (*c as u32).to_le_bytes()), 2), 0.4);
        }
    }
    unit(out)
}

/// The same direction at length 1; nothing for a vector of none.
pub(super) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return None;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Some(vector)
}

/// FNV-1a with its bits mixed once more: the low ones choose a place, the highest a sign.
pub(super) fn hash(bytes: impl Iterator<Item = u8>, seed: u64) -> u64 {
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let of = |text: &str| vector(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap();
        of(a).iter().zip(of(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn the_nearer_the_words_the_nearer_the_vectors() {
        assert!(cosine("sort list in python", "sort list in python") > 0.999);
        let moved = cosine("in python sort list", "sort list in python");
        let other = cosine("sort list in python", "capital of france");
        assert!(moved > 0.85 && other < 0.3, "{moved} {other}");
        assert!(vector(&[]).is_none());
    }
}
