//! What the patterns say and the words of an ask in, its kind and a level of its difficulty out: a linear model over
//! hashed words of sixteen languages, built into the crate.

use super::TaskKind;
use super::difficulty::level_of;
use super::features::{SEED, is_letter, is_mark, join, single, step};
use super::fold::head;
use super::rules::{Signal, Verdict};
use crate::fork::Lazy;

/// Bytes of the trained artefact; `training/train.py` writes them and documents the layout.
static WORDING: &[u8] = include_bytes!("wording.bin");

const MAGIC: &[u8; 4] = b"CRL2";
/// The kinds that words tell apart: the others are known by what stands beside the ask.
const KINDS: [TaskKind; 13] = [
    TaskKind::Code,
    TaskKind::Debug,
    TaskKind::Math,
    TaskKind::Reasoning,
    TaskKind::Extraction,
    TaskKind::Classification,
    TaskKind::Translation,
    TaskKind::Summarisation,
    TaskKind::Creative,
    TaskKind::Chat,
    TaskKind::SimpleQuestion,
    TaskKind::Roleplay,
    TaskKind::Agentic,
];
/// What a word speaks for: each of the kinds, and how hard the ask is.
const HEADS: usize = KINDS.len() + 1;
/// What is known from the patterns: the score of each kind, whether it was said, and which one leads.
const SAID: usize = 3 * TaskKind::ALL.len();
/// Places of one line of the table, and lines: what 256 kB leave beside the other artefact.
const WAYS: usize = 8;
const LINES: usize = 2_240;
/// Fewer known words than this count as so many, so that one word decides little.
const FEWEST: f32 = 4.0;
/// A pattern's score counts up to this, in units of the second.
const SCORE: (f32, f32) = (6.0, 10.0);
const SPOKEN: f32 = 0.75;
const SPOKEN_COUNTS: f32 = 0.3;
/// An ask of more bytes is mostly the material that it works on, of which words say nothing.
const LONGEST_ASK: usize = 1_000;
/// Nothing that the patterns do not know is recognised below this probability, nor where fewer words than count are known.
const RECOGNISED: f64 = 0.5;
/// Patterns that are as sure as the second keep their kind and its level. Below the first the level is that of the words,
/// and between them a mixture.
const SURE: (f64, f64) = (0.6, 0.9);
/// What of the shift counts where the words give the level: to be shifted by words of one language and not of another is
/// the price of it.
const SHIFTED: f64 = 0.25;

struct Model {
    bias: [f32; HEADS],
    said: Vec<[f32; KINDS.len()]>,
    /// What one step of a packed weight is worth, of kinds and of the difficulty.
    steps: [f32; 2],
    lines: Vec<Line>,
}

/// What is read for a word: one line of the processor's cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; WAYS]);

static MODEL: Lazy<Option<Model>> = Lazy::new(|| Model::parse(WORDING));

/// What the words of an ask say.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Heard {
    /// The likeliest kind and its probability.
    kind: (TaskKind, f64),
    /// The level that kinds of these probabilities have together.
    level: f64,
    /// How much harder it is than other asks of its kind, in difficulty.
    shift: f64,
    /// How many of its words are known.
    known: u32,
}

impl Model {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
        let floats = HEADS + SAID * KINDS.len() + 2;
        let (floats, table) = rest.split_at_checked(floats * 4)?;
        if magic != MAGIC || table.len() != LINES * WAYS * 8 {
            return None;
        }
        let (floats, _) = floats.as_chunks::<4>();
        let mut floats = floats.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let mut bias = [0.0; HEADS];
        bias.iter_mut().zip(&mut floats).for_each(|(slot, value)| *slot = value);
        let row = |floats: &mut dyn Iterator<Item = f32>| {
            let mut row = [0.0; KINDS.len()];
            row.iter_mut().zip(floats).for_each(|(slot, value)| *slot = value);
            row
        };
        let said = (0..SAID).map(|_| row(&mut floats)).collect();
        let steps = [floats.next()?, floats.next()?];
        let (slots, _) = table.as_chunks::<8>();
        let (lines, _) = slots.as_chunks::<WAYS>();
        let lines = lines.iter().map(|line| Line(line.map(u64::from_le_bytes))).collect();
        Some(Self { bias, said, steps, lines })
    }

    /// The place of a word with its packed weights; 0 where it is not known. Which it is cannot be foreseen, so nothing
    /// branches on it.
    #[inline]
    fn place(&self, hash: u32) -> u64 {
        let Some(line) = self.lines.get(((u64::from(hash) * LINES as u64) >> 32) as usize) else { return 0 };
        let mark = u64::from(mark(hash));
        line.0.iter().map(|place| if place & 0xFF == mark { *place } else { 0 }).fold(0, |found, place| found | place)
    }

    fn heads(&self, folded: &str) -> ([f32; HEADS], u32) {
        let mut sums = Sums::default();
        read(folded, |hash| sums.add(self.place(hash)));
        let (sums, known) = sums.close();
        let scale = 1.0 / (known as f32).max(FEWEST).sqrt();
        let mut out = self.bias;
        for (at, (head, sum)) in out.iter_mut().zip(sums).enumerate() {
            *head += sum as f32 * scale * self.steps[usize::from(at == KINDS.len())];
        }
        (out, known)
    }
}

