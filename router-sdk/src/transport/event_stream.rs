//! Bytes of a reply in AWS's binary event stream in, events out, with every checksum verified and a bound on a frame.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::{ByteStream, Event};
use crate::provider::{Cause, EXCEPTION, Failure};

/// The largest frame taken: what the format allows for a payload, and its headers.
const MAX_FRAME: usize = 24 * 1024 * 1024;
/// Total length, length of the headers, checksum of both.
const PRELUDE: usize = 12;
/// The checksum at the end.
const TRAILER: usize = 4;

/// Splits a body into events; an exception becomes an event whose name starts with [`EXCEPTION`].
pub(crate) fn events(body: ByteStream) -> impl Stream<Item = Result<Event, Failure>> + Send {
    let state = Some((body, Frames::default()));
    futures_util::stream::unfold(state, |state| async {
        let (mut body, mut frames) = state?;
        loop {
            match frames.next() {
                Ok(Some(event)) => return Some((Ok(event), Some((body, frames)))),
                Ok(None) => {}
                Err(failure) => return Some((Err(failure), None)),
            }
            match body.next().await {
                Some(Ok(piece)) => frames.push(&piece),
                Some(Err(failure)) => return Some((Err(failure), None)),
                None if frames.is_empty() => return None,
                None => {
                    let cut = Failure::new(Cause::Truncated, "the stream ended in the middle of a frame");
                    return Some((Err(cut), None));
                }
            }
        }
    })
}

/// Bytes that have come in and are no whole frame yet.
#[derive(Debug, Default)]
struct Frames {
    waiting: BytesMut,
}

impl Frames {
    fn push(&mut self, piece: &[u8]) {
        self.waiting.extend_from_slice(piece);
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next event, as soon as all of its frame is there.
    fn next(&mut self) -> Result<Option<Event>, Failure> {
        let Some(mut prelude) = self.waiting.get(..PRELUDE) else { return Ok(None) };
        let checked = crc32fast::hash(prelude.get(..PRELUDE - 4).unwrap_or_default());
        let (total, headers) = (prelude.get_u32() as usize, prelude.get_u32() as usize);
        if prelude.get_u32() != checked {
            return Err(Failure::malformed("the head of a frame has a wrong checksum"));
        }
        if total > MAX_FRAME {
            return Err(Failure::malformed(format!("a frame of the stream is larger than {MAX_FRAME} bytes")));
        }
        if total < PRELUDE + headers.saturating_add(TRAILER) {
            return Err(Failure::malformed("a frame of the stream is shorter than its headers"));
        }
        if self.waiting.len() < total {
            return Ok(None);
        }
        let frame = self.waiting.split_to(total).freeze();
        let (checked, mut trailer) = frame.split_at(total - TRAILER);
        if trailer.get_u32() != crc32fast::hash(checked) {
            return Err(Failure::malformed("a frame of the stream has a wrong checksum"));
        }
        let headers_end = PRELUDE + headers;
        read(frame.slice(PRELUDE..headers_end), &frame.slice(headers_end..total - TRAILER)).map(Some)
    }
}

/// What the headers of a frame tell.
#[derive(Debug, Default)]
struct Told {
    message_type: String,
    event_type: String,
    exception_type: String,
    error_code: String,
    error_message: String,
}

fn read(headers: Bytes, payload: &[u8]) -> Result<Event, Failure> {
    let told = read_headers(headers).ok_or_else(|| Failure::malformed("the headers of a frame cannot be read"))?;
    let data = || {
        std::str::from_utf8(payload)
            .map(str::to_owned)
            .map_err(|_| Failure::malformed("the payload of a frame is not valid UTF-8"))
    };
    Ok(match told.message_type.as_str() {
        "exception" => Event { name: format!("{EXCEPTION}{}", told.exception_type), data: data()? },
        "error" => {
            let data = serde_json::json!({"message": told.error_message}).to_string();
            Event { name: format!("{EXCEPTION}{}", told.error_code), data }
        }
        _ => Event { name: told.event_type, data: data()? },
    })
}

fn read_headers(mut rest: Bytes) -> Option<Told> {
    let mut told = Told::default();
    while !rest.is_empty() {
        let length = usize::from(rest.try_get_u8().ok()?);
        let name = take(&mut rest, length)?;
        // Values other than text have a length that follows from their type.
        let length = match rest.try_get_u8().ok()? {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            6 | 7 => usize::from(rest.try_get_u16().ok()?),
            _ => return None,
        };
        let value = take(&mut rest, length)?;
        let field = match name.as_ref() {
            b":message-type" => &mut told.message_type,
            b":event-type" => &mut told.event_type,
            b":exception-type" => &mut told.exception_type,
            b":error-code" => &mut told.error_code,
            b":error-message" => &mut told.error_message,
            _ => continue,
        };
        *field = String::from_utf8(value.to_vec()).ok()?;
    }
    Some(told)
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (rest.len() >= length).then(|| rest.split_to(length))
}

#[cfg(test)]
pub(crate) mod tests;
