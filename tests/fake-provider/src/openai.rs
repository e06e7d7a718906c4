//! OpenAI chat completions: an answer in, the whole body or the events of a stream out.

use crate::asked::Asked;
use crate::fault::Part;
use crate::reply::{Reply, Usage};
use crate::spelling::{add_all, pretty};
use crate::text;
use serde_json::{Value, json};

const CREATED: u64 = 1_767_225_600;
const FINGERPRINT: &str = "fp_9c1d7a04be";

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> String {
    let mut message = json!({
        "role": "assistant",
        "content": reply.text(),
        "refusal": reply.refusal,
        "annotations": [],
    });
    if let Some(reasoning) = &reply.reasoning {
        message[reasoning_field(reply)] = Value::from(reasoning.as_str());
    }
    if !reply.tool_calls.is_empty() {
        let calls = (0..reply.tool_calls.len()).map(|at| {
            json!({
                "id": call_id(reply, asked, at),
                "type": "function",
                "function": { "name": reply.tool_calls[at].name, "arguments": arguments(reply, at) },
            })
        });
        message["tool_calls"] = calls.collect();
    }
    add_all(&mut message, &reply.message_extra);
    let mut body = json!({
        "id": id(reply, asked),
        "object": "chat.completion",
        "created": CREATED,
        "model": model(reply, asked),
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": reply.finish(),
        }],
    });
    if let Some(usage) = reply.usage() {
        body["usage"] = usage_body(usage);
    }
    body["service_tier"] = Value::from("default");
    body["system_fingerprint"] = Value::from(FINGERPRINT);
    add_all(&mut body, &reply.extra);
    pretty(&body) + "\n"
}

pub(crate) fn stream(reply: &Reply, asked: &Asked) -> Vec<Part> {
    let chunks = Chunks { reply, asked };
    let mut first = json!({ "role": "assistant" });
    if reply.tool_calls.is_empty() || reply.text().is_some() {
        first["content"] = Value::from("");
    } else {
        first["content"] = Value::Null;
    }
    first["refusal"] = Value::Null;
    add_all(&mut first, &reply.message_extra);

    let mut parts = vec![Part::event(chunks.delta(&first, None))];
    let mut say = |delta: Value| parts.push(Part::output(chunks.delta(&delta, None)));
    for piece in text::pieces(reply.reasoning.as_deref(), 3) {
        say(json!({ reasoning_field(reply): piece }));
    }
    for piece in reply.pieces() {
        say(json!({ "content": piece }));
    }
    for piece in text::pieces(reply.refusal.as_deref(), 3) {
        say(json!({ "refusal": piece }));
    }
    for at in 0..reply.tool_calls.len() {
        let name = &reply.tool_calls[at].name;
        let function = json!({ "name": name, "arguments": "" });
        let id = call_id(reply, asked, at);
        say(json!({ "tool_calls": [
            { "index": at, "id": id, "type": "function", "function": function },
        ] }));
        for piece in text::pieces(Some(&arguments(reply, at)), reply.fragments()) {
            say(json!({ "tool_calls": [{ "index": at, "function": { "arguments": piece } }] }));
        }
    }
    if let Some(finish) = reply.finish() {
        parts.push(Part::event(chunks.delta(&json!({}), Some(&finish))));
    }
    if let Some(usage) = reply.usage().filter(|_| asked.include_usage) {
        parts.push(Part::event(chunks.event(json!([]), Some(usage_body(usage)))));
    }
    if reply.done.unwrap_or(true) {
        parts.push(Part::event("data: [DONE]\n\n"));
    }
    parts
}

/// One more piece of text, as a stream of this reply would send it.
pub(crate) fn text_event(reply: &Reply, asked: &Asked, piece: &str) -> String {
    Chunks { reply, asked }.delta(&json!({ "content": piece }), None)
}

struct Chunks<'a> {
    reply: &'a Reply,
    asked: &'a Asked,
}

impl Chunks<'_> {
    fn delta(&self, delta: &Value, finish: Option<&str>) -> String {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
        self.event(json!([choice]), None)
    }

    fn event(&self, choices: Value, usage: Option<Value>) -> String {
        let mut chunk = json!({
            "id": id(self.reply, self.asked),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": model(self.reply, self.asked),
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        });
        if self.asked.include_usage && self.reply.usage().is_some() {
            chunk["usage"] = usage.unwrap_or_default();
        }
        add_all(&mut chunk, &self.reply.extra);
        // OpenAI hides the length of its pieces behind noise of a random length.
        let seed = chunk.to_string().len() as u64;
        chunk["obfuscation"] = Value::from(text::letters(seed, 1 + (seed % 15) as usize));
        format!("data: {chunk}\n\n")
    }
}

fn reasoning_field(reply: &Reply) -> &str {
    reply.reasoning_field.as_deref().unwrap_or("reasoning_content")
}

fn id(reply: &Reply, asked: &Asked) -> String {
    let made = || format!("chatcmpl-{}", text::letters(asked.number, 29));
    reply.id.clone().unwrap_or_else(made)
}

fn model<'a>(reply: &'a Reply, asked: &'a Asked) -> &'a str {
    reply.model.as_deref().unwrap_or(&asked.model)
}

fn call_id(reply: &Reply, asked: &Asked, at: usize) -> String {
    let made = || format!("call_{}", text::letters(asked.number * 100 + at as u64, 24));
    reply.tool_calls[at].id.clone().unwrap_or_else(made)
}

fn arguments(reply: &Reply, at: usize) -> String {
    match &reply.tool_calls[at].arguments {
        Value::String(literal) => literal.clone(),
        arguments => arguments.to_string(),
    }
}

fn usage_body(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": { "cached_tokens": usage.cached, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

#[cfg(test)]
mod tests;
