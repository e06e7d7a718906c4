//! A whole reply in; the chunks of a stream that says the same, out.

use serde_json::{Value, json};

use super::{ChatChunk, ChatResponse, Object};

/// For each choice a chunk that opens it, one with all it says and one that finishes it. The last chunk carries usage
/// and the fields beside the choices.
pub(crate) fn chunks_of(reply: ChatResponse) -> Vec<ChatChunk> {
    let ChatResponse { body: mut rest, usage, .. } = reply;
    let mut head = Object::new();
    for name in ["id", "object", "created", "model"] {
        head.insert(name.into(), rest.shift_remove(name).unwrap_or_default());
    }
    head.insert("object".into(), "chat.completion.chunk".into());
    let choices = match rest.shift_remove("choices") {
        Some(Value::Array(choices)) => choices,
        _ => Vec::new(),
    };
    let mut out = Vec::with_capacity(3 * choices.len());
    for (place, choice) in choices.into_iter().enumerate() {
        let Value::Object(mut choice) = choice else { continue };
        let index = choice.get("index").cloned().unwrap_or_else(|| place.into());
        let said = delta(choice.shift_remove("message"));
        let probabilities = choice.insert("logprobs".into(), Value::Null).unwrap_or_default();
        out.push(chunk(&head, json!({"role": "assistant", "content": ""}), &index, Value::Null));
        if !said.is_empty() {
            out.push(chunk(&head, Value::Object(said), &index, probabilities));
        }
        choice.insert("index".into(), index);
        choice.insert("delta".into(), json!({}));
        out.push(whole(&head, choice));
    }
    if let Some(last) = out.last_mut() {
        last.body.extend(rest);
        last.usage = usage;
    }
    out
}

/// What a message says beside its role: calls are numbered, nulls and empty lists say nothing.
fn delta(message: Option<Value>) -> Object {
    let Some(Value::Object(mut message)) = message else { return Object::new() };
    message.retain(|name, value| {
        let blank = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == "";
        name != "role" && !blank
    });
    for (at, call) in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        if let Value::Object(call) = call {
            call.insert("index".into(), at.into());
        }
    }
    message
}

fn chunk(head: &Object, delta: Value, index: &Value, probabilities: Value) -> ChatChunk {
    let mut choice = Object::new();
    choice.insert("index".into(), index.clone());
    choice.insert("delta".into(), delta);
    choice.insert("finish_reason".into(), Value::Null);
    choice.insert("logprobs".into(), probabilities);
    whole(head, choice)
}

fn whole(head: &Object, choice: Object) -> ChatChunk {
    let mut body = head.clone();
    body.insert("choices".into(), Value::Array(vec![Value::Object(choice)]));
    ChatChunk::from_body(body, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Usage;

    #[test]
    fn a_stream_says_what_the_whole_reply_said() {
        let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        let message = json!({
            "role": "assistant", "content": "Hi", "refusal": null, "reasoning_content": "Hm", "annotations": [],
            "tool_calls": [call, call],
        });
        let body = json!({
            "id": "r", "object": "chat.completion", "created": 7, "model": "m", "citations": ["u"],
            "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
            "choices": [
                {"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": {"content": []}, "x": 1},
                {"index": 1, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"},
            ],
        });
        let usage = Usage { input: 3, output: 5, ..Usage::default() };
        let Value::Object(body) = body else { panic!("no object") };
        let chunks = chunks_of(ChatResponse::new(body, Some(usage)));
        assert_eq!(chunks.len(), 5);
        let said = &chunks[1].body["choices"][0];
        assert_eq!((&said["delta"]["content"], &said["delta"]["reasoning_content"]), (&json!("Hi"), &json!("Hm")));
        assert_eq!((&said["delta"]["tool_calls"][1]["index"], &said["logprobs"]), (&json!(1), &json!({"content": []})));
        assert_eq!(said["delta"].as_object().unwrap().len(), 3);
        let end = &chunks[2].body["choices"][0];
        assert_eq!((&end["finish_reason"], &end["x"], &end["delta"]), (&json!("tool_calls"), &json!(1), &json!({})));
        assert_eq!((chunks[1].output, chunks[2].finished, chunks[2].usage), (true, true, None));
        let last = &chunks[4];
        assert_eq!((&last.body["citations"], last.body["usage"]["total_tokens"].as_u64()), (&json!(["u"]), Some(8)));
        assert_eq!((last.usage, &last.body["choices"][0]["index"]), (Some(usage), &json!(1)));
        for chunk in &chunks {
            assert_eq!((&chunk.body["object"], &chunk.body["created"]), (&json!("chat.completion.chunk"), &json!(7)));
        }
    }
}