/// The part of a hash that tells the words of a line apart; 0 is a free place.
const fn mark(hash: u32) -> u8 {
    let mark = (hash & 0xFF) as u8;
    if mark == 0 { 1 } else { mark }
}

/// Sums of packed weights, a byte a head until some could be full: even heads and odd ones.
#[derive(Default)]
struct Sums {
    even: u64,
    odd: u64,
    packed: u32,
    known: u32,
    out: [i32; HEADS],
}

const NIBBLES: u64 = 0x000F_0F0F_0F0F_0F0F;
/// A nibble of this is no weight.
const NOTHING: i32 = 8;
/// So many nibbles fit into a byte.
const FULL: u32 = 17;

impl Sums {
    #[inline]
    fn add(&mut self, place: u64) {
        let weights = place >> 8;
        self.even += weights & NIBBLES;
        self.odd += (weights >> 4) & NIBBLES;
        self.packed += u32::from(place != 0);
        if self.packed == FULL {
            self.unpack();
        }
    }

    fn unpack(&mut self) {
        for (at, out) in self.out.iter_mut().enumerate() {
            let half = if at % 2 == 0 { self.even } else { self.odd };
            *out += ((half >> (at / 2 * 8)) & 0xFF) as i32 - NOTHING * self.packed as i32;
        }
        self.known += self.packed;
        (self.even, self.odd, self.packed) = (0, 0, 0);
    }

    fn close(mut self) -> ([i32; HEADS], u32) {
        self.unpack();
        (self.out, self.known)
    }
}

/// Puts what the words of a folded ask say over what the patterns say of it.
pub(crate) fn hear(folded: &str, verdict: &mut Verdict) {
    // Beside sure patterns words have no say, and an image or a very long text says what is asked for.
    if verdict.confidence < SURE.1
        && folded.len() <= LONGEST_ASK
        && KINDS.contains(&verdict.kind)
        && let Some(heard) = heard(folded, verdict)
    {
        settle(verdict, &heard);
    }
}

fn heard(folded: &str, verdict: &Verdict) -> Option<Heard> {
    let (heads, known) = odds(folded, verdict)?;
    let (odds, [shift]) = heads.split_last_chunk()?;
    let most = odds.iter().copied().fold(f32::MIN, f32::max);
    let mut shares = [0.0; KINDS.len()];
    shares.iter_mut().zip(odds).for_each(|(share, value)| *share = f64::from((value - most).exp()));
    let all: f64 = shares.iter().sum();
    let level = KINDS.iter().zip(shares).map(|(kind, share)| level_of(*kind) * share).sum::<f64>() / all;
    let best = shares.iter().position(|share| *share >= 1.0)?;
    Some(Heard { kind: (KINDS[best], 1.0 / all), level, shift: f64::from(*shift), known })
}

/// The log odds of each kind with the shift of the difficulty, and how many words are known.
pub(crate) fn odds(folded: &str, verdict: &Verdict) -> Option<([f32; HEADS], u32)> {
    let model = MODEL.as_ref()?;
    let (mut heads, known) = model.heads(verdict.repaired.as_deref().unwrap_or(folded));
    for (place, value) in said(verdict).into_iter().filter(|(_, value)| *value != 0.0) {
        heads.iter_mut().zip(model.said.get(place)?).for_each(|(odds, weight)| *odds += value * weight);
    }
    Some((heads, known))
}

/// What the patterns say, by its place among the inputs.
fn said(verdict: &Verdict) -> impl IntoIterator<Item = (usize, f32)> {
    let count = verdict.scores.len();
    let scores = verdict.scores.iter().enumerate().map(|(at, score)| (at, score.min(SCORE.0) / SCORE.1));
    let spoken = verdict.scores.iter().enumerate();
    let spoken = spoken.map(move |(at, score)| (count + at, if *score > SPOKEN { SPOKEN_COUNTS } else { 0.0 }));
    scores.chain(spoken).chain([(2 * count + verdict.kind.index(), SPOKEN_COUNTS)])
}

