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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test may.

    use super::MediaKind::{Audio, Document, Image, Video};
    use crate::catalog::{Catalog, Model, Quirks};
    use crate::provider::turns::replay::target;
    use crate::provider::{Family, family, gemini, openai};

    #[test]
    fn who_fetches_what() {
        let at = |family| target(family, "http://127.0.0.1:9", Model::default());
        let blind = openai::tests::target(Quirks { image_urls: false, ..Quirks::default() });
        let mistral = openai::tests::target(Catalog::builtin().vendor("mistral").unwrap().quirks.clone());
        let mut vertex = at(Family::Anthropic);
        vertex.deployment = gemini::tests::on_vertex("gemini").deployment;
        let table = [
            (Family::OpenAi, at(Family::OpenAi), [true, false]),
            (Family::OpenAi, blind.clone(), [false, false]),
            (Family::OpenAi, mistral, [true, true]),
            (Family::Responses, at(Family::OpenAi), [true, true]),
            (Family::Responses, blind, [false, true]),
            (Family::Anthropic, at(Family::Anthropic), [true, true]),
            (Family::Anthropic, vertex, [false, false]),
            (Family::Gemini, at(Family::Gemini), [false, false]),
            (Family::Bedrock, at(Family::Bedrock), [false, false]),
            (Family::Cohere, at(Family::Cohere), [true, true]),
            (Family::Ollama, at(Family::Ollama), [false, true]),
        ];
        for (speaks, target, taken) in &table {
            let spoken = family(*speaks);
            for (kind, taken) in [Image, Document].into_iter().zip(taken) {
                assert_eq!(spoken.takes_url(kind, "https://a.example/x", target), *taken, "{speaks:?} {kind:?}");
            }
            let limited = *speaks == Family::Bedrock;
            assert_eq!(spoken.media_limit(Image, target), limited.then_some(3_750_000));
            assert_eq!(spoken.media_limit(Document, target), limited.then_some(4_500_000));
            assert_eq!([Audio, Video].map(|kind| spoken.media_limit(kind, target)), [None, None]);
            let several = matches!(speaks, Family::OpenAi | Family::Gemini);
            assert_eq!(spoken.takes_n(target), several, "{speaks:?}");
        }
    }
}
