//! Anthropic's usage objects in, later ones overlaid on earlier; normalised counts and the OpenAI object out.

use serde_json::Value;

use crate::wire::{Object, ServiceTier, Usage};

/// Usage as it comes in over a reply. Counts are cumulative, so the last word on each holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    fields: Object,
}

impl Books {
    /// Takes a usage object; nulls say nothing.
    pub(super) fn add(&mut self, usage: Option<&Value>) {
        for (name, value) in usage.and_then(Value::as_object).into_iter().flatten() {
            if !value.is_null() {
                self.fields.insert(name.clone(), value.clone());
            }
        }
    }

    fn count(&self, name: &str) -> u64 {
        count(self.fields.get(name))
    }

    /// The counts, if the provider gave any. Anthropic's input leaves out what the cache gave and took.
    pub(super) fn usage(&self) -> Option<Usage> {
        if !self.fields.contains_key("input_tokens") && !self.fields.contains_key("output_tokens") {
            return None;
        }
        let read = self.count("cache_read_input_tokens");
        let split = self.fields.get("cache_creation");
        let long = count(split.and_then(|s| s.get("ephemeral_1h_input_tokens")));
        let short = count(split.and_then(|s| s.get("ephemeral_5m_input_tokens")));
        let written = self.count("cache_creation_input_tokens").max(long.saturating_add(short));
        let thought = self.fields.get("output_tokens_details").and_then(|d| d.get("thinking_tokens"));
        let output = self.count("output_tokens");
        let usage = Usage {
            input: self.count("input_tokens").saturating_add(read).saturating_add(written),
            cached_read: read,
            cache_write: written - long,
            cache_write_1h: long,
            output,
            reasoning: count(thought).min(output),
            service_tier: self.fields.get("service_tier").and_then(Value::as_str).and_then(ServiceTier::parse),
            reported_cost_nanos: self.fields.get("cost").and_then(Value::as_f64).and_then(nanos),
            ..Usage::default()
        };
        Some(usage.bounded())
    }

    /// The OpenAI usage object, with what Anthropic says besides.
    pub(super) fn to_openai(&self, usage: &Usage) -> Value {
        let mut out = usage.to_openai();
        if let Some(out) = out.as_object_mut() {
            for (name, value) in &self.fields {
                // These two would be read as totals, which they are not.
                if name != "input_tokens" && name != "output_tokens" {
                    out.insert(name.clone(), value.clone());
                }
            }
        }
        out
    }
}

/// A count, also where it is written as a float.
fn count(value: Option<&Value>) -> u64 {
    let Some(value) = value else { return 0 };
    value.as_u64().or_else(|| value.as_f64().filter(|f| *f > 0.0).map(|f| f as u64)).unwrap_or(0)
}

/// Dollars as nano-dollars: brokers that speak this shape state what a call cost.
fn nanos(usd: f64) -> Option<u64> {
    let nanos = (usd * 1e9).round();
    (0.0..1e18).contains(&nanos).then_some(nanos as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usage(fields: Value) -> Usage {
        let mut books = Books::default();
        books.add(Some(&fields));
        books.usage().unwrap()
    }

    #[test]
    fn cache_writes_are_told_apart_by_how_long_they_last() {
        let read =
            usage(json!({"input_tokens": 12, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}, "output_tokens": 40,
            "output_tokens_details": {"thinking_tokens": 30}, "service_tier": "standard"}));
        let wanted = Usage {
            input: 812,
            cached_read: 500,
            cache_write: 100,
            cache_write_1h: 200,
            output: 40,
            reasoning: 30,
            ..Usage::default()
        };
        assert_eq!(read, wanted);
        // Without the split all of it is of five minutes; a split that is larger than its sum holds.
        let whole = usage(json!({"input_tokens": 1, "cache_creation_input_tokens": 300, "output_tokens": 2}));
        assert_eq!((whole.input, whole.cache_write, whole.cache_write_1h), (301, 300, 0));
        let odd = usage(json!({"input_tokens": 1, "cache_creation_input_tokens": null, "output_tokens": 2,
            "cache_creation": {"ephemeral_1h_input_tokens": 7}}));
        assert_eq!((odd.input, odd.cache_write, odd.cache_write_1h), (8, 0, 7));
    }

    #[test]
    fn tiers_and_costs_are_read_where_they_are_told() {
        let read = usage(json!({"input_tokens": 1, "output_tokens": 2, "service_tier": "batch", "cost": 0.000112}));
        assert_eq!((read.service_tier, read.reported_cost_nanos), (Some(ServiceTier::Batch), Some(112_000)));
        let odd = usage(json!({"input_tokens": 1, "output_tokens": 2, "service_tier": 5, "cost": "much"}));
        assert_eq!((odd.service_tier, odd.reported_cost_nanos), (None, None));
    }

    #[test]
    fn counts_of_any_size_stay_within_their_whole() {
        for big in [u64::MAX, u64::MAX - 3, 1 << 63] {
            let read =
                usage(json!({"input_tokens": big, "cache_read_input_tokens": big, "cache_creation_input_tokens": big,
                "cache_creation": {"ephemeral_5m_input_tokens": big, "ephemeral_1h_input_tokens": big},
                "output_tokens": 3, "output_tokens_details": {"thinking_tokens": big}}));
            assert!(read.cached_read <= read.input && read.reasoning <= read.output);
            assert!(read.cache_write <= read.input - read.cached_read);
        }
    }
}