fn settle(verdict: &mut Verdict, heard: &Heard) {
    let (kind, probability) = heard.kind;
    if verdict.none && (probability < RECOGNISED || (heard.known as f32) < FEWEST) {
        // What it may be asked for still says more than nothing.
        verdict.level = Some(heard.level);
        return;
    }
    let unsure = ((SURE.1 - verdict.confidence) / (SURE.1 - SURE.0)).clamp(0.0, 1.0);
    let level = unsure * heard.level + (1.0 - unsure) * level_of(verdict.kind);
    verdict.level = Some(level + heard.shift * SHIFTED * unsure);
    if kind != verdict.kind || verdict.none {
        // It decided, whatever the patterns weigh.
        verdict.evidence.insert(0, (Signal::Structure("wording"), probability as f32));
    }
    verdict.none = false;
    verdict.kind = kind;
    verdict.confidence = probability;
}

/// What a hash is of, beside whole words and pairs of them.
const SHORT_STEM: u32 = 0x5DEE_CE66;
const LONG_STEM: u32 = 0x2545_F491;
const THREE: u32 = 0x9E37_79B9;
const SYLLABLES: u32 = 0x85EB_CA6B;
const FIRST: u32 = 0xC2B2_AE35;
const LAST: u32 = 0x27D4_EB2F;
const ASKS: u32 = 0x1656_67B1;
const LENGTH: u32 = 0x94D0_49BB;
/// Letters of the two stems of a longer word.
const SHORT: usize = 4;
const LONG: usize = 6;
/// Lengths beyond two to this many words count as one.
const LONGEST: u32 = 6;

/// The hashes of an ask, as training reads them.
pub(crate) fn words(folded: &str) -> Vec<u32> {
    let mut out = Vec::new();
    read(folded, |hash| out.push(hash));
    out
}

/// Tells the hashes of an ask: words, their stems, pairs, and of scripts without blanks characters up to three together.
fn read(folded: &str, told: impl FnMut(u32)) {
    let folded = head(folded, LONGEST_ASK).trim_end();
    let mut reader = Reader { told, count: 0, last: 0, wide: [0; 2], word: 0, len: 0, stems: [0; 2], syllable: 0 };
    reader.read(folded);
    reader.close(folded.ends_with(['?', '？', '؟']));
}

struct Reader<F> {
    told: F,
    count: u32,
    last: u32,
    // The two characters before, of a script without blanks.
    wide: [u32; 2],
    word: u32,
    len: usize,
    stems: [u32; 2],
    syllable: u32,
}

impl<F: FnMut(u32)> Reader<F> {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii_alphabetic() || (c == '\'' && self.len > 0) {
                self.letter(c);
            } else if c.is_ascii_digit() {
                self.letter('0');
            } else if c.is_ascii() {
                self.end();
            } else if single(c) {
                self.end();
                self.wide(c);
            } else if is_letter(c) || is_mark(c) {
                self.hangul(c);
                self.letter(c);
            } else {
                self.end();
            }
        }
        self.end();
    }

    fn letter(&mut self, c: char) {
        self.word = step(if self.len == 0 { SEED } else { self.word }, c);
        self.len += 1;
        match self.len {
            SHORT => self.stems[0] = self.word,
            LONG => self.stems[1] = self.word,
            _ => {}
        }
    }

    fn hangul(&mut self, c: char) {
        if ('\u{AC00}'..='\u{D7A3}').contains(&c) {
            let own = step(SEED, c);
            if self.len > 0 {
                self.put(join(self.syllable, own) ^ SYLLABLES);
            }
            self.syllable = own;
        }
    }

    fn wide(&mut self, c: char) {
        let own = step(SEED, c);
        let [first, second] = self.wide;
        if first != 0 {
            self.put(join(join(first, second), own) ^ THREE);
        }
        self.token(own);
        self.wide = [second, own];
    }

    fn end(&mut self) {
        if self.len > 0 {
            if self.len > SHORT {
                self.put(self.stems[0] ^ SHORT_STEM);
            }
            if self.len > LONG {
                self.put(self.stems[1] ^ LONG_STEM);
            }
            self.len = 0;
            self.token(self.word);
            self.wide = [0; 2];
        }
    }

    fn token(&mut self, hash: u32) {
        self.put(hash);
        if self.count == 0 {
            self.put(hash ^ FIRST);
        } else {
            self.put(join(self.last, hash));
        }
        self.last = hash;
        self.count += 1;
    }

    fn put(&mut self, hash: u32) {
        (self.told)(finish(hash));
    }

    fn close(mut self, asks: bool) {
        if self.count > 0 {
            self.put(self.last ^ LAST);
            self.put(LENGTH ^ (self.count + 1).ilog2().min(LONGEST));
        }
        if asks {
            self.put(ASKS);
        }
    }
}

fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    let hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
    hash ^ (hash >> 15)
}

/// The bytes of the built-in artefact, where it has the layout that this build reads.
#[cfg(test)]
pub(crate) fn bytes() -> Option<usize> {
    MODEL.is_some().then_some(WORDING.len())
}
