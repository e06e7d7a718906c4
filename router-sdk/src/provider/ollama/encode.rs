//! A chat request and a target in; an Ollama chat request out.

use serde_json::Value;

use super::turns::{self, Choice, Format, unsupported};
use super::{address, messages, options, thinking, tools, window};
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// OpenAI fields that are read here or are only for OpenAI's own books; all others go through as they are.
const READ: [&str; 26] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stop",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "reasoning_effort",
    "reasoning",
    "think",
    "options",
    "format",
    "modalities",
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
];
/// OpenAI parameters that Ollama has no word for: left out, and said so unless they ask for nothing.
const WITHOUT_COUNTERPART: [&str; 5] = ["logit_bias", "prediction", "verbosity", "audio", "parallel_tool_calls"];

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut adapted = Vec::new();
    refuse(request)?;
    let choice = turns::choice(request)?;
    let tools = tools::tools(request, choice.as_ref(), &mut adapted)?;
    let mut messages = messages::messages(request.messages())?;
    let mut body = Object::new();
    body.insert("model".into(), target.model.id.as_str().into());
    match form(request, target, &tools, choice.as_ref(), &mut adapted) {
        Form::Free => {}
        Form::Native(format) => {
            body.insert("format".into(), format);
        }
        Form::Words(words) => messages::instruct(&mut messages, words),
    }
    body.insert("messages".into(), messages.into());
    // Streams are what Ollama sends unless it is told otherwise.
    body.insert("stream".into(), stream.into());
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(think) = thinking::think(request, target, &mut adapted) {
        body.insert("think".into(), think);
    }
    let mut options = options::options(request, target, &mut adapted);
    window::fit(request, target, &mut options, &mut adapted);
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    // A prompt that is too long is to be refused, not cut without a word.
    body.insert("truncate".into(), false.into());
    write_rest(request, &mut body, &mut adapted);
    let url = address::chat(&target.deployment.base_url);
    let bytes = serde_json::to_vec(&body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    Ok(Encoded { http: HttpRequest { url, headers: target.headers(None), body: bytes.into() }, adapted })
}

/// Things whose loss would make another answer than the one asked for.
fn refuse(request: &ChatRequest) -> Result<(), Failure> {
    if request.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsupported("n", "Ollama gives one answer a request"));
    }
    let modalities = request.get("modalities").and_then(Value::as_array);
    if modalities.into_iter().flatten().any(|m| m != "text") {
        return Err(unsupported("modalities", "Ollama answers in text"));
    }
    if request.get("web_search_options").is_some() {
        return Err(unsupported("web_search_options", "Ollama's chat does not search; give it a tool"));
    }
    Ok(())
}

/// How the form of the answer is asked for.
enum Form {
    Free,
    Native(Value),
    Words(String),
}

/// A form binds every word that the model writes, calls included, so beside tools it is told in words.
fn form(
    request: &ChatRequest,
    target: &Target,
    tools: &[Value],
    choice: Option<&Choice<'_>>,
    adapted: &mut Vec<String>,
) -> Form {
    if let Some(own) = request.get("format") {
        return Form::Native(own.clone());
    }
    let format = turns::format(request);
    let able = &target.model.capabilities;
    let (native, able) = match format {
        Format::Text => return Form::Free,
        Format::Json => (Value::from("json"), able.json_mode),
        Format::Schema { schema, .. } => (schema.clone(), able.json_schema),
    };
    let may_call = !tools.is_empty() && !matches!(choice, Some(Choice::None));
    if able == Some(false) || may_call {
        adapted.push("response_format: asked for in words".to_owned());
        return turns::instruction(format).map_or(Form::Free, Form::Words);
    }
    Form::Native(native)
}

fn write_rest(request: &ChatRequest, body: &mut Object, adapted: &mut Vec<String>) {
    for (field, value) in request.body() {
        let name = field.as_str();
        if READ.contains(&name) || options::is_option(name) || value.is_null() {
            continue;
        }
        if WITHOUT_COUNTERPART.contains(&name) {
            let inert = name == "parallel_tool_calls" && value == &Value::Bool(true);
            if !inert {
                adapted.push(format!("{name}: left out, Ollama has nothing like it"));
            }
            continue;
        }
        body.insert(field.clone(), value.clone());
    }
}
