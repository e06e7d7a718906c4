//! A chat request and a target in; a Responses request out.

use serde_json::{Value, json};

use super::parameters::{self, refuses};
use super::reasoning::{reasoning, thinks_never};
use super::turns::unsupported;
use super::{input, tools};
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// Chat fields that are read here or mean nothing to the Responses interface; all others go through as they are.
const READ: [&str; 36] = [
    "model",
    "messages",
    "input",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "temperature",
    "top_p",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "web_search_options",
    "response_format",
    "text",
    "verbosity",
    "reasoning_effort",
    "reasoning",
    "include_reasoning",
    "include",
    "store",
    "n",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "prediction",
    "modalities",
    "audio",
    "thinking",
];

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    refuse(request)?;
    let mut adapted = Vec::new();
    let mut body = Object::new();
    body.insert("model".into(), target.model.id.as_str().into());
    // Nothing is kept at the provider unless the caller wants it, so all it needs later travels with the history.
    let stored = request.get("store") == Some(&Value::Bool(true)) && !refuses(target, "store");
    let conversation = input::conversation(request.messages(), target, stored)?;
    if conversation.renamed {
        adapted.push("messages: the role developer sent as system".to_owned());
    }
    if conversation.thought_lost {
        adapted.push(
            "messages: thinking of earlier turns left out, it was made elsewhere or cannot be sent back".to_owned(),
        );
    }
    let mut items = conversation.items;
    if let Some(words) = parameters::text(request, target, &mut body, &mut adapted) {
        let role = if target.deployment.quirks.developer_role { "developer" } else { "system" };
        let content = json!([{"type": "input_text", "text": words}]);
        items.push(json!({"type": "message", "role": role, "content": content}));
    }
    if items.is_empty() {
        return Err(unsupported("messages", "the Responses interface needs a message that is not empty"));
    }
    body.insert("input".into(), items.into());
    let mut include: Vec<Value> = request.get("include").and_then(Value::as_array).cloned().unwrap_or_default();
    if !stored && !thinks_never(target) && !speaks_only(target) {
        include.push("reasoning.encrypted_content".into());
    }
    parameters::output_limit(request, target, &mut body, &mut adapted);
    parameters::sampling(request, target, &mut body, &mut include, &mut adapted);
    parameters::without_counterpart(request, &mut adapted);
    write_tools(request, target, &mut body, &mut adapted)?;
    if let Some(reasoning) = reasoning(request, target, &mut adapted) {
        body.insert("reasoning".into(), reasoning);
    }
    if !refuses(target, "store") {
        body.insert("store".into(), stored.into());
    }
    include.dedup();
    if !include.is_empty() && !refuses(target, "include") {
        body.insert("include".into(), include.into());
    }
    write_rest(request, target, &mut body, &mut adapted);
    if stream {
        write_stream(request, &mut body);
    }
    let url = format!("{}/responses", target.deployment.base_url.trim_end_matches('/'));
    let bytes = serde_json::to_vec(&body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    Ok(Encoded { http: HttpRequest { url, headers: target.headers(None), body: bytes.into() }, adapted })
}

/// Things whose loss would make another answer than the one asked for.
fn refuse(request: &ChatRequest) -> Result<(), Failure> {
    if request.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsupported("n", "the Responses interface gives one answer a request"));
    }
    let modalities = request.get("modalities").and_then(Value::as_array);
    if modalities.into_iter().flatten().any(|m| m != "text") {
        return Err(unsupported("modalities", "the Responses interface answers in text"));
    }
    if request.get("background") == Some(&Value::Bool(true)) {
        return Err(unsupported("background", "answers are waited for here; leave it out"));
    }
    Ok(())
}

/// Models of which nothing is known but a name of the time before models thought: they refuse to be asked for it.
fn speaks_only(target: &Target) -> bool {
    let id = target.model.id.as_str();
    !target.known && ["gpt-4", "gpt-3.5", "chatgpt-4"].iter().any(|name| id.contains(name))
}

fn write_tools(
    request: &ChatRequest,
    target: &Target,
    body: &mut Object,
    adapted: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut tools = tools::tools(request);
    let choice = tools::choice(request, target, &mut tools, adapted)?;
    if tools.is_empty() {
        return Ok(());
    }
    if refuses(target, "tools") {
        return Err(unsupported("tools", "the model does not take them"));
    }
    body.insert("tools".into(), tools.into());
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
    if let Some(parallel) = request.get("parallel_tool_calls") {
        if target.deployment.quirks.parallel_tool_calls && !refuses(target, "parallel_tool_calls") {
            body.insert("parallel_tool_calls".into(), parallel.clone());
        } else if parallel == &Value::Bool(false) {
            adapted.push("parallel_tool_calls: left out, the provider does not take it".to_owned());
        }
    }
    Ok(())
}

/// Identity, metadata, cache keys and tiers have the same names; the interface's own fields go through too.
fn write_rest(request: &ChatRequest, target: &Target, body: &mut Object, adapted: &mut Vec<String>) {
    for (field, value) in request.body() {
        if READ.contains(&field.as_str()) || value.is_null() {
            continue;
        }
        if refuses(target, field) {
            adapted.push(format!("{field}: left out, the model does not take it"));
            continue;
        }
        body.insert(field.clone(), value.clone());
    }
}

/// Usage comes with the last event unasked; of the options of a stream only one has a meaning here.
fn write_stream(request: &ChatRequest, body: &mut Object) {
    body.insert("stream".into(), true.into());
    if let Some(padding) = request.get("stream_options").and_then(|o| o.get("include_obfuscation")) {
        body.insert("stream_options".into(), json!({"include_obfuscation": padding}));
    }
}
