//! Messages in; the parts that hold media, where they are and what they hold, out.

use serde_json::Value;

use super::sniff::{self, sniff};
use crate::provider::MediaKind;

/// A part that holds media.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place<'a> {
    pub(super) message: usize,
    pub(super) part: usize,
    /// The field of the part that holds them.
    pub(super) field: &'static str,
    pub(super) kind: MediaKind,
    pub(super) source: Source<'a>,
}

/// Where the bytes are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source<'a> {
    /// Behind an http or https address.
    Url(&'a str),
    /// In the request: the type that the caller states and the base64.
    Inline { mime: &'a str, data: &'a str },
}

impl Place<'_> {
    /// The place in words, such as `messages[0].content[1]`.
    pub(super) fn at(&self) -> String {
        format!("messages[{}].content[{}]", self.message, self.part)
    }

    /// The place down to the field.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.at(), self.field)
    }

    /// Bytes that are in the request, near enough.
    pub(super) fn size(&self) -> u64 {
        match self.source {
            Source::Url(_) => 0,
            Source::Inline { data, .. } => data.trim_end_matches('=').len() as u64 * 3 / 4,
        }
    }

    /// The type that the bytes tell where it is not the one that the caller states.
    pub(super) fn correction(&self) -> Option<&'static str> {
        let Source::Inline { mime, data } = self.source else { return None };
        let found = sniff(&head(data))?;
        let stated = if self.kind == MediaKind::Audio && !mime.contains('/') { type_of(mime) } else { mime.to_owned() };
        // What the bytes show must be of use here; a page is left for the provider to refuse.
        let of_use = match self.kind {
            MediaKind::Document => found != "text/html",
            kind => MediaKind::of(found) == kind,
        };
        (of_use && !sniff::same(found, &stated) && !alike(found, &stated)).then_some(found)
    }
}

/// Containers that look the same from their first bytes.
fn alike(found: &str, stated: &str) -> bool {
    let stated = sniff::plain(stated);
    matches!(
        (found, stated.as_str()),
        ("video/webm", "audio/webm" | "video/x-matroska")
            | ("video/mp4", "audio/mp4" | "audio/aac" | "video/quicktime" | "video/3gpp")
            | ("audio/ogg", "video/ogg")
            | ("image/heif" | "image/heic", "image/heif" | "image/heic")
            | ("audio/mpeg", "audio/mpga" | "audio/aac")
    )
}

/// The media type of OpenAI's word for a format of sound.
pub(super) fn type_of(format: &str) -> String {
    match format {
        "mp3" => "audio/mpeg".into(),
        "m4a" => "audio/mp4".into(),
        other => format!("audio/{other}"),
    }
}

/// OpenAI's word for the format of a sound.
pub(super) fn format_of(mime: &str) -> &str {
    match mime {
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        other => other.rsplit('/').next().unwrap_or(other),
    }
}

/// The first bytes of base64 text; none where it is broken.
fn head(data: &str) -> Vec<u8> {
    use base64::Engine;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let whole = sniff::HEAD.div_ceil(3) * 4;
    let Some(text) = data.get(..whole.min(data.len())) else { return Vec::new() };
    LENIENT.decode(text).unwrap_or_default()
}

/// Every part of a conversation that holds media in one of the ways of the OpenAI shape.
pub(super) fn places(messages: &[Value]) -> Vec<Place<'_>> {
    let mut out = Vec::new();
    for (message, value) in messages.iter().enumerate() {
        for (part, raw) in value.get("content").and_then(Value::as_array).into_iter().flatten().enumerate() {
            if let Some((field, kind, source)) = read(raw) {
                out.push(Place { message, part, field, kind, source });
            }
        }
    }
    out
}

fn read(raw: &Value) -> Option<(&'static str, MediaKind, Source<'_>)> {
    let text = |pointer: &str| raw.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
    let address = |field: &str| raw.get(field)?.as_str().or_else(|| raw.get(field)?.get("url")?.as_str());
    match raw.get("type").and_then(Value::as_str)? {
        "image_url" => Some(("image_url.url", MediaKind::Image, source(address("image_url")?)?)),
        "video_url" => Some(("video_url.url", MediaKind::Video, source(address("video_url")?)?)),
        "audio_url" => Some(("audio_url.url", MediaKind::Audio, source(address("audio_url")?)?)),
        "input_audio" => {
            let data = text("/input_audio/data")?;
            let format = text("/input_audio/format").unwrap_or_default();
            let source = source(data).unwrap_or(Source::Inline { mime: format, data });
            Some(("input_audio.data", MediaKind::Audio, source))
        }
        "file" => match (text("/file/file_data"), text("/file/file_url")) {
            // Base64 alone is what some send; its type is told by its bytes.
            (Some(data), _) if !data.contains(':') => {
                Some(("file.file_data", MediaKind::Document, Source::Inline { mime: "", data }))
            }
            (Some(data), _) => Some(("file.file_data", MediaKind::Document, source(data)?)),
            (None, Some(url)) => Some(("file.file_url", MediaKind::Document, source(url)?)),
            (None, None) => None,
        },
        _ => None,
    }
}

/// A web address or a data URI of base64; `None` for anything else, which a family may know better.
fn source(text: &str) -> Option<Source<'_>> {
    let scheme = |name: &str| text.get(..name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name));
    if scheme("http://") || scheme("https://") {
        return Some(Source::Url(text));
    }
    if !scheme("data:") {
        return None;
    }
    let (head, data) = text.get(5..)?.split_once(',')?;
    let mime = head.split(';').next().unwrap_or_default();
    head.split(';').any(|word| word.eq_ignore_ascii_case("base64")).then_some(Source::Inline { mime, data })
}
