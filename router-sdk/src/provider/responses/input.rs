//! Chat messages in; the `input` items of a Responses request out.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::kept::{Kept, Mark, is};
use super::turns::{self, Part, Source, digest, given, unsupported};
use crate::provider::{Failure, Target};
use crate::wire::Object;

/// The longest `call_id` that is taken.
const LONGEST_ID: usize = 64;

/// A conversation as input items.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) items: Vec<Value>,
    /// Thinking of earlier turns that this provider cannot take back.
    pub(super) thought_lost: bool,
    /// The role `developer` went out as `system`.
    pub(super) renamed: bool,
}

/// Translates all messages. `stored`: the provider keeps what it answers, so its items can be referred to by id.
pub(super) fn conversation(messages: &[Value], target: &Target, stored: bool) -> Result<Conversation, Failure> {
    let mut out = Conversation::default();
    let mut custom: HashSet<String> = HashSet::new();
    for (place, message) in messages.iter().enumerate() {
        let at = format!("messages[{place}]");
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => assistant(message, place, target, stored, &mut custom, &mut out)?,
            Some("tool") => {
                let id = given(message, "tool_call_id").and_then(Value::as_str).unwrap_or_default();
                let kind = if custom.contains(id) { "custom_tool_call_output" } else { "function_call_output" };
                out.items.push(result(message, kind, &wire_id(id), &at)?);
            }
            Some("function") => {
                let name = message.get("name").and_then(Value::as_str).unwrap_or_default();
                out.items.push(result(message, "function_call_output", &turns::old_style_id(name), &at)?);
            }
            Some("developer") if !target.deployment.quirks.developer_role => {
                out.renamed = true;
                said("system", message, &at, &mut out)?;
            }
            Some(role @ ("system" | "developer")) => said(role, message, &at, &mut out)?,
            _ => said("user", message, &at, &mut out)?,
        }
    }
    Ok(out)
}

/// A message of anybody but the assistant. An empty one counts as something said by the user alone.
fn said(role: &str, message: &Value, at: &str, out: &mut Conversation) -> Result<(), Failure> {
    let mut content = content(message, at)?;
    if content.is_empty() && role == "user" {
        content.push(json!({"type": "input_text", "text": ""}));
    }
    if !content.is_empty() {
        out.items.push(json!({"type": "message", "role": role, "content": content}));
    }
    Ok(())
}

fn content(message: &Value, at: &str) -> Result<Vec<Value>, Failure> {
    let parts = turns::parts(message, at)?.into_iter().enumerate();
    parts.map(|(i, part)| input_part(part, &format!("{at}.content[{i}]"))).filter_map(Result::transpose).collect()
}

/// One part of the input; empty text makes none.
fn input_part(part: Part<'_>, at: &str) -> Result<Option<Value>, Failure> {
    Ok(Some(match part {
        Part::Text { text: "", .. } => return Ok(None),
        Part::Text { text, raw } => marked(json!({"type": "input_text", "text": text}), raw),
        Part::Image { source, raw } => marked(image(source, raw.pointer("/image_url/detail")), Some(raw)),
        Part::File { source, name, raw } => marked(file(source, name, raw), Some(raw)),
        Part::Audio { data, format } => {
            json!({"type": "input_audio", "input_audio": {"data": data, "format": format}})
        }
        Part::Video { .. } => return Err(unsupported(at, "video cannot be sent to the Responses interface")),
        Part::Other { kind: "input_image" | "input_file", raw } => raw.clone(),
        Part::Other { kind, .. } => {
            let why = format!("the Responses interface has no content of type {kind}");
            return Err(unsupported(format!("{at}.type"), why));
        }
    }))
}

/// Copies the mark of what the provider is to keep in its cache.
fn marked(mut part: Value, raw: Option<&Value>) -> Value {
    let mark = raw.and_then(|raw| given(raw, "prompt_cache_breakpoint"));
    if let (Some(mark), Some(part)) = (mark, part.as_object_mut()) {
        part.insert("prompt_cache_breakpoint".into(), mark.clone());
    }
    part
}

fn image(source: Source<'_>, detail: Option<&Value>) -> Value {
    let mut out = match source {
        Source::Inline { mime, data } => json!({"type": "input_image", "image_url": data_uri(mime, data)}),
        Source::Url(url) => json!({"type": "input_image", "image_url": url}),
        Source::Id(id) => json!({"type": "input_image", "file_id": id}),
    };
    if let (Some(detail), Some(out)) = (detail.filter(|d| !d.is_null()), out.as_object_mut()) {
        out.insert("detail".into(), detail.clone());
    }
    out
}

fn file(source: Source<'_>, name: Option<&str>, raw: &Value) -> Value {
    let unnamed = match source {
        Source::Inline { mime: "application/pdf", .. } => "file.pdf",
        _ => "file.txt",
    };
    let mut out = match source {
        Source::Inline { mime, data } if mime.starts_with("image/") => {
            return image(Source::Inline { mime, data }, raw.pointer("/file/detail"));
        }
        Source::Inline { mime, data } => json!({"type": "input_file", "file_data": data_uri(mime, data)}),
        Source::Url(url) => return json!({"type": "input_file", "file_url": url}),
        Source::Id(id) => return json!({"type": "input_file", "file_id": id}),
    };
    if let Some(out) = out.as_object_mut() {
        // File data without a name is refused.
        out.insert("filename".into(), name.unwrap_or(unnamed).into());
    }
    out
}

fn data_uri(mime: &str, data: &str) -> String {
    format!("data:{mime};base64,{data}")
}

