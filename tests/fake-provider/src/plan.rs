//! What to do on the wire: a scripted reply and the request in, steps for the player out; no I/O.

use crate::asked::Asked;
use crate::body::{Body, Ending, body_of};
use crate::dates;
use crate::error_body;
use crate::fault::{FaultKind, Part};
use crate::head;
use crate::reply::{Family, Framing, Reply, Split, Trickle};
use crate::text;
use std::time::{Duration, SystemTime};

/// One thing to do on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Write(Vec<u8>),
    Pause(Duration),
    /// Writes one byte many times.
    Fill {
        byte: u8,
        count: usize,
    },
    /// Writes the same bytes again and again until the time limit.
    Repeat {
        bytes: Vec<u8>,
        every: Duration,
    },
    /// Nothing more until the receiver leaves or the time limit.
    Hang,
    Close,
    Reset,
}

/// The steps of one reply.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Whether the connection takes another request afterwards.
    pub(crate) keep_alive: bool,
}

/// A pause that lets the receiver read what was sent before the reset discards it.
const BEFORE_RESET: Duration = Duration::from_millis(5);
const NEVER_ENDING_EVERY: Duration = Duration::from_millis(5);

/// Plans one reply; `base` is the script's own URL.
pub(crate) fn plan(reply: &Reply, asked: &Asked, base: &str, now: SystemTime) -> Plan {
    let mut steps = Vec::new();
    pause(&mut steps, reply.delay_ms);
    if let Some(step) = before_headers(reply) {
        steps.extend(step);
        return Plan { steps, keep_alive: false };
    }
    let body = body_of(reply, asked);
    let framing = reply.framing.unwrap_or_else(|| natural_framing(reply, &body));
    let close = reply.close || framing == Framing::Close;
    let headers = headers(reply, asked, base, now, &body, framing, close);
    let head = head::bytes(body.status, &headers);
    let keep_alive = !close && body.ending == Ending::Finish && body.length_off_by == 0;
    steps.extend(in_writes(head, reply.split.as_ref()));
    send_body(&mut steps, reply, body, framing);
    if !keep_alive && steps.last() != Some(&Step::Reset) {
        steps.push(Step::Close);
    }
    Plan { steps, keep_alive }
}

fn pause(steps: &mut Vec<Step>, ms: u64) {
    if ms > 0 {
        steps.push(Step::Pause(Duration::from_millis(ms)));
    }
}

fn before_headers(reply: &Reply) -> Option<Vec<Step>> {
    match reply.fault.as_ref()?.kind {
        FaultKind::ResetBeforeHeaders => Some(vec![Step::Reset]),
        FaultKind::CloseBeforeHeaders => Some(vec![Step::Close]),
        FaultKind::GarbageBeforeHeaders => {
            Some(vec![Step::Write(b"\x15\x03\x03\x00\x02\x02\x28 not http\r\n\r\n".to_vec()), Step::Close])
        }
        FaultKind::HangBeforeHeaders => Some(vec![Step::Hang, Step::Close]),
        _ => None,
    }
}

fn natural_framing(reply: &Reply, body: &Body) -> Framing {
    let length_lies = reply.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::WrongContentLength);
    if body.streamed && !length_lies { Framing::Chunked } else { Framing::Length }
}

