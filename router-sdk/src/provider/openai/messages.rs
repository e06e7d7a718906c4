//! The conversation comes in; messages that the vendor accepts go out: roles, tool ids, thinking, JSON instructions.

use serde_json::{Value, json};

use super::draft::Draft;
use super::{media, tool_ids};
use crate::catalog::{EffortStyle, Quirks};
use crate::provider::{Failure, Target};
use crate::wire::Object;

/// Fields that only replies have; they come back when a reply is put into the history as it was.
const REPLY_ONLY: [&str; 5] = ["annotations", "content_parts", "server_blocks", "provider_specific_fields", "images"];
/// Fields that mean nothing when null, and that strict vendors refuse then.
const NULLABLE: [&str; 5] = ["refusal", "audio", "function_call", "tool_calls", "name"];
/// How the other families mark their entries in `reasoning_details`.
const NATIVE_FORMATS: [&str; 4] = ["anthropic", "gemini", "cohere", "openai-responses"];
const THINKING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// Adapts the messages; they are copied only when one of them has to change.
pub(super) fn adapt(draft: &mut Draft<'_>, target: &Target) -> Result<(), Failure> {
    let instruction = json_instruction(draft, target);
    let Some(messages) = draft.get("messages").and_then(Value::as_array) else { return Ok(()) };
    media::check_addresses(messages, &target.deployment.quirks)?;
    let needs = Needs::of(messages, target, instruction.is_some());
    if !needs.any() {
        return Ok(());
    }
    let mut messages = messages.clone();
    let mut notes = Vec::new();
    if needs.developer {
        developer_to_system(&mut messages);
        notes.push("role developer sent as system");
    }
    if needs.cleaning {
        let loop_start = tool_loop_start(&messages);
        let mut lost = false;
        if messages.iter().any(|m| m.get("images").is_some()) {
            notes.push("pictures of earlier replies left out");
        }
        for (at, message) in messages.iter_mut().enumerate() {
            if let Value::Object(message) = message {
                lost |= clean(message, &target.deployment.quirks, at >= loop_start);
            }
        }
        if lost {
            notes.push("thinking of earlier turns left out");
        }
    }
    if needs.shown_by_tools {
        media::show_as_user(&mut messages);
        notes.push("messages: what tools showed sent in a message of the user");
    }
    if let Some(instruction) = instruction {
        instruct(&mut messages, instruction);
    }
    if needs.no_system && fold_system(&mut messages) {
        notes.push("system prompt sent with the first user message");
    }
    if needs.alternation && merge_turns(&mut messages) {
        notes.push("consecutive messages of one role merged");
    }
    if let (true, Some(format)) = (needs.ids, target.deployment.quirks.tool_id_format) {
        tool_ids::rewrite(&mut messages, format);
        notes.push("ids of tool calls rewritten");
    }
    if needs.user_last {
        notes.push(end_with_user(&mut messages, target));
    }
    draft.set("messages", Value::Array(messages));
    for note in notes {
        draft.note(note);
    }
    Ok(())
}

/// What about the messages has to change.
struct Needs {
    developer: bool,
    cleaning: bool,
    instruction: bool,
    no_system: bool,
    alternation: bool,
    ids: bool,
    user_last: bool,
    shown_by_tools: bool,
}

impl Needs {
    fn of(messages: &[Value], target: &Target, instruction: bool) -> Self {
        let quirks = &target.deployment.quirks;
        let loop_start = tool_loop_start(messages);
        let is_system = |m: &Value| matches!(role(m), "system" | "developer");
        Self {
            developer: !quirks.developer_role && messages.iter().any(|m| role(m) == "developer"),
            cleaning: messages.iter().enumerate().any(|(at, m)| needs_cleaning(m, quirks, at >= loop_start)),
            instruction,
            no_system: target.model.capabilities.system_prompt == Some(false)
                && (instruction || messages.iter().any(is_system)),
            alternation: quirks.strict_alternation && messages.windows(2).any(same_turn),
            ids: quirks.tool_id_format.is_some_and(|format| tool_ids::any_differs(messages, format)),
            user_last: quirks.requires_user_last && messages.last().is_some_and(ends_open),
            shown_by_tools: !target.deployment.sandbox && media::any_shown_by_tools(messages),
        }
    }

