//! The body of a reply with its faults: a scripted reply and the request in, parts and an ending out.

use crate::asked::Asked;
use crate::embeddings;
use crate::error_body;
use crate::fault::{Fault, FaultKind, Part, divide};
use crate::reply::{Family, Reply};
use crate::spelling::pretty;
use crate::{anthropic, bedrock, gemini, gzip, openai};
use base64::Engine;
use serde_json::Value;

/// How a body stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As its framing promises.
    Finish,
    /// The connection closes early.
    Close,
    Reset,
    Hang,
    /// So many bytes of one line, then a close.
    Fill(usize),
    /// The same bytes until the time limit.
    Repeat(Vec<u8>),
}

/// A body ready to be framed.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) encoding: Option<&'static str>,
    pub(crate) parts: Vec<Part>,
    /// Whether it is sent event by event.
    pub(crate) streamed: bool,
    pub(crate) ending: Ending,
    /// Bytes that a `content-length` promises beyond the parts.
    withheld: usize,
    pub(crate) length_off_by: isize,
}

impl Body {
    /// The length that an honest `content-length` tells.
    pub(crate) fn promised(&self) -> usize {
        let endless = match self.ending {
            Ending::Fill(count) => count,
            Ending::Repeat(_) => usize::MAX >> 16,
            _ => 0,
        };
        length(&self.parts) + self.withheld + endless
    }
}

fn length(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.bytes.len()).sum()
}

/// Renders the reply to this request.
pub(crate) fn body_of(reply: &Reply, asked: &Asked) -> Body {
    let mut body = sound(reply, asked);
    if body.streamed {
        dress_stream(&mut body.parts, reply, asked);
    }
    if reply.leading_newlines > 0 {
        body.parts.insert(0, Part::event("\n".repeat(reply.leading_newlines)));
    }
    match &reply.fault {
        Some(fault) => broken(body, fault, reply, asked),
        None => body,
    }
}

fn sound(reply: &Reply, asked: &Asked) -> Body {
    let (content_type, parts, streamed) = if let Some(spec) = &reply.error {
        error(reply, spec, asked)
    } else if let Some(literal) = literal(reply) {
        literal
    } else if let Some(embeds) = &asked.embeds {
        let body = embeddings::whole(reply, asked, embeds, reply.embed.unwrap_or(2));
        (whole_type(asked), vec![Part::output(body)], false)
    } else if asked.stream {
        let parts = match asked.family {
            Family::OpenAi => openai::stream(reply, asked),
            Family::Anthropic => anthropic::stream(reply, asked),
            Family::Gemini => gemini::stream(reply, asked),
            Family::Bedrock => bedrock::stream(reply, asked),
        };
        (stream_type(asked), parts, true)
    } else {
        let body = match asked.family {
            Family::OpenAi => openai::whole(reply, asked),
            Family::Anthropic => anthropic::whole(reply, asked),
            Family::Gemini => gemini::whole(reply, asked),
            Family::Bedrock => bedrock::whole(reply, asked),
        };
        (whole_type(asked), vec![Part::output(body)], false)
    };
    let error_status = if reply.error.is_some() { 500 } else { 200 };
    Body {
        status: reply.status.unwrap_or(error_status),
        content_type: content_type.to_owned(),
        encoding: None,
        parts,
        streamed,
        ending: Ending::Finish,
        withheld: 0,
        length_off_by: 0,
    }
}

fn stream_type(asked: &Asked) -> &'static str {
    match asked.family {
        Family::OpenAi | Family::Anthropic => "text/event-stream; charset=utf-8",
        Family::Gemini if asked.sse => "text/event-stream",
        Family::Gemini => whole_type(asked),
        Family::Bedrock => "application/vnd.amazon.eventstream",
    }
}

fn whole_type(asked: &Asked) -> &'static str {
    match asked.family {
        Family::Gemini => "application/json; charset=UTF-8",
        Family::OpenAi | Family::Anthropic | Family::Bedrock => "application/json",
    }
}

