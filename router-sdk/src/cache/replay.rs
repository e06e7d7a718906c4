//! A kept reply in; the chunks of a stream that says it out.

use std::sync::Arc;

use serde_json::Value;

use crate::wire::{ChatChunk, ChatResponse, Object, RouteInfo, chunks_of};

/// Characters of text in one chunk, about: a few words, as providers send them.
const PIECE: usize = 48;

/// The reply as a stream: a chunk that opens each choice, its thinking, its text and its calls in pieces, then the end
/// with usage and route; in a chunk of its own where the caller asked for one.
pub(crate) fn stream_of(reply: ChatResponse, route: Arc<RouteInfo>, usage_chunk: bool) -> Vec<ChatChunk> {
    let usage = reply.usage;
    let mut out = Vec::new();
    for chunk in chunks_of(reply) {
        split(chunk, &mut out);
    }
    let Some(last) = out.last_mut() else { return out };
    if !usage_chunk {
        last.route = Some(route);
        return out;
    }
    let mut body = Object::new();
    for field in ["id", "object", "created", "model"] {
        body.insert(field.into(), last.body.get(field).cloned().unwrap_or(Value::Null));
    }
    body.insert("choices".into(), Value::Array(Vec::new()));
    let told = last.body.shift_remove("usage").filter(Value::is_object);
    body.insert("usage".into(), told.unwrap_or_else(|| usage.unwrap_or_default().to_openai()));
    last.usage = None;
    let mut end = ChatChunk::from_body(body, usage);
    end.route = Some(route);
    out.push(end);
    out
}

/// One chunk as several: thinking first, then text, then everything else. Probabilities belong to the whole text, so
/// with them it stays in one piece.
fn split(chunk: ChatChunk, out: &mut Vec<ChatChunk>) {
    let delta =
        chunk.body.get("choices").and_then(|c| c.get(0)).and_then(|c| c.get("delta")).and_then(Value::as_object);
    let Some(delta) = delta else { return out.push(chunk) };
    let probable = chunk.body.get("choices").and_then(|c| c.get(0)?.get("logprobs")).is_some_and(|p| !p.is_null());
    let long = |field: &str| delta.get(field).and_then(Value::as_str).is_some_and(|text| text.len() > PIECE);
    let fields = ["reasoning_content", "content"];
    let several = delta.iter().filter(|(_, value)| !value.is_null() && *value != "").count() > 1;
    if probable || !(several || fields.iter().any(|field| long(field))) {
        return out.push(chunk);
    }
    let mut delta = delta.clone();
    for field in fields {
        let Some(Value::String(text)) = delta.shift_remove(field) else { continue };
        for piece in pieces(&text) {
            out.push(with_delta(&chunk, Object::from_iter([(field.to_owned(), piece.into())])));
        }
    }
    if delta.contains_key("role") {
        // The chunk that opens a choice says nothing yet.
        return out.push(chunk);
    }
    let calls = delta.shift_remove("tool_calls");
    if !delta.is_empty() {
        out.push(with_delta(&chunk, delta));
    }
    for call in calls.as_ref().and_then(Value::as_array).into_iter().flatten() {
        out.push(with_delta(&chunk, Object::from_iter([("tool_calls".to_owned(), vec![call.clone()].into())])));
    }
}

fn with_delta(chunk: &ChatChunk, delta: Object) -> ChatChunk {
    let mut body = chunk.body.clone();
    if let Some(choice) = body.get_mut("choices").and_then(|choices| choices.get_mut(0)) {
        choice["delta"] = Value::Object(delta);
    }
    ChatChunk::from_body(body, None)
}

/// A text in pieces that end behind a blank, or between characters where none is near.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::with_capacity(text.len() / PIECE + 1);
    let mut rest = text;
    while rest.len() > PIECE {
        let mut end = PIECE;
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let blank = rest[..end].rfind(char::is_whitespace).filter(|at| *at > PIECE / 2);
        let end = blank.and_then(|at| Some(at + rest[at..].chars().next()?.len_utf8())).unwrap_or(end);
        let (piece, after) = rest.split_at(end);
        out.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cache::gather::Gathered;
    use crate::wire::Usage;

    fn reply() -> ChatResponse {
        let text = "A few words of plain text, and then Überlänge and 日本語の長い文章がここに続きますので、切る場所がありません。".repeat(3);
        let call =
            |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
        let body = json!({
            "id": "r", "object": "chat.completion", "created": 7, "model": "a/m", "system_fingerprint": "fp",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text, "refusal": null, "reasoning_content": "I think ".repeat(20),
                 "tool_calls": [call("a"), call("b")], "annotations": [{"x": 1}]}, "finish_reason": "tool_calls", "logprobs": null},
                {"index": 1, "message": {"role": "assistant", "content": "Short"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "Short"}]}},
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8, "x": 1},
        });
        let Value::Object(body) = body else { panic!("no object") };
        ChatResponse::new(body, Some(Usage { input: 3, output: 5, ..Usage::default() }))
    }

    #[test]
    fn a_stream_of_a_reply_gathers_to_the_same_reply() {
        for usage_chunk in [false, true] {
            let chunks = stream_of(reply(), Arc::default(), usage_chunk);
            let mut gathered = Gathered::new(1 << 20);
            chunks.iter().for_each(|chunk| gathered.note(chunk));
            let mut body = gathered.into_body().unwrap();
            let mut wanted = reply().body;
            for body in [&mut body, &mut wanted] {
                // Nulls and blanks say nothing.
                for choice in body["choices"].as_array_mut().unwrap() {
                    choice["message"].as_object_mut().unwrap().retain(|_, v| !v.is_null());
                }
            }
            assert_eq!(Value::Object(body), Value::Object(wanted), "usage chunk: {usage_chunk}");
        }
    }

    #[test]
    fn text_comes_in_pieces_and_the_end_tells_usage_and_route() {
        let chunks = stream_of(reply(), Arc::default(), false);
        assert!(chunks.len() > 15, "{}", chunks.len());
        assert!(chunks.iter().all(|c| c.text().len() < 2 * PIECE || c.text() == "Short"));
        let last = chunks.last().unwrap();
        assert!(last.route.is_some() && last.usage.is_some() && last.finished);
        assert_eq!(last.body["usage"]["x"], 1);
        assert_eq!(chunks.iter().filter(|c| c.route.is_some()).count(), 1);
        let chunks = stream_of(reply(), Arc::default(), true);
        let [.., finish, end] = chunks.as_slice() else { panic!("too few") };
        assert!(finish.finished && finish.usage.is_none() && !finish.body.contains_key("usage"));
        assert_eq!((end.body["choices"].as_array().unwrap().len(), &end.body["usage"]["x"]), (0, &json!(1)));
        assert!(end.route.is_some());
    }

    #[test]
    fn pieces_are_the_text() {
        for text in ["", "short", &"word ".repeat(100), &"長い".repeat(100), &"x".repeat(1_000)] {
            assert_eq!(pieces(text).concat(), *text);
        }
        assert_eq!(pieces(&"word ".repeat(100))[0].len() % 5, 0);
    }
}
