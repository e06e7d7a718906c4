//! A citation of a text part in; an entry of the chat shape's `annotations` out.

use serde_json::{Value, json};

/// A web page becomes a `url_citation` in its nested form; any other source stays as it came.
///
/// Places count from the beginning of a part; `start` is where the part begins in the whole answer.
pub(super) fn annotation(citation: &Value, start: usize) -> Value {
    let Some(url) = citation.get("url").and_then(Value::as_str) else { return citation.clone() };
    let place = |field: &str| citation.get(field).and_then(Value::as_u64).map(|at| at + start as u64);
    let title = citation.get("title").cloned().unwrap_or_default();
    let (from, to) = (place("start_index"), place("end_index"));
    json!({
        "type": "url_citation",
        "url_citation": {"url": url, "title": title, "start_index": from, "end_index": to},
    })
}
