//! A chat request and a target in; a Gemini generateContent request out.

use serde_json::{Value, json};

use super::FORMATS;
use super::config::{OWN_FIELDS, config};
use super::contents::conversation;
use super::turns::{self, Choice, unsupported};
use super::{tools, vertex};
use crate::provider::adapted::lost;
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// OpenAI fields that are read here or mean nothing to Gemini; all others go through as they are.
const READ: [&str; 42] = [
    "cache_control",
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "n",
    "seed",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "modalities",
    "generationConfig",
    "generation_config",
    "toolConfig",
    "tool_config",
    "systemInstruction",
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "parallel_tool_calls",
    "logit_bias",
    "prediction",
    "verbosity",
    "audio",
];
/// Those among them whose loss the caller should hear of.
const WITHOUT_COUNTERPART: [&str; 3] = ["logit_bias", "prediction", "verbosity"];

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut adapted = Vec::new();
    if request.get("web_search_options").is_some() {
        return Err(unsupported("web_search_options", "give Gemini's own googleSearch tool in tools instead"));
    }
    let choice = turns::choice(request)?;
    let forced = matches!(choice, Some(Choice::Required | Choice::Named(_)));
    if forced && target.model.capabilities.forced_tool_choice == Some(false) {
        return Err(unsupported("tool_choice", "the model cannot be forced to call a tool"));
    }
    let conversation = conversation(request.messages(), target)?;
    if turns::foreign_thinking(request.messages(), &FORMATS) {
        adapted.push("messages: thinking of other models left out".to_owned());
    }
    let tools = tools::tools(request)?;
    let format = turns::format(request);
    let (config, words) = config(request, target, format, !tools.is_empty(), &mut adapted)?;

    let mut system = conversation.system;
    system.extend(words);
    let mut contents = conversation.contents;
    let mut body = Object::new();
    if target.model.capabilities.system_prompt == Some(false) && !system.is_empty() {
        let told = json!({"role": "user", "parts": [{"text": system.join("\n\n")}]});
        contents.insert(0, told);
        adapted.push("messages: instructions became a user turn, the model takes no system prompt".to_owned());
    } else if !system.is_empty() {
        let parts: Vec<Value> = system.into_iter().map(|text| json!({"text": text})).collect();
        body.insert("systemInstruction".into(), json!({"parts": parts}));
    }
    body.insert("contents".into(), contents.into());
    write_tools(request, tools, choice.as_ref(), &mut body, &mut adapted);
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    write_rest(request, &mut body, &mut adapted);
    if target.on_vertex() {
        vertex::dress(request, &mut body, &mut adapted);
    } else if request.get("metadata").and_then(Value::as_object).is_some_and(|m| !m.is_empty()) {
        adapted.push("metadata: left out, Gemini has nothing like it".to_owned());
    }
    send(target, stream, &body, adapted)
}

fn write_tools(
    request: &ChatRequest,
    tools: Vec<Value>,
    choice: Option<&Choice<'_>>,
    body: &mut Object,
    adapted: &mut Vec<String>,
) {
    let mut tool_config = Object::new();
    let has_functions = tools.iter().any(|t| t.get("functionDeclarations").is_some());
    if let Some(calling) = tools::calling(choice).filter(|_| has_functions) {
        tool_config.insert("functionCallingConfig".into(), calling);
    }
    for name in ["toolConfig", "tool_config"] {
        if let Some(own) = request.get(name).and_then(Value::as_object) {
            tool_config.extend(own.clone());
        }
    }
    if has_functions && request.get("parallel_tool_calls") == Some(&Value::Bool(false)) {
        adapted.push("parallel_tool_calls: left out, Gemini has no such switch".to_owned());
    }
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if !tool_config.is_empty() {
        body.insert("toolConfig".into(), tool_config.into());
    }
}

fn write_rest(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    for name in WITHOUT_COUNTERPART {
        if request.get(name).is_some() {
            adapted.push(lost(name, "Gemini has nothing like it"));
        }
    }
    if request.get("cache_control").is_some() || request.messages().iter().any(marked) {
        adapted.push(lost("cache_control", "Gemini caches by itself"));
    }
    for (field, value) in request.body() {
        let name = field.as_str();
        if READ.contains(&name) || OWN_FIELDS.contains(&name) || value.is_null() {
            continue;
        }
        body.insert(field.clone(), value.clone());
    }
    if let Some(own) = request.get("systemInstruction") {
        body.entry("systemInstruction").or_insert_with(|| own.clone());
    }
}

/// A prompt-cache marker on a message or on one of its parts.
fn marked(message: &Value) -> bool {
    let parts = message.get("content").and_then(Value::as_array);
    std::iter::once(message).chain(parts.into_iter().flatten()).any(|v| turns::given(v, "cache_control").is_some())
}

fn send(target: &Target, stream: bool, body: &Object, adapted: Vec<String>) -> Result<Encoded, Failure> {
    let mut base = target.deployment.base_url.trim_end_matches('/');
    let id = target.wire_model();
    let path = if id.contains('/') { id.to_string() } else { format!("models/{id}") };
    if target.on_vertex() && (path.starts_with("endpoints/") || path.starts_with("publishers/")) {
        base = vertex::parent(base);
    }
    let verb = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let url = format!("{base}/{path}:{verb}");
    let bytes = serde_json::to_vec(body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    let headers = target.headers(Some("x-goog-api-key"));
    Ok(Encoded { http: HttpRequest { url, headers, body: bytes.into() }, adapted })
}
