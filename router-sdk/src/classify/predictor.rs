//! Features in, forecasts out: a linear model for each shape of ask, built into the crate as weights of 4 and 8 bits.

use super::features::{BUCKET_BITS, Features, OF_OTHER, OF_WORDS, SURFACE};
use super::shape::Shape;
use crate::fork::Lazy;

/// Bytes of the trained artefact; `training/train.py` writes them and documents the layout.
static WEIGHTS: &[u8] = include_bytes!("weights.bin");

const BUCKETS: usize = 1 << BUCKET_BITS;
/// Shapes with a table of words: answers to choose from, and stories with numbers.
const WORDED: usize = 2;
/// Buckets that share one weight in stories, which have fewer words.
const STORY_SHARE: usize = 8;
const KNOTS: usize = 33;
const ABILITIES: usize = 3;
const FILTER_BITS: u32 = 18;
const MAGIC: &[u8; 4] = b"CRW6";
/// Surface values count up to this many spreads from their mean.
const CLIP: f32 = 3.0;

/// What the trained model expects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast {
    /// Expected gain of a strong over a weak model, as a rank among prompts of this shape, 0 to 1.
    pub gain: f64,
    /// Share of the words that training knew.
    pub known: f64,
    /// Success of a weak, a mid and a strong model: intercept and slope on the difficulty, in log odds.
    pub success: [[f32; 2]; ABILITIES],
    /// How far benchmarks of this shape stray from that, one standard deviation.
    pub stray: f32,
}

struct Model {
    steps: [f32; WORDED],
    /// What the words of a prompt of training add on average: nothing is added where they are not trusted.
    levels: [f32; WORDED],
    mean: [f32; SURFACE],
    inverse: [f32; SURFACE],
    surface: [[f32; SURFACE]; Shape::COUNT],
    knots: [[f32; KNOTS]; Shape::COUNT],
    success: [[[f32; 2]; ABILITIES]; Shape::COUNT],
    stray: [f32; Shape::COUNT],
    tables: [&'static [u8]; WORDED],
    filter: &'static [u8],
}

static MODEL: Lazy<Option<Model>> = Lazy::new(|| Model::parse(WEIGHTS));

struct Reader(&'static [u8]);

impl Reader {
    fn take(&mut self, len: usize) -> Option<&'static [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn float(&mut self) -> Option<f32> {
        let bytes = self.take(4)?;
        Some(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn floats<const N: usize>(&mut self) -> Option<[f32; N]> {
        let mut out = [0.0; N];
        for slot in &mut out {
            *slot = self.float()?;
        }
        Some(out)
    }
}

impl Model {
    fn parse(bytes: &'static [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let shape = [BUCKET_BITS as u8, SURFACE as u8, Shape::COUNT as u8, KNOTS as u8];
        if reader.take(4)? != MAGIC || reader.take(4)? != shape {
            return None;
        }
        let (steps, levels) = (reader.floats()?, reader.floats()?);
        let (mean, inverse) = (reader.floats()?, reader.floats()?);
        let (mut surface, mut knots) = ([[0.0; SURFACE]; Shape::COUNT], [[0.0; KNOTS]; Shape::COUNT]);
        for row in &mut surface {
            *row = reader.floats()?;
        }
        for row in &mut knots {
            *row = reader.floats()?;
        }
        let mut success = [[[0.0; 2]; ABILITIES]; Shape::COUNT];
        for row in success.iter_mut().flatten() {
            *row = reader.floats()?;
        }
        let stray = reader.floats()?;
        let tables = [reader.take(BUCKETS / 2)?, reader.take(BUCKETS / STORY_SHARE)?];
        let filter = reader.take(1 << (FILTER_BITS - 3))?;
        let model = Self { steps, levels, mean, inverse, surface, knots, success, stray, tables, filter };
        reader.0.is_empty().then_some(model)
    }

    fn knows(&self, word: u32) -> bool {
        let bit = (word.wrapping_mul(0x9E37_79B1) >> (32 - FILTER_BITS)) as usize;
        self.filter[bit / 8] & (1 << (bit % 8)) != 0
    }

    fn known(&self, words: &[u32]) -> f32 {
        words.iter().filter(|word| self.knows(**word)).count() as f32 / words.len().max(1) as f32
    }

    fn raw(&self, features: &Features, known: f32) -> f32 {
        let shape = features.shape().index();
        let trust = trust(known);
        let mut out = 0.0;
        let weighing = if features.shape() == Shape::Other { OF_OTHER } else { SURFACE };
        for (at, value) in features.surface().iter().enumerate().take(weighing) {
            let scaled = ((value - self.mean[at]) * self.inverse[at]).clamp(-CLIP, CLIP);
            let weight = if OF_WORDS.contains(&at) { trust } else { 1.0 };
            out += weight * scaled * self.surface[shape][at];
        }
        if let Some(table) = self.tables.get(shape) {
            let buckets = features.buckets();
            let sum: i32 = match features.shape() {
                Shape::Choices => buckets.iter().map(|at| i32::from(packed(table, *at))).sum(),
                _ => buckets.iter().map(|at| i32::from(table[*at as usize / STORY_SHARE] as i8)).sum(),
            };
            let words = sum as f32 * self.steps[shape] / (buckets.len().max(1) as f32).sqrt();
            out += trust * (words - self.levels[shape]);
        }
        out
    }

    // The share of prompts of this shape that gain less, linear between the knots.
    fn rank(&self, shape: Shape, gain: f32) -> f64 {
        let knots = &self.knots[shape.index()];
        let above = knots.partition_point(|knot| *knot < gain);
        if above == 0 {
            return 0.0;
        }
        if above == KNOTS {
            return 1.0;
        }
        let (low, high) = (knots[above - 1], knots[above]);
        let part = f64::from((gain - low) / (high - low).max(f32::EPSILON));
        ((above - 1) as f64 + part) / (KNOTS - 1) as f64
    }
}

// Two weights of four bits share a byte, the first in its lower half.
fn packed(table: &[u8], at: u32) -> i8 {
    let both = table[at as usize / 2] as i8;
    if at.is_multiple_of(2) { both << 4 >> 4 } else { both >> 4 }
}

// Words that training never saw share buckets with others: of such a text the shape alone speaks.
fn trust(known: f32) -> f32 {
    ((known - 0.3) / 0.5).clamp(0.0, 1.0)
}

/// Forecasts the gain and the success of models for these features.
pub(crate) fn forecast(features: &Features) -> Forecast {
    let Some(model) = MODEL.as_ref() else {
        return Forecast { gain: 0.5, known: 0.0, success: [[0.0; 2]; ABILITIES], stray: 0.25 };
    };
    let shape = features.shape();
    let known = model.known(features.words());
    Forecast {
        gain: model.rank(shape, model.raw(features, known)),
        known: f64::from(known),
        success: model.success[shape.index()],
        stray: model.stray[shape.index()],
    }
}

/// The bytes of the built-in artefact, where it has the layout that this build reads.
#[cfg(test)]
pub(crate) fn bytes() -> Option<usize> {
    MODEL.is_some().then_some(WEIGHTS.len())
}
