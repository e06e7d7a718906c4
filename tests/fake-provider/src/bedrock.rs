//! Bedrock Converse: an answer in, the whole body or the binary frames of a stream out.

use crate::asked::Asked;
use crate::fault::Part;
use crate::reply::{Reply, Usage};
use crate::spelling::add_all;
use crate::text;
use serde_json::{Value, json};

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> String {
    let mut content = Vec::new();
    if let Some(reasoning) = &reply.reasoning {
        content.push(json!({ "reasoningContent": { "reasoningText": { "text": reasoning } } }));
    }
    content.extend(reply.text().map(|text| json!({ "text": text })));
    for at in 0..reply.tool_calls.len() {
        let call = &reply.tool_calls[at];
        let id = call_id(reply, asked, at);
        content.push(json!({ "toolUse": { "toolUseId": id, "name": call.name, "input": call.arguments } }));
    }
    let mut body = json!({ "output": { "message": { "role": "assistant", "content": content } } });
    if let Some(finish) = finish(reply) {
        body["stopReason"] = Value::from(finish);
    }
    if let Some(usage) = reply.usage() {
        body["usage"] = usage_body(usage);
    }
    body["metrics"] = json!({ "latencyMs": 3 });
    add_all(&mut body, &reply.extra);
    body.to_string()
}

pub(crate) fn stream(reply: &Reply, asked: &Asked) -> Vec<Part> {
    let mut parts = vec![Part::event(event("messageStart", &json!({ "role": "assistant" })))];
    let mut index = 0;
    let stop = |parts: &mut Vec<Part>, index: &mut u64| {
        parts.push(Part::event(event("contentBlockStop", &json!({ "contentBlockIndex": *index }))));
        *index += 1;
    };
    let reasoning = text::pieces(reply.reasoning.as_deref(), 3);
    for piece in &reasoning {
        parts.push(Part::output(delta(index, json!({ "reasoningContent": { "text": piece } }))));
    }
    if !reasoning.is_empty() {
        stop(&mut parts, &mut index);
    }
    let pieces = reply.pieces();
    for piece in &pieces {
        parts.push(Part::output(delta(index, json!({ "text": piece }))));
    }
    if !pieces.is_empty() {
        stop(&mut parts, &mut index);
    }
    for at in 0..reply.tool_calls.len() {
        let call = &reply.tool_calls[at];
        let opened = json!({ "toolUse": { "toolUseId": call_id(reply, asked, at), "name": call.name } });
        let start = json!({ "contentBlockIndex": index, "start": opened });
        parts.push(Part::output(event("contentBlockStart", &start)));
        let spelled = match &call.arguments {
            Value::String(literal) => literal.clone(),
            arguments => arguments.to_string(),
        };
        for piece in text::pieces(Some(&spelled), reply.fragments()) {
            parts.push(Part::output(delta(index, json!({ "toolUse": { "input": piece } }))));
        }
        stop(&mut parts, &mut index);
    }
    if let Some(finish) = finish(reply) {
        parts.push(Part::event(event("messageStop", &json!({ "stopReason": finish }))));
        if reply.done.unwrap_or(true) {
            let mut end = json!({ "metrics": { "latencyMs": 3 } });
            if let Some(usage) = reply.usage() {
                end["usage"] = usage_body(usage);
            }
            parts.push(Part::event(event("metadata", &end)));
        }
    }
    parts
}

/// One more piece of text, as a stream of this reply would send it.
pub(crate) fn text_event(piece: &str) -> Vec<u8> {
    delta(0, json!({ "text": piece }))
}

/// A frame with this payload, whatever it holds.
pub(crate) fn raw_delta(payload: &[u8]) -> Vec<u8> {
    frame(&[(":event-type", "contentBlockDelta"), (":message-type", "event")], payload)
}

/// A frame that carries nothing.
pub(crate) fn silent() -> Vec<u8> {
    event("initial-response", &json!({}))
}

/// An error in the middle of a stream.
pub(crate) fn exception(error: &Value) -> Vec<u8> {
    let kind = error["__type"].as_str().unwrap_or("internalServerException");
    let payload = json!({ "message": error["message"] });
    frame(&[(":exception-type", kind), (":message-type", "exception")], payload.to_string().as_bytes())
}

/// The start of a frame that promises `length` bytes.
pub(crate) fn opening(length: usize) -> Vec<u8> {
    let total = u32::try_from(length).unwrap_or(u32::MAX);
    let mut out = [total.to_be_bytes(), 0u32.to_be_bytes()].concat();
    let sum = crc32fast::hash(&out);
    out.extend(sum.to_be_bytes());
    out
}

fn delta(index: u64, delta: Value) -> Vec<u8> {
    event("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": delta }))
}

/// One event, padded as Bedrock pads it.
fn event(kind: &str, payload: &Value) -> Vec<u8> {
    let mut payload = payload.clone();
    let seed = payload.to_string().len() as u64;
    payload["p"] = Value::from(text::letters(seed, 1 + (seed % 15) as usize));
    let headers = [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.to_string().as_bytes())
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    const TEXT: u8 = 7;
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.extend(name.as_bytes());
        head.push(TEXT);
        head.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        head.extend(value.as_bytes());
    }
    let total = 12 + head.len() + payload.len() + 4;
    let mut out = Vec::new();
    out.extend(u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out.extend(head);
    out.extend(payload);
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out
}

fn finish(reply: &Reply) -> Option<String> {
    let finish = match (&reply.finish, &reply.refusal) {
        (None, Some(_)) => Some("content_filter".to_owned()),
        _ => reply.finish(),
    }?;
    Some(match finish.as_str() {
        "stop" => "end_turn".to_owned(),
        "length" => "max_tokens".to_owned(),
        "tool_calls" => "tool_use".to_owned(),
        "content_filter" => "content_filtered".to_owned(),
        other => other.to_owned(),
    })
}

fn call_id(reply: &Reply, asked: &Asked, at: usize) -> String {
    let made = || format!("tooluse_{}", text::letters(asked.number * 100 + at as u64, 22));
    reply.tool_calls[at].id.clone().unwrap_or_else(made)
}

/// Bedrock counts cached input apart from `inputTokens`.
fn usage_body(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input.saturating_sub(usage.cached + usage.cache_write),
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.cache_write,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_carry_lengths_and_checksums() {
        let frame = text_event("Hi");
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, frame.len());
        assert_eq!(number(8), crc32fast::hash(&frame[..8]));
        assert_eq!(number(frame.len() - 4), crc32fast::hash(&frame[..frame.len() - 4]));
        let payload = &frame[12 + number(4) as usize..frame.len() - 4];
        let payload: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(payload["delta"], json!({ "text": "Hi" }));
    }

    #[test]
    fn a_stream_starts_stops_and_tells_usage() {
        let reply: Reply = serde_json::from_str(r#"{"say":"one two"}"#).unwrap();
        let asked = Asked::new(None, "/model/m/converse-stream", "", &json!({}), 1);
        assert!(asked.stream && asked.model == "m");
        let parts = stream(&reply, &asked);
        let kinds = ["messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockDelta"];
        let more = ["contentBlockStop", "messageStop", "metadata"];
        for (part, kind) in parts.iter().zip(kinds.iter().chain(&more)) {
            assert!(String::from_utf8_lossy(&part.bytes).contains(kind), "{kind}");
            assert_eq!(part.output, *kind == "contentBlockDelta");
        }
        assert_eq!(parts.len(), 7);
    }
}
