//! One part of an OpenAI message in; a content block of Converse out. Bytes go in base64, addresses only of S3.

use serde_json::{Value, json};

use super::turns::{Part, Source, given, unsupported};
use crate::provider::Failure;

/// Names documents one after another, since Bedrock wants names without meaning, each once.
#[derive(Debug, Default)]
pub(super) struct Documents {
    count: usize,
    /// A name of the caller's was left out.
    pub(super) renamed: bool,
}

/// One content block; blank text makes none, since Bedrock refuses it.
pub(super) fn block(part: Part<'_>, at: &str, documents: &mut Documents) -> Result<Option<Value>, Failure> {
    Ok(Some(match part {
        Part::Text { text, .. } if text.trim().is_empty() => return Ok(None),
        Part::Text { text, .. } => json!({"text": text}),
        Part::Image { source, .. } => image(source, &format!("{at}.image_url.url"))?,
        Part::File { source: source @ Source::Inline { mime, .. }, .. } if mime.starts_with("image/") => {
            image(source, &format!("{at}.file.file_data"))?
        }
        Part::File { source, name, raw } => document(source, name, raw, at, documents)?,
        Part::Audio { data, format } => {
            json!({"audio": {"format": format, "source": {"bytes": data}}})
        }
        Part::Video { source } => video(source, &format!("{at}.video_url.url"))?,
        Part::Other { kind, raw } => own(kind, raw, at)?,
    }))
}

/// Blocks that are Converse's own, written `{type: "guardContent", guardContent: {…}}`, or without the type.
const OWN: [&str; 9] =
    ["text", "json", "guardContent", "cachePoint", "image", "document", "video", "audio", "searchResult"];

fn own(kind: &str, raw: &Value, at: &str) -> Result<Value, Failure> {
    let name = OWN.iter().find(|name| (kind == **name || kind.is_empty()) && given(raw, name).is_some());
    match name {
        Some(name) => Ok(json!({*name: raw.get(*name)})),
        None => Err(unsupported(format!("{at}.type"), format!("Bedrock has no content of type {kind}"))),
    }
}

/// The bytes, or the place in S3.
fn source(source: Source<'_>, at: &str) -> Result<Value, Failure> {
    match source {
        Source::Inline { data, .. } => Ok(json!({"bytes": data})),
        Source::Url(uri) if uri.starts_with("s3://") => Ok(json!({"s3Location": {"uri": uri}})),
        Source::Url(_) => {
            Err(unsupported(at, "Bedrock fetches nothing; send the bytes as a data URI, or an s3:// URI"))
        }
        Source::Id(_) => Err(unsupported(at, "Bedrock keeps no files; send the bytes as a data URI")),
    }
}

/// The ending of an address, for the format of what lies in S3.
fn ending(source: Source<'_>) -> &str {
    match source {
        Source::Url(uri) => uri.rsplit_once('.').map_or("", |(_, ending)| ending),
        _ => "",
    }
}

fn image(from: Source<'_>, at: &str) -> Result<Value, Failure> {
    let bytes = source(from, at)?;
    let kind = match from {
        Source::Inline { mime, .. } => mime.strip_prefix("image/").unwrap_or_default(),
        other => ending(other),
    };
    let format = match kind.to_ascii_lowercase().as_str() {
        "png" => "png",
        "jpeg" | "jpg" => "jpeg",
        "gif" => "gif",
        "webp" => "webp",
        _ => return Err(unsupported(at, "Bedrock takes PNG, JPEG, GIF and WebP pictures")),
    };
    Ok(json!({"image": {"format": format, "source": bytes}}))
}

fn video(from: Source<'_>, at: &str) -> Result<Value, Failure> {
    let bytes = source(from, at)?;
    let kind = match from {
        Source::Inline { mime, .. } => mime.strip_prefix("video/").unwrap_or_default(),
        other => ending(other),
    };
    let format = match kind.to_ascii_lowercase().as_str() {
        "mp4" => "mp4",
        "quicktime" | "mov" => "mov",
        "x-matroska" | "mkv" => "mkv",
        "webm" => "webm",
        "x-flv" | "flv" => "flv",
        "mpeg" => "mpeg",
        "mpg" => "mpg",
        "x-ms-wmv" | "wmv" => "wmv",
        "3gpp" | "three_gp" => "three_gp",
        _ => return Err(unsupported(at, "Bedrock takes MP4, MOV, MKV, WebM, FLV, MPEG, WMV and 3GP videos")),
    };
    Ok(json!({"video": {"format": format, "source": bytes}}))
}

fn document(
    from: Source<'_>,
    name: Option<&str>,
    raw: &Value,
    at: &str,
    documents: &mut Documents,
) -> Result<Value, Failure> {
    let field = match from {
        Source::Inline { .. } => "file_data",
        Source::Url(_) => "file_url",
        Source::Id(_) => "file_id",
    };
    let at = format!("{at}.file.{field}");
    let bytes = source(from, &at)?;
    let kind = match from {
        Source::Inline { mime, .. } => mime,
        other => ending(other),
    };
    let format = match kind.to_ascii_lowercase().as_str() {
        "application/pdf" | "pdf" => "pdf",
        "text/csv" | "csv" => "csv",
        "application/msword" | "doc" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" | "docx" => "docx",
        "application/vnd.ms-excel" | "xls" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" | "xlsx" => "xlsx",
        "text/html" | "html" => "html",
        "text/plain" | "txt" => "txt",
        "text/markdown" | "md" => "md",
        _ => return Err(unsupported(at, "Bedrock takes PDF, CSV, Word, Excel, HTML, text and Markdown documents")),
    };
    documents.count += 1;
    documents.renamed |= name.is_some();
    let mut out = json!({"format": format, "name": format!("Document {}", documents.count), "source": bytes});
    for field in ["citations", "context"] {
        if let (Some(value), Some(out)) = (given(raw, field), out.as_object_mut()) {
            out.insert(field.into(), value.clone());
        }
    }
    Ok(json!({"document": out}))
}
