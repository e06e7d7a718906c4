//! A reading in, the predictor's input out: hashed words and word pairs, and surface values.

use super::TaskKind;
use super::fold::{head, tail};
use super::reading::Reading;
use super::rules::Verdict;
use super::shape::{Counts, Shape};

/// log2 of the number of hashed buckets.
pub(crate) const BUCKET_BITS: u32 = 17;
/// Number of surface values.
pub(crate) const SURFACE: usize = 27;
/// The first of them: length and commas, all that weighs where neither answers to choose from nor a story is seen.
pub(crate) const OF_OTHER: usize = 2;

// Words beyond this many bytes add no information for their cost.
const WORDS_HEAD: usize = 6_000;
const WORDS_TAIL: usize = 2_000;
const MOST_WORDS: usize = 2_048;

/// The predictor's input.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    buckets: Vec<u32>,
    words: Vec<u32>,
    surface: [f32; SURFACE],
    shape: Shape,
}

impl Features {
    /// Distinct buckets in order of first sight.
    pub fn buckets(&self) -> &[u32] {
        &self.buckets
    }

    /// The surface values.
    pub fn surface(&self) -> &[f32; SURFACE] {
        &self.surface
    }

    /// Hashes of the words in order, repeats included.
    pub fn word_hashes(&self) -> Vec<u32> {
        self.words.clone()
    }

    /// What the ask looks like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Hashes of the words in order, repeats included.
    pub fn words(&self) -> &[u32] {
        &self.words
    }
}

/// Extracts what weighs in the shape of a reading. Of what the patterns say it counts whether something is to be worked
/// out, for the shape, and whether they know nothing: then words are looked at for whether training knew them.
pub(crate) fn extract(reading: &Reading<'_>, verdict: &Verdict) -> Features {
    let (count, shape) = counted(reading, verdict);
    if shape != Shape::Other {
        return whole(reading, &count, shape);
    }
    let mut surface = [0.0; SURFACE];
    surface[..OF_OTHER].copy_from_slice(&[length(&count), commas(&count)]);
    let words = if verdict.none { Words::of(&reading.folded).hashes } else { Vec::new() };
    Features { buckets: Vec::new(), words, surface, shape }
}

/// The same with what weighs nothing in this shape, for training.
pub(crate) fn extract_all(reading: &Reading<'_>, verdict: &Verdict) -> Features {
    let (count, shape) = counted(reading, verdict);
    whole(reading, &count, shape)
}

fn counted(reading: &Reading<'_>, verdict: &Verdict) -> (Counts, Shape) {
    let count = Counts::of(head(reading.parts.ask.trim(), WORDS_HEAD));
    let shape = count.shape(reading.parts.code_chars > 0, verdict.said == TaskKind::Math);
    (count, shape)
}

fn whole(reading: &Reading<'_>, count: &Counts, shape: Shape) -> Features {
    let words = Words::of(&reading.folded);
    let (buckets, distinct) = words.buckets();
    let surface = surface(reading, count, &words, distinct);
    Features { buckets, words: words.hashes, surface, shape }
}

#[derive(Default)]
struct Words {
    hashes: Vec<u32>,
    letters: usize,
    long: usize,
    longest: usize,
    numbers: usize,
}

impl Words {
    fn of(folded: &str) -> Self {
        let mut words = Self::default();
        if folded.len() <= WORDS_HEAD + WORDS_TAIL {
            words.read(folded);
        } else {
            words.read(head(folded, WORDS_HEAD));
            words.read(tail(folded, WORDS_TAIL));
        }
        words
    }

    fn read(&mut self, text: &str) {
        let mut hash = SEED;
        let mut len = 0usize;
        let mut digits = 0usize;
        for c in text.chars() {
            if c.is_ascii_digit() {
                // Digits count, their value does not.
                hash = step(hash, '0');
                len += 1;
                digits += 1;
            } else if c.is_ascii_alphabetic() || c == '\'' && len > 0 {
                hash = step(hash, c);
                len += 1;
            } else if c.is_ascii() {
                self.end(&mut hash, &mut len, &mut digits);
            } else if single(c) {
                self.end(&mut hash, &mut len, &mut digits);
                self.put(step(SEED, c), 1, 0);
            } else if is_letter(c) || is_mark(c) {
                hash = step(hash, c);
                len += 1;
            } else {
                self.end(&mut hash, &mut len, &mut digits);
            }
        }
        self.end(&mut hash, &mut len, &mut digits);
    }