    fn any(&self) -> bool {
        self.developer
            || self.cleaning
            || self.instruction
            || self.no_system
            || self.alternation
            || self.ids
            || self.user_last
            || self.shown_by_tools
    }
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn developer_to_system(messages: &mut [Value]) {
    for message in messages.iter_mut().filter(|m| role(m) == "developer") {
        if let Value::Object(message) = message {
            message.insert("role".into(), "system".into());
        }
    }
}

/// Where the messages after the last word of the user begin.
fn tool_loop_start(messages: &[Value]) -> usize {
    messages.iter().rposition(|m| role(m) == "user").map_or(0, |at| at + 1)
}

/// Whether the vendor wants this thinking back with an assistant message.
///
/// The dialect of `reasoning: {…}` takes typed `reasoning_details` in any turn; plain thinking belongs to a running
/// tool loop.
fn keeps(field: &str, message: &Object, quirks: &Quirks, in_loop: bool) -> bool {
    if quirks.effort == EffortStyle::ReasoningObject {
        // The same thinking is not sent twice.
        return match field {
            "reasoning_details" => !made_natively(message),
            "reasoning" => !message.contains_key("reasoning_details"),
            _ => false,
        };
    }
    let calls = || message.get("tool_calls").is_some_and(Value::is_array);
    quirks.reasoning_sent_back && quirks.reasoning_field == field && in_loop && calls()
}

/// Thinking that another family gave directly is signed for that family's own interface.
fn made_natively(message: &Object) -> bool {
    let entries = message.get("reasoning_details").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .any(|entry| entry.get("format").and_then(Value::as_str).is_some_and(|format| NATIVE_FORMATS.contains(&format)))
}

fn needs_cleaning(message: &Value, quirks: &Quirks, in_loop: bool) -> bool {
    let Some(message) = message.as_object().filter(|_| role(message) == "assistant") else { return false };
    message.iter().any(|(name, value)| superfluous(name, value, message, quirks, in_loop))
}

fn superfluous(name: &str, value: &Value, message: &Object, quirks: &Quirks, in_loop: bool) -> bool {
    let empty_calls = name == "tool_calls" && value.as_array().is_some_and(Vec::is_empty);
    REPLY_ONLY.contains(&name)
        || empty_calls
        || (value.is_null() && NULLABLE.contains(&name))
        || (THINKING.contains(&name) && !keeps(name, message, quirks, in_loop))
}

/// Takes out of an assistant message what the vendor does not take; true when thinking was lost by it.
fn clean(message: &mut Object, quirks: &Quirks, in_loop: bool) -> bool {
    if message.get("role").and_then(Value::as_str) != Some("assistant") {
        return false;
    }
    let names: Vec<String> = message
        .iter()
        .filter(|(name, value)| superfluous(name, value, message, quirks, in_loop))
        .map(|(name, _)| name.clone())
        .collect();
    let kept = THINKING.iter().any(|name| message.contains_key(*name) && !names.iter().any(|n| n == name));
    let mut lost = false;
    for name in names {
        let value = message.shift_remove(&name);
        lost |= THINKING.contains(&name.as_str()) && value.is_some_and(|v| !v.is_null());
    }
    lost && !kept
}

/// Where the target has no JSON schema of its own: JSON mode if it has that, and the schema as an instruction.
fn json_instruction(draft: &mut Draft<'_>, target: &Target) -> Option<String> {
    let able = &target.model.capabilities;
    let quirks = &target.deployment.quirks;
    let format = draft.get("response_format")?;
    let kind = format.get("type").and_then(Value::as_str)?;
    let native = match kind {
        "json_schema" => quirks.json_schema && able.json_schema != Some(false),
        "json_object" => able.json_mode != Some(false),
        _ => true,
    };
    if native {
        return None;
    }
    let mut instruction = String::from("Answer with one JSON object and nothing else: no prose, no code fence.");
    if let Some(schema) = format.pointer("/json_schema/schema") {
        instruction.push_str(" It must be valid by this JSON schema:\n");
        instruction.push_str(&schema.to_string());
    }
    let kind = kind.to_owned();
    if kind == "json_schema" && able.json_mode != Some(false) {
        draft.set("response_format", json!({"type": "json_object"}));
        draft.note("response_format: json_schema asked for by JSON mode and an instruction");
    } else {
        draft.remove("response_format");
        draft.note(format!("response_format: {kind} asked for by an instruction"));
    }
    Some(instruction)
}

/// Adds an instruction to the system prompt.
fn instruct(messages: &mut Vec<Value>, instruction: String) {
    let system = messages.iter_mut().find(|m| matches!(role(m), "system" | "developer"));
    match system.and_then(|m| m.get_mut("content")) {
        Some(content) => append(content, Value::String(instruction)),
        None => messages.insert(0, json!({"role": "system", "content": instruction})),
    }
}

/// Puts system text before the first user message, for models without a system prompt.
fn fold_system(messages: &mut Vec<Value>) -> bool {
    let mut texts = Vec::new();
    messages.retain(|message| {
        let system = matches!(role(message), "system" | "developer");
        if system {
            texts.push(message.get("content").cloned().unwrap_or_default());
        }
        !system
    });
    let Some(mut first) = texts.into_iter().reduce(|mut all, next| {
        append(&mut all, next);
        all
    }) else {
        return false;
    };
    let user = messages.iter_mut().find(|m| role(m) == "user").and_then(|m| m.get_mut("content"));
    match user {
        Some(content) => {
            append(&mut first, content.take());
            *content = first;
        }
        None => messages.insert(0, json!({"role": "user", "content": first})),
    }
    true
}

/// Whether two neighbours are of one role and can be one message.
fn same_turn(pair: &[Value]) -> bool {
    let [first, second] = pair else { return false };
    matches!(role(first), "user" | "assistant")
        && role(first) == role(second)
        && [first, second].iter().all(|m| m.get("tool_calls").is_none_or(Value::is_null))
}

fn merge_turns(messages: &mut Vec<Value>) -> bool {
    let before = messages.len();
    let mut merged: Vec<Value> = Vec::with_capacity(before);
    for message in messages.drain(..) {
        match merged.last_mut() {
            Some(last) if same_turn(&[last.clone(), message.clone()]) => {
                let more = message.get("content").cloned().unwrap_or_default();
                match last.get_mut("content") {
                    Some(content) => append(content, more),
                    None => {
                        if let Value::Object(last) = last {
                            last.insert("content".into(), more);
                        }
                    }
                }
            }
            _ => merged.push(message),
        }
    }
    *messages = merged;
    messages.len() < before
}

/// Joins two contents, text or parts.
fn append(content: &mut Value, more: Value) {
    *content = match (content.take(), more) {
        (Value::Null, more) => more,
        (first, Value::Null) => first,
        (Value::String(first), Value::String(more)) => Value::String(format!("{first}\n\n{more}")),
        (first, more) => Value::Array(parts(first).into_iter().chain(parts(more)).collect()),
    };
}

fn parts(content: Value) -> Vec<Value> {
    match content {
        Value::Array(parts) => parts,
        Value::Null => Vec::new(),
        text => vec![json!({"type": "text", "text": text})],
    }
}

/// An assistant message at the end that waits to be continued.
fn ends_open(message: &Value) -> bool {
    let calls = message.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty());
    role(message) == "assistant" && !calls && message.get("prefix").and_then(Value::as_bool) != Some(true)
}

/// Marks the last message as the beginning of the answer where the model takes that, else asks to go on.
fn end_with_user(messages: &mut Vec<Value>, target: &Target) -> &'static str {
    let able = target.model.capabilities.assistant_prefill;
    if able.unwrap_or(target.deployment.quirks.assistant_prefix) {
        if let Some(Value::Object(last)) = messages.last_mut() {
            last.insert("prefix".into(), true.into());
        }
        return "the last assistant message sent as the beginning of the answer";
    }
    messages.push(json!({"role": "user", "content": "Continue."}));
    "a user message added after the last assistant message"
}
