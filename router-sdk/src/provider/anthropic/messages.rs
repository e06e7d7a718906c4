//! OpenAI messages in; Anthropic's `system` and `messages`, merged into turns that alternate, out.

use serde_json::{Value, json};

use super::FORMATS;
use super::turns::{self, Detail, Kind, Part, Source, given, unsupported};
use crate::provider::Failure;
use crate::wire::Object;

/// A conversation in Anthropic's words.
pub(super) struct Conversation {
    pub(super) system: Vec<Value>,
    pub(super) messages: Vec<Value>,
    /// A tool loop is under way and its thinking is lost, so older models refuse to think on.
    pub(super) thought_lost: bool,
}

/// Translates all messages.
pub(super) fn conversation(messages: &[Value]) -> Result<Conversation, Failure> {
    let (told, said) = turns::instructions(messages);
    let mut turns = Turns::default();
    for (place, message) in said {
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => turns.add("assistant", assistant(message, place)?),
            Some("tool") => turns.result(result(message, place, tool_use_id(message))?),
            Some("function") => {
                let name = message.get("name").and_then(Value::as_str).unwrap_or_default();
                turns.result(result(message, place, turns::old_style_id(name))?);
            }
            _ => turns.add("user", user(message, place)?),
        }
    }
    let system = told.into_iter().flat_map(system_blocks).collect();
    let (messages, thought_lost) = turns.finish()?;
    Ok(Conversation { system, messages, thought_lost })
}

fn system_blocks(message: &Value) -> Vec<Value> {
    let mut blocks = Vec::new();
    match message.get("content") {
        Some(Value::String(text)) if !text.is_empty() => blocks.push(json!({"type": "text", "text": text})),
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(text) = part.get("text").and_then(Value::as_str).filter(|t| !t.is_empty()) {
                    blocks.push(marked(json!({"type": "text", "text": text}), part));
                }
            }
        }
        _ => {}
    }
    mark_last(&mut blocks, message);
    blocks
}

/// Copies a prompt-cache marker from what the caller wrote.
pub(super) fn marked(mut block: Value, raw: &Value) -> Value {
    if let (Some(marker), Some(block)) = (given(raw, "cache_control"), block.as_object_mut()) {
        block.insert("cache_control".into(), marker.clone());
    }
    block
}

/// A marker on a whole message belongs to its last block.
fn mark_last(blocks: &mut [Value], message: &Value) {
    if let Some(last) = blocks.last_mut() {
        *last = marked(last.take(), message);
    }
}

fn user(message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
    let at = format!("messages[{place}]");
    let mut blocks = Vec::new();
    for (i, part) in turns::parts(message, &at)?.into_iter().enumerate() {
        blocks.extend(block(part, &format!("{at}.content[{i}]"))?);
    }
    mark_last(&mut blocks, message);
    Ok(blocks)
}

/// One content block; empty text makes none, since Anthropic refuses it.
fn block(part: Part<'_>, at: &str) -> Result<Option<Value>, Failure> {
    Ok(Some(match part {
        Part::Text { text: "", .. } => return Ok(None),
        Part::Text { text, raw } => marked(json!({"type": "text", "text": text}), raw.unwrap_or(&Value::Null)),
        Part::Image { source, raw } => marked(json!({"type": "image", "source": image(source, at)?}), raw),
        Part::File { source, name, raw } => document(source, name, raw, at)?,
        Part::Audio { .. } => return Err(unsupported(at, "audio cannot be sent to Anthropic")),
        Part::Video { .. } => return Err(unsupported(at, "video cannot be sent to Anthropic")),
        Part::Other { kind: "image" | "document" | "search_result" | "container_upload" | "tool_reference", raw } => {
            raw.clone()
        }
        Part::Other { kind, .. } => {
            return Err(unsupported(format!("{at}.type"), format!("Anthropic has no content of type {kind}")));
        }
    }))
}

