//! The bytes of a whole Converse reply in; a chat completion out.

use serde_json::{Value, json};

use super::line::Line;
use super::turns::{Message, Piece, digest};
use super::{exception, reply, usage};
use crate::provider::anthropic::ANSWER_TOOL;
use crate::provider::{Cause, Failure, Target};
use crate::wire::{ChatResponse, Object, UNDATED};

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let body = parse(bytes)?;
    let stop_reason = body.get("stopReason").and_then(Value::as_str);
    let blocks = match body.pointer("/output/message/content") {
        Some(Value::Array(blocks)) => blocks.as_slice(),
        _ if stop_reason.is_some() && body.get("output").is_some() => &[],
        _ if body.get("message").is_some_and(Value::is_string) => {
            return Err(exception::explain(200, &http::HeaderMap::new(), bytes));
        }
        _ => return Err(Failure::malformed("the reply has no content")),
    };
    let Some(stop_reason) = stop_reason else {
        return Err(Failure::new(Cause::Truncated, "the reply has no stop reason"));
    };
    let mut message = read(blocks, Line::of(&target.model) == Line::Claude);
    let finish = reply::finish_reason(stop_reason, message.calls_tools())?;
    if message.is_empty() {
        match finish {
            "content_filter" => message.push(Piece::Refusal("The provider refused to answer.".to_owned())),
            "stop" => return Err(Failure::new(Cause::Empty, "the reply has nothing in it")),
            _ => {}
        }
    }
    let told = body.get("usage").unwrap_or(&Value::Null);
    let counts = usage::usage(Some(told));
    let created = UNDATED;

    let mut out = Object::new();
    // Bedrock numbers requests in a header and replies not at all.
    let id = digest(&[&String::from_utf8_lossy(bytes), &created.to_string()]);
    out.insert("id".into(), format!("chatcmpl-{id}").into());
    out.insert("object".into(), "chat.completion".into());
    out.insert("created".into(), created.into());
    out.insert("model".into(), target.model.id.as_str().into());
    let choice = json!({
        "index": 0, "message": message.into_value(), "logprobs": null,
        "finish_reason": finish, "native_finish_reason": stop_reason,
    });
    out.insert("choices".into(), Value::Array(vec![choice]));
    if let Some(counts) = &counts {
        out.insert("usage".into(), usage::to_openai(counts, told));
    }
    reply::keep_rest(&body, &mut out);
    Ok(ChatResponse::new(out, counts))
}

/// JSON out of bytes; what is no JSON is told apart by its look and never quoted.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
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

fn read(blocks: &[Value], claude: bool) -> Message {
    let mut message = Message::default();
    // An answer given through the stand-in tool is the whole answer.
    let stands_in = |b: &Value| b.pointer("/toolUse/name").is_some_and(|name| name == ANSWER_TOOL);
    let answered = blocks.iter().any(stands_in);
    let (mut calls, mut length) = (0, 0);
    for (index, block) in (0..).zip(blocks) {
        if let Some(text) = block.get("text").and_then(Value::as_str) {
            if !answered {
                length += text.chars().count();
                message.push(Piece::Text(text.to_owned()));
            }
        } else if let Some(call) = block.get("toolUse").filter(|call| call.is_object() && !reply::runs_there(call)) {
            let input = call.get("input").filter(|i| !i.is_null());
            let arguments = match input {
                Some(Value::String(text)) => text.clone(),
                Some(input) => input.to_string(),
                None => "{}".to_owned(),
            };
            if stands_in(block) {
                message.push(Piece::Text(arguments));
                continue;
            }
            let text = |field: &str| call.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            message.push(Piece::Call { index: calls, id: id(text("toolUseId"), calls), name: text("name"), arguments });
            calls += 1;
        } else if let Some(thinking) = block.get("reasoningContent").filter(|t| t.is_object()) {
            read_thinking(thinking, claude, index, &mut message);
        } else if let Some(cited) = block.get("citationsContent").filter(|c| c.is_object()) {
            let listed = |name: &str| cited.get(name).and_then(Value::as_array).into_iter().flatten();
            let texts = listed("content").filter_map(|part| part.get("text")?.as_str());
            let text: String = texts.collect();
            let start = length;
            length += text.chars().count();
            message.push(Piece::Text(text));
            for citation in listed("citations") {
                message.push(Piece::Annotation(reply::annotation(citation, start, length)));
            }
        } else if block.as_object().is_some_and(|b| !b.is_empty()) {
            message.push(reply::server_block(index, block.clone()));
        }
    }
    message
}

/// The id of a call; some models leave it out.
pub(super) fn id(given: String, call: usize) -> String {
    if given.is_empty() { format!("tooluse_{call}") } else { given }
}

fn read_thinking(thinking: &Value, claude: bool, index: u64, message: &mut Message) {
    if let Some(data) = thinking.get("redactedContent").and_then(Value::as_str) {
        message.push(reply::redacted(claude, index, data));
    }
    let told = thinking.get("reasoningText").unwrap_or(&Value::Null);
    let text = |field: &str| told.get(field).and_then(Value::as_str).unwrap_or_default();
    let (thought, signature) = (text("text"), text("signature"));
    if !thought.is_empty() || !signature.is_empty() {
        message.push(Piece::Thought(thought.to_owned()));
        message.push(reply::thought(claude, index, thought, signature));
    }
}
