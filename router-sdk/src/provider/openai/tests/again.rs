//! Recorded requests in; the same requests by way of our shape, compared field by field with them, out.

use serde_json::{Value, json};

use crate::provider::openai::OpenAi;
use crate::provider::replay::told;
use crate::provider::{Provider, Target};
use crate::wire::ChatRequest;

/// What is written apart, or said by the absence of the field too.
const APART: [&str; 6] = ["model", "models", "messages", "stream", "stream_options", "route"];

/// Sends a recorded request on: what reaches the vendor is what it was sent before, or is told as adapted.
pub(super) fn again(target: &Target, recorded: &Value) -> Result<(), String> {
    let mut asked = recorded.clone();
    if asked["model"].as_str().is_none_or(str::is_empty) {
        asked["model"] = json!("m");
    }
    // One vendor takes tools without the type that OpenAI's shape has.
    for tool in asked["tools"].as_array_mut().into_iter().flatten() {
        if tool.get("type").is_none() && tool.get("function").is_some() {
            tool["type"] = json!("function");
        }
    }
    let recorded = &asked.clone();
    let request = ChatRequest::from_value(asked).map_err(|error| format!("refused: {error}"))?;
    let streams = recorded["stream"] == true;
    let encoded = OpenAi.encode(&request, target, streams).map_err(|failure| told(&failure))?;
    let sent: Value = serde_json::from_slice(&encoded.http.body).map_err(|e| e.to_string())?;
    let adapted = |field: &str| encoded.adapted.iter().any(|note| note.contains(field));
    for (field, value) in recorded.as_object().into_iter().flatten() {
        let same = sent.get(field) == Some(value) || value.is_null();
        if !same && !APART.contains(&field.as_str()) && !adapted(field) && !inert(field, value) {
            return Err(format!("{field} {value} became {:?}", sent.get(field)));
        }
    }
    if sent["stream"] != streams {
        return Err("stream differs".into());
    }
    let (left, right) = (turns(&sent["messages"]), turns(&recorded["messages"]));
    if left == right || !encoded.adapted.is_empty() {
        return Ok(());
    }
    Err(format!("messages differ\n  {left}\n  {right}"))
}

/// Values that say what their absence says; `required` has another word with some vendors.
fn inert(field: &str, value: &Value) -> bool {
    match field {
        "n" | "temperature" | "top_p" => value.as_f64() == Some(1.0),
        "presence_penalty" | "frequency_penalty" => value.as_f64() == Some(0.0),
        "parallel_tool_calls" => value == &json!(true),
        "logprobs" | "store" => value == &json!(false),
        "tool_choice" => ["required", "any", "auto"].iter().any(|word| value == word),
        _ => false,
    }
}

/// Messages without what only replies have and what says nothing.
fn turns(messages: &Value) -> Value {
    let kept = messages.as_array().into_iter().flatten().map(|message| {
        let mut message = message.clone();
        if let Some(fields) = message.as_object_mut() {
            let own = ["annotations", "server_blocks", "content_parts", "provider_specific_fields"];
            let nullable = ["refusal", "audio", "function_call", "tool_calls", "name"];
            fields.retain(|name, value| {
                let blank = value.is_null() && nullable.contains(&name.as_str());
                let no_calls = name == "tool_calls" && value == &json!([]);
                !own.contains(&name.as_str()) && !blank && !no_calls
            });
        }
        message
    });
    kept.collect()
}
