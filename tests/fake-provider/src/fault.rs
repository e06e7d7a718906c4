//! What goes wrong with a reply and where: the `fault` key of a script in, typed settings out.

use crate::error_body::ErrorSpec;
use serde::Deserialize;

/// The ways a reply can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// RST after the request was read, before the status line.
    ResetBeforeHeaders,
    /// A clean close before the status line.
    CloseBeforeHeaders,
    /// Bytes that are not HTTP instead of a status line.
    GarbageBeforeHeaders,
    /// Silence instead of a status line.
    HangBeforeHeaders,
    /// The head, then silence.
    HangAfterHeaders,
    /// A close at the position without the end that the framing promises.
    Cut,
    /// RST at the position.
    Reset,
    /// The body ends at the position, properly framed.
    End,
    /// Silence from the position on, the connection open.
    Stall,
    /// The family's error event at the position of a stream, then the end of the stream.
    InStreamError,
    /// A chunk that is not valid JSON at the position, then the rest; a whole reply ends inside its JSON.
    Malformed,
    /// A line of `bytes` without an end at the position, then a close.
    OversizedLine,
    /// Text with bytes that are not UTF-8 at the position; in a whole reply in mid-text.
    InvalidUtf8,
    /// Text (or with `silent` comments) from the position on, every 5 ms, for at most 60 s.
    NeverEnding,
    /// A web page with status 200.
    Html,
    /// Status 200 and nothing in the body.
    Empty,
    /// A `content-length` that is off by `by`, then a close.
    WrongContentLength,
    /// A gzip body that is damaged half-way.
    GzipBroken,
    /// Bytes that mean nothing after the body's proper end.
    TrailingGarbage,
}

/// One fault and its position, which counts from the start of the body; without one it is the start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// After so many events of a stream.
    #[serde(default)]
    pub after_chunks: Option<usize>,
    /// After so many events that carry output (text, reasoning, arguments).
    #[serde(default)]
    pub after_pieces: Option<usize>,
    /// After so many bytes of the body.
    #[serde(default)]
    pub after_bytes: Option<usize>,
    /// The error of `in_stream_error`; the family's overload error where absent.
    #[serde(default)]
    pub error: Option<ErrorSpec>,
    /// The length of an `oversized_line`.
    #[serde(default = "default_bytes")]
    pub bytes: usize,
    /// By how much a `wrong_content_length` is too large (negative: too small).
    #[serde(default = "default_by")]
    pub by: i64,
    /// Whether a `never_ending` stream sends no output.
    #[serde(default)]
    pub silent: bool,
}

fn default_bytes() -> usize {
    8 * 1024 * 1024
}

fn default_by() -> i64 {
    64
}

impl Fault {
    /// Says what is wrong with the fault, naming the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        let positions = [self.after_chunks, self.after_pieces, self.after_bytes];
        if positions.iter().flatten().count() > 1 {
            return Err("fault: give one of after_chunks, after_pieces, after_bytes".to_owned());
        }
        if self.error.is_some() && self.kind != FaultKind::InStreamError {
            return Err("fault.error: only in_stream_error sends one".to_owned());
        }
        Ok(())
    }
}

/// One write of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bytes: Vec<u8>,
    /// Whether it carries output: text, reasoning, a refusal, a piece of a call.
    pub(crate) output: bool,
}

impl Part {
    pub(crate) fn event(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), output: false }
    }

    pub(crate) fn output(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), output: true }
    }
}

/// Divides a body at the fault's position.
pub(crate) fn divide(mut parts: Vec<Part>, fault: &Fault) -> (Vec<Part>, Vec<Part>) {
    if let Some(bytes) = fault.after_bytes {
        return divide_at_byte(parts, bytes);
    }
    let at = match (fault.after_chunks, fault.after_pieces) {
        (Some(chunks), _) => chunks.min(parts.len()),
        (None, Some(0) | None) => 0,
        (None, Some(pieces)) => {
            let nth = parts.iter().enumerate().filter(|(_, part)| part.output).nth(pieces - 1);
            nth.map_or(parts.len(), |(index, _)| index + 1)
        }
    };
    let rest = parts.split_off(at);
    (parts, rest)
}

fn divide_at_byte(parts: Vec<Part>, bytes: usize) -> (Vec<Part>, Vec<Part>) {
    let (mut before, mut rest) = (Vec::new(), Vec::new());
    let mut left = bytes;
    for mut part in parts {
        if left >= part.bytes.len() {
            left -= part.bytes.len();
            before.push(part);
            continue;
        }
        let tail = part.bytes.split_off(left);
        left = 0;
        rest.push(Part { bytes: tail, output: part.output });
        if !part.bytes.is_empty() {
            before.push(part);
        }
    }
    (before, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<Part> {
        vec![Part::event("role"), Part::output("one"), Part::output("two"), Part::event("end")]
    }

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    fn sent(json: &str) -> String {
        let (before, rest) = divide(parts(), &fault(json));
        let text = |parts: &[Part]| -> Vec<u8> { parts.iter().flat_map(|p| p.bytes.clone()).collect() };
        let all = [text(&before), text(&rest)].concat();
        assert_eq!(all, b"roleonetwoend");
        String::from_utf8(text(&before)).unwrap()
    }

    #[test]
    fn positions_count_events_output_or_bytes() {
        assert_eq!(sent(r#"{"kind":"cut"}"#), "");
        assert_eq!(sent(r#"{"kind":"cut","after_chunks":1}"#), "role");
        assert_eq!(sent(r#"{"kind":"cut","after_pieces":1}"#), "roleone");
        assert_eq!(sent(r#"{"kind":"cut","after_pieces":0}"#), "");
        assert_eq!(sent(r#"{"kind":"cut","after_pieces":9}"#), "roleonetwoend");
        for bytes in 0..16 {
            let json = format!(r#"{{"kind":"cut","after_bytes":{bytes}}}"#);
            assert_eq!(sent(&json), &"roleonetwoend"[..bytes.min(13)]);
        }
    }

    #[test]
    fn two_positions_are_refused() {
        let both = fault(r#"{"kind":"cut","after_chunks":1,"after_bytes":2}"#);
        assert!(both.check().unwrap_err().contains("after_bytes"));
    }
}
