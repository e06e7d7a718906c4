//! Whether a second opinion is worth its price: a task and the plans at both ends of its band in, a decision out.

use crate::classify::Task;
use crate::provider::Target;
use crate::select::Plan;

/// The difficulties between which the classifier's word may be wrong: its own, less and more one standard deviation of
/// what it expects of models. Where it recognised nothing that is a quarter of the scale to either side.
pub(crate) fn band(task: &Task) -> (f64, f64) {
    let half = task.success.uncertainty;
    ((task.difficulty - half).max(0.0), (task.difficulty + half).min(1.0))
}

/// What the doubt is worth in nano-dollars: the difference in expected cost between the choices at both ends. Nothing
/// where both choose the same model. Unknown costs are worth any question.
pub(crate) fn stakes(low: &Plan, high: &Plan) -> Option<u64> {
    let (low, high) = (low.candidates.first()?, high.candidates.first()?);
    let same = |a: &Target, b: &Target| a.key() == b.key() && a.effort == b.effort;
    if same(&low.target, &high.target) {
        return None;
    }
    match (low.cost_nanos, high.cost_nanos) {
        (Some(low), Some(high)) => Some(high.abs_diff(low)),
        _ => Some(u64::MAX),
    }
}

/// The difficulty that a judge's word leads to: its own within the band, else the nearer end of it.
pub(crate) fn settled(task: &Task, judged: f64) -> f64 {
    let (low, high) = band(task);
    judged.clamp(low, high)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::classify::classify;

    fn task(difficulty: f64, uncertainty: f64) -> Task {
        let mut task = classify(json!({"messages": [{"role": "user", "content": "hi"}]}).as_object().unwrap());
        task.difficulty = difficulty;
        task.success.uncertainty = uncertainty;
        task
    }

    #[test]
    fn a_word_moves_the_difficulty_within_the_band_and_no_further() {
        let task = task(0.4, 0.2);
        for (judged, settled_at) in [(0.5, 0.5), (1.0, 0.6), (0.0, 0.2), (0.25, 0.25)] {
            assert!((settled(&task, judged) - settled_at).abs() < 1e-9);
        }
    }

    #[test]
    fn the_band_stays_on_the_scale() {
        assert_eq!(band(&task(0.05, 0.2)).0, 0.0);
        assert_eq!(band(&task(0.95, 0.2)).1, 1.0);
    }
}
