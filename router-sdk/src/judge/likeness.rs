//! Vectors of examples and of an ask in, the difficulty of the examples that it is most like out. Pure.

/// Neighbours that are listened to.
const NEIGHBOURS: usize = 8;
/// An example whose cosine is this much below the best one's counts a factor of e less.
const FADES: f32 = 0.05;

/// Examples of known difficulty, as vectors of length one.
#[derive(Debug)]
pub(super) struct Known {
    points: Vec<(Vec<f32>, f64)>,
}

impl Known {
    /// Nothing where there is not a vector for each example, or where they do not fit together.
    pub(super) fn new(vectors: Vec<Vec<f32>>, difficulties: impl ExactSizeIterator<Item = f64>) -> Option<Self> {
        let size = vectors.first()?.len();
        if vectors.len() != difficulties.len() || vectors.iter().any(|vector| vector.len() != size) {
            return None;
        }
        // An example of which a model knows no word is like nothing.
        let points: Vec<_> =
            vectors.into_iter().zip(difficulties).filter_map(|(vector, d)| Some((unit(vector)?, d))).collect();
        (!points.is_empty()).then_some(Self { points })
    }

    /// The mean difficulty of the nearest examples, the nearer the more. Nothing for a vector of another make.
    pub(super) fn difficulty(&self, own: Vec<f32>) -> Option<f64> {
        let own = unit(own)?;
        if self.points.iter().any(|(point, _)| point.len() != own.len()) {
            return None;
        }
        let cosine = |point: &[f32]| point.iter().zip(&own).map(|(a, b)| a * b).sum::<f32>();
        let mut near: Vec<(f32, f64)> = self.points.iter().map(|(point, d)| (cosine(point), *d)).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.truncate(NEIGHBOURS);
        let (best, _) = *near.first()?;
        let weighed = near.iter().map(|(cosine, d)| (f64::from((cosine - best) / FADES).exp(), *d));
        let (sum, weights) = weighed.fold((0.0, 0.0), |(sum, all), (weight, d)| (sum + weight * d, all + weight));
        Some(sum / weights)
    }
}

/// The same direction with length one; nothing where there is no direction.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return None;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_examples_say_how_hard_it_is() {
        let vectors = vec![vec![1.0, 0.0], vec![2.0, 0.1], vec![0.0, 1.0], vec![0.1, 3.0]];
        let known = Known::new(vectors, [0.1, 0.2, 0.8, 0.9].into_iter()).unwrap();
        let easy = known.difficulty(vec![5.0, 0.1]).unwrap();
        let hard = known.difficulty(vec![0.1, 0.5]).unwrap();
        assert!((0.1..0.2).contains(&easy) && (0.8..0.9).contains(&hard), "{easy} {hard}");
        let between = known.difficulty(vec![1.0, 1.0]).unwrap();
        assert!((0.4..0.7).contains(&between), "{between}");
    }

    #[test]
    fn an_example_itself_has_its_own_difficulty_nearly() {
        let points: Vec<Vec<f32>> = (0..20).map(|n| (0..20).map(|m| f32::from(u8::from(n == m))).collect()).collect();
        let known = Known::new(points.clone(), (0..20).map(|n| f64::from(n) / 20.0)).unwrap();
        for (n, point) in points.into_iter().enumerate() {
            assert!((known.difficulty(point).unwrap() - n as f64 / 20.0).abs() < 1e-6);
        }
    }

    #[test]
    fn what_does_not_fit_says_nothing() {
        assert!(Known::new(vec![vec![1.0], vec![1.0, 2.0]], [0.1, 0.2].into_iter()).is_none());
        assert!(Known::new(vec![vec![1.0]], [0.1, 0.2].into_iter()).is_none());
        assert!(Known::new(vec![vec![0.0, 0.0]], [0.1].into_iter()).is_none());
        let known = Known::new(vec![vec![1.0, 0.0], vec![0.0, 0.0]], [0.1, 0.9].into_iter()).unwrap();
        assert_eq!(known.difficulty(vec![0.3, 0.0]), Some(0.1));
        for odd in [vec![], vec![1.0], vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 0.0]] {
            assert_eq!(known.difficulty(odd.clone()), None, "{odd:?}");
        }
    }
}
