//! What providers write: a text and its usage in, bodies and events of three families out; and what they read of requests.

use serde_json::{Value, json};

use super::dice::Dice;
use crate::provider::Family;

/// Usage that a reply states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) input: u64,
    pub(super) output: u64,
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn named(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

/// A whole reply.
pub(super) fn whole(family: Family, text: &str, told: Told) -> String {
    let reply = match family {
        Family::Anthropic => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": told.input, "output_tokens": told.output}}),
        Family::Gemini => json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": text}]}}],
            "usageMetadata": gemini_usage(told), "modelVersion": "m", "responseId": "r"}),
        _ => json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": openai_usage(told)}),
    };
    reply.to_string()
}

fn openai_usage(told: Told) -> Value {
    json!({"prompt_tokens": told.input, "completion_tokens": told.output, "total_tokens": told.input + told.output})
}

fn gemini_usage(told: Told) -> Value {
    json!({"promptTokenCount": told.input, "candidatesTokenCount": told.output, "totalTokenCount": told.input + told.output})
}

/// The events of a stream, one an item.
pub(super) fn events(family: Family, text: &str, told: Told, dice: &mut Dice) -> Vec<String> {
    let pieces = pieces(text, dice);
    match family {
        Family::Anthropic => anthropic(&pieces, told),
        Family::Gemini => gemini(&pieces, told),
        _ => openai(&pieces, told, dice),
    }
}

/// Pieces of a text, cut between characters wherever chance has it.
fn pieces(text: &str, dice: &mut Dice) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, most, mut out) = (0, dice.between(3, 40), Vec::new());
    while at < chars.len() {
        let to = (at + usize::try_from(dice.between(1, most)).unwrap()).min(chars.len());
        out.push(chars[at..to].iter().collect());
        at = to;
    }
    out
}

fn openai(pieces: &[String], told: Told, dice: &mut Dice) -> Vec<String> {
    let chunk = |delta: Value, finish: Value| {
        json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    };
    let mut out = vec![data(&chunk(json!({"role": "assistant", "content": ""}), Value::Null))];
    out.extend(pieces.iter().map(|p| data(&chunk(json!({"content": p}), Value::Null))));
    let mut last = chunk(json!({}), json!("stop"));
    match dice.between(0, 3) {
        // Some tell usage with the finish, some after it, some not at all.
        0 => last["usage"] = openai_usage(told),
        1 => {
            let usage = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
                "usage": openai_usage(told)});
            out.extend([data(&last), data(&usage), "data: [DONE]\n\n".to_owned()]);
            return out;
        }
        _ => {}
    }
    out.push(data(&last));
    if dice.percent(80) {
        out.push("data: [DONE]\n\n".to_owned());
    }
    out
}

fn anthropic(pieces: &[String], told: Told) -> Vec<String> {
    let mut out = vec![
        named(&json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "m", "content": [], "stop_reason": null,
            "usage": {"input_tokens": told.input, "output_tokens": 1}}})),
        named(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
    ];
    let delta =
        |p: &String| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": p}});
    out.extend(pieces.iter().map(|p| named(&delta(p))));
    out.push(named(&json!({"type": "content_block_stop", "index": 0})));
    out.push(named(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"output_tokens": told.output}})));
    out.push(named(&json!({"type": "message_stop"})));
    out
}

fn gemini(pieces: &[String], told: Told) -> Vec<String> {
    let last = pieces.len().saturating_sub(1);
    let one = |(at, piece): (usize, &String)| {
        let mut event = json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": piece}]}}],
            "modelVersion": "m", "responseId": "r"});
        if at == last {
            event["candidates"][0]["finishReason"] = json!("STOP");
            event["usageMetadata"] = gemini_usage(told);
        }
        data(&event)
    };
    pieces.iter().enumerate().map(one).collect()
}

/// An error in the family's shape.
pub(super) fn error(family: Family, status: u16, message: &str) -> Value {
    match family {
        Family::Anthropic => {
            let kind = match status {
                401 => "authentication_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                529 => "overloaded_error",
                400..500 => "invalid_request_error",
                _ => "api_error",
            };
            json!({"type": "error", "error": {"type": kind, "message": message}})
        }
        Family::Gemini => {
            let word = match status {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                400..500 => "INVALID_ARGUMENT",
                503 => "UNAVAILABLE",
                _ => "INTERNAL",
            };
            json!({"error": {"code": status, "message": message, "status": word}})
        }
        _ => {
            let kind = match status {
                401 => "authentication_error",
                429 => "rate_limit_exceeded",
                400..500 => "invalid_request_error",
                _ => "server_error",
            };
            json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
        }
    }
}

/// The error of a family inside a stream.
pub(super) fn error_event(family: Family) -> String {
    let error = error(family, 503, "Overloaded");
    if family == Family::Anthropic { named(&error) } else { data(&error) }
}

/// A comment or ping.
pub(super) fn ping(family: Family) -> String {
    if family == Family::Anthropic { named(&json!({"type": "ping"})) } else { ": ping\n\n".to_owned() }
}

/// What a provider sees of a partial answer: its text, and whether it is the last message.
pub(super) fn partial(body: &Value) -> Option<(String, bool)> {
    let messages = body.get("messages").or_else(|| body.get("contents"))?.as_array()?;
    let own = |m: &Value| matches!(m["role"].as_str(), Some("assistant" | "model"));
    let at = messages.iter().rposition(own)?;
    let content = messages[at].get("content").or_else(|| messages[at].get("parts"))?;
    let text = match content {
        Value::String(text) => text.clone(),
        other => other.as_array()?.iter().filter_map(|part| part["text"].as_str()).collect(),
    };
    Some((text, at + 1 == messages.len()))
}