fn image(source: Source<'_>, at: &str) -> Result<Value, Failure> {
    match source {
        Source::Inline { mime, data } => {
            let mime = if mime == "image/jpg" { "image/jpeg" } else { mime };
            if !["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&mime) {
                return Err(unsupported(
                    format!("{at}.image_url.url"),
                    "Anthropic takes JPEG, PNG, GIF and WebP pictures",
                ));
            }
            Ok(json!({"type": "base64", "media_type": mime, "data": data}))
        }
        Source::Url(url) => Ok(json!({"type": "url", "url": url})),
        Source::Id(id) => Ok(json!({"type": "file", "file_id": id})),
    }
}

fn document(source: Source<'_>, name: Option<&str>, raw: &Value, at: &str) -> Result<Value, Failure> {
    let source = match source {
        Source::Inline { mime, .. } if mime.starts_with("image/") => {
            return Ok(marked(json!({"type": "image", "source": image(source, at)?}), raw));
        }
        Source::Inline { mime: "application/pdf", data } => {
            json!({"type": "base64", "media_type": "application/pdf", "data": data})
        }
        Source::Inline { mime, data } if mime.starts_with("text/") => match plain_text(data) {
            Some(text) => json!({"type": "text", "media_type": "text/plain", "data": text}),
            None => return Err(unsupported(format!("{at}.file.file_data"), "must be UTF-8 text in base64")),
        },
        Source::Inline { .. } => {
            return Err(unsupported(format!("{at}.file.file_data"), "Anthropic takes PDF and text documents"));
        }
        Source::Url(url) => json!({"type": "url", "url": url}),
        Source::Id(id) if id.starts_with("file_") => json!({"type": "file", "file_id": id}),
        Source::Id(_) => {
            return Err(unsupported(format!("{at}.file.file_id"), "is a file of another provider; send file_data"));
        }
    };
    let mut block = json!({"type": "document", "source": source});
    if let (Some(name), Some(block)) = (name, block.as_object_mut()) {
        block.insert("title".into(), name.into());
    }
    for field in ["citations", "context"] {
        if let (Some(value), Some(block)) = (given(raw, field), block.as_object_mut()) {
            block.insert(field.into(), value.clone());
        }
    }
    Ok(marked(block, raw))
}

fn plain_text(data: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.trim().is_empty())
}

fn tool_use_id(message: &Value) -> String {
    let id = message.get("tool_call_id").and_then(Value::as_str).unwrap_or_default();
    wire_id(id)
}

/// The id as Anthropic takes it. A foreign one is rewritten the same way each time, so calls and results still meet.
fn wire_id(id: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !id.is_empty() && id.chars().all(fits) {
        return id.to_owned();
    }
    format!("toolu_{}", turns::digest(&[id]))
}

fn result(message: &Value, place: usize, id: String) -> Result<Value, Failure> {
    let mut blocks = user(message, place)?;
    let mut out = Object::new();
    out.insert("type".into(), "tool_result".into());
    out.insert("tool_use_id".into(), id.into());
    let marker = blocks.last_mut().and_then(|last| last.as_object_mut()?.shift_remove("cache_control"));
    match blocks.as_slice() {
        [] => {}
        [only] if only.get("type").is_some_and(|t| t == "text") => {
            out.insert("content".into(), only.get("text").cloned().unwrap_or_default());
        }
        _ => {
            out.insert("content".into(), blocks.into());
        }
    }
    if let Some(failed) = given(message, "is_error") {
        out.insert("is_error".into(), failed.clone());
    }
    if let Some(marker) = marker {
        out.insert("cache_control".into(), marker);
    }
    Ok(Value::Object(out))
}

