//! Anthropic Messages: an answer in, the whole body or the events of a stream out.

use crate::asked::Asked;
use crate::fault::Part;
use crate::reply::{Reply, Usage};
use crate::spelling::add_all;
use crate::text;
use serde_json::{Map, Value, json};

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> String {
    let finish = finish(reply);
    let mut body = json!({
        "model": model(reply, asked),
        "id": id(reply, asked),
        "type": "message",
        "role": "assistant",
        "content": blocks(reply, asked).into_iter().map(Block::whole).collect::<Vec<_>>(),
        "stop_reason": finish.as_deref().map(stop_reason),
        "stop_sequence": null,
    });
    if let Some(details) = stop_details(reply) {
        body["stop_details"] = details;
    }
    if let Some(usage) = reply.usage() {
        body["usage"] = usage_at_start(usage, usage.output);
        add_thinking(&mut body["usage"], usage);
    }
    add_all(&mut body, &reply.extra);
    body.to_string()
}

pub(crate) fn stream(reply: &Reply, asked: &Asked) -> Vec<Part> {
    let mut message = json!({
        "model": model(reply, asked),
        "id": id(reply, asked),
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    });
    if let Some(usage) = reply.usage() {
        message["usage"] = usage_at_start(usage, usage.output.min(1));
    }
    add_all(&mut message, &reply.extra);

    let mut parts = vec![Part::event(event("message_start", json!({ "message": message })))];
    let blocks = blocks(reply, asked);
    if blocks.is_empty() {
        parts.push(Part::event(ping()));
    }
    for (index, block) in blocks.into_iter().enumerate() {
        let start = json!({ "index": index, "content_block": block.start });
        parts.push(Part::event(event("content_block_start", start)));
        if index == 0 {
            parts.push(Part::event(ping()));
        }
        for delta in block.deltas {
            let delta = json!({ "index": index, "delta": delta });
            parts.push(Part::output(event("content_block_delta", delta)));
        }
        parts.push(Part::event(event("content_block_stop", json!({ "index": index }))));
    }
    let finish = finish(reply);
    if let Some(finish) = &finish {
        let mut delta = json!({ "stop_reason": stop_reason(finish), "stop_sequence": null });
        if let Some(details) = stop_details(reply) {
            delta["stop_details"] = details;
        }
        let mut fields = json!({ "delta": delta });
        if let Some(usage) = reply.usage() {
            fields["usage"] = usage_at_end(usage);
        }
        parts.push(Part::event(event("message_delta", fields)));
    }
    if reply.done.unwrap_or(finish.is_some()) {
        parts.push(Part::event(event("message_stop", json!({}))));
    }
    parts
}

/// One more piece of text, as a stream of this reply would send it.
pub(crate) fn text_event(piece: &str) -> String {
    let delta = json!({ "index": 0, "delta": { "type": "text_delta", "text": piece } });
    event("content_block_delta", delta)
}

pub(crate) fn ping() -> String {
    "event: ping\ndata: {\"type\": \"ping\"}\n\n".to_owned()
}

/// One content block: as a whole reply has it, as a stream opens it, and the deltas between.
struct Block {
    whole: Value,
    start: Value,
    deltas: Vec<Value>,
}

impl Block {
    fn whole(self) -> Value {
        self.whole
    }
}

fn blocks(reply: &Reply, asked: &Asked) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(reasoning) = &reply.reasoning {
        blocks.push(thinking(reply, asked, reasoning));
    }
    if let Some(text) = reply.text() {
        let delta = |piece| json!({ "type": "text_delta", "text": piece });
        blocks.push(Block {
            whole: json!({ "type": "text", "text": text }),
            start: json!({ "type": "text", "text": "" }),
            deltas: reply.pieces().into_iter().map(delta).collect(),
        });
    }
    for at in 0..reply.tool_calls.len() {
        blocks.push(tool_use(reply, asked, at));
    }
    blocks
}

fn thinking(reply: &Reply, asked: &Asked, reasoning: &str) -> Block {
    let made = || text::letters(asked.number ^ 0x5151, 64);
    let signature = reply.signature.clone().unwrap_or_else(made);
    let mut deltas: Vec<Value> = text::pieces(Some(reasoning), 3)
        .into_iter()
        .map(|piece| json!({ "type": "thinking_delta", "thinking": piece }))
        .collect();
    deltas.push(json!({ "type": "signature_delta", "signature": signature }));
    Block {
        whole: json!({ "type": "thinking", "thinking": reasoning, "signature": signature }),
        start: json!({ "type": "thinking", "thinking": "", "signature": "" }),
        deltas,
    }
}

fn tool_use(reply: &Reply, asked: &Asked, at: usize) -> Block {
    let call = &reply.tool_calls[at];
    let made = || format!("toolu_01{}", text::letters(asked.number * 100 + at as u64, 22));
    let id = call.id.clone().unwrap_or_else(made);
    let opened = json!({ "type": "tool_use", "id": id, "name": call.name, "input": {} });
    let mut whole = opened.clone();
    whole["input"] = call.arguments.clone();
    let no_arguments = call.arguments.as_object().is_some_and(Map::is_empty);
    let spelled = match &call.arguments {
        Value::String(literal) => literal.clone(),
        _ if no_arguments => String::new(),
        arguments => arguments.to_string(),
    };
    // The first fragment is an empty one; a call without arguments has no other.
    let fragments = std::iter::once(String::new()).chain(text::pieces(Some(&spelled), reply.fragments()));
    let delta = |piece| json!({ "type": "input_json_delta", "partial_json": piece });
    Block { whole, start: opened, deltas: fragments.map(delta).collect() }
}

/// One event, its JSON padded with blanks as Anthropic pads it.
fn event(kind: &str, fields: Value) -> String {
    let mut data = json!({ "type": kind });
    if let Value::Object(fields) = fields {
        add_all(&mut data, &fields);
    }
    let mut data = data.to_string();
    let blanks = " ".repeat(data.len() % 15);
    data.insert_str(data.len() - 1, &blanks);
    format!("event: {kind}\ndata: {data}\n\n")
}

fn finish(reply: &Reply) -> Option<String> {
    match (&reply.finish, &reply.refusal) {
        (None, Some(_)) => Some("content_filter".to_owned()),
        _ => reply.finish(),
    }
}

fn stop_reason(finish: &str) -> &str {
    match finish {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        other => other,
    }
}

fn stop_details(reply: &Reply) -> Option<Value> {
    let refusal = reply.refusal.as_ref()?;
    Some(json!({ "type": "refusal", "category": null, "explanation": refusal }))
}

fn id(reply: &Reply, asked: &Asked) -> String {
    let made = || format!("msg_01{}", text::letters(asked.number, 22));
    reply.id.clone().unwrap_or_else(made)
}

fn model<'a>(reply: &'a Reply, asked: &'a Asked) -> &'a str {
    reply.model.as_deref().unwrap_or(&asked.model)
}

/// Anthropic counts cached input apart from `input_tokens`.
fn uncached(usage: Usage) -> u64 {
    usage.input.saturating_sub(usage.cached + usage.cache_write)
}

fn usage_at_start(usage: Usage, output: u64) -> Value {
    json!({
        "input_tokens": uncached(usage),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn usage_at_end(usage: Usage) -> Value {
    let mut end = json!({
        "input_tokens": uncached(usage),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    });
    add_thinking(&mut end, usage);
    end
}

fn add_thinking(body: &mut Value, usage: Usage) {
    if usage.reasoning > 0 {
        body["output_tokens_details"] = json!({ "thinking_tokens": usage.reasoning });
    }
}

#[cfg(test)]
mod tests;
