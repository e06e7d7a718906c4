//! How many requests and tokens a subject may use over which time: settings in, checked settings out.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::store::Measure;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The largest figure that survives every language's numbers.
const LARGEST: u64 = 9_007_199_254_740_991;

/// Requests, tokens and requests at the same time of one subject: a key, a tag, a model, a provider or all together.
///
/// Each figure holds over any stretch of its length, not over clock hours: no minute that one picks has more requests
/// than `requests_per_minute`. What is absent is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Requests in any second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u64>,
    /// Requests in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Requests in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_hour: Option<u64>,
    /// Requests in any 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Input tokens in any second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_second: Option<u64>,
    /// Input tokens in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_minute: Option<u64>,
    /// Input tokens in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_hour: Option<u64>,
    /// Input tokens in any 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_day: Option<u64>,
    /// Output tokens in any second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_second: Option<u64>,
    /// Output tokens in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_minute: Option<u64>,
    /// Output tokens in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_hour: Option<u64>,
    /// Output tokens in any 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_day: Option<u64>,
    /// Tokens of both kinds in any second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<u64>,
    /// Tokens of both kinds in any minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Tokens of both kinds in any hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_hour: Option<u64>,
    /// Tokens of both kinds in any 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Requests at the same time, until the end of their answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
}

/// One figure: its name, what it counts, over how many milliseconds, and the most of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) measure: Measure,
    /// Absent for what counts while it is held.
    pub(crate) per_ms: Option<u64>,
    pub(crate) cap: u64,
}

impl Limits {
    /// The figures that are set.
    pub(crate) fn figures(&self) -> impl Iterator<Item = Figure> {
        use Measure::{Concurrency, InputTokens, OutputTokens, Requests, Tokens};
        let all = [
            ("requests_per_second", Requests, Some(SECOND), self.requests_per_second),
            ("requests_per_minute", Requests, Some(MINUTE), self.requests_per_minute),
            ("requests_per_hour", Requests, Some(HOUR), self.requests_per_hour),
            ("requests_per_day", Requests, Some(DAY), self.requests_per_day),
            ("input_tokens_per_second", InputTokens, Some(SECOND), self.input_tokens_per_second),
            ("input_tokens_per_minute", InputTokens, Some(MINUTE), self.input_tokens_per_minute),
            ("input_tokens_per_hour", InputTokens, Some(HOUR), self.input_tokens_per_hour),
            ("input_tokens_per_day", InputTokens, Some(DAY), self.input_tokens_per_day),
            ("output_tokens_per_second", OutputTokens, Some(SECOND), self.output_tokens_per_second),
            ("output_tokens_per_minute", OutputTokens, Some(MINUTE), self.output_tokens_per_minute),
            ("output_tokens_per_hour", OutputTokens, Some(HOUR), self.output_tokens_per_hour),
            ("output_tokens_per_day", OutputTokens, Some(DAY), self.output_tokens_per_day),
            ("tokens_per_second", Tokens, Some(SECOND), self.tokens_per_second),
            ("tokens_per_minute", Tokens, Some(MINUTE), self.tokens_per_minute),
            ("tokens_per_hour", Tokens, Some(HOUR), self.tokens_per_hour),
            ("tokens_per_day", Tokens, Some(DAY), self.tokens_per_day),
            ("concurrency", Concurrency, None, self.concurrency),
        ];
        let figure =
            |(name, measure, per_ms, cap): (_, _, _, Option<u64>)| cap.map(|cap| Figure { name, measure, per_ms, cap });
        all.into_iter().filter_map(figure)
    }

    /// True when nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.figures().next().is_none()
    }

    /// Checks the figures. `field` is the name under which they stand, such as `limits.global`.
    ///
    /// # Errors
    /// `InvalidConfig` that names the figure and the fix.
    pub fn check(&self, field: &str) -> Result<(), Error> {
        match self.figures().find(|figure| figure.cap == 0 || figure.cap > LARGEST) {
            None => Ok(()),
            Some(Figure { name, cap: 0, .. }) => {
                let fix = "must be at least 1; leave it out for no limit";
                Err(Error::invalid_config(format!("{field}.{name}"), fix))
            }
            Some(Figure { name, .. }) => {
                Err(Error::invalid_config(format!("{field}.{name}"), format!("must be at most {LARGEST}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_a_figure_under_its_own_name() {
        let fields = serde_json::to_value(Limits::default()).unwrap();
        assert_eq!(fields, json!({}));
        let names = ["requests", "input_tokens", "output_tokens", "tokens"];
        let spans = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];
        let mut set = json!({"concurrency": 1});
        for (i, name) in names.iter().enumerate() {
            for (j, (span, _)) in spans.iter().enumerate() {
                set[format!("{name}_per_{span}")] = json!(2 + i * 10 + j);
            }
        }
        let limits: Limits = serde_json::from_value(set.clone()).unwrap();
        assert_eq!(serde_json::to_value(limits).unwrap(), {
            let mut sorted = serde_json::Map::new();
            for figure in limits.figures() {
                sorted.insert(figure.name.into(), figure.cap.into());
                let span = figure.name.rsplit_once("_per_");
                if let Some((name, span)) = span {
                    let seconds = spans.iter().find(|(s, _)| *s == span).unwrap().1;
                    assert_eq!((figure.measure.as_str(), figure.per_ms), (name, Some(seconds * 1_000)));
                }
            }
            serde_json::Value::Object(sorted)
        });
        assert_eq!(limits.figures().count(), set.as_object().unwrap().len());
    }

    #[test]
    fn a_figure_of_nothing_or_too_much_is_refused_by_name() {
        let none = Limits { requests_per_hour: Some(0), ..Limits::default() };
        let error = none.check("limits.tags.team=x").unwrap_err();
        assert_eq!(error.param(), Some("limits.tags.team=x.requests_per_hour"));
        let much = Limits { tokens_per_day: Some(u64::MAX), ..Limits::default() };
        assert_eq!(much.check("limits.global").unwrap_err().param(), Some("limits.global.tokens_per_day"));
        assert!(Limits { concurrency: Some(1), ..Limits::default() }.check("limits.global").is_ok());
    }
}
