//! The OpenAI shape, the only language inside: requests in, replies, chunks and usage out.

mod chunk;
mod dated;
mod estimate;
mod info;
mod request;
mod response;
mod route;
mod unfold;
mod usage;
mod validate;

pub use chunk::ChatChunk;
pub(crate) use dated::{UNDATED, date};
pub use estimate::{estimate_request_tokens, estimate_tokens};
pub use info::{AttemptRecord, RouteInfo};
pub use request::ChatRequest;
pub use response::ChatResponse;
pub use route::{MaxPrice, RouteOptions, Strategy};
pub(crate) use unfold::chunks_of;
pub use usage::Usage;
pub(crate) use validate::{not_a_table, route_options as check_route, size as check_size, without_values};

/// A JSON object that keeps the order of its keys.
pub type Object = serde_json::Map<String, serde_json::Value>;
