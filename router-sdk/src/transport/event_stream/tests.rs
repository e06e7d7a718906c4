//! Frames: whole, split anywhere, cut short, damaged, and arbitrary bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::FutureExt;

use super::*;

/// A frame with text headers.
pub(crate) fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(name.len() as u8);
        block.extend_from_slice(name.as_bytes());
        block.push(7);
        block.extend_from_slice(&(value.len() as u16).to_be_bytes());
        block.extend_from_slice(value.as_bytes());
    }
    raw_frame(&block, payload)
}

fn raw_frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = PRELUDE + headers.len() + payload.len() + TRAILER;
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

/// A frame of an event of this type.
pub(crate) fn event_frame(kind: &str, payload: &str) -> Vec<u8> {
    let headers = [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.as_bytes())
}

/// A frame of an exception of this type.
pub(crate) fn exception_frame(kind: &str, payload: &str) -> Vec<u8> {
    let headers = [(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")];
    frame(&headers, payload.as_bytes())
}

type Read = Vec<Result<(String, String), Cause>>;

fn read_pieces(pieces: Vec<Vec<u8>>) -> Read {
    let body = futures_util::stream::iter(pieces.into_iter().map(|p| Ok(Bytes::from(p))));
    let events = events(Box::pin(body)).map(|e| e.map(|e| (e.name, e.data)).map_err(|f| f.cause));
    events.collect::<Vec<_>>().now_or_never().expect("a stream at hand never waits")
}

fn sample() -> Vec<u8> {
    let mut out = event_frame("messageStart", r#"{"role":"assistant"}"#);
    out.extend(event_frame("contentBlockDelta", r#"{"delta":{"text":"é"}}"#));
    out.extend(exception_frame("throttlingException", r#"{"message":"Slow down."}"#));
    out
}

fn expected() -> Read {
    let of = |name: &str, data: &str| Ok((name.to_owned(), data.to_owned()));
    vec![
        of("messageStart", r#"{"role":"assistant"}"#),
        of("contentBlockDelta", r#"{"delta":{"text":"é"}}"#),
        of("exception:throttlingException", r#"{"message":"Slow down."}"#),
    ]
}

#[test]
fn every_split_reads_the_same() {
    let bytes = sample();
    for cut in 0..=bytes.len() {
        let (one, two) = bytes.split_at(cut);
        assert_eq!(read_pieces(vec![one.to_vec(), two.to_vec()]), expected(), "cut at {cut}");
    }
    let single = bytes.iter().map(|b| vec![*b]).collect();
    assert_eq!(read_pieces(single), expected());
}

#[test]
fn the_published_example_of_an_empty_frame_is_read() {
    // Sixteen bytes: no headers, no payload; both checksums are fixed by the format.
    let bytes = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
    assert_eq!(read_pieces(vec![bytes.to_vec()]), vec![Ok((String::new(), String::new()))]);
}

#[test]
fn an_end_inside_a_frame_is_a_truncation() {
    let bytes = sample();
    let first = event_frame("messageStart", r#"{"role":"assistant"}"#).len();
    for end in [1, 11, 12, first - 1] {
        assert_eq!(read_pieces(vec![bytes[..end].to_vec()]), vec![Err(Cause::Truncated)], "end at {end}");
    }
    let mut expected = expected();
    expected.truncate(1);
    assert_eq!(read_pieces(vec![bytes[..first].to_vec()]), expected);
    expected.push(Err(Cause::Truncated));
    assert_eq!(read_pieces(vec![bytes[..first + 5].to_vec()]), expected);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = event_frame("contentBlockDelta", r#"{"delta":{"text":"Hi"}}"#);
    for at in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[at / 8] ^= 1 << (at % 8);
        let read = read_pieces(vec![damaged]);
        assert_eq!(read.len(), 1);
        assert!(matches!(read[0], Err(Cause::Malformed)), "bit {at}: {read:?}");
    }
}

#[test]
fn headers_of_every_type_are_skipped_and_unknown_ones_refused() {
    let mut headers = Vec::new();
    for (kind, length) in [(0_u8, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)] {
        headers.extend_from_slice(&[1, b'x', kind]);
        headers.extend(std::iter::repeat_n(7_u8, length));
    }
    headers.extend_from_slice(&[1, b'y', 6, 0, 2, 0xff, 0xfe]);
    headers.extend_from_slice(&[11]);
    headers.extend_from_slice(b":event-type");
    headers.extend_from_slice(&[7, 0, 1, b'e']);
    assert_eq!(read_pieces(vec![raw_frame(&headers, b"{}")]), vec![Ok(("e".into(), "{}".into()))]);
    for broken in [vec![1, b'x', 10], vec![1, b'x', 7, 0, 9, b'a'], vec![9, b'x'], vec![1, b'x']] {
        assert_eq!(read_pieces(vec![raw_frame(&broken, b"{}")]), vec![Err(Cause::Malformed)], "{broken:?}");
    }
}

#[test]
fn a_frame_of_type_error_tells_code_and_message() {
    let headers = [(":error-code", "InternalError"), (":error-message", "Sorry."), (":message-type", "error")];
    let read = read_pieces(vec![frame(&headers, b"")]);
    assert_eq!(read, vec![Ok(("exception:InternalError".into(), r#"{"message":"Sorry."}"#.into()))]);
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_kept() {
    let lying = |total: u32, headers: u32| {
        let mut out = total.to_be_bytes().to_vec();
        out.extend_from_slice(&headers.to_be_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    };
    for (total, headers) in [(u32::MAX, 0), (16, 1), (0, 0), (15, 0), (100, u32::MAX), (MAX_FRAME as u32 + 1, 8)] {
        assert_eq!(read_pieces(vec![lying(total, headers)]), vec![Err(Cause::Malformed)], "{total} {headers}");
    }
}

#[test]
fn a_payload_that_is_not_text_is_malformed() {
    assert_eq!(read_pieces(vec![frame(&[(":event-type", "e")], &[0xff])]), vec![Err(Cause::Malformed)]);
}

/// A small generator: the same seed, the same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn cut(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let end = (at + 1 + self.below(40)).min(bytes.len());
            out.push(bytes[at..end].to_vec());
            at = end;
        }
        out
    }
}

#[test]
fn arbitrary_bytes_end_in_a_failure_and_every_split_of_them_reads_the_same() {
    let mut dice = Dice(11);
    for round in 0..3_000 {
        let mut bytes = Vec::new();
        for _ in 0..dice.below(4) {
            match dice.below(4) {
                0 => bytes.extend((0..dice.below(60)).map(|_| dice.below(256) as u8).collect::<Vec<_>>()),
                1 => {
                    // A sound frame around headers that nobody wrote.
                    let headers: Vec<u8> = (0..dice.below(20)).map(|_| dice.below(12) as u8).collect();
                    bytes.extend(raw_frame(&headers, b"{}"));
                }
                _ => bytes.extend(event_frame("e", r#"{"a":1}"#)),
            }
        }
        if dice.below(2) == 0 && !bytes.is_empty() {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        let whole = read_pieces(vec![bytes.clone()]);
        assert_eq!(read_pieces(dice.cut(&bytes)), whole, "round {round}");
        assert!(whole.len() <= bytes.len() / PRELUDE + 1);
        assert!(whole.iter().rev().skip(1).all(Result::is_ok), "nothing follows a failure");
    }
}