type Rendered = (&'static str, Vec<Part>, bool);

fn error(reply: &Reply, spec: &error_body::ErrorSpec, asked: &Asked) -> Rendered {
    let status = reply.status.unwrap_or(500);
    let body = error_body::body(asked.family, status, spec, &crate::head::request_id(asked));
    let text = match (asked.family, asked.stream, asked.sse) {
        (Family::Anthropic | Family::Bedrock, ..) => body.to_string(),
        // A Gemini stream that is a JSON array answers with an array of one error.
        (Family::Gemini, true, false) => pretty(&Value::from(vec![body])) + "\n",
        _ => pretty(&body) + "\n",
    };
    // An error before the stream keeps the type of the stream on Gemini only.
    let content_type = match asked.family {
        Family::Gemini if asked.stream => stream_type(asked),
        _ => whole_type(asked),
    };
    (content_type, vec![Part::event(text)], false)
}

fn literal(reply: &Reply) -> Option<Rendered> {
    if let Some(encoded) = &reply.body_base64 {
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
        return Some(("application/octet-stream", vec![Part::output(bytes)], false));
    }
    let text = match reply.body.as_ref()? {
        Value::String(text) => text.clone(),
        json => {
            return Some(("application/json", vec![Part::output(json.to_string())], false));
        }
    };
    let events = reply.headers.iter().any(|(name, value)| {
        let streams = value.as_ref().is_some_and(|value| value.contains("event-stream"));
        name.eq_ignore_ascii_case("content-type") && streams
    });
    if events {
        return Some(("text/event-stream", split_events(&text), true));
    }
    Some(("text/plain; charset=utf-8", vec![Part::output(text)], false))
}

/// Cuts literal event-stream text after each blank line.
fn split_events(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut event = String::new();
    for line in text.split_inclusive('\n') {
        event.push_str(line);
        if line.trim_end_matches(['\r', '\n']).is_empty() {
            parts.push(Part::output(std::mem::take(&mut event)));
        }
    }
    if !event.is_empty() {
        parts.push(Part::output(event));
    }
    parts
}

fn dress_stream(parts: &mut Vec<Part>, reply: &Reply, asked: &Asked) {
    if reply.sse_comments {
        let comment = Part::event(silent_event(asked));
        *parts = std::mem::take(parts).into_iter().flat_map(|part| [comment.clone(), part]).collect();
    }
    if let Some(crlf) = reply.crlf {
        for part in parts {
            part.bytes.retain(|byte| *byte != b'\r');
            if crlf {
                let lines = part.bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>();
                part.bytes = lines.join(b"\r\n".as_slice());
            }
        }
    }
}

/// An event that carries nothing.
fn silent_event(asked: &Asked) -> Vec<u8> {
    match asked.family {
        Family::OpenAi => b": keep-alive\n\n".to_vec(),
        Family::Anthropic => anthropic::ping().into_bytes(),
        Family::Gemini => b": keep-alive\r\n\r\n".to_vec(),
        Family::Bedrock => bedrock::silent(),
    }
}

fn text_event(reply: &Reply, asked: &Asked, piece: &str) -> Vec<u8> {
    match asked.family {
        Family::OpenAi => openai::text_event(reply, asked, piece).into_bytes(),
        Family::Anthropic => anthropic::text_event(piece).into_bytes(),
        Family::Gemini => gemini::text_event(reply, asked, piece).into_bytes(),
        Family::Bedrock => bedrock::text_event(piece),
    }
}

/// A piece of text whose JSON breaks off.
fn malformed_event(reply: &Reply, asked: &Asked) -> Vec<u8> {
    if asked.family == Family::Bedrock {
        return bedrock::raw_delta(b"{\"contentBlockIndex\":0,\"delta\":{\"text\":\"");
    }
    let event = text_event(reply, asked, MARK);
    let cut = find(&event, MARK.as_bytes()).unwrap_or(event.len());
    let end: &[u8] = if asked.family == Family::Gemini { b"\r\n\r\n" } else { b"\n\n" };
    [&event[..cut], end].concat()
}

/// A piece of text that is not UTF-8.
fn bad_text_event(reply: &Reply, asked: &Asked) -> Vec<u8> {
    if asked.family == Family::Bedrock {
        return bedrock::raw_delta(b"{\"contentBlockIndex\":0,\"delta\":{\"text\":\"\xff\xfe\"}}");
    }
    with_bad_bytes(&text_event(reply, asked, MARK), MARK.as_bytes())
}

fn event_of(json: &Value, asked: &Asked) -> Vec<u8> {
    match asked.family {
        Family::OpenAi => format!("data: {json}\n\n").into_bytes(),
        Family::Anthropic => format!("event: error\ndata: {json}\n\n").into_bytes(),
        Family::Gemini => format!("data: {json}\r\n\r\n").into_bytes(),
        Family::Bedrock => bedrock::exception(json),
    }
}

fn broken(mut body: Body, fault: &Fault, reply: &Reply, asked: &Asked) -> Body {
    match fault.kind {
        FaultKind::Html => {
            body.content_type = "text/html; charset=utf-8".to_owned();
            body.parts = vec![Part::output(HTML)];
            body.streamed = false;
        }
        FaultKind::Empty => body.parts.clear(),
        FaultKind::WrongContentLength => {
            body.length_off_by = isize::try_from(fault.by).unwrap_or(0);
        }
        FaultKind::GzipBroken => {
            let plain: Vec<u8> = body.parts.iter().flat_map(|part| part.bytes.clone()).collect();
            body.parts = vec![Part::output(gzip::damaged(&plain))];
            body.encoding = Some("gzip");
        }
        FaultKind::TrailingGarbage => {
            body.parts.push(Part::event("data: }{ not json\n\n\u{0}\u{1}what is this"));
        }
        FaultKind::InStreamError if !body.streamed => {
            let error = error_body::in_stream(asked.family, fault.error.as_ref());
            body.parts = vec![Part::event(error.to_string())];
        }
        FaultKind::Malformed if !body.streamed => {
            let all = length(&body.parts);
            let at = Fault { after_bytes: Some(all / 2), ..fault.clone() };
            body.parts = divide(body.parts, &at).0;
        }
        FaultKind::InvalidUtf8 if !body.streamed => body.parts = spoilt(body.parts, reply),
        _ => return broken_at(body, fault, reply, asked),
    }
    body
}

/// The faults that have a position.
fn broken_at(mut body: Body, fault: &Fault, reply: &Reply, asked: &Asked) -> Body {
    let (before, rest) = divide(std::mem::take(&mut body.parts), fault);
    body.parts = before;
    body.withheld = length(&rest);
    match fault.kind {
        FaultKind::Cut => body.ending = Ending::Close,
        FaultKind::Reset => body.ending = Ending::Reset,
        FaultKind::Stall | FaultKind::HangAfterHeaders => body.ending = Ending::Hang,
        FaultKind::OversizedLine => {
            let opening = match asked.family {
                Family::Bedrock => bedrock::opening(fault.bytes),
                _ => b"data: {\"noise\":\"".to_vec(),
            };
            body.parts.push(Part::event(opening));
            body.ending = Ending::Fill(fault.bytes);
        }
        FaultKind::NeverEnding => {
            let event = if fault.silent { silent_event(asked) } else { text_event(reply, asked, "and ") };
            body.ending = Ending::Repeat(event);
        }
        FaultKind::InStreamError => {
            let error = error_body::in_stream(asked.family, fault.error.as_ref());
            body.parts.push(Part::event(event_of(&error, asked)));
            body.withheld = 0;
        }
        FaultKind::Malformed => {
            body.parts.push(Part::output(malformed_event(reply, asked)));
            body.parts.extend(rest);
            body.withheld = 0;
        }
        FaultKind::InvalidUtf8 => {
            body.parts.push(Part::output(bad_text_event(reply, asked)));
            body.parts.extend(rest);
            body.withheld = 0;
        }
        // `End` is a proper end; the rest have been dealt with.
        _ => body.withheld = 0,
    }
    body
}

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Just a moment…</title></head>\
                    <body><h1>Bad gateway</h1></body></html>\n";

/// Stands in rendered JSON where bytes that are not UTF-8 go.
const MARK: &str = "@@bad@@";

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len().max(1)).position(|window| window == mark)
}

fn with_bad_bytes(bytes: &[u8], mark: &[u8]) -> Vec<u8> {
    let found = find(bytes, mark);
    let at = found.unwrap_or(bytes.len() / 2);
    let after = if found.is_some() { at + mark.len() } else { at };
    [&bytes[..at], b"\xff\xfe".as_slice(), &bytes[after..]].concat()
}

/// A whole body with its text replaced by bytes that are not UTF-8.
fn spoilt(parts: Vec<Part>, reply: &Reply) -> Vec<Part> {
    let all: Vec<u8> = parts.into_iter().flat_map(|part| part.bytes).collect();
    let text = reply.text().unwrap_or_default();
    vec![Part::output(with_bad_bytes(&all, text.as_bytes()))]
}
