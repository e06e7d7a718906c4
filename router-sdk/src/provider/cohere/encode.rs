//! A chat request and a target in; a Cohere chat request out.

use serde_json::{Value, json};

use super::turns::{self, Choice, Format, unsupported};
use super::{messages, sampling, thinking, tools};
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// OpenAI fields that are read here or are only for OpenAI's own books; all others go through as they are.
const READ: [&str; 34] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "p",
    "top_k",
    "k",
    "n",
    "seed",
    "stop",
    "stop_sequences",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "strict_tools",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "modalities",
    "user",
    "metadata",
    "store",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
];
/// OpenAI parameters that Cohere has no word for: left out, and said so unless they ask for nothing.
const WITHOUT_COUNTERPART: [&str; 8] = [
    "top_logprobs",
    "logit_bias",
    "prediction",
    "verbosity",
    "audio",
    "service_tier",
    "parallel_tool_calls",
    "prompt_mode",
];

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut adapted = Vec::new();
    refuse(request)?;
    let choice = turns::choice(request)?;
    let (tools, strict) = tools::tools(request, target, choice.as_ref(), &mut adapted)?;
    let mut messages = messages::messages(request.messages(), &mut adapted)?;
    let mut body = Object::new();
    body.insert("model".into(), target.model.id.as_str().into());
    body.insert("stream".into(), stream.into());
    let has_tools = !tools.is_empty();
    match form(request, target, has_tools, &mut adapted) {
        Form::Free => {}
        Form::Native(format) => {
            body.insert("response_format".into(), format);
        }
        Form::Words(words) => messages::instruct(&mut messages, words),
    }
    body.insert("messages".into(), messages.into());
    if has_tools {
        body.insert("tools".into(), tools.into());
        if strict || request.get("strict_tools") == Some(&Value::Bool(true)) {
            body.insert("strict_tools".into(), true.into());
        }
        if let Some(word) = tools::tool_choice(choice.as_ref(), target, &mut adapted) {
            body.insert("tool_choice".into(), word.into());
        }
    }
    sampling::write(request, target, &mut body, &mut adapted);
    if let Some(thinking) = thinking::thinking(request, target, &mut adapted) {
        body.insert("thinking".into(), thinking);
    }
    write_rest(request, has_tools, &mut body, &mut adapted);
    send(target, &body, adapted)
}

/// Things whose loss would make another answer than the one asked for.
fn refuse(request: &ChatRequest) -> Result<(), Failure> {
    if request.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsupported("n", "Cohere gives one answer a request"));
    }
    let modalities = request.get("modalities").and_then(Value::as_array);
    if modalities.into_iter().flatten().any(|m| m != "text") {
        return Err(unsupported("modalities", "Cohere answers in text"));
    }
    if request.get("web_search_options").is_some() {
        return Err(unsupported("web_search_options", "Cohere does not search; give it documents or a tool"));
    }
    Ok(())
}

/// How the form of the answer is asked for.
enum Form {
    Free,
    Native(Value),
    Words(String),
}

/// JSON and schemas are set natively, which Cohere refuses beside tools and documents: there they are told in words.
fn form(request: &ChatRequest, target: &Target, has_tools: bool, adapted: &mut Vec<String>) -> Form {
    let format = turns::format(request);
    let able = &target.model.capabilities;
    let refused = match format {
        Format::Text => return Form::Free,
        Format::Json => able.json_mode == Some(false),
        Format::Schema { .. } => able.json_schema == Some(false) || able.json_mode == Some(false),
    };
    let documents = request.get("documents").and_then(Value::as_array).is_some_and(|d| !d.is_empty());
    if refused || has_tools || documents {
        adapted.push("response_format: asked for in words".to_owned());
        return turns::instruction(format).map_or(Form::Free, Form::Words);
    }
    Form::Native(match format {
        // The type stays the same with a schema.
        Format::Schema { schema, .. } => json!({"type": "json_object", "json_schema": schema}),
        _ => json!({"type": "json_object"}),
    })
}

fn write_rest(request: &ChatRequest, has_tools: bool, body: &mut Object, adapted: &mut Vec<String>) {
    for (field, value) in request.body() {
        let name = field.as_str();
        if READ.contains(&name) || value.is_null() {
            continue;
        }
        if WITHOUT_COUNTERPART.contains(&name) {
            let inert = match name {
                "parallel_tool_calls" => value == &Value::Bool(true) || !has_tools,
                "service_tier" => value == "auto" || value == "default",
                "top_logprobs" => value.as_u64() == Some(0),
                _ => false,
            };
            if !inert {
                adapted.push(format!("{name}: left out, Cohere has nothing like it"));
            }
            continue;
        }
        body.insert(field.clone(), value.clone());
    }
}

fn send(target: &Target, body: &Object, adapted: Vec<String>) -> Result<Encoded, Failure> {
    let url = format!("{}/v2/chat", root(&target.deployment.base_url));
    let bytes = serde_json::to_vec(body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    Ok(Encoded { http: HttpRequest { url, headers: target.headers(None), body: bytes.into() }, adapted })
}

/// An address as users write it, without what belongs to an interface: the path is always the one of this family.
fn root(base: &str) -> &str {
    let base = base.trim_end_matches('/');
    let ends = ["/compatibility/v1", "/v1", "/v2"];
    ends.iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base)
}

/// Whether a forced choice is among what the caller asked for.
pub(super) fn forced(choice: Option<&Choice<'_>>) -> bool {
    matches!(choice, Some(Choice::Required | Choice::Named(_)))
}