/// The id as it is taken. One that is too long is rewritten the same way each time, so calls and results still meet.
fn wire_id(id: &str) -> String {
    let fits = !id.is_empty() && id.len() <= LONGEST_ID;
    if fits { id.to_owned() } else { format!("call_{}", digest(&[id])) }
}

fn result(message: &Value, kind: &str, id: &str, at: &str) -> Result<Value, Failure> {
    let mut content = content(message, at)?;
    let output = match content.as_mut_slice() {
        [] => Value::String(String::new()),
        [only] if is(only, "input_text") && only.as_object().is_some_and(|part| part.len() == 2) => {
            only.get_mut("text").map(Value::take).unwrap_or_default()
        }
        _ => Value::Array(content),
    };
    Ok(json!({"type": kind, "call_id": id, "output": output}))
}

/// The items of an assistant message: its own reasoning and server items in their places, text and calls around them.
fn assistant(
    message: &Value,
    place: usize,
    target: &Target,
    stored: bool,
    custom: &mut HashSet<String>,
    out: &mut Conversation,
) -> Result<(), Failure> {
    let kept = Kept::of(message, &target.deployment.provider, stored);
    out.thought_lost |= kept.lost;
    let mut spoken = spoken(message, place, &kept.marks)?;
    for call in turns::calls(message, place)? {
        let mut item = call_item(call.raw, call.name);
        if given(call.raw, "custom").is_some() {
            custom.insert(call.id.clone());
        }
        item.insert("call_id".into(), wire_id(&call.id).into());
        for (_, fields) in kept.calls.iter().filter(|(id, _)| *id == call.id) {
            item.extend(fields.clone());
        }
        spoken.push((None, Value::Object(item)));
    }
    let mut items = interleave(kept.items, spoken);
    // Reasoning is refused without the item that it led to.
    while items.last().is_some_and(|last| is(last, "reasoning")) {
        items.pop();
        out.thought_lost = true;
    }
    out.items.extend(items);
    Ok(())
}

/// The call as the caller wrote it: arguments are text here too, and may have been cut off.
fn call_item(raw: &Value, name: &str) -> Object {
    let mut item = Object::new();
    if let Some(call) = given(raw, "custom") {
        item.insert("type".into(), "custom_tool_call".into());
        item.insert("name".into(), name.into());
        item.insert("input".into(), call.get("input").cloned().unwrap_or_else(|| "".into()));
        return item;
    }
    let arguments = match raw.pointer("/function/arguments").or_else(|| raw.get("arguments")) {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    item.insert("type".into(), "function_call".into());
    item.insert("name".into(), name.into());
    item.insert("arguments".into(), arguments.into());
    item
}

/// The text of an assistant message as message items with their places: several where the reply had several.
fn spoken(message: &Value, place: usize, marks: &[Mark]) -> Result<Vec<(Option<u64>, Value)>, Failure> {
    let mut texts = Vec::new();
    for part in turns::parts(message, &format!("messages[{place}]"))? {
        if let Part::Text { text, .. } = part
            && !text.is_empty()
        {
            texts.push(text);
        }
    }
    if let Some(items) = split(&texts.concat(), marks).filter(|_| !marks.is_empty()) {
        return Ok(items);
    }
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![(None, message_item(&texts, None))])
}

fn message_item(texts: &[&str], phase: Option<&Value>) -> Value {
    let content: Vec<Value> = texts.iter().map(|text| json!({"type": "output_text", "text": text})).collect();
    let mut item = json!({"type": "message", "role": "assistant", "content": content});
    if let (Some(phase), Some(item)) = (phase, item.as_object_mut()) {
        item.insert("phase".into(), phase.clone());
    }
    item
}

/// Cuts a text where its message items ended; `None` when the text is no longer the one that was marked.
fn split(text: &str, marks: &[Mark]) -> Option<Vec<(Option<u64>, Value)>> {
    let marked: usize = marks.iter().map(|mark| mark.characters).sum();
    let unmarked = text.chars().count().checked_sub(marked)?;
    let mut rest = text;
    let mut cut = |characters: usize| {
        let at = rest.char_indices().nth(characters).map_or(rest.len(), |(at, _)| at);
        let (head, tail) = rest.split_at(at);
        rest = tail;
        head
    };
    let mut items = Vec::new();
    // Only the first message item of a reply is left without a mark.
    if unmarked > 0 {
        items.push((None, message_item(&[cut(unmarked)], None)));
    }
    for mark in marks {
        let piece = cut(mark.characters);
        if digest(&[piece]) != mark.digest {
            return None;
        }
        items.push((Some(mark.place), message_item(&[piece], mark.phase.as_ref())));
    }
    Some(items)
}

/// Puts kept items into their places among what was spoken; a kept item that may not be sent still takes its place.
fn interleave(kept: Vec<(u64, Option<Value>)>, spoken: Vec<(Option<u64>, Value)>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(kept.len() + spoken.len());
    // Messages with places are put in place as kept items are; the rest fills the gaps in order.
    let (placed, loose): (Vec<_>, Vec<_>) = spoken.into_iter().partition(|(place, _)| place.is_some());
    let mut fixed = kept;
    fixed.extend(placed.into_iter().map(|(place, item)| (place.unwrap_or(0), Some(item))));
    fixed.sort_by_key(|(place, _)| *place);
    let mut loose = loose.into_iter();
    let mut at: u64 = 0;
    let mut previous = None;
    for (place, item) in fixed {
        while at < place && previous != Some(place) {
            let Some((_, next)) = loose.next() else { break };
            out.push(next);
            at += 1;
        }
        if previous != Some(place) {
            at += 1;
        }
        previous = Some(place);
        out.extend(item);
    }
    out.extend(loose.map(|(_, item)| item));
    out
}
