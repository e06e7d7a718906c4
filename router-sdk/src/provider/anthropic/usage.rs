//! Anthropic's usage objects in, later ones overlaid on earlier; normalised counts and the OpenAI object out.

use serde_json::Value;

use crate::wire::{Object, Usage};

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
        Some(Usage {
            input: self.count("input_tokens").saturating_add(read).saturating_add(written),
            cached_read: read,
            cache_write: written - long,
            cache_write_1h: long,
            output,
            reasoning: count(thought).min(output),
            ..Usage::default()
        })
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
