//! Features in, forecasts out: a linear model of int8 weights that is built into the crate.

use std::sync::LazyLock;

use super::features::{BUCKET_BITS, Features, SURFACE};

/// Bytes of the trained artefact; `training/train.py` writes them and documents the layout.
static WEIGHTS: &[u8] = include_bytes!("weights.bin");

/// Gain, then success of a weak, a mid and a strong model.
const OUTPUTS: usize = 4;
const BUCKETS: usize = 1 << BUCKET_BITS;
const KNOTS: usize = 33;
const FILTER_BITS: u32 = 18;
const MAGIC: &[u8; 4] = b"CRW3";
/// Surface values count up to this many spreads from their mean.
const CLIP: f32 = 3.0;

/// What the trained model expects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast {
    /// Expected gain of a strong over a weak model as a rank, 0 to 1.
    pub gain: f64,
    /// Expected success of a weak, a mid and a strong model.
    pub success: [f64; 3],
    /// Share of the words that training knew.
    pub known: f64,
}

struct Model {
    step: f32,
    mean: [f32; SURFACE],
    inverse: [f32; SURFACE],
    surface: [[f32; OUTPUTS]; SURFACE],
    bias: [f32; OUTPUTS],
    knots: [f32; KNOTS],
    table: &'static [u8],
    filter: &'static [u8],
}

static MODEL: LazyLock<Option<Model>> = LazyLock::new(|| Model::parse(WEIGHTS));

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
        let shape = [BUCKET_BITS as u8, SURFACE as u8, OUTPUTS as u8, KNOTS as u8];
        if reader.take(4)? != MAGIC || reader.take(4)? != shape {
            return None;
        }
        let step = reader.float()?;
        let (mean, inverse) = (reader.floats()?, reader.floats()?);
        let mut surface = [[0.0; OUTPUTS]; SURFACE];
        for row in &mut surface {
            *row = reader.floats()?;
        }
        let (bias, knots) = (reader.floats()?, reader.floats()?);
        let table = reader.take(BUCKETS)?;
        let filter = reader.take(1 << (FILTER_BITS - 3))?;
        reader.0.is_empty().then_some(Self { step, mean, inverse, surface, bias, knots, table, filter })
    }

    fn knows(&self, word: u32) -> bool {
        let bit = (word.wrapping_mul(0x9E37_79B1) >> (32 - FILTER_BITS)) as usize;
        self.filter[bit / 8] & (1 << (bit % 8)) != 0
    }

    fn raw(&self, features: &Features) -> [f32; OUTPUTS] {
        let buckets = features.buckets();
        let sum: i32 = buckets.iter().map(|at| i32::from(self.table[usize::from(*at)] as i8)).sum();
        let mut out = self.bias;
        out[0] += sum as f32 * self.step / (buckets.len().max(1) as f32).sqrt();
        for (at, value) in features.surface().iter().enumerate() {
            let scaled = ((value - self.mean[at]) * self.inverse[at]).clamp(-CLIP, CLIP);
            for (sum, weight) in out.iter_mut().zip(self.surface[at]) {
                *sum += scaled * weight;
            }
        }
        out
    }

    // The share of training prompts that gain less, linear between the knots.
    fn rank(&self, gain: f32) -> f64 {
        let above = self.knots.partition_point(|knot| *knot < gain);
        if above == 0 {
            return 0.0;
        }
        if above == KNOTS {
            return 1.0;
        }
        let (low, high) = (self.knots[above - 1], self.knots[above]);
        let part = f64::from((gain - low) / (high - low).max(f32::EPSILON));
        ((above - 1) as f64 + part) / (KNOTS - 1) as f64
    }
}

/// Forecasts the gain and the success of models for these features.
pub(crate) fn forecast(features: &Features) -> Forecast {
    let Some(model) = MODEL.as_ref() else {
        return Forecast { gain: 0.5, success: [0.5, 0.65, 0.8], known: 0.0 };
    };
    let raw = model.raw(features);
    let words = features.words();
    let known = words.iter().filter(|word| model.knows(**word)).count() as f64 / words.len().max(1) as f64;
    let logistic = |value: f32| 1.0 / (1.0 + (-f64::from(value)).exp());
    Forecast { gain: model.rank(raw[0]), success: [logistic(raw[1]), logistic(raw[2]), logistic(raw[3])], known }
}

/// Whether the built-in artefact has the layout that this build reads.
#[cfg(test)]
pub(crate) fn loads() -> bool {
    MODEL.is_some()
}
