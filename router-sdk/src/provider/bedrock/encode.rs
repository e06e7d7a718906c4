//! A chat request and a target in; a Converse or ConverseStream request out.

use serde_json::{Value, json};

use super::format::{self, Form};
use super::line::Line;
use super::messages::{self, Conversation};
use super::settings;
use super::thinking;
use super::tools::{self, Tools};
use super::turns::{self, Choice, given, unsupported};
use crate::provider::anthropic::limits::refuses;
use crate::provider::anthropic::thinking::Obstacles;
use crate::provider::{Encoded, Failure, HttpRequest, Target};
use crate::wire::{ChatRequest, Object};

/// What is added to the instructions where tools must be listed and yet none may be called.
const NO_TOOLS: &str = "Answer without calling any tool.";

pub(super) fn encode(request: &ChatRequest, target: &Target, stream: bool) -> Result<Encoded, Failure> {
    let mut adapted = Vec::new();
    refuse(request)?;
    let line = Line::of(&target.model);
    let mut conversation = messages::conversation(request.messages(), target, &mut adapted)?;
    if let Some(refused) = messages::mark_end(request, line, &mut conversation.messages) {
        adapted.push(refused);
    }
    check_prefill(&conversation, target)?;
    let choice = turns::choice(request)?;
    let forced = matches!(choice, Some(Choice::Required | Choice::Named(_)));
    let cannot = target.model.capabilities.forced_tool_choice == Some(false)
        || target.model.capabilities.tool_choice == Some(false)
        || refuses(target, "tool_choice");
    if forced && cannot {
        return Err(unsupported("tool_choice", "the model cannot be forced to call a tool"));
    }
    let obstacles = Obstacles { forced_call: forced, thought_lost: conversation.thought_lost };
    let mut fields = thinking::fields(request, target, line, obstacles, &mut adapted);
    let mut inference = settings::inference(request, target, line, &mut fields, &mut adapted);
    let mut tools = tools::tools(request, target, line, choice.as_ref(), &mut fields.native, &mut adapted)?;
    let format = turns::format(request);
    let asked = format::Asked {
        format,
        name: request.get("response_format").and_then(|f| f.pointer("/json_schema/name")?.as_str()),
        choice: choice.as_ref(),
        has_tools: !tools.listed.is_empty(),
        thinks: fields.thinks,
    };
    let form = format::form(&asked, target, line, &mut adapted);

    let mut body = Object::new();
    write_conversation(form, conversation, choice.as_ref(), &mut tools, &mut fields.native, &mut body, &mut adapted);
    if let Some(most) = fields.max_tokens {
        inference.insert("maxTokens".into(), most.into());
    }
    if !inference.is_empty() {
        body.insert("inferenceConfig".into(), inference.into());
    }
    if !tools.listed.is_empty() {
        let mut config = json!({"tools": tools.listed});
        if let (Some(choice), Some(config)) = (tools.choice, config.as_object_mut()) {
            config.insert("toolChoice".into(), choice);
        }
        body.insert("toolConfig".into(), config);
    }
    settings::rest(request, fields.native, &mut body, &mut adapted);
    send(target, &body, stream, adapted)
}

/// Things whose loss would make another answer than the one asked for.
fn refuse(request: &ChatRequest) -> Result<(), Failure> {
    if request.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsupported("n", "Bedrock gives one answer a request"));
    }
    let modalities = request.get("modalities").and_then(Value::as_array);
    if modalities.into_iter().flatten().any(|m| m != "text") {
        return Err(unsupported("modalities", "Bedrock's conversations answer in text"));
    }
    if request.get("web_search_options").is_some() {
        return Err(unsupported("web_search_options", "Bedrock searches no web in conversations"));
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

fn write_conversation(
    form: Form,
    conversation: Conversation,
    choice: Option<&Choice<'_>>,
    tools: &mut Tools,
    native: &mut Object,
    body: &mut Object,
    adapted: &mut Vec<String>,
) {
    let mut system = conversation.system;
    let barred = choice == Some(&Choice::None);
    if barred && !conversation.uses_tools {
        // No word for "none" is needed where no tool is listed.
        tools.drop_all(native);
    }
    let answers = matches!(form, Form::Tool { .. });
    match form {
        Form::Free => {}
        Form::Native(config) => {
            body.insert("outputConfig".into(), config);
        }
        Form::Words(words) => system.push(json!({"text": words})),
        Form::Tool { tool, choice } => tools.answer_with(tool, choice, native),
    }
    if conversation.uses_tools && tools.listed.is_empty() {
        tools.listed = conversation.called.iter().map(|name| tools::stand_in(name)).collect();
        if tools.listed.is_empty() {
            tools.listed.push(tools::stand_in("earlier_tool"));
        }
        adapted
            .push("messages: tools of the history listed, since Bedrock takes no calls without a list of tools".into());
        system.push(json!({"text": NO_TOOLS}));
    } else if conversation.uses_tools && barred && !answers {
        adapted
            .push("tool_choice: none asked for in words, since the history has calls and so tools are listed".into());
        system.push(json!({"text": NO_TOOLS}));
    }
    if !system.is_empty() {
        body.insert("system".into(), system.into());
    }
    body.insert("messages".into(), conversation.messages.into());
}

fn send(target: &Target, body: &Object, stream: bool, adapted: Vec<String>) -> Result<Encoded, Failure> {
    let base = target.deployment.base_url.trim_end_matches('/');
    let operation = if stream { "converse-stream" } else { "converse" };
    let url = format!("{base}/model/{}/{operation}", path_segment(&target.model.id));
    let headers = target.headers(None);
    let bytes = serde_json::to_vec(body).map_err(|_| unsupported("body", "cannot be written as JSON"))?;
    Ok(Encoded { http: HttpRequest { url, headers, body: bytes.into() }, adapted })
}

/// A model's id as one segment of the path: colons, and the slashes of addresses, are escaped.
fn path_segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len() + 8);
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The object under `name`, made where there is none.
pub(super) fn object<'a>(fields: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    fields.entry(name).or_insert_with(|| json!({})).as_object_mut()
}

/// A caller's own object laid over ours.
pub(super) fn overlay(over: &Value, fields: &mut Object) {
    for (name, value) in over.as_object().into_iter().flatten() {
        match (fields.get_mut(name).and_then(Value::as_object_mut), given(over, name)) {
            (Some(ours), Some(theirs)) if theirs.is_object() => overlay(theirs, ours),
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}
