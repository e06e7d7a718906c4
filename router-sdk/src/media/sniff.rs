//! The first bytes of a file in; its media type, as the bytes themselves tell it, out.

/// As many bytes as the longest look needs.
pub(super) const HEAD: usize = 64;

/// The media type of a file that begins so; `None` where the bytes do not say.
pub(super) fn sniff(head: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let at = |from: usize, magic: &[u8]| head.get(from..from + magic.len()) == Some(magic);
    if starts(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if starts(b"\xff\xd8\xff") {
        return Some("image/jpeg");
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some("image/gif");
    }
    if starts(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Some("image/webp"),
            Some(b"WAVE") => Some("audio/wav"),
            Some(b"AVI ") => Some("video/x-msvideo"),
            _ => None,
        };
    }
    if at(4, b"ftyp") {
        return Some(brand(head.get(8..12).unwrap_or_default()));
    }
    if starts(b"II*\0") || starts(b"MM\0*") {
        return Some("image/tiff");
    }
    if starts(b"BM") && at(6, b"\0\0\0\0") {
        return Some("image/bmp");
    }
    if starts(b"OggS") {
        return Some("audio/ogg");
    }
    if starts(b"fLaC") {
        return Some("audio/flac");
    }
    if starts(b"\x1a\x45\xdf\xa3") {
        return Some("video/webm");
    }
    if starts(b"FORM") && at(8, b"AIFF") {
        return Some("audio/aiff");
    }
    if starts(b"ID3") || mpeg_layer_three(head) {
        return Some("audio/mpeg");
    }
    // Some writers put a few bytes before the mark, which readers tolerate.
    if head.windows(5).any(|w| w == b"%PDF-") {
        return Some("application/pdf");
    }
    html(head).then_some("text/html")
}

/// Files of the ISO base media format tell what they are by their brand.
fn brand(brand: &[u8]) -> &'static str {
    match brand {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" => "image/heic",
        b"mif1" | b"msf1" => "image/heif",
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        _ => "video/mp4",
    }
}

/// The sync word of a frame of MPEG layer three: a version and a bit rate that exist.
fn mpeg_layer_three(head: &[u8]) -> bool {
    let [0xff, second, third, ..] = head else { return false };
    second & 0xe6 == 0xe2 && second & 0x18 != 0x08 && third & 0xf0 != 0xf0 && third & 0x0c != 0x0c
}

fn html(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
    text.starts_with("<!doctype html") || text.starts_with("<html")
}

/// Whether two names mean one media type: several formats have more than one.
pub(super) fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// The usual name of a media type, without its parameters.
pub(super) fn plain(mime: &str) -> String {
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match mime.as_str() {
        "image/jpg" | "image/pjpeg" => "image/jpeg".into(),
        "audio/mp3" | "audio/x-mp3" => "audio/mpeg".into(),
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "audio/wav".into(),
        "audio/m4a" | "audio/x-m4a" => "audio/mp4".into(),
        "audio/opus" | "application/ogg" => "audio/ogg".into(),
        "audio/x-flac" => "audio/flac".into(),
        "application/x-pdf" => "application/pdf".into(),
        _ => mime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_what_they_are() {
        let files: [(&[u8], &str); 16] = [
            (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x20ftypheic", "image/heic"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            (b"OggS\0\x02", "audio/ogg"),
            (b"fLaC\0\0\0\x22", "audio/flac"),
            (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
            (b"ID3\x04\0\0", "audio/mpeg"),
            (b"\xff\xfb\x90\x64\0", "audio/mpeg"),
            (b"\n\n%PDF-1.7\n", "application/pdf"),
            (b"  <!DOCTYPE HTML><html>", "text/html"),
        ];
        for (head, mime) in files {
            assert_eq!(sniff(head), Some(mime), "{mime}");
        }
        for head in [&b""[..], b"hello", b"RIFF", b"\xff\xff\xff\xff", b"\xff\xd8", b"{\"a\":1}"] {
            assert_eq!(sniff(head), None, "{head:?}");
        }
    }

    #[test]
    fn names_of_one_type_are_the_same() {
        assert!(same("image/jpg", "image/jpeg") && same("audio/mp3; rate=8000", "AUDIO/MPEG"));
        assert!(!same("image/png", "image/jpeg") && !same("", "image/png"));
    }
}
