//! The OpenAI shape, the only language inside: requests in, replies, chunks and usage out.

mod bounds;
mod cache;
pub(crate) mod canonical;
mod chunk;
mod dated;
mod embedding;
mod estimate;
mod info;
mod request;
mod response;
mod route;
mod session;
mod unfold;
mod usage;
mod validate;
mod vectors;

pub(crate) use bounds::Bounds;
pub use cache::{CacheMode, CacheOptions, Cached};
pub use chunk::ChatChunk;
pub(crate) use dated::{UNDATED, date};
pub use embedding::{EmbeddingInput, EmbeddingRequest, EncodingFormat};
pub(crate) use estimate::{CAN_COUNT, RequestSize};
pub use estimate::{
    TokenCount, Tokenizer, count_tokens, estimate_request_tokens, estimate_request_tokens_for, estimate_tokens,
    estimate_tokens_for,
};
pub use info::{AttemptRecord, Judged, Resumption, RouteInfo};
pub use request::ChatRequest;
pub use response::ChatResponse;
pub use route::{MaxPrice, OnInterrupt, OnMalformed, ParameterPolicy, Priority, RouteOptions, Strategy};
pub use session::{SessionDecision, SessionInfo};
pub(crate) use unfold::chunks_of;
pub use usage::{CostSource, ServiceTier, Usage};
pub(crate) use validate::{
    LONGEST_TTL_S, not_a_table, route_options as check_route, size as check_size, without_values,
};
pub use vectors::EmbeddingResponse;
pub(crate) use vectors::{from_base64, to_base64};

/// A JSON object that keeps the order of its keys.
pub type Object = serde_json::Map<String, serde_json::Value>;
