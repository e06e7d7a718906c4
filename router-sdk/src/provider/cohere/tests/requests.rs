//! Recorded requests in; the same requests by way of the OpenAI shape, compared with them, out.

use serde_json::{Value, json};

use super::super::Cohere;
use super::super::turns::replay::same;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// A recorded request in the OpenAI shape.
pub(super) fn expressible(request: &Value) -> Option<Value> {
    let mut messages = Vec::new();
    for message in request["messages"].as_array()? {
        messages.push(said(message)?);
    }
    let mut out = json!({"model": "m", "messages": messages});
    let renamed = [("p", "top_p"), ("k", "top_k"), ("stop_sequences", "stop")];
    for (name, value) in request.as_object()? {
        let own = renamed.iter().find(|(from, _)| from == name).map_or(name.as_str(), |(_, to)| to);
        match name.as_str() {
            "model" | "messages" | "stream" => {}
            // Without tools it says nothing, and OpenAI refuses it.
            "tool_choice" if request["tools"].is_null() => {}
            "tool_choice" => out["tool_choice"] = value.as_str()?.to_lowercase().into(),
            _ => out[own] = value.clone(),
        }
    }
    Some(out)
}

fn said(message: &Value) -> Option<Value> {
    let mut out = json!({"role": message["role"]});
    let (mut details, mut parts) = (Vec::new(), Vec::new());
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        if block["type"] == "thinking" {
            let text = &block["thinking"];
            details.push(json!({"type": "reasoning.text", "format": "cohere", "index": index, "text": text}));
        } else {
            parts.push(block.clone());
        }
    }
    out["content"] = if message["content"].is_array() { parts.into() } else { message["content"].clone() };
    if let Some(plan) = message["tool_plan"].as_str() {
        details.push(json!({"type": "reasoning.text", "format": "cohere", "id": "tool_plan", "text": plan}));
    }
    if !details.is_empty() {
        out["reasoning_details"] = details.into();
    }
    for name in ["tool_calls", "tool_call_id"] {
        if !message[name].is_null() {
            out[name] = message[name].clone();
        }
    }
    Some(out)
}

/// Encodes and compares, spelling aside: nulls and empty lists say nothing, one text may stand in a list.
pub(super) fn again(target: &Target, recorded: &Value, asked: Value) -> Result<(), String> {
    let request = ChatRequest::from_value(asked).map_err(|e| e.to_string())?;
    let encoded = Cohere.encode(&request, target, recorded["stream"] == true).map_err(|f| f.message)?;
    let mut body: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    body["model"] = recorded["model"].clone();
    let mut recorded = recorded.clone();
    if recorded["tools"].is_null() {
        recorded.as_object_mut().ok_or("no object")?.shift_remove("tool_choice");
    }
    same("body", &plain(&body), &plain(&recorded))
}

fn plain(value: &Value) -> Value {
    let blank = |v: &Value| v.is_null() || v == "" || v.as_array().is_some_and(Vec::is_empty);
    let mut out = match value {
        Value::Object(fields) => {
            // `stream: false` is what holds without the word, `citations` of a reply need not go back.
            let kept = fields.iter().filter(|(name, v)| !(blank(v) || *name == "stream" && **v == json!(false)));
            let kept = kept.filter(|(name, _)| *name != "citations");
            Value::Object(kept.map(|(name, v)| (name.clone(), plain(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    };
    if let Some(fields) = out.as_object_mut() {
        if let Some(Value::String(text)) = fields.get("content").cloned() {
            fields.insert("content".into(), json!([{"type": "text", "text": text}]));
        }
        if let Some(Ok(arguments)) = fields.get("arguments").and_then(Value::as_str).map(serde_json::from_str::<Value>)
        {
            fields.insert("arguments".into(), arguments);
        }
        fields.sort_keys();
    }
    out
}
