//! The figures of one group, as they are told to callers.

use serde::Serialize;

/// What requests used and cost. Money in US dollars and, as `…_nanos`, in whole nano-dollars; times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Figures {
    /// Requests of callers.
    pub requests: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that failed; without those that the caller gave up.
    pub errors: u64,
    /// Those that the caller gave up.
    pub cancelled: u64,
    /// The share of requests that failed, from 0 to 1.
    pub error_rate: f64,
    /// Requests whose first send was not enough: asked again, elsewhere, or a second time at once.
    pub retried: u64,
    /// Answers that broke off and were completed by another send.
    pub resumed: u64,
    /// Requests that the built-in sandbox answered: their money is nobody's.
    pub sandbox: u64,
    /// Tokens by kind, of answers and of what was said before a failure.
    pub tokens: TokenSums,
    /// What everything cost, failed sends, probes and copies for comparison included.
    pub cost: f64,
    /// The same in nano-dollars.
    pub cost_nanos: u64,
    /// The part of the cost that no caller asked for: probes and copies for comparison.
    pub side_cost: f64,
    /// The same in nano-dollars.
    pub side_cost_nanos: u64,
    /// Answered requests whose cost is not known and so not counted.
    pub unpriced: u64,
    /// Requests whose cost is an estimate.
    pub estimated: u64,
    /// Against the named baseline: what `baseline` says, else the dearest model that could have answered each request.
    pub baseline: Against,
    /// Against the best single model: the ablest that could have answered each request.
    pub best_single: Against,
    /// From the request to the end of its answer, of answered requests.
    pub latency_ms: Percentiles,
    /// From the request to the first output, of answered streams.
    pub first_token_ms: Percentiles,
    /// What the cache did.
    pub cached: Cached,
}

/// What another choice of models would have cost for the same tokens: an estimate, since it would have said other words.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Against {
    /// Answered requests for which both costs are known; only they are compared.
    pub requests: u64,
    /// What it would have cost.
    pub cost: f64,
    /// The same in nano-dollars.
    pub cost_nanos: u64,
    /// What these requests did cost.
    pub actual: f64,
    /// The same in nano-dollars.
    pub actual_nanos: u64,
    /// The difference; negative when more was spent.
    pub saved: f64,
    /// The same in nano-dollars.
    pub saved_nanos: i64,
    /// The difference as a share of what it would have cost; absent where that is nothing.
    pub saved_share: Option<f64>,
    /// The models compared with, those of most money first, five at most.
    pub models: Vec<String>,
}

/// Tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenSums {
    /// Input, cached tokens included.
    pub input: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// Input read from providers' caches.
    pub cached_read: u64,
    /// Input written to providers' caches.
    pub cache_write: u64,
    /// Input written to them for an hour.
    pub cache_write_1h: u64,
    /// Output spent on reasoning.
    pub reasoning: u64,
    /// Input that is sound.
    pub audio_in: u64,
    /// Output that is sound.
    pub audio_out: u64,
}

/// The times within which 50, 95 and 99 of a hundred ended; absent where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Percentiles {
    /// The median.
    pub p50: Option<f64>,
    /// 95 of a hundred.
    pub p95: Option<f64>,
    /// 99 of a hundred.
    pub p99: Option<f64>,
}

/// What this library's cache did, in requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cached {
    /// Answered from the cache, the same request.
    pub hit: u64,
    /// Answered from the cache, a request in other words.
    pub semantic: u64,
    /// Looked for in the cache in vain.
    pub miss: u64,
    /// Not looked for.
    pub bypass: u64,
    /// Hits of both kinds as a share of what was looked for; absent where nothing was.
    pub rate: Option<f64>,
}
