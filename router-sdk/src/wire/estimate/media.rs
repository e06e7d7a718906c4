//! Pictures, sound and documents in, their tokens by the provider's rule out.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::Tokenizer;

/// So much of a picture is read for its size; what cameras write before it is shorter.
const HEAD: usize = 96 * 1024;
/// A picture of unknown size is taken for one of a megapixel.
const UNKNOWN: (u64, u64) = (1024, 1024);
/// Bytes a second of compressed sound at 128 kbit, and of the usual 16-bit recording at 24 kHz.
const COMPRESSED: u64 = 16_000;
const WAV: u64 = 48_000;
/// Sound of unknown length is taken for half a minute.
const UNKNOWN_SECONDS: u64 = 30;
/// Bytes of a page of a document, text with some graphics.
const PAGE: u64 = 50_000;
/// Documents of unknown length are taken for so many pages, and none for more than providers take.
const UNKNOWN_PAGES: u64 = 3;
const MOST_PAGES: u64 = 1_000;

/// Padding may be missing in data of callers and the head is cut anywhere.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a part of a message holds besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// Width, height, and whether the caller asked for the coarse view.
    Image { width: u64, height: u64, low: bool },
    /// Seconds.
    Audio(u64),
    /// Pages.
    Document(u64),
}

impl Media {
    /// Reads a content part; nothing for a part of text or of an unknown kind.
    pub(super) fn of(part: &Value) -> Option<Self> {
        match part.get("type").and_then(Value::as_str)? {
            "image_url" | "input_image" => Some(image(part)),
            "input_audio" => Some(Self::Audio(seconds(part.get("input_audio")?))),
            "video_url" => Some(Self::Audio(UNKNOWN_SECONDS)),
            "file" | "input_file" => Some(document(part)),
            _ => None,
        }
    }

    /// The tokens it costs.
    ///
    /// Pictures: OpenAI 85 and 170 a tile of 512 (after fitting into 2048 and the short side to 768), 85 for the coarse
    /// view; Anthropic width times height by 750 after the long side was brought to 1568; Gemini 258 a tile of 768, or
    /// once for up to 384; others one for 28 by 28 pixels within 1540. Sound: 10 a second, Gemini 32. Documents: 258 a
    /// page for Gemini, elsewhere text and picture of a page, 2,000.
    pub(super) fn tokens(self, tokenizer: Tokenizer) -> u64 {
        match (self, tokenizer) {
            (Self::Image { low: true, .. }, Tokenizer::O200k | Tokenizer::Cl100k) => 85,
            (Self::Image { width, height, .. }, tokenizer) => picture(width.max(1), height.max(1), tokenizer),
            (Self::Audio(seconds), Tokenizer::Gemini) => seconds.saturating_mul(32),
            (Self::Audio(seconds), _) => seconds.saturating_mul(10),
            (Self::Document(pages), Tokenizer::Gemini) => pages.saturating_mul(258),
            (Self::Document(pages), _) => pages.saturating_mul(2_000),
        }
    }
}

fn picture(width: u64, height: u64, tokenizer: Tokenizer) -> u64 {
    match tokenizer {
        Tokenizer::O200k | Tokenizer::Cl100k => {
            let (w, h) = within(width, height, 2048);
            let (w, h) = if w.min(h) > 768 { shrink(w, h, w.min(h), 768) } else { (w, h) };
            85 + 170 * w.div_ceil(512) * h.div_ceil(512)
        }
        Tokenizer::Claude | Tokenizer::ClaudeNext => {
            let (w, h) = within(width, height, 1568);
            // Larger ones are shrunk by the provider to about this many tokens.
            (w * h).div_ceil(750).min(1_600)
        }
        Tokenizer::Gemini if width <= 384 && height <= 384 => 258,
        Tokenizer::Gemini => {
            let (w, h) = within(width, height, 3072);
            258 * w.div_ceil(768) * h.div_ceil(768)
        }
        _ => {
            let (w, h) = within(width, height, 1540);
            w.div_ceil(28) * h.div_ceil(28)
        }
    }
}

/// Shrinks to a longest side.
fn within(width: u64, height: u64, most: u64) -> (u64, u64) {
    let longest = width.max(height);
    if longest > most { shrink(width, height, longest, most) } else { (width, height) }
}

fn shrink(width: u64, height: u64, from: u64, to: u64) -> (u64, u64) {
    let scaled =
        |side: u64| u64::try_from(u128::from(side) * u128::from(to) / u128::from(from.max(1))).unwrap_or(to).max(1);
    (scaled(width), scaled(height))
}

fn image(part: &Value) -> Media {
    let inner = part.get("image_url");
    let url = inner.and_then(|i| i.get("url").unwrap_or(i).as_str());
    let detail = inner.and_then(|i| i.get("detail")).or_else(|| part.get("detail")).and_then(Value::as_str);
    let (width, height) = url.and_then(dimensions).unwrap_or(UNKNOWN);
    Media::Image { width, height, low: detail == Some("low") }
}

/// Width and height from the head of a data URI.
fn dimensions(url: &str) -> Option<(u64, u64)> {
    let (_, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let head = data.as_bytes().get(..data.len().min(HEAD))?;
    let whole = head.len() / 4 * 4;
    let bytes = BASE64.decode(head.get(..whole)?).ok()?;
    let size = imagesize::blob_size(&bytes).ok()?;
    Some((size.width as u64, size.height as u64))
}

fn seconds(audio: &Value) -> u64 {
    let Some(data) = audio.get("data").and_then(Value::as_str) else { return UNKNOWN_SECONDS };
    let rate = if audio.get("format").and_then(Value::as_str) == Some("wav") { WAV } else { COMPRESSED };
    (data.len() as u64 / 4 * 3).div_ceil(rate)
}

fn document(part: &Value) -> Media {
    let file = part.get("file").unwrap_or(part);
    let pages = match file.get("file_data").and_then(Value::as_str) {
        Some(data) => (data.len() as u64 / 4 * 3).div_ceil(PAGE).clamp(1, MOST_PAGES),
        None => UNKNOWN_PAGES,
    };
    Media::Document(pages)
}
