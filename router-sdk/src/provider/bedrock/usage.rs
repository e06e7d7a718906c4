//! Converse's usage object in; normalised counts and the OpenAI object out.

use serde_json::Value;

use crate::wire::Usage;

/// The counts, if the provider gave any. Its input leaves out what the cache gave and took; its total does not.
pub(super) fn usage(told: Option<&Value>) -> Option<Usage> {
    let told = told?;
    let output = count(told, "outputTokens").unwrap_or(0);
    let either = |name: &str, also: &str| count(told, name).unwrap_or(0).max(count(told, also).unwrap_or(0));
    let read = either("cacheReadInputTokens", "cacheReadInputTokenCount");
    let written = either("cacheWriteInputTokens", "cacheWriteInputTokenCount");
    let cached = read.saturating_add(written);
    let total = count(told, "totalTokens");
    let input = match (count(told, "inputTokens"), total) {
        // Some count the cache's share in already.
        (Some(input), Some(total)) if cached > 0 && input >= cached && total == input + output => input,
        (Some(input), _) => input.saturating_add(cached),
        (None, Some(total)) => total.saturating_sub(output).max(cached),
        (None, None) => return None,
    };
    let listed = told.get("cacheDetails").and_then(Value::as_array).into_iter().flatten();
    let long = listed.filter(|d| d.get("ttl").is_some_and(|ttl| ttl == "1h")).filter_map(|d| count(d, "inputTokens"));
    let long = long.fold(0, u64::saturating_add).min(written);
    Some(Usage {
        input,
        cached_read: read,
        cache_write: written - long,
        cache_write_1h: long,
        output,
        ..Usage::default()
    })
}

/// The OpenAI usage object, with what Bedrock says besides.
pub(super) fn to_openai(usage: &Usage, told: &Value) -> Value {
    let mut out = usage.to_openai();
    if let Some(out) = out.as_object_mut() {
        for (name, value) in told.as_object().into_iter().flatten() {
            // These would be read as totals, which they are not.
            if !["inputTokens", "outputTokens", "totalTokens"].contains(&name.as_str()) && !value.is_null() {
                out.insert(name.clone(), value.clone());
            }
        }
    }
    out
}

/// A count, also where it is written as a float.
fn count(told: &Value, name: &str) -> Option<u64> {
    let value = told.get(name)?;
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0).map(|f| f as u64))
}
