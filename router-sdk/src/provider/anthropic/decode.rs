//! The bytes of a whole Anthropic reply in; a chat completion out.

use serde_json::{Value, json};

use super::ANSWER_TOOL;
use super::annotation::annotation;
use super::reply;
use super::turns::{Message, Piece};
use super::usage::Books;
use crate::provider::{Cause, Failure, Target, errors};
use crate::wire::{ChatResponse, Object, UNDATED};

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let body = parse(bytes)?;
    if body.get("type").is_some_and(|t| t == "error") || body.get("error").is_some_and(|e| !e.is_null()) {
        return Err(errors::explain_in_stream(&body, 200));
    }
    let stop_reason = body.get("stop_reason").and_then(Value::as_str);
    let blocks = match body.get("content") {
        Some(Value::Array(blocks)) => blocks.as_slice(),
        Some(Value::Null) if stop_reason.is_some() => &[],
        _ => return Err(Failure::malformed("the reply has no content")),
    };
    let Some(stop_reason) = stop_reason else {
        return Err(Failure::new(Cause::Truncated, "the reply has no stop reason"));
    };
    let mut message = read(blocks);
    let finish = reply::finish_reason(stop_reason, message.calls_tools());
    if finish == "content_filter" {
        message.push(Piece::Refusal(reply::refusal(body.get("stop_details"))));
    }
    if message.is_empty() && finish == "stop" {
        return Err(Failure::new(Cause::Empty, "the reply has nothing in it"));
    }
    let mut books = Books::default();
    books.add(body.get("usage"));
    let usage = books.usage();

    let mut out = Object::new();
    out.insert("id".into(), body.get("id").cloned().unwrap_or_default());
    out.insert("object".into(), "chat.completion".into());
    out.insert("created".into(), UNDATED.into());
    let model = body.get("model").and_then(Value::as_str).unwrap_or(&target.model.id);
    out.insert("model".into(), model.into());
    let choice = json!({
        "index": 0, "message": message.into_value(), "logprobs": null,
        "finish_reason": finish, "native_finish_reason": stop_reason,
    });
    out.insert("choices".into(), Value::Array(vec![choice]));
    if let Some(usage) = &usage {
        out.insert("usage".into(), books.to_openai(usage));
    }
    reply::keep_rest(&body, &mut out);
    Ok(ChatResponse::new(out, usage))
}

/// JSON out of bytes; what is no JSON is told apart by its look and never quoted.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    match first {
        None => Err(Failure::new(Cause::Empty, "the reply is empty")),
        Some(b'<') => Err(Failure::malformed("the reply is HTML, not JSON")),
        Some(_) => match serde_json::from_slice::<Value>(bytes) {
            Ok(body) if body.is_object() => Ok(body),
            Ok(_) => Err(Failure::malformed("the reply is JSON of another shape")),
            Err(fault) if fault.is_eof() => Err(Failure::malformed("the reply is cut off")),
            Err(_) => Err(Failure::malformed("the reply is not JSON")),
        },
    }
}

fn read(blocks: &[Value]) -> Message {
    let mut message = Message::default();
    // An answer given through the stand-in tool is the whole answer.
    let stands_in = |b: &Value| is_tool_use(b) && b.get("name").is_some_and(|n| n == ANSWER_TOOL);
    let answered = blocks.iter().any(stands_in);
    let (mut calls, mut length) = (0, 0);
    for (index, block) in (0..).zip(blocks) {
        let text = |field: &str| block.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" if answered => {}
            "text" => {
                let start = length;
                length += text("text").chars().count();
                message.push(Piece::Text(text("text").to_owned()));
                for citation in block.get("citations").and_then(Value::as_array).into_iter().flatten() {
                    message.push(Piece::Annotation(annotation(citation, start, length)));
                }
            }
            "thinking" => {
                message.push(Piece::Thought(text("thinking").to_owned()));
                message.push(reply::thought(index, text("thinking"), text("signature")));
            }
            "redacted_thinking" => message.push(reply::redacted(index, text("data"))),
            "tool_use" if stands_in(block) => {
                message.push(Piece::Text(block.get("input").map(Value::to_string).unwrap_or_default()));
            }
            "tool_use" => {
                let arguments = block.get("input").filter(|i| !i.is_null()).map_or("{}".to_owned(), Value::to_string);
                let (id, name) = (text("id").to_owned(), text("name").to_owned());
                message.push(Piece::Call { index: calls, id, name, arguments });
                calls += 1;
            }
            _ => message.push(reply::server_block(index, block.clone())),
        }
    }
    message
}

fn is_tool_use(block: &Value) -> bool {
    block.get("type").is_some_and(|t| t == "tool_use")
}
