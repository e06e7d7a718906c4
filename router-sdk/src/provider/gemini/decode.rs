//! The bytes of a whole Gemini reply in; a chat completion out.

use serde_json::{Value, json};

use super::fold::Fold;
use super::turns::{Message, Piece, digest};
use super::{grounding, logprobs, reply, usage};
use crate::provider::{Cause, Failure, Target, errors};
use crate::wire::{ChatResponse, Object, UNDATED};

pub(super) fn decode(target: &Target, bytes: &[u8]) -> Result<ChatResponse, Failure> {
    let body = parse(bytes)?;
    if body.get("error").is_some_and(|e| !e.is_null()) {
        return Err(errors::explain_in_stream(&body, 200));
    }
    let id = body
        .get("responseId")
        .and_then(Value::as_str)
        .map_or_else(|| format!("chatcmpl-{}", digest(&[&String::from_utf8_lossy(bytes)])), str::to_owned);
    let mut rest = Object::new();
    let choices = match body.get("candidates").and_then(Value::as_array).filter(|c| !c.is_empty()) {
        Some(candidates) => choices(candidates, &id, &mut rest)?,
        None => vec![blocked(&body)?],
    };
    let mut out = Object::new();
    out.insert("id".into(), id.into());
    out.insert("object".into(), "chat.completion".into());
    out.insert("created".into(), UNDATED.into());
    let model = body.get("modelVersion").and_then(Value::as_str).unwrap_or(&target.model.id);
    out.insert("model".into(), model.into());
    out.insert("choices".into(), choices.into());
    let metadata = body.get("usageMetadata").filter(|m| m.is_object());
    let counts = metadata.and_then(usage::usage);
    if let (Some(counts), Some(metadata)) = (&counts, metadata) {
        out.insert("usage".into(), usage::to_openai(counts, metadata));
    }
    reply::keep_rest(&body, &mut out);
    out.extend(rest);
    Ok(ChatResponse::new(out, counts))
}

/// JSON out of bytes; what is no JSON is told apart by its look and never quoted.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        None => return Err(Failure::new(Cause::Empty, "the reply is empty")),
        Some(b'<') => return Err(Failure::malformed("the reply is HTML, not JSON")),
        Some(_) => {}
    }
    match serde_json::from_slice::<Value>(bytes) {
        // Errors of stream endpoints come as a list of one.
        Ok(Value::Array(mut listed)) if listed.len() == 1 && listed[0].is_object() => Ok(listed.remove(0)),
        Ok(body) if body.is_object() => Ok(body),
        Ok(_) => Err(Failure::malformed("the reply is JSON of another shape")),
        Err(fault) if fault.is_eof() => Err(Failure::malformed("the reply is cut off")),
        Err(_) => Err(Failure::malformed("the reply is not JSON")),
    }
}

fn choices(candidates: &[Value], id: &str, rest: &mut Object) -> Result<Vec<Value>, Failure> {
    let mut out = Vec::with_capacity(candidates.len());
    for (place, candidate) in candidates.iter().enumerate() {
        let mut choice = choice(candidate, place, id)?;
        let mut extra = Object::new();
        reply::keep_candidate(candidate, &mut extra);
        // With one answer its facts lie beside it; with several each keeps its own.
        match choice.as_object_mut() {
            Some(choice) if candidates.len() > 1 => choice.extend(extra),
            _ => rest.extend(extra),
        }
        out.push(choice);
    }
    Ok(out)
}

fn choice(candidate: &Value, place: usize, id: &str) -> Result<Value, Failure> {
    let Some(reason) = reply::reason_of(candidate) else {
        return Err(Failure::new(Cause::Truncated, "the reply has no finish reason"));
    };
    let (mut fold, mut pieces) = (Fold::default(), Vec::new());
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
    let seed = if place == 0 { id.to_owned() } else { format!("{id}/{place}") };
    for part in parts.into_iter().flatten() {
        fold.part(part, &seed, &mut pieces);
    }
    fold.close(&seed, &mut pieces);
    let finish = reply::finish_reason(reason, fold.calls > 0)?;
    if finish == "content_filter" {
        pieces.push(Piece::Refusal(reply::refusal(reason, candidate.get("finishMessage"))));
    }
    if let Some(metadata) = candidate.get("groundingMetadata") {
        pieces.extend(grounding::annotations(metadata, &fold.text).into_iter().map(Piece::Annotation));
    }
    let mut message = Message::default();
    for piece in pieces {
        message.push(piece);
    }
    if message.is_empty() && finish == "stop" {
        return Err(Failure::new(Cause::Empty, "the reply has nothing in it"));
    }
    Ok(json!({
        "index": candidate.get("index").and_then(Value::as_u64).unwrap_or(place as u64),
        "message": message.into_value(),
        "logprobs": logprobs::logprobs(candidate.get("logprobsResult")),
        "finish_reason": finish,
        "native_finish_reason": reason,
    }))
}

/// A prompt that was blocked has no candidate, and is an answer all the same.
fn blocked(body: &Value) -> Result<Value, Failure> {
    let Some(reason) = reply::blocked(body) else {
        return Err(Failure::new(Cause::Empty, "the reply has no candidates"));
    };
    let mut message = Message::default();
    let told = body.pointer("/promptFeedback/blockReasonMessage");
    message.push(Piece::Refusal(reply::refusal(reason, told)));
    Ok(json!({
        "index": 0, "message": message.into_value(), "logprobs": null,
        "finish_reason": "content_filter", "native_finish_reason": reason,
    }))
}