    fn end(&mut self, hash: &mut u32, len: &mut usize, digits: &mut usize) {
        if *len > 0 {
            self.put(*hash, *len, *digits);
            (*hash, *len, *digits) = (SEED, 0, 0);
        }
    }

    fn put(&mut self, hash: u32, len: usize, digits: usize) {
        if self.hashes.len() < MOST_WORDS {
            self.hashes.push(hash);
            self.letters += len;
            self.long += usize::from(len >= 9);
            self.longest = self.longest.max(len);
            self.numbers += usize::from(digits > 0);
        }
    }

    // Distinct buckets of words and word pairs, and how many of them are of words.
    fn buckets(&self) -> (Vec<u32>, usize) {
        let mut seen = Seen::with_room(self.hashes.len() * 2);
        for &hash in &self.hashes {
            seen.mark(hash);
        }
        let distinct = seen.buckets.len();
        for pair in self.hashes.windows(2) {
            seen.mark(join(pair[0], pair[1]));
        }
        (seen.buckets, distinct)
    }
}

// The buckets that were seen, and a table to know them by: the first free place from the bucket's own on.
struct Seen {
    places: Vec<u32>,
    buckets: Vec<u32>,
}

impl Seen {
    // Three places of four stay free.
    fn with_room(most: usize) -> Self {
        let places = (most * 4).next_power_of_two();
        Self { places: vec![0; places], buckets: Vec::with_capacity(most) }
    }

    fn mark(&mut self, hash: u32) {
        let hash = finish(hash);
        let bucket = hash >> (32 - BUCKET_BITS);
        let mask = self.places.len() - 1;
        let mut place = bucket as usize & mask;
        while self.places[place] != 0 {
            if self.places[place] == bucket + 1 {
                return;
            }
            place = (place + 1) & mask;
        }
        self.places[place] = bucket + 1;
        self.buckets.push(bucket);
    }
}

pub(crate) const SEED: u32 = 0x811C_9DC5;

pub(crate) fn step(hash: u32, c: char) -> u32 {
    (hash ^ c as u32).wrapping_mul(0x0100_0193)
}

/// The hash of two words in order.
pub(crate) fn join(first: u32, second: u32) -> u32 {
    first.rotate_left(9) ^ second.wrapping_mul(0x85EB_CA6B)
}

fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39)
}

// Scripts without blanks: a character is a word.
pub(crate) fn single(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3134F | 0x0E00..=0x0E7F)
}

// The letters of most texts without a search in the tables of Unicode.
pub(crate) fn is_letter(c: char) -> bool {
    let common = matches!(
        c as u32,
        0x0391..=0x03A1 | 0x03A3..=0x03F5 | 0x0400..=0x0481 | 0x048A..=0x052F | 0x0620..=0x064A | 0x0904..=0x0939
            | 0xAC00..=0xD7A3
    );
    common || c.is_alphanumeric()
}

pub(crate) fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x0900..=0x0DFF | 0x0591..=0x05C7 | 0x0600..=0x06FF)
}

/// Surface values that count words and letters: where the words are of a language that training did not see, they say
/// which language it is rather than what is asked.
pub(crate) const OF_WORDS: [usize; 8] = [2, 3, 4, 5, 7, 8, 17, 18];

fn log(value: usize) -> f32 {
    (value as f32 + 1.0).ln()
}

fn length(count: &Counts) -> f32 {
    log(count.signs)
}

// One comma more or less is a matter of language.
fn commas(count: &Counts) -> f32 {
    (count.commas as f32 / 5.0 + 1.0).ln()
}

fn surface(reading: &Reading<'_>, count: &Counts, words: &Words, distinct: usize) -> [f32; SURFACE] {
    let total = (words.hashes.len().max(1)) as f32;
    let signs = (count.signs.max(1)) as f32;
    let parts = &reading.parts;
    [
        length(count),
        commas(count),
        log(words.hashes.len()),
        words.letters as f32 / total,
        words.long as f32 / total,
        (words.longest as f32).min(30.0),
        log(count.numbers),
        words.numbers as f32 / total,
        distinct as f32 / total,
        log(count.lines),
        log(count.sentences),
        log(count.signs / (count.sentences + 1)),
        log(count.questions),
        log(count.brackets),
        log(count.operators),
        log(count.latex),
        log(count.money),
        count.upper as f32 / signs,
        count.wide as f32 / signs,
        log(count.option_bytes),
        log(count.options),
        log(parts.code_chars),
        log(parts.document_chars + parts.log_chars),
        log(parts.items),
        log(count.decimals),
        (count.digits as f32).min(12.0),
        log(count.shares),
    ]
}
