//! Usage normalised across providers: counts in, one set of totals out.

use serde::{Deserialize, Serialize};

/// Tokens of one attempt, with one meaning for every provider.
///
/// `input` includes cached and cache-written tokens; `output` includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input: u64,
    /// Input tokens read from the provider's prompt cache.
    pub cached_read: u64,
    /// Input tokens written to the cache with a life of five minutes.
    pub cache_write: u64,
    /// Input tokens written to the cache with a life of one hour.
    pub cache_write_1h: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
    /// Input tokens that are audio.
    pub audio_in: u64,
    /// Output tokens that are audio.
    pub audio_out: u64,
    /// The service tier that the provider says it used, where that is not its ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// True when any count is this library's estimate and not the provider's word.
    pub estimated: bool,
    /// Cost in nano-dollars as the provider itself stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_cost_nanos: Option<u64>,
}

/// A service tier with prices of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceTier {
    /// Answered within hours.
    Batch,
    /// Answered when there is room.
    Flex,
    /// Answered before others.
    Priority,
    /// Answered with capacity that was paid beforehand.
    Provisioned,
}

impl ServiceTier {
    /// A provider's word for it; nothing for the ordinary tier and for words that are not known.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().trim_start_matches("on_demand_") {
            "batch" => Some(Self::Batch),
            "flex" => Some(Self::Flex),
            "priority" => Some(Self::Priority),
            "provisioned" | "provisioned_throughput" | "scale" => Some(Self::Provisioned),
            _ => None,
        }
    }
}

/// Where a cost comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CostSource {
    /// The provider stated it.
    Provider,
    /// The counts are the provider's, the prices those of the catalogue or the configuration.
    Catalogue,
    /// Counts or prices had to be estimated.
    Estimate,
}

impl Usage {
    /// The same with parts that are no larger than what they are parts of, whatever a provider said.
    pub(crate) fn bounded(mut self) -> Self {
        self.cached_read = self.cached_read.min(self.input);
        self.cache_write = self.cache_write.min(self.input - self.cached_read);
        self.cache_write_1h = self.cache_write_1h.min(self.input - self.cached_read - self.cache_write);
        self.audio_in = self.audio_in.min(self.input);
        self.reasoning = self.reasoning.min(self.output);
        self.audio_out = self.audio_out.min(self.output);
        self
    }

    /// The usage object of an OpenAI reply.
    pub fn to_openai(&self) -> serde_json::Value {
        serde_json::json!({
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input.saturating_add(self.output),
            "prompt_tokens_details": {"cached_tokens": self.cached_read, "audio_tokens": self.audio_in},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning, "audio_tokens": self.audio_out},
        })
    }
}
