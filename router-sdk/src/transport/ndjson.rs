//! Bytes of a reply in, its lines as events out, with a bound on what one line may hold.

use futures_util::{Stream, StreamExt};

use super::{ByteStream, Event};
use crate::provider::Failure;

/// The longest line taken.
const MAX_LINE: usize = 32 * 1024 * 1024;

/// Splits a body into lines. Blank lines are dropped; a last line without a line end is given as it is.
pub(super) fn events(body: ByteStream) -> impl Stream<Item = Result<Event, Failure>> + Send {
    lines(body, MAX_LINE)
}

fn lines(mut body: ByteStream, longest: usize) -> impl Stream<Item = Result<Event, Failure>> + Send {
    async_stream::stream! {
        let mut begun: Vec<u8> = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(failure) => {
                    yield Err(failure);
                    return;
                }
            };
            let mut rest = piece.as_ref();
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let (line, after) = rest.split_at(end);
                rest = after.get(1..).unwrap_or_default();
                if begun.len() + line.len() > longest {
                    yield Err(too_long(longest));
                    return;
                }
                begun.extend_from_slice(line);
                if let Some(event) = event(&begun) {
                    let broken = event.is_err();
                    yield event;
                    if broken {
                        return;
                    }
                }
                begun.clear();
            }
            if begun.len() + rest.len() > longest {
                yield Err(too_long(longest));
                return;
            }
            begun.extend_from_slice(rest);
        }
        if let Some(event) = event(&begun) {
            yield event;
        }
    }
}

fn event(line: &[u8]) -> Option<Result<Event, Failure>> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    Some(match std::str::from_utf8(line) {
        Ok(data) => Ok(Event { name: String::new(), data: data.to_owned() }),
        Err(_) => Err(Failure::malformed("the stream is not valid UTF-8")),
    })
}

fn too_long(longest: usize) -> Failure {
    Failure::malformed(format!("a line of the stream is longer than {longest} bytes"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::provider::Cause;

    async fn read(pieces: &[&[u8]], longest: usize) -> Vec<Result<String, Cause>> {
        let pieces: Vec<_> = pieces.iter().map(|p| Ok(Bytes::copy_from_slice(p))).collect();
        let lines = lines(Box::pin(futures_util::stream::iter(pieces)), longest);
        lines.map(|event| event.map(|e| e.data).map_err(|f| f.cause)).collect().await
    }

    #[tokio::test]
    async fn lines_survive_any_two_cuts() {
        let text = "{\"a\":\"é\"}\r\n\n  \n{\"b\":\"漢\"}\n{\"c\":1}".as_bytes();
        let expected: Vec<Result<String, Cause>> =
            ["{\"a\":\"é\"}", "{\"b\":\"漢\"}", "{\"c\":1}"].map(|line| Ok(line.to_owned())).to_vec();
        for one in 0..=text.len() {
            for two in one..=text.len() {
                let pieces = [&text[..one], &text[one..two], &text[two..]];
                assert_eq!(read(&pieces, 100).await, expected, "cut at {one} and {two}");
            }
        }
    }

    #[tokio::test]
    async fn a_line_has_a_bound_wherever_it_is_cut() {
        assert_eq!(read(&[b"12345\n", b"123456\n"], 5).await, vec![Ok("12345".into()), Err(Cause::Malformed)]);
        assert_eq!(read(&[b"123", b"456"], 5).await, vec![Err(Cause::Malformed)]);
        assert_eq!(read(&[b"123", b"45"], 5).await, vec![Ok("12345".into())]);
    }

    #[tokio::test]
    async fn broken_utf8_ends_the_stream() {
        assert_eq!(read(&[b"{}\n\xff\xfe\n{}\n"], 100).await, vec![Ok("{}".into()), Err(Cause::Malformed)]);
    }

    #[tokio::test]
    async fn any_bytes_read_the_same_however_they_are_cut() {
        let mut seed = 7_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for _ in 0..300 {
            let letters = b"\n\n\r {}\"\xc3\xa9\xff1";
            let bytes: Vec<u8> = (0..next(60)).map(|_| letters[next(letters.len())]).collect();
            let whole = read(&[&bytes], 12).await;
            let pieces: Vec<&[u8]> = bytes.chunks(1 + next(4)).collect();
            assert_eq!(read(&pieces, 12).await, whole, "{bytes:?}");
        }
    }
}
