//! Usage normalised across providers: counts in, one set of totals out.

use serde::Serialize;

/// Tokens of one attempt, with one meaning for every provider.
///
/// `input` includes cached and cache-written tokens; `output` includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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
    /// True when any count is this library's estimate and not the provider's word.
    pub estimated: bool,
    /// Cost in nano-dollars as the provider itself stated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_cost_nanos: Option<u64>,
}

impl Usage {
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
