//! Settings of the second opinion on a difficulty: a model that judges or examples that an ask is likened to, and bounds.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::cache::folder;
use crate::error::Error;

/// Who is asked how hard a request is, where the offline classifier's doubt would change the choice: a `model`, or an
/// `embedder` that finds the examples which the request is most like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JudgeConfig {
    /// `provider/model` that judges.
    #[serde(default)]
    pub model: Option<String>,
    /// In place of `model`: what makes the vectors by which a request is likened to `examples`. An embedding model as
    /// `provider/model`, or the path of a static one on disk, absolute or beginning with `./` or `../`.
    #[serde(default)]
    pub embedder: Option<String>,
    /// Asks of known difficulty, for `embedder`; default about a hundred that are built in.
    #[serde(default)]
    pub examples: Vec<JudgeExample>,
    /// How long a judgement may take, in milliseconds. Without one in time the classifier's word stands. Default 800.
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
    /// The most characters of a request that the judge is shown. Default 4,000.
    #[serde(default = "max_chars")]
    pub max_chars: usize,
    /// Judgements that are remembered; 0 remembers none. Default 10,000.
    #[serde(default = "cache_entries")]
    pub cache_entries: u64,
    /// How long one is remembered, in seconds. Default 3,600.
    #[serde(default = "cache_ttl_s")]
    pub cache_ttl_s: u64,
}

/// An ask whose difficulty is known, for instance from what models of different strength made of it.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JudgeExample {
    /// What was asked.
    pub prompt: String,
    /// From 0, any small model answers it as well as the best one, to 1, only the strongest answer it well.
    pub difficulty: f64,
}

/// What somebody asked is shown nowhere.
impl fmt::Debug for JudgeExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JudgeExample").field("difficulty", &self.difficulty).finish_non_exhaustive()
    }
}

/// Fewer examples than these say nothing of anything else.
const FEWEST: usize = 8;
/// More would make the first request that needs them wait for long.
const MOST: usize = 2_000;

fn deadline_ms() -> u64 {
    800
}

fn max_chars() -> usize {
    4_000
}

fn cache_entries() -> u64 {
    10_000
}

fn cache_ttl_s() -> u64 {
    3_600
}

impl JudgeConfig {
    /// The embedding model that is asked for vectors; nothing where it lies on disk or none is configured.
    pub(crate) fn remote(&self) -> Option<&str> {
        self.embedder.as_deref().filter(|name| folder(name).is_none())
    }

    /// Where an embedding model on disk lies.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.embedder.as_deref().and_then(folder)
    }

    /// Values that types alone cannot check.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fault = |field: &str, fix: &str| Err(Error::invalid_config(format!("judge.{field}"), fix));
        let named = |name: &str| name.split_once('/').is_some_and(|(p, m)| !p.is_empty() && !m.is_empty());
        match (&self.model, &self.embedder) {
            (None, None) => {
                return fault("model", "is required: \"provider/model\" that judges, or set judge.embedder");
            }
            (Some(_), Some(_)) => return fault("embedder", "cannot stand beside judge.model; leave out one of them"),
            (Some(model), None) if !named(model) => return fault("model", "must be \"provider/model\""),
            (None, Some(name)) if folder(name).is_none() && !named(name) => {
                let fix = "must be an embedding model as \"provider/model\", or a path that begins with /, ./ or ../";
                return fault("embedder", fix);
            }
            (Some(_), None) if !self.examples.is_empty() => return fault("examples", "are for judge.embedder"),
            _ => {}
        }
        if !self.examples.is_empty() && !(FEWEST..=MOST).contains(&self.examples.len()) {
            return fault("examples", &format!("must be {FEWEST} to {MOST}, or left out for the built-in ones"));
        }
        for (at, example) in self.examples.iter().enumerate() {
            if example.prompt.trim().is_empty() {
                return fault(&format!("examples[{at}].prompt"), "must not be empty");
            }
            if !(0.0..=1.0).contains(&example.difficulty) {
                return fault(&format!("examples[{at}].difficulty"), "must be a number from 0 to 1");
            }
        }
        if !(1..=60_000).contains(&self.deadline_ms) {
            return fault("deadline_ms", "must be from 1 to 60000 milliseconds");
        }
        if !(100..=100_000).contains(&self.max_chars) {
            return fault("max_chars", "must be from 100 to 100000");
        }
        if !(1..=31_536_000).contains(&self.cache_ttl_s) {
            return fault("cache_ttl_s", "must be from 1 to 31536000 seconds");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_not_shown() {
        let example = JudgeExample { prompt: "my diagnosis".into(), difficulty: 0.25 };
        let shown = format!("{example:?}");
        assert!(shown.contains("0.25") && !shown.contains("diagnosis"), "{shown}");
    }
}
