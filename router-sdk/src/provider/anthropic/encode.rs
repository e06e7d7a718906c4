//! A chat request and a target in; an Anthropic Messages request out.

use http::HeaderValue;
use serde_json::{Value, json};

use super::FORMATS;
use super::limits::{self, refuses};
use super::markers;
use super::messages::{self, Conversation};
use super::output::{self, Form};
use super::thinking::{self, Obstacles};
use super::turns::{self, Choice, given, unsupported};
use super::{limits::max_tokens, tools, vertex};
use crate::provider::adapted::lost;
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// OpenAI fields that are read here or mean nothing to Anthropic; all others go through as they are.
const READ: [&str; 24] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "user",
    "metadata",
    "service_tier",
    "output_config",
    "anthropic_beta",
];
/// OpenAI parameters that Anthropic has no word for: left out, and said so.
const WITHOUT_COUNTERPART: [&str; 15] = [
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "store",
    "verbosity",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "modalities",
    "audio",
    "n",
];

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut adapted = Vec::new();
    refuse(request)?;
    let mut body = Object::new();
    body.insert("model".into(), target.model.id.as_str().into());
    let conversation = messages::conversation(request.messages())?;
    if turns::foreign_thinking(request.messages(), &FORMATS) {
        adapted.push("messages: thinking of other models left out".to_owned());
    }
    check_prefill(&conversation, target)?;
    let max_tokens = max_tokens(request, target, &mut adapted);
    body.insert("max_tokens".into(), max_tokens.into());

    let choice = turns::choice(request)?;
    let forced = matches!(choice, Some(Choice::Required | Choice::Named(_)));
    if forced && (target.model.capabilities.forced_tool_choice == Some(false) || refuses(target, "tool_choice")) {
        return Err(unsupported("tool_choice", "the model cannot be forced to call a tool"));
    }
    let obstacles = Obstacles { forced_call: forced, thought_lost: conversation.thought_lost };
    let thinking = thinking::thinking(request, target, max_tokens, obstacles, &mut adapted);
    let tools = tools::tools(request, target, &mut adapted)?;
    let format = turns::format(request);
    let form = output::form(format, target, choice.as_ref(), !tools.is_empty(), thinking.on, &mut adapted);

    limits::sampling(request, target, thinking.on, &mut body, &mut adapted);
    limits::stop(request, target, &mut body, &mut adapted);
    write_form(form, request, choice.as_ref(), conversation, tools, &mut body);
    if let Some(value) = thinking.thinking {
        body.insert("thinking".into(), value);
    }
    if let Some(effort) = thinking.effort {
        set_output_config(&mut body, "effort", effort.into());
    }
    write_identity(request, &mut body, &mut adapted);
    write_rest(request, &mut body, &mut adapted);
    markers::bound(&mut body, &mut adapted);
    if stream {
        body.insert("stream".into(), true.into());
    }
    send(request, target, body, adapted)
}

/// Things whose loss would make another answer than the one asked for.
fn refuse(request: &ChatRequest) -> Result<(), Failure> {
    if request.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsupported("n", "Anthropic gives one answer a request"));
    }
    let modalities = request.get("modalities").and_then(Value::as_array);
    if modalities.into_iter().flatten().any(|m| m != "text") {
        return Err(unsupported("modalities", "Anthropic answers in text"));
    }
    if request.get("web_search_options").is_some() {
        return Err(unsupported("web_search_options", "give Anthropic's own web search tool in tools instead"));
    }
    Ok(())
}

fn check_prefill(conversation: &Conversation, target: &Target) -> Result<(), Failure> {
    let ends_open = conversation.messages.last().is_some_and(|m| m.get("role").is_some_and(|r| r == "assistant"));
    if ends_open && target.model.capabilities.assistant_prefill == Some(false) {
        return Err(unsupported("messages", "the model does not continue a last assistant message; end with the user"));
    }
    Ok(())
}

