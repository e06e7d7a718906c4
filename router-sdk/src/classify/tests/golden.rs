//! Training and routing see the same: features to the bit, forecasts of the embedded artefact as training reads it.

use serde::Deserialize;

use super::body;
use crate::classify::reading::Reading;
use crate::classify::{features, needs, predictor, rules, wording};

// Written by `training/train.py` with the artefact.
const GOLDEN: &str = include_str!("../testdata/golden.json");

#[derive(Deserialize)]
struct Row {
    prompt: String,
    shape: usize,
    buckets: Vec<u32>,
    surface: Vec<u32>,
    gain: f64,
    heard: Vec<f32>,
}

#[test]
fn training_and_routing_see_the_same_features_and_forecasts() {
    let rows: Vec<Row> = serde_json::from_str(GOLDEN).unwrap();
    assert!(rows.len() >= 10);
    for row in rows {
        let request = body(serde_json::json!({"messages": [{"role": "user", "content": row.prompt}]}));
        let reading = Reading::of(&request);
        let verdict = rules::judge(&reading, &needs(&request));
        let (odds, _) = wording::odds(&reading.folded, &verdict).unwrap();
        assert!(odds.iter().zip(&row.heard).all(|(own, read)| (own - read).abs() < 1e-3), "{}: {odds:?}", row.prompt);
        let found = features::extract_all(&reading, &verdict);
        let mut buckets = found.buckets().to_vec();
        buckets.sort_unstable();
        let bits: Vec<u32> = found.surface().iter().map(|value| value.to_bits()).collect();
        assert_eq!((found.shape().index(), &buckets), (row.shape, &row.buckets), "{}", row.prompt);
        assert_eq!(bits, row.surface, "{}", row.prompt);
        let gain = predictor::forecast(&found).gain;
        assert!((gain - row.gain).abs() < 1e-4, "{}: {gain} is not {}", row.prompt, row.gain);
        // Routing leaves out what weighs nothing.
        let less = predictor::forecast(&features::extract(&reading, &verdict)).gain;
        assert!((gain - less).abs() < 1e-12, "{}: {less} is not {gain}", row.prompt);
    }
}
