//! The bytes of a whole Cohere reply in; a chat completion out.

use serde_json::{Value, json};

use super::turns::{Message, Piece, digest, given, json_object};
use super::{reply, usage};
use crate::provider::{Cause, Failure, Target, errors};
use crate::wire::{ChatResponse, Object, UNDATED};

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let body = Value::Object(json_object(bytes)?);
    let said = body.get("message").filter(|message| message.is_object());
    let Some(said) = said else {
        let tells = ["message", "error", "detail"].iter().any(|name| given(&body, name).is_some());
        return Err(if tells {
            errors::explain_in_stream(&body, 200)
        } else {
            Failure::malformed("the reply has no message").with_status(200)
        });
    };
    let id = body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.map_or_else(|| format!("chatcmpl-{}", digest(&[&String::from_utf8_lossy(bytes)])), str::to_owned);
    let mut message = Message::default();
    for piece in pieces(said, &id) {
        message.push(piece);
    }
    let reason = body.get("finish_reason").and_then(Value::as_str).unwrap_or("COMPLETE");
    let told = body.get("error").and_then(Value::as_str);
    let finish = reply::finish_reason(reason, told, message.calls_tools())?;
    if finish == "content_filter" {
        message.push(Piece::Refusal(reply::REFUSAL.to_owned()));
    }
    let raw = body.get("usage").filter(|usage| usage.is_object());
    let counts = raw.and_then(usage::usage);
    if message.is_empty() && finish == "stop" && counts.is_none_or(|counts| counts.output == 0) {
        return Err(Failure::new(Cause::Empty, "the reply has nothing in it").with_status(200));
    }
    let choice = json!({
        "index": 0,
        "message": message.into_value(),
        "logprobs": reply::logprobs(body.get("logprobs")),
        "finish_reason": finish,
        "native_finish_reason": reason,
    });
    let mut out = Object::new();
    out.insert("id".into(), id.into());
    out.insert("object".into(), "chat.completion".into());
    out.insert("created".into(), UNDATED.into());
    out.insert("model".into(), target.model.id.as_str().into());
    out.insert("choices".into(), Value::Array(vec![choice]));
    if let (Some(counts), Some(raw)) = (&counts, raw) {
        out.insert("usage".into(), usage::to_openai(counts, raw));
    }
    reply::keep_rest(&body, &mut out);
    Ok(ChatResponse::new(out, counts))
}

/// The pieces of a message: thinking and text in their order, the plan, the calls, the citations.
fn pieces(message: &Value, id: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    match message.get("content") {
        Some(Value::String(said)) => out.push(Piece::Text(said.clone())),
        Some(Value::Array(blocks)) => {
            for (index, block) in (0..).zip(blocks) {
                if block.get("type").is_some_and(|kind| kind == "thinking") {
                    let thought = text(block, "thinking");
                    out.push(reply::thought(index, &thought));
                    out.push(Piece::Thought(thought));
                } else {
                    out.push(Piece::Text(text(block, "text")));
                }
            }
        }
        _ => {}
    }
    let plan = text(message, "tool_plan");
    if !plan.is_empty() {
        out.push(reply::plan(&plan));
        out.push(Piece::Thought(plan));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    for (index, call) in calls.filter(|call| call.is_object()).enumerate() {
        out.push(called(index, call, id));
    }
    let cited = message.get("citations").and_then(Value::as_array).into_iter().flatten();
    out.extend(cited.filter_map(reply::citation));
    out
}

fn called(index: usize, call: &Value, reply_id: &str) -> Piece {
    let function = call.get("function").unwrap_or(&Value::Null);
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = own.map_or_else(|| made_id(reply_id, index), str::to_owned);
    let arguments = match given(function, "arguments") {
        Some(Value::String(text)) if !text.trim().is_empty() => text.clone(),
        Some(Value::String(_)) | None => "{}".to_owned(),
        Some(other) => other.to_string(),
    };
    Piece::Call { index, id, name, arguments }
}

/// The id of a call that came without one.
pub(super) fn made_id(reply_id: &str, index: usize) -> String {
    format!("call_{}", digest(&[reply_id, &index.to_string()]))
}
