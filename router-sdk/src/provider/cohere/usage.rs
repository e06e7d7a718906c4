//! Cohere's usage object in; normalised counts and the OpenAI object out.

use serde_json::Value;

use super::turns::given;
use crate::wire::Usage;

/// The counts, if there are any.
///
/// Cohere counts twice: `tokens` is what the model saw, its own template of some hundred tokens included, and
/// `billed_units` what its prices are for. Counts are there to be paid and compared, so the billed ones are taken.
/// `cached_tokens` is part of the first count and changes nothing in the bill, so it is no part of these.
pub(super) fn usage(usage: &Value) -> Option<Usage> {
    let side =
        |name: &str| ["billed_units", "tokens"].iter().find_map(|group| usage.get(*group)?.get(name).and_then(number));
    let (input, output) = (side("input_tokens"), side("output_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let output = output.unwrap_or(0);
    let thought = usage.get("tokens").and_then(|t| t.get("reasoning_tokens")).and_then(number).unwrap_or(0);
    Some(Usage { input: input.unwrap_or(0), output, reasoning: thought.min(output), ..Usage::default() })
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0 && f.is_finite()).map(|f| f as u64))
}

/// The OpenAI usage object, with both of Cohere's counts beside.
pub(super) fn to_openai(counts: &Usage, usage: &Value) -> Value {
    let mut out = counts.to_openai();
    if let Some(out) = out.as_object_mut() {
        for (name, value) in usage.as_object().into_iter().flatten() {
            if given(usage, name).is_some() {
                out.insert(name.clone(), value.clone());
            }
        }
    }
    out
}
