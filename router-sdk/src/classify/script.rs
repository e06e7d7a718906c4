//! Characters in, the dominant writing system out. A script is never a task kind.

use serde::Serialize;

use super::fold::head;

/// A writing system. Han alone is Chinese; kana makes Japanese, hangul Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Latin letters.
    Latin,
    /// Cyrillic letters.
    Cyrillic,
    /// Greek letters.
    Greek,
    /// Arabic letters, Persian and Urdu included.
    Arabic,
    /// Hebrew letters.
    Hebrew,
    /// Devanagari: Hindi, Marathi, Nepali.
    Devanagari,
    /// Other Indic scripts.
    Indic,
    /// Thai, Lao, Khmer and Burmese.
    SoutheastAsian,
    /// Han characters without kana.
    Chinese,
    /// Kana, with or without kanji.
    Japanese,
    /// Hangul.
    Korean,
    /// Anything else with letters.
    Other,
}

impl Script {
    /// The name in snake case, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latin => "latin",
            Self::Cyrillic => "cyrillic",
            Self::Greek => "greek",
            Self::Arabic => "arabic",
            Self::Hebrew => "hebrew",
            Self::Devanagari => "devanagari",
            Self::Indic => "indic",
            Self::SoutheastAsian => "southeast_asian",
            Self::Chinese => "chinese",
            Self::Japanese => "japanese",
            Self::Korean => "korean",
            Self::Other => "other",
        }
    }
}

const KINDS: [Script; 12] = [
    Script::Latin,
    Script::Cyrillic,
    Script::Greek,
    Script::Arabic,
    Script::Hebrew,
    Script::Devanagari,
    Script::Indic,
    Script::SoutheastAsian,
    Script::Chinese,
    Script::Japanese,
    Script::Korean,
    Script::Other,
];

// A CJK character carries about as much as three letters of an alphabet.
const CJK_WEIGHT: usize = 3;
/// Bytes that are read.
const READ: usize = 3_000;

/// The dominant script of the first characters of `text`.
pub(crate) fn detect(text: &str) -> Option<Script> {
    let text = head(text, READ);
    if text.is_ascii() {
        return text.bytes().any(|b| b.is_ascii_alphabetic()).then_some(Script::Latin);
    }
    let mut counts = [0usize; KINDS.len()];
    for c in text.chars() {
        if c.is_ascii() {
            counts[0] += usize::from(c.is_ascii_alphabetic());
        } else if let Some(script) = of(c) {
            counts[script as usize] += 1;
        }
    }
    let kana = counts[Script::Japanese as usize];
    let han = counts[Script::Chinese as usize];
    // Kanji outnumber kana in terse Japanese; a tenth of kana settles it.
    if kana > 0 && kana * 10 >= han {
        counts[Script::Japanese as usize] += han;
        counts[Script::Chinese as usize] = 0;
    }
    for cjk in [Script::Chinese, Script::Japanese, Script::Korean] {
        counts[cjk as usize] *= CJK_WEIGHT;
    }
    let best = (0..counts.len()).rev().max_by_key(|&i| counts[i])?;
    (counts[best] > 0).then(|| KINDS[best])
}

fn of(c: char) -> Option<Script> {
    Some(match c as u32 {
        0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9D => Script::Japanese,
        0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => Script::Korean,
        0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3134F => Script::Chinese,
        0x00C0..=0x024F | 0x1E00..=0x1EFF if c.is_alphabetic() => Script::Latin,
        0x0370..=0x03FF | 0x1F00..=0x1FFF => Script::Greek,
        0x0400..=0x052F => Script::Cyrillic,
        0x0590..=0x05FF => Script::Hebrew,
        0x0600..=0x06FF | 0x0750..=0x077F | 0xFB50..=0xFDFF | 0xFE70..=0xFEFF => Script::Arabic,
        0x0900..=0x097F => Script::Devanagari,
        0x0980..=0x0DFF => Script::Indic,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF => Script::SoutheastAsian,
        _ if c.is_alphabetic() => Script::Other,
        _ => return None,
    })
}
