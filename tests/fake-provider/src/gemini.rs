//! Gemini generateContent: an answer in, the whole body or the events of a stream out.

use crate::asked::Asked;
use crate::fault::Part;
use crate::reply::{Reply, Usage};
use crate::spelling::{add_all, pretty, spaced};
use crate::text;
use serde_json::{Value, json};

pub(crate) fn whole(reply: &Reply, asked: &Asked) -> String {
    let mut parts = Vec::new();
    parts.extend(reply.reasoning.as_deref().map(thought));
    parts.extend(reply.text().map(|text| json!({ "text": text })));
    parts.extend(calls(reply));
    let shares = Shares { usage: reply.usage(), of: 1 };
    let body = if reply.refusal.is_some() {
        blocked(reply, asked)
    } else {
        chunk(reply, asked, parts, reply.finish(), shares.at(1))
    };
    pretty(&body) + "\n"
}

pub(crate) fn stream(reply: &Reply, asked: &Asked) -> Vec<Part> {
    if reply.refusal.is_some() {
        return framed(asked, vec![blocked(reply, asked)], false);
    }
    let mut turns: Vec<Vec<Value>> = Vec::new();
    for piece in text::pieces(reply.reasoning.as_deref(), 2) {
        turns.push(vec![thought(&piece)]);
    }
    for piece in reply.pieces() {
        turns.push(vec![json!({ "text": piece })]);
    }
    let calls = calls(reply);
    if !calls.is_empty() {
        turns.push(calls);
    }
    let output = !turns.is_empty();
    if turns.is_empty() {
        turns.push(Vec::new());
    }
    let count = turns.len();
    let shares = Shares { usage: reply.usage(), of: count };
    let chunks = turns.into_iter().enumerate().map(|(at, parts)| {
        let finish = reply.finish().filter(|_| at + 1 == count);
        chunk(reply, asked, parts, finish, shares.at(at + 1))
    });
    framed(asked, chunks.collect(), output)
}

/// One more piece of text, as a stream of this reply would send it.
pub(crate) fn text_event(reply: &Reply, asked: &Asked, piece: &str) -> String {
    let usage = Shares { usage: reply.usage(), of: 1 }.at(1);
    let chunk = chunk(reply, asked, vec![json!({ "text": piece })], None, usage);
    format!("data: {}\r\n\r\n", spaced(&chunk))
}

/// Server-sent events with CRLF, or without `alt=sse` one JSON array in portions.
fn framed(asked: &Asked, chunks: Vec<Value>, output: bool) -> Vec<Part> {
    let count = chunks.len();
    let spell = |(at, chunk): (usize, Value)| {
        let text = if asked.sse {
            format!("data: {}\r\n\r\n", spaced(&chunk))
        } else {
            let open = if at == 0 { "[" } else { ",\r\n" };
            let close = if at + 1 == count { "]" } else { "" };
            format!("{open}{}{close}", pretty(&chunk))
        };
        if output { Part::output(text) } else { Part::event(text) }
    };
    chunks.into_iter().enumerate().map(spell).collect()
}

fn chunk(reply: &Reply, asked: &Asked, parts: Vec<Value>, finish: Option<String>, usage: Option<Value>) -> Value {
    let mut content = json!({});
    if !parts.is_empty() {
        content["parts"] = Value::from(parts);
    }
    content["role"] = Value::from("model");
    let mut candidate = json!({ "content": content });
    if let Some(finish) = finish {
        candidate["finishReason"] = Value::from(finish_reason(&finish));
    }
    candidate["index"] = Value::from(0);
    tail(json!({ "candidates": [candidate] }), reply, asked, usage)
}

fn blocked(reply: &Reply, asked: &Asked) -> Value {
    let usage = reply.usage().map(|usage| json!({ "promptTokenCount": usage.input, "totalTokenCount": usage.input }));
    let feedback = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } });
    tail(feedback, reply, asked, usage)
}

fn tail(mut chunk: Value, reply: &Reply, asked: &Asked, usage: Option<Value>) -> Value {
    if let Some(usage) = usage {
        chunk["usageMetadata"] = usage;
    }
    chunk["modelVersion"] = Value::from(reply.model.as_deref().unwrap_or(&asked.model));
    let made = || text::letters(asked.number, 23);
    chunk["responseId"] = Value::from(reply.id.clone().unwrap_or_else(made));
    add_all(&mut chunk, &reply.extra);
    chunk
}

fn thought(words: &str) -> Value {
    json!({ "text": words, "thought": true })
}

/// The calls of one turn, whole, as parts of one chunk.
fn calls(reply: &Reply) -> Vec<Value> {
    let part = |call: &crate::reply::ToolCall| {
        let mut function = json!({});
        if let Some(id) = &call.id {
            function["id"] = Value::from(id.as_str());
        }
        function["name"] = Value::from(call.name.as_str());
        function["args"] = call.arguments.clone();
        let mut part = json!({ "functionCall": function });
        if let Some(signature) = &call.thought_signature {
            part["thoughtSignature"] = Value::from(signature.as_str());
        }
        part
    };
    reply.tool_calls.iter().map(part).collect()
}

fn finish_reason(finish: &str) -> &str {
    match finish {
        // Gemini has no reason of its own for function calls.
        "stop" | "tool_calls" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        other => other,
    }
}

/// Usage rides on every chunk and grows with the output.
struct Shares {
    usage: Option<Usage>,
    of: usize,
}

impl Shares {
    fn at(&self, chunk: usize) -> Option<Value> {
        let usage = self.usage?;
        let visible = usage.output.saturating_sub(usage.reasoning);
        let so_far = visible * chunk as u64 / self.of as u64;
        let mut fields = json!({ "promptTokenCount": usage.input });
        if so_far > 0 {
            fields["candidatesTokenCount"] = Value::from(so_far);
        }
        fields["totalTokenCount"] = Value::from(usage.input + so_far + usage.reasoning);
        if usage.cached > 0 {
            fields["cachedContentTokenCount"] = Value::from(usage.cached);
        }
        fields["promptTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": usage.input }]);
        if usage.reasoning > 0 {
            fields["thoughtsTokenCount"] = Value::from(usage.reasoning);
        }
        Some(fields)
    }
}

#[cfg(test)]
mod tests;