/// The blocks of an assistant message: its own thinking and server blocks in their places, text and calls around them.
fn assistant(message: &Value, place: usize) -> Result<Vec<Value>, Failure> {
    let mut spoken = Vec::new();
    for part in turns::parts(message, &format!("messages[{place}]"))? {
        match part {
            Part::Text { text, raw } if !text.trim().is_empty() => {
                spoken.push(marked(json!({"type": "text", "text": text}), raw.unwrap_or(&Value::Null)));
            }
            _ => {}
        }
    }
    for call in turns::calls(message, place)? {
        let block = json!({"type": "tool_use", "id": wire_id(&call.id), "name": call.name, "input": call.arguments});
        spoken.push(marked(block, call.raw));
    }
    mark_last(&mut spoken, message);
    let kept = turns::details(message, &FORMATS);
    Ok(interleave(kept, spoken))
}

fn interleave(kept: Vec<Detail>, spoken: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(kept.len() + spoken.len());
    let mut spoken = spoken.into_iter();
    for detail in kept {
        let index = usize::try_from(detail.index.unwrap_or(0)).unwrap_or(usize::MAX);
        let Some(block) = own_block(detail) else { continue };
        while out.len() < index {
            let Some(next) = spoken.next() else { break };
            out.push(next);
        }
        out.push(block);
    }
    out.extend(spoken);
    out
}

/// A thinking block must go back as it came; one without its signature would be refused, so it stays away.
fn own_block(detail: Detail) -> Option<Value> {
    match detail.kind {
        Kind::Text => {
            let signature = detail.signature?;
            Some(json!({"type": "thinking", "thinking": detail.text, "signature": signature}))
        }
        Kind::Encrypted => Some(json!({"type": "redacted_thinking", "data": detail.data?})),
        Kind::Block => Some(detail.block),
    }
}

#[derive(Default)]
struct Turns {
    turns: Vec<(&'static str, Vec<Value>)>,
}

impl Turns {
    fn add(&mut self, role: &'static str, blocks: Vec<Value>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => self.turns.push((role, blocks)),
        }
    }

    /// Results come before all else in their turn.
    fn result(&mut self, block: Value) {
        match self.turns.last_mut() {
            Some(("user", all)) => {
                let results = all.iter().take_while(|b| is(b, "tool_result")).count();
                all.insert(results, block);
            }
            _ => self.turns.push(("user", vec![block])),
        }
    }

    fn finish(mut self) -> Result<(Vec<Value>, bool), Failure> {
        let thought_lost = self.thought_lost();
        if self.turns.is_empty() {
            return Err(unsupported("messages", "Anthropic needs a message that is not empty"));
        }
        if let Some(("assistant", blocks)) = self.turns.last_mut() {
            trim_last_text(blocks);
        }
        let messages = self.turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": shorten(blocks)}));
        Ok((messages.collect(), thought_lost))
    }

    fn thought_lost(&self) -> bool {
        let in_loop = self.turns.last().is_some_and(|(_, blocks)| blocks.iter().any(|b| is(b, "tool_result")));
        let last_spoken = self.turns.iter().rev().find(|(role, _)| *role == "assistant");
        in_loop
            && last_spoken.is_some_and(|(_, blocks)| {
                !blocks.first().is_some_and(|b| is(b, "thinking") || is(b, "redacted_thinking"))
            })
    }
}

fn is(block: &Value, kind: &str) -> bool {
    block.get("type").is_some_and(|t| t == kind)
}

/// The text that the model is to continue may not end in white space.
fn trim_last_text(blocks: &mut [Value]) {
    if let Some(Value::String(text)) = blocks.last_mut().filter(|b| is(b, "text")).and_then(|b| b.get_mut("text")) {
        text.truncate(text.trim_end().len());
    }
}

/// A lone text without a marker is written as a string, as people write it.
fn shorten(mut blocks: Vec<Value>) -> Value {
    let lone_text = blocks.len() == 1 && blocks[0].as_object().is_some_and(|b| b.len() == 2 && is(&blocks[0], "text"));
    match lone_text.then(|| blocks.pop()).flatten() {
        Some(mut block) => block.get_mut("text").map(Value::take).unwrap_or_default(),
        None => Value::Array(blocks),
    }
}
