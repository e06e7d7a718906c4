//! A citation of a text block in; an entry of OpenAI's `annotations` out.

use serde_json::{Value, json};

/// A web page becomes a `url_citation` of the given stretch of the answer; any other source stays as it came.
pub(super) fn annotation(citation: &Value, start: usize, end: usize) -> Value {
    match citation.get("url").and_then(Value::as_str) {
        Some(url) => {
            let title = citation.get("title").cloned().unwrap_or_default();
            let place = json!({"url": url, "title": title, "start_index": start, "end_index": end});
            json!({"type": "url_citation", "url_citation": place})
        }
        None => citation.clone(),
    }
}
