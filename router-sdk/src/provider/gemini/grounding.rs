//! `groundingMetadata` and the text it speaks of in; entries of OpenAI's `annotations` out.

use serde_json::{Value, json};

/// A citation for each web page that supports a stretch of the text.
pub(super) fn annotations(metadata: &Value, text: &str) -> Vec<Value> {
    let list = |name: &str| metadata.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pages = list("groundingChunks");
    let mut out = Vec::new();
    for support in list("groundingSupports") {
        let place = |name: &str| {
            let bytes = support.pointer(&format!("/segment/{name}")).and_then(Value::as_u64).unwrap_or(0);
            characters(text, bytes)
        };
        let (start, end) = (place("startIndex"), place("endIndex"));
        let cited = support.get("groundingChunkIndices").and_then(Value::as_array).into_iter().flatten();
        for index in cited.filter_map(Value::as_u64) {
            let page = usize::try_from(index).ok().and_then(|i| pages.get(i)).and_then(|p| p.get("web"));
            let Some(url) = page.and_then(|w| w.get("uri")).and_then(Value::as_str) else { continue };
            let title = page.and_then(|w| w.get("title")).cloned().unwrap_or_default();
            let citation = json!({"url": url, "title": title, "start_index": start, "end_index": end});
            out.push(json!({"type": "url_citation", "url_citation": citation}));
        }
    }
    out
}

/// Gemini counts bytes, OpenAI characters.
fn characters(text: &str, bytes: u64) -> usize {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    text.char_indices().take_while(|(at, _)| *at < bytes).count()
}
