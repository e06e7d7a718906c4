//! Recorded requests in; the same requests by way of the OpenAI shape, compared with them, out.

use serde_json::{Value, json};

use super::super::Ollama;
use super::super::turns::replay::same;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// A recorded request in the OpenAI shape.
pub(super) fn expressible(request: &Value) -> Option<Value> {
    let mut messages = Vec::new();
    let mut open: Vec<(String, String)> = Vec::new();
    let mut made = 0;
    for message in request["messages"].as_array()? {
        let mut out = json!({"role": message["role"], "content": message["content"]});
        if let Some(thought) = message["thinking"].as_str() {
            out["reasoning_content"] = thought.into();
        }
        let mut calls = Vec::new();
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            made += 1;
            let id = call["id"].as_str().map_or_else(|| format!("made_{made}"), str::to_owned);
            let function = &call["function"];
            open.push((function["name"].as_str()?.to_owned(), id.clone()));
            let function = json!({"name": function["name"], "arguments": function["arguments"].to_string()});
            calls.push(json!({"id": id, "type": "function", "function": function}));
        }
        if !calls.is_empty() {
            out["tool_calls"] = calls.into();
        }
        if message["role"] == "tool" {
            // Older results name neither tool nor call: they answer the oldest open call.
            let named = message["tool_name"].as_str();
            let at = open.iter().position(|(name, _)| named.is_none_or(|n| n == name))?;
            out["tool_call_id"] = open.remove(at).1.into();
        }
        messages.push(out);
    }
    let mut out = json!({"model": "m", "messages": messages});
    for (name, value) in request.as_object()? {
        if !["model", "messages", "stream"].contains(&name.as_str()) {
            out[name] = value.clone();
        }
    }
    Some(out)
}

/// Encodes and compares. What this family always adds is left aside.
pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let request = ChatRequest::from_value(asked).map_err(|e| e.to_string())?;
    let encoded = Ollama.encode(&request, target, recorded["stream"] == true).map_err(|f| f.message)?;
    let mut body: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    body["model"] = recorded["model"].clone();
    let fields = body.as_object_mut().ok_or("no object")?;
    fields.shift_remove("truncate");
    if encoded.adapted.iter().any(|a| a.starts_with("num_ctx: "))
        && let Some(options) = fields.get_mut("options").and_then(Value::as_object_mut)
    {
        options.shift_remove("num_ctx");
    }
    same("body", &plain(&body), &plain(recorded))
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let blank = |v: &Value| {
                v.is_null()
                    || v == ""
                    || v.as_array().is_some_and(Vec::is_empty)
                    || v == &json!({})
                    || v == &json!(false)
            };
            // Ids, and the name in results that had none, are additions.
            let added = ["id", "tool_call_id", "tool_name"];
            let kept = fields.iter().map(|(name, v)| (name.clone(), plain(v)));
            let kept = kept.filter(|(name, v)| !blank(v) && !added.contains(&name.as_str()));
            let mut out: serde_json::Map<String, Value> =
                kept.filter(|(name, v)| !(name == "type" && *v == json!("function"))).collect();
            out.sort_keys();
            out.into()
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}