fn write_form(
    form: Form,
    request: &ChatRequest,
    choice: Option<&Choice<'_>>,
    conversation: Conversation,
    mut tools: Vec<Value>,
    body: &mut Object,
) {
    let mut system = conversation.system;
    let mut tool_choice = tools::tool_choice(request, choice, true).filter(|_| !tools.is_empty());
    if let Some(own) = request.get("output_config") {
        body.insert("output_config".into(), own.clone());
    }
    match form {
        Form::Free => {}
        Form::Native(format) => set_output_config(body, "format", format),
        Form::Words(words) => system.push(json!({"type": "text", "text": words})),
        Form::Tool { tool, choice } => {
            tools.push(tool);
            tool_choice = Some(choice);
        }
    }
    let unmarked = system.iter().all(|block| given(block, "cache_control").is_none());
    match system.as_mut_slice() {
        [] => {}
        [only] if unmarked => {
            let text = only.get_mut("text").map(Value::take).unwrap_or_default();
            body.insert("system".into(), text);
        }
        _ => {
            body.insert("system".into(), system.into());
        }
    }
    body.insert("messages".into(), conversation.messages.into());
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(choice) = tool_choice {
        body.insert("tool_choice".into(), choice);
    }
}

fn set_output_config(body: &mut Object, field: &str, value: Value) {
    let config = body.entry("output_config").or_insert_with(|| json!({}));
    if let Some(config) = config.as_object_mut() {
        config.entry(field).or_insert(value);
    }
}

/// `user` and `metadata` become `metadata.user_id`, the only one that Anthropic takes; and the service tier.
fn write_identity(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    let metadata = request.get("metadata");
    let user = metadata.and_then(|m| given(m, "user_id")).or_else(|| request.get("user"));
    if let Some(user) = user.or_else(|| request.get("safety_identifier")) {
        body.insert("metadata".into(), json!({"user_id": user}));
    }
    if metadata.and_then(Value::as_object).is_some_and(|m| m.keys().any(|k| k != "user_id")) {
        adapted.push("metadata: left out but for user_id, Anthropic takes no more".to_owned());
    }
    match request.get("service_tier").and_then(Value::as_str) {
        None => {}
        Some(tier @ ("auto" | "standard_only")) => {
            body.insert("service_tier".into(), tier.into());
        }
        Some("default") => {
            body.insert("service_tier".into(), "standard_only".into());
        }
        Some(_) => adapted.push(lost("service_tier", "Anthropic has auto and standard_only")),
    }
}

fn write_rest(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    for (field, value) in request.body() {
        let name = field.as_str();
        if READ.contains(&name) || value.is_null() {
            continue;
        }
        if WITHOUT_COUNTERPART.contains(&name) {
            // These change nothing at their defaults, or are only for OpenAI's own books.
            let silent =
                ["n", "store", "modalities", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"];
            let inert = value == &Value::Bool(false) || value.as_f64() == Some(0.0) && name != "seed";
            if !silent.contains(&name) && !inert {
                adapted.push(format!("{name}: left out, Anthropic has nothing like it"));
            }
            continue;
        }
        body.insert(field.clone(), value.clone());
    }
}

fn send(request: &ChatRequest, target: &Target, mut body: Object, adapted: Vec<String>) -> Result<Encoded, Failure> {
    let base = target.deployment.base_url.trim_end_matches('/');
    let mut headers = target.headers(Some("x-api-key"));
    let url = if target.on_vertex() {
        vertex::address(target, &mut body)
    } else {
        if !headers.contains_key("anthropic-version") {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        if base.ends_with("/v1") { format!("{base}/messages") } else { format!("{base}/v1/messages") }
    };
    let beta = match request.get("anthropic_beta") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => String::new(),
    };
    if !beta.is_empty() {
        let value =
            HeaderValue::from_str(&beta).map_err(|_| unsupported("anthropic_beta", "must be names in ASCII"))?;
        headers.append("anthropic-beta", value);
    }
    let bytes = serde_json::to_vec(&body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    Ok(Encoded { http: HttpRequest { url, headers, body: bytes.into() }, adapted })
}
