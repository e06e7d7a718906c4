//! The content of an OpenAI message in; its parts with their places, and the instructions of a conversation, out.

use serde_json::Value;

use super::{given, unsupported};
use crate::provider::Failure;

/// One part of a message's content. `raw` is the part as the caller wrote it, for markers such as `cache_control`.
#[derive(Debug, Clone, Copy)]
pub(in crate::provider) enum Part<'a> {
    /// Text; a refusal counts as what the assistant said.
    Text { text: &'a str, raw: Option<&'a Value> },
    /// A picture.
    Image { source: Source<'a>, raw: &'a Value },
    /// A document.
    File { source: Source<'a>, name: Option<&'a str>, raw: &'a Value },
    /// Speech or sound, in base64, with its format such as `wav`.
    Audio { data: &'a str, format: &'a str },
    /// A moving picture.
    Video { source: Source<'a> },
    /// A part of another kind, perhaps the provider's own.
    Other { kind: &'a str, raw: &'a Value },
}

/// Where the bytes of a part are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider) enum Source<'a> {
    /// In the request, as base64.
    Inline { mime: &'a str, data: &'a str },
    /// Behind an address.
    Url(&'a str),
    /// With the provider, under this id.
    Id(&'a str),
}

impl<'a> Source<'a> {
    fn of_url(url: &'a str, at: &str) -> Result<Self, Failure> {
        let Some(rest) = strip_scheme(url, "data:") else { return Ok(Self::Url(url)) };
        let Some((head, data)) = rest.split_once(',') else {
            return Err(unsupported(at, "is a data URI without data; write data:<type>;base64,<data>"));
        };
        let mut words = head.split(';');
        let mime = words.next().unwrap_or_default();
        if !words.any(|word| word.eq_ignore_ascii_case("base64")) {
            return Err(unsupported(at, "must be base64: write data:<type>;base64,<data>"));
        }
        Ok(Self::Inline { mime, data })
    }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

/// The parts of a message. `at` is the message's place, such as `messages[2]`.
pub(in crate::provider) fn parts<'a>(message: &'a Value, at: &str) -> Result<Vec<Part<'a>>, Failure> {
    let mut out = Vec::new();
    match message.get("content") {
        Some(Value::String(text)) => out.push(Part::Text { text, raw: None }),
        Some(Value::Array(listed)) => {
            for (i, raw) in listed.iter().enumerate() {
                out.push(part(raw, &format!("{at}.content[{i}]"))?);
            }
        }
        _ => {}
    }
    if let Some(text) = message.get("refusal").and_then(Value::as_str) {
        out.push(Part::Text { text, raw: None });
    }
    Ok(out)
}

fn part<'a>(raw: &'a Value, at: &str) -> Result<Part<'a>, Failure> {
    let kind = raw.get("type").and_then(Value::as_str).unwrap_or_default();
    let text = |field: &str| raw.get(field).and_then(Value::as_str);
    Ok(match kind {
        "text" | "input_text" | "output_text" => Part::Text { text: text("text").unwrap_or_default(), raw: Some(raw) },
        "refusal" => Part::Text { text: text("refusal").unwrap_or_default(), raw: None },
        "image_url" => Part::Image { source: address(raw, "image_url", at)?, raw },
        "video_url" => Part::Video { source: address(raw, "video_url", at)? },
        "file" if raw.get("file").is_some_and(Value::is_object) => file(raw, at)?,
        "input_audio" => {
            let field = |name: &str| raw.pointer(&format!("/input_audio/{name}")).and_then(Value::as_str);
            let Some(data) = field("data") else {
                return Err(unsupported(format!("{at}.input_audio.data"), "must be base64 text"));
            };
            Part::Audio { data, format: field("format").unwrap_or("wav") }
        }
        kind => Part::Other { kind, raw },
    })
}

/// `{field: {url}}`, or `{field: "url"}` as some write it.
fn address<'a>(raw: &'a Value, field: &str, at: &str) -> Result<Source<'a>, Failure> {
    let value = raw.get(field);
    let url = value.and_then(|v| v.as_str().or_else(|| v.get("url").and_then(Value::as_str)));
    let at = format!("{at}.{field}.url");
    url.map_or_else(|| Err(unsupported(&at, "must be an address or a data URI")), |url| Source::of_url(url, &at))
}

fn file<'a>(raw: &'a Value, at: &str) -> Result<Part<'a>, Failure> {
    let file = raw.get("file").unwrap_or(&Value::Null);
    let text = |field: &str| given(file, field).and_then(Value::as_str);
    let source = match (text("file_data"), text("file_url"), text("file_id")) {
        (Some(data), ..) if data.contains(':') => Source::of_url(data, &format!("{at}.file.file_data"))?,
        // Bare base64 is taken for what files nearly always are.
        (Some(data), ..) => Source::Inline { mime: "application/pdf", data },
        (None, Some(url), _) => Source::of_url(url, &format!("{at}.file.file_url"))?,
        (None, None, Some(id)) => Source::Id(id),
        (None, None, None) => return Err(unsupported(format!("{at}.file"), "needs file_data, file_url or file_id")),
    };
    Ok(Part::File { source, name: text("filename"), raw })
}

/// All text of a message, its parts joined by newlines.
pub(in crate::provider) fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(listed)) => {
            let texts: Vec<&str> = listed.iter().filter_map(|p| p.get("text").and_then(Value::as_str)).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// Splits a conversation into its instructions and the rest, each message with its place.
///
/// Where there are instructions alone, the last of them is what the model is to answer.
pub(in crate::provider) fn instructions(messages: &[Value]) -> (Vec<&Value>, Vec<(usize, &Value)>) {
    let is_instruction = |m: &Value| matches!(m.get("role").and_then(Value::as_str), Some("system" | "developer"));
    let mut told: Vec<(usize, &Value)> = Vec::new();
    let mut said = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        if is_instruction(message) { told.push((i, message)) } else { said.push((i, message)) }
    }
    if said.is_empty() {
        said.extend(told.pop());
    }
    (told.into_iter().map(|(_, message)| message).collect(), said)
}
