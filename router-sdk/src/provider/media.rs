//! The kinds of media that parts of a message hold, which families take in different ways.

/// What a part holds beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document, mostly PDF.
    Document,
    /// Speech or sound.
    Audio,
    /// A moving picture.
    Video,
}

impl MediaKind {
    /// The kind in a word, for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    /// The kind of a media type; anything that is no picture, sound or film is a document.
    pub(crate) fn of(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}
