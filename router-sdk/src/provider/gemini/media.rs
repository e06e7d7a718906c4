//! Where the bytes of a picture, sound, film or document are in; a Gemini part out.

use serde_json::{Value, json};

use super::generation::{Generation, generation};
use super::turns::{Source, unsupported};
use crate::provider::{Failure, Target};

/// `inlineData` or `fileData`. `fallback` is the type where an address does not tell it.
pub(super) fn media(source: Source<'_>, fallback: &str, target: &Target, at: &str) -> Result<Value, Failure> {
    match source {
        Source::Inline { mime, data } => {
            let mime = if mime.is_empty() { fallback } else { mime };
            Ok(json!({"inlineData": {"mimeType": mime, "data": data}}))
        }
        Source::Url(url) => {
            if !own_file(url) && generation(&target.model) < Generation::TwoFive {
                return Err(unsupported(at, "this model does not fetch addresses; send the data itself"));
            }
            Ok(json!({"fileData": {"mimeType": type_of(url).unwrap_or(fallback), "fileUri": url}}))
        }
        Source::Id(id) if id.starts_with("files/") && !target.on_vertex() => {
            let base = target.deployment.base_url.trim_end_matches('/');
            Ok(json!({"fileData": {"mimeType": fallback, "fileUri": format!("{base}/{id}")}}))
        }
        Source::Id(_) => Err(unsupported(at, "is a file of another provider; send the data itself")),
    }
}

/// Files that Google keeps, which every generation reads.
pub(super) fn own_file(url: &str) -> bool {
    let hosts = ["https://generativelanguage.googleapis.com/", "gs://", "https://youtu.be/"];
    hosts.iter().any(|host| url.starts_with(host)) || url.contains(".youtube.com/") || url.contains("//youtube.com/")
}

fn type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" => "text/html",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        _ => return None,
    })
}

/// The type of sound in OpenAI's word for its format.
pub(super) fn audio(data: &str, format: &str) -> Value {
    json!({"inlineData": {"mimeType": format!("audio/{format}"), "data": data}})
}
