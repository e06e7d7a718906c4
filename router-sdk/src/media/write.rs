//! A part, and bytes for it, in; the same part with the bytes inside out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::place::{Place, Source, format_of};
use crate::provider::MediaKind;

/// Writes fetched bytes into their part.
pub(super) fn bytes(part: &mut Value, place: &Place<'_>, mime: &str, bytes: &[u8]) {
    encoded(part, place, mime, &STANDARD.encode(bytes));
}

/// Writes the right media type into a part that states a wrong one.
pub(super) fn correct(part: &mut Value, place: &Place<'_>, mime: &str) {
    if let Source::Inline { data, .. } = place.source {
        encoded(part, place, mime, data);
    }
}

fn encoded(part: &mut Value, place: &Place<'_>, mime: &str, data: &str) {
    let uri = || format!("data:{mime};base64,{data}");
    match place.kind {
        MediaKind::Audio => {
            part["type"] = "input_audio".into();
            part["input_audio"] = json!({"data": data, "format": format_of(mime)});
            remove(part, "audio_url");
        }
        MediaKind::Image => address(part, "image_url", uri()),
        MediaKind::Video => address(part, "video_url", uri()),
        // A picture that was given as a file is sent as the picture it is.
        MediaKind::Document if MediaKind::of(mime) == MediaKind::Image => {
            part["type"] = "image_url".into();
            part["image_url"] = json!({"url": uri()});
            remove(part, "file");
        }
        MediaKind::Document => {
            let name = name(place, mime);
            if let Some(file) = part.get_mut("file").and_then(Value::as_object_mut) {
                file.shift_remove("file_url");
                file.insert("file_data".into(), uri().into());
                if !file.get("filename").is_some_and(Value::is_string) {
                    file.insert("filename".into(), name.into());
                }
            }
        }
    }
}

/// `{field: {url}}` keeps what else it says, such as `detail`; `{field: "url"}` stays text.
fn address(part: &mut Value, field: &str, uri: String) {
    match part.get_mut(field) {
        Some(Value::Object(inner)) => {
            inner.insert("url".into(), uri.into());
        }
        Some(other) => *other = uri.into(),
        None => {}
    }
}

fn remove(part: &mut Value, field: &str) {
    if let Some(part) = part.as_object_mut() {
        part.shift_remove(field);
    }
}

/// The last word of the address's path; providers want a name, and show it to the model.
fn name(place: &Place<'_>, mime: &str) -> String {
    let path = match place.source {
        Source::Url(url) => reqwest::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default(),
        Source::Inline { .. } => String::new(),
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if last.contains('.') && last.len() <= 100 && last.chars().all(plain) {
        return last.to_owned();
    }
    let ending = match mime {
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/csv" => "csv",
        _ => "bin",
    };
    format!("document.{ending}")
}
