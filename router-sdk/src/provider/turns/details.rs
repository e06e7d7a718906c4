//! `reasoning_details` and `server_blocks` of an assistant message in; a provider's own thinking and blocks, in their places, out.

use serde_json::Value;

/// What one entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum Kind {
    /// Thinking that can be read, perhaps signed.
    Text,
    /// A signature of another part, or thinking that cannot be read.
    Encrypted,
    /// A block that the provider's server wrote, kept as it came.
    Block,
}

/// One entry of a reply made earlier by the same family.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) struct Detail {
    pub(in crate::provider) kind: Kind,
    /// Its place among the parts of the reply.
    pub(in crate::provider) index: Option<u64>,
    pub(in crate::provider) text: String,
    pub(in crate::provider) signature: Option<String>,
    pub(in crate::provider) data: Option<String>,
    /// The tool call it belongs to.
    pub(in crate::provider) id: Option<String>,
    pub(in crate::provider) block: Value,
}

/// The entries whose format is one of `formats`, in order; pieces of one entry that were streamed apart are joined.
pub(in crate::provider) fn details(message: &Value, formats: &[&str]) -> Vec<Detail> {
    let mut out: Vec<Detail> = Vec::new();
    for field in ["reasoning_details", "server_blocks"] {
        for entry in message.get(field).and_then(Value::as_array).into_iter().flatten() {
            let Some(detail) = read(entry, formats) else { continue };
            match out.last_mut() {
                Some(last) if continues(last, &detail) => {
                    last.text.push_str(&detail.text);
                    last.signature = detail.signature.or(last.signature.take());
                }
                _ => out.push(detail),
            }
        }
    }
    // Stable, so entries without a place keep their order at the front.
    out.sort_by_key(|d| d.index);
    out
}

/// Whether an assistant message has thinking of others, which cannot go to a family of these `formats`.
pub(in crate::provider) fn foreign_thinking(messages: &[Value], formats: &[&str]) -> bool {
    let told = |message: &Value, field: &str| match message.get(field) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(entries)) => !entries.is_empty(),
        _ => false,
    };
    let thinks = |message: &&Value| {
        message.get("role").is_some_and(|role| role == "assistant")
            && (told(message, "reasoning_content") || told(message, "reasoning_details"))
    };
    messages.iter().filter(thinks).any(|message| details(message, formats).iter().all(|d| d.kind == Kind::Block))
}

fn continues(last: &Detail, next: &Detail) -> bool {
    last.kind == Kind::Text && next.kind == Kind::Text && last.index == next.index && last.signature.is_none()
}

fn read(entry: &Value, formats: &[&str]) -> Option<Detail> {
    let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
    let format = entry.get("format").and_then(Value::as_str)?;
    if !formats.contains(&format) {
        return None;
    }
    let kind = match entry.get("type").and_then(Value::as_str) {
        Some("reasoning.text") => Kind::Text,
        Some("reasoning.encrypted") => Kind::Encrypted,
        None if entry.get("block").is_some_and(Value::is_object) => Kind::Block,
        _ => return None,
    };
    Some(Detail {
        kind,
        index: entry.get("index").and_then(Value::as_u64),
        text: text("text").unwrap_or_default(),
        signature: text("signature").filter(|s| !s.is_empty()),
        data: text("data").filter(|s| !s.is_empty()),
        id: text("id"),
        block: entry.get("block").cloned().unwrap_or(Value::Null),
    })
}
