//! Tests of failure reading: hand-written bodies by shape and spelling, delays, masking, and recorded errors.

mod bodies;
mod delays;
mod quoted;
mod replay;
mod shapes;
mod verdicts;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::provider::Failure;

/// Sunday, 6 November 1994, 08:49:37 GMT.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(784_111_777).unwrap()
}

pub(super) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

pub(super) fn explain(status: u16, pairs: &[(&'static str, &str)], body: &str) -> Failure {
    super::explain_at(status, &headers(pairs), body.as_bytes(), now())
}
