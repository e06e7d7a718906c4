//! A vector in, a short one of small whole numbers out, whose products are quick to take.

use super::lexical::hash;

/// Numbers of a sketch.
pub(super) const WIDTH: usize = 128;

/// How far the cosine of two sketches may be from that of their vectors, but for one in thousands.
pub(super) const SLACK: f32 = 0.12;

/// A vector of length 1 as bytes, with the factor that makes numbers of them again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sketch {
    pub(super) bytes: [i8; WIDTH],
    pub(super) scale: f32,
}

/// Every number of the vector goes to four places, with signs; a vector that fits is taken as it is.
pub(super) fn sketch(vector: &[f32]) -> Sketch {
    let mut folded = [0.0f32; WIDTH];
    if vector.len() <= WIDTH {
        folded.iter_mut().zip(vector).for_each(|(slot, x)| *slot = *x);
    } else {
        for (at, x) in vector.iter().enumerate() {
            let mut places = hash((at as u64).to_le_bytes().into_iter(), 3);
            for _ in 0..4 {
                let sign = if places & 0x80 == 0 { 0.5 } else { -0.5 };
                folded[(places % WIDTH as u64) as usize] += sign * x;
                places >>= 16;
            }
        }
    }
    let length = folded.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    let most = folded.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
    let bytes = folded.map(|x| (x / most * 127.0).round() as i8);
    Sketch { bytes, scale: most / 127.0 / length }
}

/// A sketch that others are compared with.
pub(super) type Wide = [i16; WIDTH];

impl Sketch {
    /// The same numbers in twice the room, so that products need none of their own.
    pub(super) fn wide(&self) -> Wide {
        self.bytes.map(i16::from)
    }
}

/// Sums that run beside each other.
const LANES: usize = 8;

/// The product of two rows, in lanes that the compiler makes wide instructions of.
pub(super) fn product(row: &[i8; WIDTH], wanted: &Wide) -> i32 {
    let mut sums = [0i32; LANES];
    for (row, wanted) in row.as_chunks::<LANES>().0.iter().zip(wanted.as_chunks::<LANES>().0) {
        for ((sum, row), wanted) in sums.iter_mut().zip(row).zip(wanted) {
            *sum += i32::from(*row) * i32::from(*wanted);
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::lexical::unit;
    use super::*;

    #[test]
    fn sketches_are_as_near_as_their_vectors() {
        // Numbers that look like chance and are the same in every run.
        let mut state = 7u64;
        let mut next = || {
            state = hash(state.to_le_bytes().into_iter(), 9);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        for length in [64, 128, 256, 1_536] {
            for mix in [0.0, 0.2, 0.5, 1.0] {
                let a: Vec<f32> = (0..length).map(|_| next()).collect();
                let b = a.iter().map(|x| x + mix * next()).collect();
                let (a, b) = (unit(a).unwrap(), unit(b).unwrap());
                let real: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
                let (s, t) = (sketch(&a), sketch(&b));
                let told = product(&s.bytes, &t.wide()) as f32 * s.scale * t.scale;
                assert!((real - told).abs() < SLACK, "{length} {mix}: {real} {told}");
            }
        }
    }
}