fn headers(
    reply: &Reply,
    asked: &Asked,
    base: &str,
    now: SystemTime,
    body: &Body,
    framing: Framing,
    close: bool,
) -> Vec<(String, String)> {
    let mut headers = vec![("content-type".to_owned(), body.content_type.to_owned())];
    headers.extend(head::family_headers(asked, &head::request_id(asked)));
    if let Some(encoding) = body.encoding {
        headers.push(("content-encoding".to_owned(), encoding.to_owned()));
    }
    if let (Family::Bedrock, Some(spec)) = (asked.family, &reply.error) {
        let error = error_body::body(asked.family, body.status, spec, "");
        let kind = error["__type"].as_str().unwrap_or_default().to_owned();
        headers.push(("x-amzn-errortype".to_owned(), kind));
    }
    for (name, value) in &reply.headers {
        let value = value.as_ref().map(|value| dates::fill(value, base, now));
        head::set(&mut headers, name, value);
    }
    match framing {
        Framing::Chunked => head::set(&mut headers, "transfer-encoding", Some("chunked".to_owned())),
        Framing::Length => {
            let length = body.promised().saturating_add_signed(body.length_off_by);
            head::set(&mut headers, "content-length", Some(length.to_string()));
        }
        Framing::Close => {}
    }
    if close {
        head::set(&mut headers, "connection", Some("close".to_owned()));
    }
    headers
}

fn send_body(steps: &mut Vec<Step>, reply: &Reply, body: Body, framing: Framing) {
    let frame = |bytes: &[u8]| match framing {
        Framing::Chunked => chunk(bytes),
        Framing::Length | Framing::Close => bytes.to_vec(),
    };
    let mut writes: Vec<Step> = Vec::new();
    let mut waited = false;
    for (at, Part { bytes, output }) in body.parts.iter().enumerate() {
        if !waited && (*output || !body.streamed) && reply.first_token_ms > 0 {
            pause(&mut writes, reply.first_token_ms);
            waited = true;
        } else if at > 0 {
            pause(&mut writes, reply.chunk_ms);
        }
        writes.push(Step::Write(frame(bytes)));
    }
    match body.ending {
        Ending::Finish if framing == Framing::Chunked => {
            // The end rides with the last event, so that a receiver that stops there read it all.
            match writes.last_mut() {
                Some(Step::Write(bytes)) => bytes.extend_from_slice(b"0\r\n\r\n"),
                _ => writes.push(Step::Write(b"0\r\n\r\n".to_vec())),
            }
        }
        Ending::Finish | Ending::Close => {}
        Ending::Reset => writes.extend([Step::Pause(BEFORE_RESET), Step::Reset]),
        Ending::Hang => writes.push(Step::Hang),
        Ending::Fill(count) => {
            if framing == Framing::Chunked {
                writes.push(Step::Write(format!("{count:x}\r\n").into_bytes()));
            }
            writes.push(Step::Fill { byte: b'a', count });
        }
        Ending::Repeat(bytes) => {
            writes.push(Step::Repeat { bytes: frame(&bytes), every: NEVER_ENDING_EVERY });
        }
    }
    for step in writes {
        match step {
            Step::Write(bytes) => match reply.trickle {
                Some(trickle) => steps.extend(trickled(&bytes, trickle)),
                None => steps.extend(in_writes(bytes, reply.split.as_ref())),
            },
            other => steps.push(other),
        }
    }
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    // A chunk of no bytes would end the body.
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    framed
}

fn trickled(bytes: &[u8], trickle: Trickle) -> Vec<Step> {
    let portion = |bytes: &[u8]| [Step::Write(bytes.to_vec()), Step::Pause(Duration::from_millis(trickle.ms))];
    bytes.chunks(trickle.bytes).flat_map(portion).collect()
}

fn in_writes(bytes: Vec<u8>, split: Option<&Split>) -> Vec<Step> {
    match split {
        None => vec![Step::Write(bytes)],
        Some(Split::Every(size)) => bytes.chunks(*size).map(|piece| Step::Write(piece.to_vec())).collect(),
        Some(Split::Random(seed)) => {
            let (mut seed, mut rest, mut steps) = (*seed, bytes.as_slice(), Vec::new());
            while !rest.is_empty() {
                let size = 1 + (text::draw(&mut seed) % 24) as usize;
                let (piece, after) = rest.split_at(size.min(rest.len()));
                steps.push(Step::Write(piece.to_vec()));
                rest = after;
            }
            steps
        }
    }
}

#[cfg(test)]
mod tests;
