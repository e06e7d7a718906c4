//! `created` of replies: what a provider left open in, the moment of the request out.

use serde_json::Value;

use super::Object;

/// Stands in `created` until the moment of the request is known; families have no clock of their own.
pub(crate) const UNDATED: i64 = 0;

/// Dates a reply or a chunk that its provider did not date.
pub(crate) fn date(body: &mut Object, at: i64) {
    if body.get("created").and_then(Value::as_i64).is_none_or(|told| told <= UNDATED) {
        body.insert("created".into(), at.into());
    }
}
