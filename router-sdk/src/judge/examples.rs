//! The settings in, asks of known difficulty out: the user's own, or about a hundred that are built in.

use crate::config::JudgeConfig;

/// A difficulty and an ask a line, written for this project and graded by judgement.
const BUILT_IN: &str = include_str!("examples.tsv");

/// Asks and their difficulties.
pub(super) fn of(settings: &JudgeConfig) -> Vec<(String, f64)> {
    if settings.examples.is_empty() {
        return built_in();
    }
    settings.examples.iter().map(|example| (example.prompt.clone(), example.difficulty)).collect()
}

fn built_in() -> Vec<(String, f64)> {
    let line = |line: &str| {
        let (difficulty, prompt) = line.split_once('\t')?;
        Some((prompt.to_owned(), difficulty.parse().ok()?))
    };
    BUILT_IN.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_example_is_read_and_the_scale_is_covered() {
        let examples = built_in();
        assert_eq!(examples.len(), BUILT_IN.lines().count());
        assert!(examples.len() >= 90, "{}", examples.len());
        assert!(examples.iter().all(|(prompt, d)| !prompt.trim().is_empty() && (0.0..=1.0).contains(d)));
        for tenth in 0..9 {
            let inside = |d: f64| (f64::from(tenth) / 10.0..f64::from(tenth + 2) / 10.0).contains(&d);
            assert!(examples.iter().filter(|(_, d)| inside(*d)).count() >= 6, "{tenth}");
        }
    }
}
